"""No false alarms: real recipes, written in the language, are checked without an error and with only expected advice.

Each file of tests/corpus says in its first comment what it is modelled on, and in lines that start with `# expect: `
which warnings and hints it gets: `none`, or a code a line with why it is right or not to be helped.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import feedline

CORPUS = sorted((Path(__file__).parents[1] / "corpus").glob("*.pipe"))


def expected(text: str) -> list[str]:
    """The codes that a file of the corpus expects; each has a reason."""
    said = re.findall(r"^# expect: (none|FL\d{3}: \S.*)$", text, re.MULTILINE)
    assert said, "the file does not say what it expects"
    return [] if said == ["none"] else sorted(line.partition(":")[0] for line in said)


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_a_real_pipeline_gets_no_false_alarm(path: Path) -> None:
    """A recipe has no error, and exactly the warnings and hints that it names."""
    text = path.read_text(encoding="utf-8")
    found = [f"{item.severity} {item.code} {item.message}" for item in feedline.check(path, allow_python=True)]
    assert [item for item in found if item.startswith("error")] == []
    assert expected(text) == sorted(item.split()[1] for item in found), found
    assert re.match(r"# \S", text), "the first line says what the file is modelled on"


def test_the_corpus_is_large() -> None:
    """At least 60 recipes stand in the corpus, and each is another text."""
    texts = {re.sub(r"#.*", "", path.read_text(encoding="utf-8")) for path in CORPUS}
    assert len(texts) == len(CORPUS) >= 60
