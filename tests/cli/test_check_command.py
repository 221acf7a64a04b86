"""`feedline check`: formats, parameters, several files."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from feedline.cli import main

SIZED = "param size: int\ndataset photos = FakeData(size=size)\nloader train from photos {}\n"


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Write `a.pipe`, run `feedline check` with further arguments, expect a code, return standard output."""
    monkeypatch.chdir(tmp_path)

    def run(text: str, *arguments: str, code: int = 0) -> str:
        Path("a.pipe").write_text(text)
        assert code == main(["check", *arguments, "a.pipe"])
        printed = capsys.readouterr()
        assert "" == printed.err
        return printed.out

    return run


def test_good_file(check: Callable[..., str]) -> None:
    """One line, for people."""
    assert "1 file checked, nothing wrong\n" == check("let a = 1\n")


def test_good_file_is_silent_in_formats_for_programs(check: Callable[..., str]) -> None:
    """Nothing in `concise`, no diagnostics in `json`."""
    assert "" == check("let a = 1\n", "--format", "concise")
    assert [] == json.loads(check("let a = 1\n", "--format", "json"))["diagnostics"]


def test_define(check: Callable[..., str]) -> None:
    """`-D` sets a parameter, the last one counts."""
    check(SIZED, "-D", "size=none", "-D", "size=3")


def test_params_file(check: Callable[..., str]) -> None:
    """`--params` reads TOML or JSON."""
    Path("p.toml").write_text("size = 3\n")
    Path("p.json").write_text('{"size": 3}')
    check(SIZED, "--params", "p.toml")
    check(SIZED, "--params", "p.json")


def test_define_wins_over_params_file(check: Callable[..., str]) -> None:
    """What is typed now counts more than what a file says."""
    Path("p.toml").write_text('size = "none"\n')
    check(SIZED, "--params", "p.toml", "-D", "size=3")


def test_bad_params_file_is_the_only_fault(check: Callable[..., str]) -> None:
    """Parameters that were not read are not also reported as missing."""
    found = check(SIZED, "--params", "absent.toml", "--format", "concise", code=1)
    assert ["absent.toml:1:1: FL113"] == [line[:22] for line in found.splitlines()]


def test_allow_python(check: Callable[..., str]) -> None:
    """The caller's permission is enough to check; the code itself is not imported."""
    text = 'dataset mine = python("no.such.module:Data")\nloader train from mine {}\n'
    check(text, "--allow-python")
    check(text, code=1)


def test_data(check: Callable[..., str]) -> None:
    """`--data` opens the data."""
    text = 'dataset photos = ImageFolder("nowhere")\nloader train from photos {}\n'
    check(text)
    assert "a.pipe:1:" in check(text, "--data", "--format", "concise", code=1)


def test_no_color_when_piped(check: Callable[..., str]) -> None:
    """Colours are for terminals."""
    assert "\x1b" not in check("let a = b\n", code=1)
