"""Colours of any text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from properties.programs import programs

from feedline.dsl import tree, unparse
from feedline.grammar import Reading, Statements, keyword_types, tokens
from feedline.grammar.colours import coloured

WORDS = ("declaration", "keyword", "word operator", "constant")
PIECES = (
    "loader",
    "a",
    "{",
    "}",
    "(",
    ")",
    "sample",
    "batch",
    "8",
    "=",
    "\n",
    ";",
    ".",
    "'x",
    "#",
    "last",
    ":",
    "\ufeff",
)


@given(st.lists(st.sampled_from(PIECES)).map(" ".join) | st.text())
def test_nothing_is_lost(text: str) -> None:
    """The coloured tokens put together are the text, whatever it is."""
    assert text.removeprefix("\ufeff") == "".join(token for token, _ in coloured(text))


@given(programs)
def test_words_are_read_as_the_parser_does(program: tree.SyntaxTree) -> None:
    """Keyword or name, in any program, also where names are keywords elsewhere."""
    text = unparse(program)
    reading, kinds = Reading("file"), {}
    for token in Statements().process(tokens(text)):
        kinds[token.start_pos] = reading.kind(token, reading.stack)
        reading.feed(token)
    for token, colour in coloured(text):
        if token.start_pos in kinds:
            assert (kinds[token.start_pos] in keyword_types()) == (colour in WORDS)
