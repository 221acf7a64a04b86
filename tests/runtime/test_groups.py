"""Predicates over metadata, from the text of a group to the samples in it."""

import numpy as np
import pytest

from feedline.compiler import compile_source, ir
from feedline.dsl.diagnostics import Diagnostic, Reporter
from feedline.dsl.source import SourceText
from feedline.runtime.columns import AnyColumn, Column, RaggedColumn, TextColumn
from feedline.runtime.comparisons import glob_pattern
from feedline.runtime.groups import evaluate

# Sample 0 has a small crack and a large void, 1 a large crack, 2 nothing, 3 two scratches.
OFFSETS = np.array([0, 2, 3, 3, 5])
COLUMNS: dict[str, AnyColumn] = {
    "index": Column(np.arange(4)),
    "label": Column(np.array([0, 1, 1, 2]), ("cat", "dog", "eel")),
    "width": Column(np.array([640, 320, 640, 1024])),
    "score": Column(np.array([0.5, np.nan, 0.25, 1.0])),
    "ok": Column(np.array([True, False, False, True])),
    "site": Column(np.array([0, -1, 1, 0]), ("north", "south")),
    "path": TextColumn.of(["a/1.png", "scratch/2.png", "scratch/deep/3.png", "b/4.jpg"]),
    "category": RaggedColumn(np.array([0, 1, 0, 2, 2]), OFFSETS, ("crack", "void", "scratch")),
    "area": RaggedColumn(np.array([10.0, 500.0, 400.0, 20.0, 30.0]), OFFSETS),
    "tokens": RaggedColumn(np.array([5, 6, 7]), np.array([0, 1, 1, 2, 3])),
    "boxes": RaggedColumn(np.zeros((5, 4)), OFFSETS),
}
SIZE = 4


def predicate_of(text: str) -> ir.Predicate:
    """The predicate of a group, as the compiler makes it. There are other groups to combine: `big`, `odd`."""
    groups = "group big = d where width > 600\ngroup odd = d where index in (1, 3)\n"
    source = SourceText("test.pipe", f'dataset d = Table("rows.csv")\n{groups}group g = d where {text}\n')
    result = compile_source(source)
    assert result.program is not None, result.diagnostics
    return next(group.predicate for group in result.program.groups if group.name == "g")


def decide(text: str) -> tuple[list[int] | None, list[Diagnostic]]:
    """Indices of the samples in a group, and what was reported."""
    reporter = Reporter()
    masks = {"big": np.array([1, 0, 1, 1], bool), "odd": np.array([0, 1, 0, 1], bool)}
    found = evaluate(predicate_of(text), COLUMNS, SIZE, masks.__getitem__, reporter)
    return None if found is None else np.flatnonzero(found).tolist(), reporter.diagnostics


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('label == "dog"', [1, 2]),
        ("label == 1", [1, 2]),
        ("label > 0", [1, 2, 3]),
        ('label in ("cat", "eel")', [0, 3]),
        ("label not in (0, 2)", [1, 2]),
        ('label != "dog"', [0, 3]),
        ("width >= 640", [0, 2, 3]),
        ("640 < width", [3]),
        ("width in (320, 1024)", [1, 3]),
        ("score <= 0.5", [0, 2]),
        ("score != 0.5", [1, 2, 3]),
        ("ok", [0, 3]),
        ("not ok", [1, 2]),
        ("ok == false", [1, 2]),
        ("index in [1, 3]", [1, 3]),
        ('site == "north"', [0, 3]),
        ('site != "north"', [1, 2]),
        ('site > "north"', [2]),
        ('site == "west"', []),
        ('path matches "scratch/*"', [1]),
        ('path matches "scratch/**"', [1, 2]),
        ('path matches "**/*.png"', [0, 1, 2]),
        ('path == "b/4.jpg"', [3]),
        ('label matches "*e*"', [3]),
        ("true", [0, 1, 2, 3]),
        ("big and odd", [3]),
        ("not big or odd", [1, 3]),
    ],
)
def test_fields_of_the_sample(text: str, expected: list[int]) -> None:
    """Comparisons of fields with one value a sample, by name, number, text and pattern; groups combine."""
    assert decide(text) == (expected, [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('category == "crack"', [0, 1]),
        ('category in ("void", "scratch")', [0, 3]),
        ('not (category == "crack")', [2, 3]),
        ('category != "crack"', [0, 3]),
        ("area > 100", [0, 1]),
        ('category == "crack" and area > 100', [0, 1]),
        ('any(category == "crack" and area > 100)', [1]),
        ('all(category == "scratch")', [2, 3]),
        ('has annotations and all(category == "scratch")', [3]),
        ("has annotations", [0, 1, 3]),
        ("not has annotations", [2]),
        ('count(category == "scratch") >= 2', [3]),
        ("count(area > 15) == 1", [0, 1]),
        ("count(true) == 0", [2]),
        ('count(category == "crack" and width > 600) == 1', [0]),
        ("any(not area > 15)", [0]),
        ("tokens == 6", [2]),
        ("any(tokens > 5)", [2, 3]),
    ],
)
def test_fields_of_the_annotations(text: str, expected: list[int]) -> None:
    """A bare comparison means some annotation; inside any, all and count one annotation meets the whole condition."""
    assert decide(text) == (expected, [])


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("heigth > 3", "FL430", "the data has no field `heigth`"),
        ("any(aera > 3)", "FL430", "the data has no field `aera`"),
        ('label == "dgo"', "FL432", 'the data has no label "dgo"'),
        ('category in ("crack", "viod")', "FL432", 'the data has no category "viod"'),
        ("label == 9", "FL432", "the data has no label `9`"),
        ('width == "wide"', "FL431", '`width` holds numbers and cannot be compared with "wide"'),
        ("category == 1", "FL431", "`category` holds names and cannot be compared with `1`"),
        ("path > 3", "FL431", "`path` holds names and cannot be compared with `3`"),
        ('width matches "6*"', "FL431", "`width` holds numbers; `matches` compares texts with a pattern"),
        ("boxes > 3", "FL431", "`boxes` holds 4 numbers each and cannot be compared with `3`"),
        ("any(area > 3 and tokens > 3)", "FL431", "`area` and `tokens` do not belong to the same annotations"),
    ],
)
def test_what_cannot_be_decided(text: str, code: str, message: str) -> None:
    """One fault, one message, and no group."""
    found, diagnostics = decide(text)
    assert found is None
    assert [(code, message)] == [(item.code, item.message) for item in diagnostics]


def test_near_names() -> None:
    """A misspelt field or class comes with the right one."""
    assert decide("wdith > 3")[1][0].help == "did you mean `width`?"
    assert decide('label == "dgo"')[1][0].help == "did you mean `dog`?"


def test_data_without_annotations() -> None:
    """`has annotations` of data that cannot have any is a mistake, not an empty group."""
    reporter = Reporter()
    columns = {"label": COLUMNS["label"]}
    assert evaluate(predicate_of("has annotations"), columns, SIZE, lambda name: np.zeros(0, bool), reporter) is None
    assert [item.message for item in reporter.diagnostics] == ["the data has no annotations"]


@pytest.mark.parametrize(
    ("glob", "text", "expected"),
    [
        ("*.png", "a.png", True),
        ("*.png", "d/a.png", False),
        ("**.png", "d/a.png", True),
        ("**/a.png", "a.png", True),
        ("d/**", "d/e/f", True),
        ("d/**/f", "d/f", True),
        ("d/**/f", "d/e/x/f", True),
        ("?.png", "a.png", True),
        ("?.png", "ab.png", False),
        ("[ab].png", "b.png", True),
        ("[!ab].png", "b.png", False),
        ("[a-c]x", "bx", True),
        ("[", "[", True),
        ("a+(b).png", "a+(b).png", True),
    ],
)
def test_globs(glob: str, text: str, expected: bool) -> None:
    """`*` stays within a folder, `**` crosses folders, everything else stands for itself."""
    assert (glob_pattern(glob).fullmatch(text) is not None) == expected
