"""What a user reads where data cannot keep a policy, or keeps it in a way that was surely not meant.

Each tests/cases/feasibility/*.pipe is checked with `--data` over one table of 2402 rows; what is said stands beside it.
"""

import os
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

import feedline
from feedline.cli import main

FOLDER = Path(__file__).parents[1] / "cases" / "feasibility"
CASES = sorted(path.stem for path in FOLDER.glob("*.pipe"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with the table: two rare rows, both of lot 0, and 800 of each of three kinds."""
    kinds = ["rare", "rare", *("ant", "bee", "fly") * 800]
    lines = [f"{x},{kind},{max(x - 1, 0) // 100}" for x, kind in enumerate(kinds)]
    (tmp_path / "rows.csv").write_text("\n".join(["x,kind,lot", *lines]) + "\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", CASES)
def test_what_is_said(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str], golden: Callable[[str, str], None]
) -> None:
    """The whole message; an error fails the command, a warning does not."""
    (folder / f"{name}.pipe").write_bytes((FOLDER / f"{name}.pipe").read_bytes())
    code = main(["check", "--data", f"{name}.pipe"])
    said = capsys.readouterr().out.replace(f"{folder}{os.sep}", "")
    assert code == ("error[" in said)
    golden(f"feasibility/{name}.txt", said)


def test_run_says_it_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`feedline run` warns on standard error, and the run goes on."""
    text = (FOLDER / "last_batch_of_one.pipe").read_text(encoding="utf-8")
    (folder / "a.pipe").write_text(text, encoding="utf-8")
    assert main(["run", "a.pipe", "--batches", "1"]) == 0
    assert capsys.readouterr().err.count("warning[FL477]") == 1


def test_compile_warns_as_python_does(folder: Path) -> None:
    """`feedline.compile` gives a `FeedlineWarning` at the caller's line, which a filter can silence or raise."""
    text = (FOLDER / "last_batch_of_one.pipe").read_text(encoding="utf-8")
    with pytest.warns(feedline.FeedlineWarning, match=r"(?s)warning\[FL477\].*7 *; order") as caught:
        pipeline = feedline.compile(text)
    assert len(pipeline.train) == 344
    (warned,) = caught
    assert warned.filename == __file__
    assert isinstance(warned.message, feedline.FeedlineWarning)
    assert warned.message.diagnostic.code == "FL477"
    with warnings.catch_warnings():
        warnings.simplefilter("error", feedline.FeedlineWarning)
        with pytest.raises(feedline.FeedlineWarning):
            feedline.compile(text)
