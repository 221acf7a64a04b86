"""What bad files get: each tests/cases/bad/*.pipe says in `#:` lines which diagnostics it earns, and no others.

    #: FL102 3:19 did you mean `castings`?      code, line and column, and words that the message or its help holds
    #: with -D size=3                           further arguments of `feedline check`

How it reads stands beside it in a .txt.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from feedline.cli import main

BAD = Path(__file__).parents[1] / "cases" / "bad"
CASES = sorted(path.stem for path in BAD.glob("*.pipe"))

Golden = Callable[[str, str], None]


def _header(name: str) -> list[str]:
    lines = (BAD / f"{name}.pipe").read_text(encoding="utf-8").splitlines()
    return [line.removeprefix("#:").strip() for line in lines if line.startswith("#:")]


def _arguments(name: str) -> list[str]:
    return [word for line in _header(name) if line.startswith("with ") for word in line.split()[1:]]


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[str, str], str]:
    """Check a case as a user beside it would, and return what is printed."""

    def run(name: str, format: str) -> str:
        monkeypatch.chdir(BAD)
        assert 1 == main(["check", "--format", format, *_arguments(name), f"{name}.pipe"])
        printed = capsys.readouterr()
        assert not printed.err
        return printed.out

    return run


@pytest.mark.parametrize("name", CASES)
def test_diagnostics(name: str, check: Callable[[str, str], str]) -> None:
    """The expected codes at the expected places, and nothing else."""
    lines = [line.split(maxsplit=2) for line in _header(name) if not line.startswith("with ")]
    expected = [(code, place) for code, place, *_ in lines]
    found = json.loads(check(name, "json"))["diagnostics"]
    assert expected == [(item["code"], f"{item['line']}:{item['column']}") for item in found]
    said = [" ".join([item["message"], item["label"], *item["notes"], item["help"] or ""]) for item in found]
    missing = [words for (_, _, *rest), text in zip(lines, said, strict=True) for words in rest if words not in text]
    assert [] == missing


@pytest.mark.parametrize("name", CASES)
def test_text(name: str, check: Callable[[str, str], str], golden: Golden) -> None:
    """What a reader sees."""
    golden(f"bad/{name}.txt", check(name, "text"))


def test_every_case_says_what_it_expects() -> None:
    """No case without a `#:` line, none whose line is not understood, no text without its case."""
    understood = re.compile(r"with .+|FL\d{3} \d+:\d+( .+)?")
    assert [] == [name for name in CASES if not _header(name)]
    assert [] == [line for name in CASES for line in _header(name) if not understood.fullmatch(line)]
    assert CASES == sorted(path.stem for path in BAD.glob("*.txt"))


# ---- files that no text in the repository can be


def _concise(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert 1 == main(["check", "--format", "concise", *arguments])
    printed = capsys.readouterr()
    assert not printed.err
    return printed.out


def test_absent_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """An absent file, with the one that was probably meant."""
    monkeypatch.chdir(tmp_path)
    Path("train.pipe").touch()
    assert 1 == main(["check", "trian.pipe"])
    printed = capsys.readouterr().out
    assert "error[FL107]: there is no file `trian.pipe`\n --> trian.pipe\n" in printed
    assert "did you mean `train.pipe`?" in printed


def test_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A directory in place of a file."""
    monkeypatch.chdir(tmp_path)
    Path("a.pipe").mkdir()
    assert _concise(capsys, "a.pipe") == "a.pipe:1:1: FL107 `a.pipe` is a directory, not a file\n"


def test_unreadable_path(capsys: pytest.CaptureFixture[str]) -> None:
    """A path that no system has."""
    assert _concise(capsys, "a\0.pipe").startswith("a␀.pipe:1:1: FL107 ")


def test_file_below_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An operating system error in plain words."""
    (tmp_path / "a.pipe").touch()
    assert " FL107 " in _concise(capsys, str(tmp_path / "a.pipe" / "b.pipe"))


def test_not_utf8(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The first byte that is not UTF-8, by line and column."""
    monkeypatch.chdir(tmp_path)
    Path("a.pipe").write_bytes(b'param size: int = 3\nlet name = "caf\xe9"\n')
    assert _concise(capsys, "a.pipe").startswith("a.pipe:2:16: FL108 ")


@pytest.mark.parametrize("content", [b"", b"\n \t\n", b"\xef\xbb\xbf"], ids=["nothing", "blank", "mark"])
def test_empty(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that declares nothing."""
    monkeypatch.chdir(tmp_path)
    Path("a.pipe").write_bytes(content)
    assert _concise(capsys, "a.pipe").startswith("a.pipe:1:1: FL109 ")


def test_a_fault_in_a_shared_import_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two files that import a third with a fault give one diagnostic."""
    monkeypatch.chdir(tmp_path)
    Path("shared.pipe").write_text("let size = 3 +\nlet rate = 1\n")
    for name in ("a.pipe", "b.pipe"):
        Path(name).write_text('import "shared.pipe" (rate)\nlet more = rate + 1\n')
    found = _concise(capsys, "a.pipe", "b.pipe").splitlines()
    assert ["shared.pipe"] == [line.partition(":")[0] for line in found]


def test_one_bad_file_does_not_hide_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every file is checked, whatever is wrong with the first."""
    monkeypatch.chdir(tmp_path)
    Path("a.pipe").write_text("let a = b\n")
    Path("b.pipe").write_text("let a = c\n")
    found = _concise(capsys, "a.pipe", "absent.pipe", "b.pipe").splitlines()
    assert ["a.pipe", "absent.pipe", "b.pipe"] == [line.partition(":")[0] for line in found]
