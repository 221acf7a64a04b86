"""The formatter: tests/cases/layout/NAME.in with what becomes of it in NAME.out, a topic each."""

import os
from pathlib import Path

import pytest

from feedline.dsl import parse
from feedline.dsl.layout import format_source

ROOT = Path(__file__).parents[2]
TOPICS = sorted((ROOT / "tests/cases/layout").glob("*.in"))
FILES = sorted([*(ROOT / "examples").glob("*.pipe"), *(ROOT / "tests").rglob("*.pipe")])


@pytest.mark.parametrize("topic", TOPICS, ids=lambda path: path.stem)
def test_topics_are_laid_out_as_recorded(topic: Path) -> None:
    """Each topic's text becomes what its `.out` holds, and that stays as it is."""
    made = format_source(topic.read_text()).text
    wanted = topic.with_suffix(".out")
    if os.environ.get("FEEDLINE_UPDATE_GOLDEN"):
        wanted.write_text(made)
    assert wanted.read_text() == made
    assert made == format_source(made).text


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_here_keeps_its_meaning(path: Path) -> None:
    """What parses gives the same tree afterwards, and a second time changes nothing."""
    text = path.read_bytes().decode()
    made = format_source(text).text
    if not parse(text).diagnostics:
        assert parse(text).tree == parse(made).tree
    assert made == format_source(made).text


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.pipe")), ids=lambda path: path.stem)
def test_the_examples_are_laid_out(path: Path) -> None:
    """`feedline fmt` has nothing to change in them."""
    assert path.read_text() == format_source(path.read_text()).text


def test_line_ends_and_byte_order_mark_stay() -> None:
    """A file from Windows keeps its line ends and its mark."""
    assert "\ufefflet a = 1\r\nlet b = 2\r\n" == format_source("\ufefflet a=1\r\nlet b =2").text


def test_what_cannot_be_read_is_named() -> None:
    """The declaration that stays as it was is among those left."""
    text = "let a=1\nlet   b 2\nlet c=3\n"
    made = format_source(text)
    assert "let a = 1\nlet   b 2\nlet c = 3\n" == made.text
    assert ["let   b 2\n"] == list({text[span.start : span.end] for span in made.left})


def test_only_what_is_around_a_fault_is_left() -> None:
    """Among brackets that stay open, in a text with a byte order mark, with its faults at their places."""
    text = "\ufefflet a=1\ntransform t {\n  Resize(4\nlet   c=3\n}\nlet d=4\n"
    made = format_source(text)
    assert "\ufefflet a = 1\ntransform t {\n  Resize(4\nlet c = 3\n}\nlet d = 4\n" == made.text
    faults = [item for item in parse(text).diagnostics if item.severity == "error"]
    assert faults == list(made.faults)


@pytest.mark.parametrize("before", ["", "let a = = 1\n"])
def test_what_nests_too_deep_is_left(before: str) -> None:
    """With the fault that the check tells, in texts that have others too."""
    text = f"{before}let b = {'(' * 5000}1{')' * 5000}\nlet c=3\n"
    made = format_source(text)
    assert text.replace("c=3", "c = 3") == made.text
    assert "FL006" in [item.code for item in made.faults]


@pytest.mark.parametrize("text", ["", "\n\n", "  ", "# c", "\ufeff", "}", "(", '"', ";;", "\x00", "let a = (1,\n\n"])
def test_anything_can_be_laid_out(text: str) -> None:
    """No text raises, and none loses anything but white space."""
    assert "".join(text.split()) == "".join(format_source(text).text.split())
