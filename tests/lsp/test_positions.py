"""Places in a text, in the units of each encoding."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol.types import Position, Range

from feedline.dsl.source import SourceText, Span
from feedline.lsp.positions import Positions

ENCODINGS = ("utf-8", "utf-16", "utf-32")
TEXTS = st.text(st.sampled_from("ab \t\f\v\x85\u2028\n\réж中😀\U0001d4b3\ud83d\ufeff"), max_size=30)


@pytest.mark.parametrize(("encoding", "column"), [("utf-8", 10), ("utf-16", 5), ("utf-32", 4)])
def test_a_column_counts_the_units_before_it(encoding: str, column: int) -> None:
    """`é`, a letter of another alphabet and an astral character are two, three and four bytes wide."""
    positions = Positions(SourceText("", "é中😀 x"), encoding)
    assert Position(0, column) == positions.position(4)
    assert 4 == positions.offset(Position(0, column))


@pytest.mark.parametrize(("encoding", "width"), [("utf-8", 4), ("utf-16", 2), ("utf-32", 1)])
def test_a_place_inside_a_character_is_before_it(encoding: str, width: int) -> None:
    """A client that cuts a pair in two moves to its front."""
    positions = Positions(SourceText("", "a😀b"), encoding)
    assert [1] * width == [positions.offset(Position(0, 1 + unit)) for unit in range(width)]
    assert 2 == positions.offset(Position(0, 1 + width))


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_at_line_ends_alone(encoding: str, end: str) -> None:
    """Form feeds and the separators of Unicode are characters like others."""
    text = f"a\f\u2028b{end}c"
    positions = Positions(SourceText("", text), encoding)
    assert Position(1, 0) == positions.position(text.index("c"))
    assert text.index("c") == positions.offset(Position(1, 0))
    assert text.index(end) == positions.offset(Position(0, 99))


@pytest.mark.parametrize("text", ["", "a", "a\n", "a\r\n"])
def test_a_place_behind_everything_is_the_end(text: str) -> None:
    """In an empty text too."""
    positions = Positions(SourceText("", text))
    assert [len(text)] * 2 == [positions.offset(Position(99, 0)), positions.offset(Position(99, 99))]
    end = positions.position(len(text))
    assert len(text) == positions.offset(end)
    assert Position(text.count("\n"), 0 if text.endswith("\n") else len(text)) == end


def test_a_range_the_wrong_way_round_is_turned() -> None:
    """What is between its ends is meant."""
    assert Span("p", 1, 2) == Positions(SourceText("p", "abc")).span(Range(Position(0, 2), Position(0, 1)))


@given(TEXTS, st.sampled_from(ENCODINGS), st.data())
def test_every_place_is_found_again(text: str, encoding: str, data: st.DataObject) -> None:
    """Offset to position and back, for every place but the inside of a line end."""
    positions = Positions(SourceText("", text), encoding)
    offset = data.draw(st.integers(0, len(text)))
    inside = text[offset - 1 : offset + 1] == "\r\n"
    assert offset - inside == positions.offset(positions.position(offset))


@given(TEXTS, st.sampled_from(ENCODINGS))
def test_a_column_is_as_wide_as_the_encoded_text(text: str, encoding: str) -> None:
    """Python's own codecs count the same units."""
    positions = Positions(SourceText("", text), encoding)
    codec, width = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}[encoding]
    source = positions.source
    for number in range(1, len(source.line_starts) + 1):
        line = source.line(number)
        end = positions.position(source.line_starts[number - 1] + len(line))
        encoded = b"".join(character.encode(codec, "surrogatepass") for character in line)
        assert Position(number - 1, len(encoded) // width) == end
