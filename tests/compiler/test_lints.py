"""What is said of programs that are right line by line: each tests/cases/lints/*.pipe, with all that is said in the
.txt beside it as a user reads it. An empty .txt is a case in which nothing may be said.

A new case is a new file; FEEDLINE_UPDATE_GOLDEN=1 writes its .txt for reading over.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from feedline.compiler import compile_source
from feedline.compiler.lints import workers
from feedline.dsl.render import render
from feedline.dsl.source import SourceText

FOLDER = Path(__file__).parents[1] / "cases" / "lints"
NAMES = sorted(path.stem for path in FOLDER.glob("*.pipe"))


def _codes(text: str) -> list[str]:
    return [found.code for found in compile_source(SourceText("a.pipe", text)).diagnostics]


def _fixed(text: str) -> str:
    """The text after the first fix of the first diagnostic."""
    (edit,) = compile_source(SourceText("a.pipe", text)).diagnostics[0].fixes[0].edits
    return text[: edit.span.start] + edit.text + text[edit.span.end :]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_said(name: str, golden: Callable[[str, str], None]) -> None:
    """Every diagnostic of the case, in order, and no other."""
    text = (FOLDER / f"{name}.pipe").read_text(encoding="utf-8")
    result = compile_source(SourceText(f"{name}.pipe", text), base=FOLDER)
    said = render(result.diagnostics, result.sources, color=False, width=100) if result.diagnostics else ""
    golden(f"lints/{name}.txt", said)


def test_case_says_what_its_name_says() -> None:
    """Cases called `fine_...` are the ones in which nothing is said."""
    silent = {name for name in NAMES if not (FOLDER / f"{name}.txt").read_text(encoding="utf-8")}
    assert {name for name in NAMES if name.startswith("fine_")} == silent


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ("batch 8", "batch 8\n    order shuffled"),
        ("batch 8\n    last drop", "batch 8\n    last drop\n    order shuffled"),
        ("batch 8  # eight", "batch 8; order shuffled  # eight"),
        ("batch 8; seed 3", "batch 8; seed 3; order shuffled"),
    ],
)
def test_order_shuffled_is_added_where_the_statements_are(statements: str, expected: str) -> None:
    """The fix puts the warning right and keeps the text around it."""
    text = "dataset d = FakeData()\nloader train from d {{\n  sample {{\n    {}\n  }}\n}}\n"
    assert ["FL351"] == _codes(text.format(statements))
    assert text.format(expected) == _fixed(text.format(statements))
    assert [] == _codes(text.format(expected))


def test_deprecated_call_becomes_one_that_says_the_same() -> None:
    """Its argument is kept, by name or not."""
    text = "dataset d = FakeData()\nloader l from d {{ transform {{ ConvertImageDtype({}) }} }}\n"
    for given, kept in (("", "float32"), ("float64", "float64"), ("dtype=float16", "float16")):
        assert f"ToDtype({kept}, scale=true)" in _fixed(text.format(given))


def test_processors_are_those_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The warning names their number, and one worker a processor is no fault."""
    monkeypatch.setattr(workers, "processors", lambda: 2)
    text = "dataset d = FakeData()\nloader l from d {{\n  num_workers = {}\n}}\n"
    (found,) = compile_source(SourceText("a.pipe", text.format(3))).diagnostics
    assert "3 workers are more than the 2 CPUs of this machine" == found.message
    assert [] == _codes(text.format(2)) == _codes(text.format("auto"))


def test_what_is_unused_is_tagged() -> None:
    """Editors show it in grey."""
    (found,) = compile_source(
        SourceText("a.pipe", "let a = 1\ndataset d = FakeData()\nloader l from d {}\n")
    ).diagnostics
    assert {"tags": ["unnecessary"]} == found.data
