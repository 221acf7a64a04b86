"""The command line as a whole: help, version, exit codes, and that nothing ends in a traceback."""

import errno
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from feedline import __version__
from feedline.cli import COMMANDS, main
from feedline.cli.output import emit, wants_color
from feedline.cli.work import Work

GOOD = "dataset photos = FakeData(size=8)\nloader images from photos { transform { ToImage() } }\n"

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A good file in the working directory."""
    monkeypatch.chdir(tmp_path)
    Path("good.pipe").write_text(GOOD)
    return "good.pipe"


def test_help_names_every_command(capsys: Capture) -> None:
    """`feedline --help` is good and shows what there is."""
    assert 0 == main(["--help"])
    shown = capsys.readouterr().out
    assert [] == [name for name in COMMANDS if f"  {name} " not in shown]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command(name: str, capsys: Capture) -> None:
    """Every command has a help of its own, every option a word."""
    assert 0 == main([name, "-h"])
    shown = capsys.readouterr().out
    assert shown.startswith(f"Usage: feedline {name} ")
    options = [line for line in shown.splitlines() if line.startswith("  -")]
    assert [] == [line for line in options if not line.split("  ", 2)[2:] and len(line) < 25]


def test_version(capsys: Capture) -> None:
    """The version alone."""
    assert 0 == main(["--version"])
    assert f"feedline {__version__}\n" == capsys.readouterr().out


def test_module(good: str) -> None:
    """`python -m feedline` is the same command."""
    done = subprocess.run([sys.executable, "-m", "feedline", "check", good], capture_output=True, text=True)
    assert (0, "1 file checked, nothing wrong\n", "") == (done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Usage: feedline"),
        (["chekc"], "did you mean `check`?"),
        (["check"], "Missing argument"),
        (["check", "--formt", "json", "a.pipe"], "--format"),
        (["check", "--format", "xml", "a.pipe"], "xml"),
        (["check", "-D", "size", "a.pipe"], "`-D size`"),
        (["run"], "Missing argument"),
        (["run", "--epochs", "0", "a.pipe"], "--epochs"),
        (["run", "a.pipe", "b.pipe"], "b.pipe"),
    ],
    ids=str,
)
def test_wrong_usage(arguments: list[str], words: str, capsys: Capture) -> None:
    """Exit code 2, and what was wrong on standard error."""
    assert 2 == main(arguments)
    printed = capsys.readouterr()
    assert words in printed.err
    assert "" == printed.out


def test_keyboard_interrupt(good: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Ctrl-C ends with 130 and a plain line."""

    def interrupt(self: Work, path: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Work, "check", interrupt)
    assert 130 == main(["check", good])
    assert "stopped" == capsys.readouterr().err.strip()


def _fail(self: Work, path: str) -> None:
    raise RuntimeError("the sky\nfell")


def test_own_fault(good: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """An exception of feedline's own is a diagnostic that says how to see more."""
    monkeypatch.setattr(Work, "check", _fail)
    monkeypatch.delenv("FEEDLINE_TRACEBACK", raising=False)
    assert 1 == main(["check", good])
    said = capsys.readouterr().err
    assert said.startswith("error[FL901]: feedline failed: RuntimeError: the sky")
    assert "FEEDLINE_TRACEBACK=1" in said
    assert "Traceback" not in said


def test_own_fault_with_its_traceback(good: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Who asks for the traceback gets it."""
    monkeypatch.setattr(Work, "check", _fail)
    monkeypatch.setenv("FEEDLINE_TRACEBACK", "1")
    assert 1 == main(["check", good])
    said = capsys.readouterr().err
    assert "Traceback (most recent call last)" in said
    assert "error[FL901]" in said


def test_check_imports_no_torch(good: str) -> None:
    """A fresh interpreter that checks a good file and a bad one never imports what is slow."""
    Path("bad.pipe").write_text(GOOD.replace("ToImage", "ToImge"))
    code = (
        "import sys; from feedline.cli import main\n"
        "assert main(['check', 'good.pipe']) == 0 and main(['check', 'bad.pipe']) == 1\n"
        "print([name for name in ('torch', 'torchvision', 'numpy', 'PIL', 'pycocotools') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[]" == done.stdout.splitlines()[-1]


def test_failed_run_imports_no_torch(good: str) -> None:
    """`feedline run` of a bad file answers as fast as `check` does."""
    Path(good).write_text(GOOD.replace("ToImage", "ToImge"))
    code = "import sys; from feedline.cli import main; print(main(['run', 'good.pipe']), 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "1 False\n" == done.stdout


def test_broken_pipe(good: str) -> None:
    """A reader that goes away is no fault: not a word about it."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "feedline", "check", "--format", "json", good]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert (1, "") == (done.returncode, done.stderr)


@pytest.mark.parametrize("command", ["check", "explain", "--help"])
def test_full_disk(command: str, good: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """No fault of feedline's: said in words, and nothing is left to write when Python ends."""

    class Full(io.StringIO):
        def write(self, text: str, /) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        def flush(self) -> None:
            self.write("")

        def fileno(self) -> int:
            return file.fileno()

    with Path("full").open("wb") as file:
        monkeypatch.setattr("sys.stdout", Full())
        assert 1 == main([command] if command.startswith("-") else [command, good])
        assert "error: what there is to say cannot be written: no space left on device\n" == capsys.readouterr().err
        file.write(b"what the stream held")
    assert b"" == Path("full").read_bytes()


def test_closed_standard_error(good: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """What would go there does not come between what programs read."""
    Path(good).write_text(f"let unused = 1\n{GOOD}")
    assert 0 == main(["explain", "--json", good])
    assert "unused" in capsys.readouterr().err
    monkeypatch.setattr("sys.stderr", None)
    assert 0 == main(["explain", "--json", good])
    assert 1 == json.loads(capsys.readouterr().out)["counts"]["warning"]


def test_server_without_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Wrong usage, not a fault."""
    monkeypatch.setattr("sys.stdin", None)
    assert 2 == main(["lsp"])
    assert "which are closed" in capsys.readouterr().err


def test_broken_installation(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Without the modules that say things nicely there is still a line, and no traceback."""
    for name in ("app", "output"):
        monkeypatch.setitem(sys.modules, f"feedline.cli.{name}", None)
    assert 1 == main(["--version"])
    assert capsys.readouterr().err.startswith("error[FL901]: feedline is not fully installed: ")


@pytest.mark.parametrize(
    ("terminal", "variables", "expected"),
    [
        (True, {"TERM": "xterm"}, True),
        (False, {"TERM": "xterm"}, False),
        (True, {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (True, {"TERM": "dumb"}, False),
    ],
)
def test_color(terminal: bool, variables: dict[str, str], expected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Colours for a terminal that has them, unless NO_COLOR is set."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: terminal)
    assert expected == wants_color(stream)


def test_text_beyond_the_encoding_of_a_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that lacks a character gets a question mark, not an exception."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", stream)
    emit("caf\u00e9 \u753b \ud800\n")
    stream.seek(0)
    assert "caf? ? ?\n" == stream.read()
