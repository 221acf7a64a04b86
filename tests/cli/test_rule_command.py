"""`feedline rule`: what a code means."""

from pathlib import Path

import pytest

from feedline.cli import main
from feedline.dsl.rules import RULES

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"


def test_a_code(capsys: pytest.CaptureFixture[str]) -> None:
    """Title, name, severity, explanation, both files."""
    assert 0 == main(["rule", "FL007"])
    expected = """\
## FL007: a constant in Python's spelling

`python-constant`, an error.

Python's `True`, `False` and `None` are written `true`, `false` and `none`.

Wrong:

```pipe error=FL007
let shuffle = True
```

Right:

```pipe
let shuffle = true
```
"""
    assert expected == capsys.readouterr().out


@pytest.mark.parametrize("word", ["nothing-forced", "Nothing-Forced", "fl406", "FL406"])
def test_a_name_or_any_case(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A rule is found by its name too, and a warning says how it is silenced."""
    assert 0 == main(["rule", word])
    printed = capsys.readouterr().out
    assert printed.startswith("## FL406: ")
    assert "`# feedline: ignore FL406 because ...`" in printed


def test_several(capsys: pytest.CaptureFixture[str]) -> None:
    """One section after the other."""
    assert 0 == main(["rule", "FL101", "FL001"])
    assert ["## FL101", "## FL001"] == [line[:8] for line in capsys.readouterr().out.splitlines() if line[:2] == "##"]


def test_a_miss(capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong usage, with what was probably meant."""
    assert 2 == main(["rule", "nothing-forcd"])
    assert "did you mean `nothing-forced` (places for forced" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["--all", "FL101"]])
def test_neither_or_both(arguments: list[str]) -> None:
    """A code or `--all`."""
    assert 2 == main(["rule", *arguments])


def test_every_rule_is_on_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    """By code."""
    assert 0 == main(["rule", "--all"])
    codes = [line[4:9] for line in capsys.readouterr().out.splitlines() if line.startswith("### ")]
    assert sorted(RULES) == codes


def test_the_page_of_the_docs_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    """`feedline rule --all > docs/rules.md` changes nothing."""
    assert 0 == main(["rule", "--all"])
    assert PAGE.read_text(encoding="utf-8") == capsys.readouterr().out
