"""`feedline check FILE...` without options goes past click: nothing may show it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import feedline.cli as cli
from feedline.cli import main
from feedline.cli.app import application

TEXTS = {
    "good.pipe": "let a = 1\n",
    "name.pipe": "let a = b\n",
    "syntax.pipe": "let = (1\n",
    "unused.pipe": "dataset photos = FakeData(size=8)\n",
    "": "",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files, in the working directory."""
    monkeypatch.chdir(tmp_path)
    for name, text in TEXTS.items():
        if name:
            Path(name).write_text(text)


@pytest.mark.parametrize("files", [[name] for name in [*TEXTS, "none.pipe", "."]] + [[*TEXTS], ["a\0b", "good.pipe"]])
def test_it_says_what_click_would(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The same words in the same places, and the same exit code."""
    assert cli._plain(["check", *files]) == files
    plain = main(["check", *files]), capsys.readouterr()
    assert (application(["check", *files]), capsys.readouterr()) == plain


@pytest.mark.parametrize(
    "arguments",
    [[], ["check"], ["chekc", "good.pipe"], ["--help"], ["check", "good.pipe", "-h"], ["check", "--", "good.pipe"]],
    ids=" ".join,
)
def test_all_else_goes_to_click(arguments: list[str]) -> None:
    """Options, other words, and no file at all."""
    assert not cli._plain(arguments)


def test_a_shell_that_completes_is_answered_by_click(monkeypatch: pytest.MonkeyPatch) -> None:
    """The words are then the start of a command line."""
    monkeypatch.setenv("_FEEDLINE_COMPLETE", "bash_complete")
    assert not cli._plain(["check", "good.pipe"])


def test_a_reader_that_goes_away_is_no_fault() -> None:
    """Not a word about it."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "feedline", "check", "good.pipe"]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert (1, "") == (done.returncode, done.stderr)
