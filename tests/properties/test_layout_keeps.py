"""Whatever the white space and wherever comments may stand, laying a program out changes only white space."""

from __future__ import annotations

import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from properties.programs import programs

from feedline.dsl import parse, tree, unparse
from feedline.dsl.layout import format_source
from feedline.grammar import CLOSING, OPENING, tokens

quick = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def scatter(program: tree.SyntaxTree, seed: int) -> str:
    """A program as somebody might have written it: any white space, comments in every legal place."""
    choose = random.Random(seed).choice
    pieces: list[str] = []
    brackets: list[str] = []
    for token in tokens(unparse(program)):
        if token.type == "NEWLINE":
            pieces.append(choose(_LINE_ENDS))
            continue
        if brackets and brackets[-1] != "LBRACE":
            pieces.append(choose(_ANYWHERE))
        pieces.append(choose([" ", "   ", "\t"]) if token.type == "SPACE" else str(token))
        if token.type in OPENING:
            brackets.append(token.type)
        elif token.type in CLOSING:
            brackets.pop()
    return "".join(pieces)


_LINE_ENDS = ["\n", "\n\n", " ;\n", "\n\n\n\n", "# c\n", "## a, b }\n", "\n# (\n", "\n  #\n\n# é \n"]
_ANYWHERE = ["", "", "", "", " ", "\n", "\n\n", " # in\n", "\n# alone\n"]
written = st.builds(scatter, programs, st.integers(0, 2**32))


@quick
@given(written)
def test_only_white_space_changes(text: str) -> None:
    """The same tree, the same comments in the same order, and the same again when laid out twice."""
    made = format_source(text)
    assert () == made.left
    assert _comments(text) == _comments(made.text)
    assert parse(text).tree == parse(made.text).tree
    assert made.text == format_source(made.text).text


@quick
@given(written, st.data())
def test_what_is_broken_stays(text: str, data: st.DataObject) -> None:
    """With a piece cut out anywhere nothing is lost but white space, and twice gives the same."""
    start = data.draw(st.integers(0, len(text)))
    cut = text[:start] + text[start + data.draw(st.integers(1, 9)) :]
    made = format_source(cut).text
    assert "".join(cut.split()) == "".join(made.split())
    if all(isinstance(item, tree.Node) for item in parse(cut).tree.declarations) and not parse(cut).diagnostics:
        assert made == format_source(made).text


def _comments(text: str) -> list[str]:
    return [token.rstrip() for token in tokens(text) if token.type == "COMMENT"]
