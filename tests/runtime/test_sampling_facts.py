"""What a policy needs to know of each sample: classes, repeat factors, the number that buckets go by."""

from typing import Any

import numpy as np
import pytest
from policies import AT, force, policy

from feedline.compiler import ir
from feedline.dsl.diagnostics import Diagnostic, Reporter
from feedline.runtime.columns import AnyColumn, Column, RaggedColumn, TextColumn
from feedline.runtime.sampling import Populations, populations_of
from feedline.runtime.sampling.alike import alike
from feedline.runtime.sampling.populations import Classes

CATEGORIES = RaggedColumn(np.array([1, 1, 0, 0, 1, 2]), np.array([0, 2, 3, 3, 5, 6]), ("bird", "cat", "dog", "elk"))
"""Samples of (cat, cat), (bird), nothing, (bird, cat) and (dog)."""


def populations(chosen: ir.Policy, indices: list[int] | None = None, **columns: AnyColumn) -> Populations:
    """The populations of a policy over the samples at `indices`, all by default."""
    size = len(next(iter(columns.values())))
    reporter = Reporter()
    found = populations_of(chosen, {}, columns, np.array(range(size) if indices is None else indices), reporter)
    assert reporter.diagnostics == []
    assert found is not None
    return found


def fault(chosen: ir.Policy, **columns: AnyColumn) -> Diagnostic:
    """The one error that keeps a policy from its populations."""
    reporter = Reporter()
    size = len(next(iter(columns.values())))
    assert populations_of(chosen, {}, columns, np.arange(size), reporter) is None
    (found,) = reporter.diagnostics
    return found


def drawing(by: str = "f") -> ir.Policy:
    """`draw 1 FIELD with 1 each`."""
    return policy(1, draw=ir.Draw(1, by, 1, span=AT))


def repeating(threshold: float, by: str = "f") -> ir.Policy:
    """`repeat factor THRESHOLD by FIELD`."""
    return policy(1, repeat=ir.RepeatFactor(threshold, by, span=AT))


def bucketing(by: str = "f") -> ir.Policy:
    """`bucket by FIELD into 2`."""
    return policy(1, bucket=ir.Bucket(by, 2, span=AT))


def by_name(classes: Classes | None) -> dict[str, list[int]]:
    """The samples of each class."""
    assert classes is not None
    parts = np.split(classes.members, classes.offsets[1:-1])
    return {name: part.tolist() for name, part in zip(classes.names, parts, strict=True)}


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (Column([1, 0, -1, 1], ("a", "b", "c")), {"a": [1], "b": [0, 3], "c": []}),
        (TextColumn.of(["x", "y", "x", "z"]), {"x": [0, 2], "y": [1], "z": [3]}),
        (Column([7, 3, 7, 3]), {"3": [1, 3], "7": [0, 2]}),
        (Column([0.5, np.nan, 2.0, 0.5]), {"0.5": [0, 3], "2": [2]}),
        (Column([True, False, True, True]), {"False": [1], "True": [0, 2, 3]}),
        (CATEGORIES, {"bird": [1, 3], "cat": [0, 3], "dog": [4], "elk": []}),
        (RaggedColumn(np.array([5, 5, 9]), np.array([0, 2, 3])), {"5": [0], "9": [1]}),
    ],
)
def test_classes(column: AnyColumn, expected: dict[str, list[int]]) -> None:
    """Names, texts and numbers are classes; a sample stands in each of its own once, and in none without a value."""
    assert by_name(populations(drawing(), f=column).classes) == expected


def test_classes_are_those_of_the_loaders_part() -> None:
    """Positions are places in the part; texts that do not occur in it are no classes."""
    assert by_name(populations(drawing(), [3, 0], f=CATEGORIES).classes)["cat"] == [0, 1]
    assert by_name(populations(drawing(), [2, 1], f=TextColumn.of(["x", "y", "z"])).classes) == {"y": [1], "z": [0]}


def test_repeat_factors() -> None:
    """max(1, sqrt(t / f)) of the rarest class a sample has, f being the share of samples with it; 1 without any."""
    expected = [1.0, 1.0, 1.0, 1.0, np.sqrt(0.4 / 0.2)]
    assert np.asarray(populations(repeating(0.4), f=CATEGORIES).factors).tolist() == expected
    expected = [np.sqrt(0.9 / 0.4)] * 2 + [1.0, np.sqrt(0.9 / 0.4), np.sqrt(0.9 / 0.2)]
    assert np.asarray(populations(repeating(0.9), f=CATEGORIES).factors).tolist() == expected


@pytest.mark.parametrize(
    ("field", "columns", "expected"),
    [
        ("f", {"f": Column(np.array([3, 1], np.uint8))}, [3.0, 1.0]),
        ("f", {"f": RaggedColumn(np.zeros((3, 4)), np.array([0, 3, 3]))}, [3.0, 0.0]),
        ("aspect_ratio", {"width": Column([3, 1]), "height": Column([2, 4])}, [1.5, 0.25]),
        ("aspect_ratio", {"aspect_ratio": Column([7, 8]), "width": Column([3, 1])}, [7.0, 8.0]),
    ],
)
def test_values(field: str, columns: dict[str, AnyColumn], expected: list[float]) -> None:
    """Numbers are themselves, a list is its length, `aspect_ratio` the width by the height."""
    assert np.asarray(populations(bucketing(field), **columns).values).tolist() == expected


@pytest.mark.parametrize(
    ("chosen", "columns", "code", "part"),
    [
        (drawing("lable"), {"label": Column([0, 1])}, "FL430", "no field `lable`"),
        (repeating(0.1, "lable"), {"label": Column([0, 1])}, "FL430", "no field `lable`"),
        (bucketing("widht"), {"width": Column([0, 1])}, "FL430", "no field `widht`"),
        (drawing(), {"f": RaggedColumn(np.zeros((3, 4)), np.array([0, 3]))}, "FL431", "holds 4 numbers each"),
        (bucketing(), {"f": Column([0, 1], ("a", "b"))}, "FL431", "needs one number a sample"),
        (bucketing(), {"f": TextColumn.of(["a"])}, "FL431", "needs one number a sample"),
        (bucketing(), {"f": Column([1.0, np.nan, np.inf])}, "FL433", "2 of 3 samples have no finite number as `f`"),
        (bucketing("aspect_ratio"), {"width": Column([3])}, "FL430", "the data has no `height`"),
        (bucketing("aspect_ratio"), {"width": Column([3, 1]), "height": Column([0, 1])}, "FL433", "1 of 2 samples"),
    ],
)
def test_unfit_fields(chosen: ir.Policy, columns: dict[str, Any], code: str, part: str) -> None:
    """A field that is missing or holds something else is reported with what is wrong."""
    found = fault(chosen, **columns)
    assert (found.code, part in found.message) == (code, True)


def test_near_names_are_suggested() -> None:
    """A field that is misspelt comes with the one that was meant."""
    assert "label" in (fault(drawing("lable"), label=Column([0, 1])).help or "")


def test_stages_have_their_own() -> None:
    """Each stage of a curriculum has what its own policy needs."""
    stages = ir.Stage(3, drawing("a"), span=AT), ir.Stage(5, bucketing("b"), span=AT)
    found = populations(policy(1, stages=stages), a=Column([1, 1]), b=Column([2, 5]))
    assert (found.classes, by_name(found.stages[0].classes)) == (None, {"1": [0, 1]})
    assert np.asarray(found.stages[1].values).tolist() == [2.0, 5.0]


def grouped(size: int, groups: dict[str, list[int]], classes: Classes | None = None) -> Populations:
    """Populations of some groups."""
    return Populations(size, {name: np.array(found) for name, found in groups.items()}, classes=classes)


def test_alike_are_those_of_the_same_groups() -> None:
    """A replacement is of the same forced groups and parts of a mix, those of every stage included."""
    parts = ir.Mix((ir.MixPart("m", 1, span=AT),), span=AT)
    stage = ir.Stage(1, policy(2, mix=parts), span=AT)
    chosen = policy(2, force("g", 1), force("h", 1, bound="at most"), stages=(stage,))
    groups = {"g": [0, 1], "h": [1, 2], "m": [3]}
    all_groups = Populations(6, grouped(6, groups).groups, stages=(grouped(6, groups),))
    codes = alike(chosen, all_groups)
    assert (len(np.unique(codes)), codes[4] == codes[5]) == (5, True)


def test_alike_with_many_groups() -> None:
    """More groups than a number has bits are told apart as well."""
    names = [f"g{number}" for number in range(150)]
    chosen = policy(200, *(force(name, 1, bound="at least") for name in names))
    codes = alike(chosen, grouped(152, {name: [number] for number, name in enumerate(names)}))
    assert (len(np.unique(codes)), codes[150] == codes[151]) == (151, True)


def test_alike_in_every_class() -> None:
    """Under `draw` a replacement has the same classes, all of them."""
    categories = RaggedColumn(np.array([0, 1, 1, 0, 0, 1]), np.array([0, 2, 4, 5, 6, 6]), ("a", "b"))
    found = populations(drawing(), f=categories)
    codes = alike(drawing(), found)
    assert (codes[0] == codes[1], len(np.unique(codes))) == (True, 4)
