"""`feedline check --fix` and `--diff`: what is certain is mended, and nothing else is touched."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from feedline.cli import main
from feedline.compiler import compile_source
from feedline.dsl.rules import RULES
from feedline.dsl.source import SourceText

Run = Callable[..., str]
WRONG = "let shuffle = True\n"
RIGHT = "let shuffle = true\n"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `feedline check` in a folder of its own, expect a code, return standard output."""
    monkeypatch.chdir(tmp_path)

    def check(*arguments: str, code: int = 0) -> str:
        assert code == main(["check", *arguments])
        return capsys.readouterr().out

    return check


def fixed(run: Run, text: str, code: int = 0) -> str:
    """What `--fix` makes of a file."""
    Path("a.pipe").write_bytes(text.encode())
    run("--fix", "a.pipe", code=code)
    return Path("a.pipe").read_bytes().decode()


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("let a = None\n", "let a = none\n"),
        ("let a: 3\n", "let a = 3\n"),
        ("let a == 3\n", "let a = 3\n"),
        ("let a = 1 < 2 && 2 < 3\n", "let a = 1 < 2 and 2 < 3\n"),
        ("let a = 3\u200b\n", "let a = 3\n"),
        ("dataset d = fakedata(size=9)\n", "dataset d = FakeData(size=9)\n"),
        ("dataset d = FakeData(Size=9)\n", "dataset d = FakeData(size=9)\n"),
        ("dataset d = FakeData(size=9.0)\n", "dataset d = FakeData(size=9)\n"),
        ("transform t { v2.CenterCrop(8) }\n", "transform t { CenterCrop(8) }\n"),
        (
            "transform t { Resize(8, interpolation=InterpolationMode.BILINEAR) }\n",
            "transform t { Resize(8, interpolation=bilinear) }\n",
        ),
        ("transform t { Pad(8, padding_mode=Reflect) }\n", "transform t { Pad(8, padding_mode=reflect) }\n"),
    ],
)
def test_what_is_certain_is_mended(run: Run, wrong: str, right: str) -> None:
    """One spelling after another."""
    Path("a.pipe").write_text(wrong, encoding="utf-8")
    main(["check", "--fix", "a.pipe"])
    assert right == Path("a.pipe").read_text(encoding="utf-8")


def test_a_near_name_is_a_guess(run: Run) -> None:
    """It is shown, and the file stays."""
    text = "transform t { RandomHorizontalFilp() }\n"
    assert text == fixed(run, text, code=1)


def test_what_is_left_is_said(run: Run) -> None:
    """After the fixes, with the lines as they are now."""
    Path("a.pipe").write_text("let a = True\nlet b = c\n")
    printed = run("--fix", "a.pipe", code=1)
    assert "a.pipe: 1 fixed\nerror[FL102]" in printed
    assert "FL007" not in printed


def test_formats_for_programs_stay_whole(run: Run) -> None:
    """The words about fixes go to standard error."""
    Path("a.pipe").write_text(WRONG)
    assert "" == run("--fix", "--format", "concise", "a.pipe")


def test_a_fix_behind_another_comes_in_the_next_round(run: Run) -> None:
    """A fault that the first fault hid is mended in the same call."""
    assert "transform t { CenterCrop(size=8) }\n" == fixed(run, "transform t { V2.centercrop(Size=8) }\n")


def test_a_fix_that_adds_an_error_is_left_out(run: Run) -> None:
    """With `and` in the place of `&` there would be two errors; the other fix is applied all the same."""
    found = fixed(run, "let a = b & c * d\nlet e = True\n", code=1)
    assert "let a = b & c * d\nlet e = true\n" == found


def test_line_ends_and_mark_stay(run: Run) -> None:
    """A byte order mark, `\\r\\n`, and a last line without an end."""
    Path("a.pipe").write_bytes(b"\xef\xbb\xbf# one\r\nlet a = True\r\nlet b = None")
    run("--fix", "a.pipe")
    assert b"\xef\xbb\xbf# one\r\nlet a = true\r\nlet b = none" == Path("a.pipe").read_bytes()


def test_permissions_stay(run: Run) -> None:
    """A script stays executable."""
    Path("a.pipe").write_text(WRONG)
    Path("a.pipe").chmod(0o750)
    run("--fix", "a.pipe")
    assert (RIGHT, 0o750) == (Path("a.pipe").read_text(), stat.S_IMODE(Path("a.pipe").stat().st_mode))


def test_a_link_stays_a_link(run: Run) -> None:
    """The file it leads to is written."""
    Path("real.pipe").write_text(WRONG)
    Path("a.pipe").symlink_to("real.pipe")
    run("--fix", "a.pipe")
    assert Path("a.pipe").is_symlink()
    assert RIGHT == Path("real.pipe").read_text()


def test_nothing_is_left_beside_the_file(run: Run) -> None:
    """The name that it was written under first is gone."""
    Path("a.pipe").write_text(WRONG)
    run("--fix", "a.pipe")
    assert ["a.pipe"] == os.listdir()


def test_a_right_file_is_not_written(run: Run) -> None:
    """Not even with the same bytes."""
    Path("a.pipe").write_text(RIGHT)
    os.utime("a.pipe", (1, 1))
    run("--fix", "a.pipe")
    assert 1 == Path("a.pipe").stat().st_mtime


def test_an_import_is_fixed_only_where_it_is_named(run: Run) -> None:
    """What was not named is not ours to write."""
    Path("a.pipe").write_text('import "b.pipe" (shuffle)\nlet a = None\n')
    Path("b.pipe").write_text(WRONG)
    run("--fix", "a.pipe", code=1)
    assert ('import "b.pipe" (shuffle)\nlet a = none\n', WRONG) == (
        Path("a.pipe").read_text(),
        Path("b.pipe").read_text(),
    )
    run("--fix", "a.pipe", "b.pipe")
    assert RIGHT == Path("b.pipe").read_text()


def test_one_file_under_two_names(run: Run) -> None:
    """It is fixed once."""
    Path("a.pipe").write_text(WRONG)
    Path("b.pipe").symlink_to("a.pipe")
    assert run("--fix", "a.pipe", "./a.pipe", "b.pipe").startswith("a.pipe: 1 fixed\n3 files")


def test_diff_writes_nothing(run: Run) -> None:
    """The change as a unified diff; the exit code says that there is one."""
    Path("a.pipe").write_text("let b = 1\nlet a = True")
    expected = (
        "--- a.pipe\n+++ a.pipe\n@@ -1,2 +1,2 @@\n let b = 1\n"
        "-let a = True\n\\ No newline at end of file\n+let a = true\n\\ No newline at end of file\n"
    )
    assert expected == run("--fix", "--diff", "a.pipe", code=1)
    assert expected == run("--diff", "a.pipe", code=1)
    assert "let b = 1\nlet a = True" == Path("a.pipe").read_text()


def test_diff_of_a_right_file(run: Run) -> None:
    """Nothing, and nothing wrong."""
    Path("a.pipe").write_text(RIGHT)
    assert "" == run("--diff", "a.pipe")


def test_a_folder_that_cannot_be_written(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """FL019, and the file is as it was."""

    def shut(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    Path("a.pipe").write_text(WRONG)
    monkeypatch.setattr("tempfile.mkstemp", shut)
    assert "a.pipe:1:1: FL019" in run("--fix", "--format", "concise", "a.pipe", code=1)
    assert WRONG == Path("a.pipe").read_text()


def test_a_full_disk(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """FL019, the file is as it was, and nothing lies beside it."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    Path("a.pipe").write_text(WRONG)
    monkeypatch.setattr("os.replace", full)
    assert "FL019 `a.pipe` cannot be written: no space left" in run("--fix", "--format", "concise", "a.pipe", code=1)
    assert (["a.pipe"], WRONG) == (os.listdir(), Path("a.pipe").read_text())


def _errors(text: str) -> int:
    found = compile_source(SourceText("a.pipe", text)).diagnostics
    return sum(item.severity == "error" for item in found)


@pytest.mark.parametrize("code", [code for code, rule in RULES.items() if rule.bad])
def test_fixes_of_every_rule_do_no_harm(code: str, run: Run) -> None:
    """On each rule's bad file: not more errors, and a second call changes nothing."""
    before = RULES[code].bad
    Path("a.pipe").write_text(before, encoding="utf-8", newline="")
    main(["check", "--fix", "a.pipe"])
    once = Path("a.pipe").read_bytes().decode()
    assert _errors(once) <= _errors(before)
    main(["check", "--fix", "a.pipe"])
    assert once == Path("a.pipe").read_bytes().decode()


@pytest.mark.parametrize(
    "block", ["transform { views n=2 { ToTensor() } }", "views 2 { ToTensor() }"], ids=["argument", "misplaced"]
)
def test_a_guess_before_a_block_is_not_applied(run: Run, block: str) -> None:
    """Where `{` follows, a form was meant and no value, so that `=` is only a guess."""
    text = f"dataset d = FakeData(size=8)\nloader x from d {{\n  {block}\n}}\n"
    Path("a.pipe").write_text(text)
    run("--fix", "a.pipe", code=1)
    assert text == Path("a.pipe").read_text()
