"""A text with a fault gives a tree, diagnostics, and every declaration that the fault does not touch."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lark import Token
from properties.programs import programs

from feedline.dsl import ParseResult, parse, tree, unparse
from feedline.grammar import tokens

ROOT = Path(__file__).parents[2]
FILES = sorted([*(ROOT / "tests/cases/programs").glob("*.pipe"), *(ROOT / "examples").glob("*.pipe")])
TEXTS = {path.stem: path.read_bytes().decode() for path in FILES}
INSERTED = ["(", ")", "{", "}", "[", "]", ",", "=", '"', ";", "\n", ".", "x", "3", "80%", "@", "not", "loader", "force"]

quick = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
every_file = pytest.mark.parametrize("name", TEXTS)


def _tokens(text: str) -> list[Token]:
    return [token for token in tokens(text) if token.type not in ("SPACE", "COMMENT")]


def _place(data: st.DataObject, text: str) -> tuple[int, int]:
    token = data.draw(st.sampled_from(_tokens(text)), label="token")
    assert token.start_pos is not None and token.end_pos is not None
    return token.start_pos, token.end_pos


def _untouched(text: str, start: int, end: int) -> list[tree.Declaration]:
    """The declarations on other lines than the change. (A lone quote takes the rest of its line with it.)"""
    before, after = text.rfind("\n", 0, start) + 1, (text + "\n").index("\n", end)
    declarations = parse(text).tree.declarations
    return [
        declaration for declaration in declarations if declaration.span.end < before or declaration.span.start > after
    ]


def _check(text: str, result: ParseResult, untouched: list[tree.Declaration]) -> None:
    read = list(result.tree.declarations)
    assert [] == [declaration for declaration in untouched if declaration not in read]
    broken = any(isinstance(node, tree.ErrorDeclaration | tree.ErrorStatement) for node in tree.walk(result.tree))
    assert result.diagnostics or not broken
    for diagnostic in result.diagnostics:
        assert diagnostic.span is not None
        assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(result.source.text)
    # One fault gives one error; only a bracket among others that nothing indents may need a second.
    assert len(result.diagnostics) <= 3


@every_file
def test_sample_files_have_no_faults(name: str) -> None:
    """The files that the tests below break are whole."""
    assert () == parse(TEXTS[name]).diagnostics


@every_file
@quick
@given(data=st.data())
def test_a_deleted_token_costs_only_its_declaration(name: str, data: st.DataObject) -> None:
    """Any one token may be missing."""
    text = TEXTS[name]
    start, end = _place(data, text)
    _check(text, parse(text[:start] + text[end:]), _untouched(text, start, end))


@every_file
@quick
@given(data=st.data(), inserted=st.sampled_from(INSERTED))
def test_an_inserted_token_costs_only_its_declaration(name: str, data: st.DataObject, inserted: str) -> None:
    """Any one token may be too many."""
    text = TEXTS[name]
    start, _ = _place(data, text)
    _check(text, parse(f"{text[:start]} {inserted} {text[start:]}"), _untouched(text, start, start))


@every_file
@quick
@given(data=st.data())
def test_an_unfinished_file_keeps_what_is_finished(name: str, data: st.DataObject) -> None:
    """The text may stop anywhere, and that is at most one fault."""
    text = TEXTS[name]
    start, _ = _place(data, text)
    result = parse(text[:start])
    finished = [declaration for declaration in parse(text).tree.declarations if declaration.span.end < start]
    _check(text, result, finished)
    assert len(result.diagnostics) <= 1


@quick
@given(programs, st.data())
def test_generated_programs_survive_a_deleted_token(program: tree.SyntaxTree, data: st.DataObject) -> None:
    """The same for programs that nobody would write: no exception, and a tree."""
    text = unparse(program)
    if _tokens(text):
        start, end = _place(data, text)
        result = parse(text[:start] + text[end:])
        assert len(text) - (end - start) == result.tree.span.end


@quick
@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_can_be_parsed(content: bytes) -> None:
    """Whatever the text, parsing returns."""
    result = parse(content.decode("utf-8", "replace"))
    assert result.diagnostics or not any(isinstance(d, tree.ErrorDeclaration) for d in result.tree.declarations)


@quick
@given(
    st.lists(
        st.sampled_from([*INSERTED, "{\n", "}\n", "transform", "sample", "split", "d", "into", "per"]), max_size=40
    )
)
def test_any_tokens_can_be_parsed(words: list[str]) -> None:
    """Whatever the tokens, parsing returns, and what could not be read is told."""
    result = parse(" ".join(words))
    broken = any(isinstance(node, tree.ErrorDeclaration | tree.ErrorStatement) for node in tree.walk(result.tree))
    assert result.diagnostics or not broken
