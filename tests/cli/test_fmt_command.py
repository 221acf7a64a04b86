"""`feedline fmt`: which files it changes, what it prints, how it ends."""

import io
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from feedline.cli import main

Run = Callable[..., str]
LOOSE = "let a=1   # one\n"
TIDY = "let a = 1  # one\n"
BROKEN = "let a=1\nlet   b 2\n"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `feedline fmt` in a folder of its own, expect a code, return standard output and error."""
    monkeypatch.chdir(tmp_path)

    def fmt(*arguments: str, code: int = 0) -> str:
        assert code == main(["fmt", *arguments])
        said = capsys.readouterr()
        return said.out + said.err

    return fmt


def test_a_file_is_laid_out_and_named(run: Run) -> None:
    """The file is written and its name printed; a second time nothing happens."""
    Path("a.pipe").write_text(LOOSE)
    assert "a.pipe\n" == run("a.pipe")
    assert TIDY == Path("a.pipe").read_text()
    assert "" == run("a.pipe")


def test_a_folder_is_searched(run: Run) -> None:
    """Without a name the current folder; hidden folders and other files are left alone."""
    for name in ("a.pipe", "sub/b.pipe", ".hidden/c.pipe", "d.txt"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(LOOSE)
    assert f"a.pipe\n{os.path.join('sub', 'b.pipe')}\n" == run()
    assert [LOOSE, LOOSE] == [Path(name).read_text() for name in (".hidden/c.pipe", "d.txt")]


def test_what_is_no_file_is_passed_over(run: Run) -> None:
    """A socket here, because reading a named pipe would wait for ever."""
    with socket.socket(socket.AF_UNIX) as there:
        there.bind("log.pipe")
        assert "" == run()


@pytest.mark.parametrize("options", [("--check",), ("--check", "--diff")])
def test_check_writes_nothing(run: Run, options: tuple[str, ...]) -> None:
    """The exit code is 3 where something would change, 0 where nothing would."""
    Path("a.pipe").write_text(LOOSE)
    Path("b.pipe").write_text(TIDY)
    assert "a.pipe" in run(*options, code=3)
    assert LOOSE == Path("a.pipe").read_text()
    assert "" == run(*options, "b.pipe")


def test_diff_shows_and_writes_nothing(run: Run) -> None:
    """A unified diff of what would change."""
    Path("a.pipe").write_text(LOOSE)
    assert f"--- a.pipe\n+++ a.pipe\n@@ -1 +1 @@\n-{LOOSE}+{TIDY}" == run("--diff", "a.pipe")
    assert LOOSE == Path("a.pipe").read_text()


@pytest.mark.parametrize(("text", "made"), [(LOOSE, TIDY), (TIDY, TIDY)])
def test_standard_input_goes_to_standard_output(
    run: Run, monkeypatch: pytest.MonkeyPatch, text: str, made: str
) -> None:
    """`-` is what editors without a language server call."""

    class Input:
        buffer = io.BytesIO(text.encode())

    monkeypatch.setattr("sys.stdin", Input)
    assert made == run("-")


def test_no_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` without one is wrong usage."""
    monkeypatch.setattr("sys.stdin", None)
    assert "`-` reads from standard input, which is closed" in run("-", code=2)


def test_what_cannot_be_read_is_said(run: Run) -> None:
    """The rest is laid out, the fault is shown, and the exit code is 2."""
    Path("a.pipe").write_text(BROKEN)
    said = run("a.pipe", code=2)
    assert "error[FL001]: expected `=` after `let b`" in said
    assert "let a = 1\nlet   b 2\n" == Path("a.pipe").read_text()


def test_a_missing_file(run: Run) -> None:
    """A message instead of a traceback, and exit code 2."""
    assert "error[" in run("missing.pipe", code=2)


def test_a_full_disk(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """FL019, and the file is as it was."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    Path("a.pipe").write_text(LOOSE)
    monkeypatch.setattr("os.replace", full)
    assert "error[FL019]: `a.pipe` cannot be written: no space left on device" in run("a.pipe", code=2)
    assert (["a.pipe"], LOOSE) == (os.listdir(), Path("a.pipe").read_text())
