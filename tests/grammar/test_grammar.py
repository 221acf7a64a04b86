"""The grammar file: unambiguous, whole-word keywords, and everything that is derived from it in step with it."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from lark.grammar import Rule
from lark.lexer import LexerState, TerminalDef
from lark.utils import TextSlice

from feedline import grammar
from feedline.dsl import lower
from feedline.grammar.__main__ import _row

PROGRAMS = sorted((Path(__file__).parents[1] / "cases" / "programs").glob("*.pipe"))


def _kinds(text: str) -> list[str]:
    return [token.type for token in grammar.tokens(text, without=grammar.SILENT)]


def test_grammar_is_unambiguous() -> None:
    """Lark's strict mode finds no conflict between rules or terminals."""
    grammar.build(strict=True)


def test_tables_are_made_from_this_grammar() -> None:
    """`python -m feedline.grammar` has been run since the grammar last changed."""
    kept = json.loads(files("feedline.grammar").joinpath("tables.json").read_text(encoding="utf-8"))
    assert grammar.origin() == kept["made_from"]


def test_tables_and_grammar_read_the_same() -> None:
    """The parser from the tables has the rules and the terminals of the one built from the grammar."""
    built, loaded = grammar.build(), grammar.parser()
    assert {str(rule) for rule in built.rules} == {str(rule) for rule in loaded.rules}
    assert {str(term) for term in built.terminals} == {str(term) for term in loaded.terminals}


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_tokens_are_those_of_lark_s_lexer(path: Path) -> None:
    """Types, texts and places, of right texts and of what is left of them without every third character."""
    whole = path.read_text(encoding="utf-8")
    lexer = grammar.parser().parser.lexer.lexer  # pyright: ignore[reportAttributeAccessIssue]: behind the post-lexer
    for text in (whole, "".join(letter for number, letter in enumerate(whole) if number % 3)):
        wanted = lexer.lex(LexerState(TextSlice(text, 0, len(text))), None)
        found = [(token.type, str(token), token.start_pos, token.end_pos) for token in grammar.tokens(text)]
        assert [(token.type, str(token), token.start_pos, token.end_pos) for token in wanted] == found


def test_rows_are_packed_without_loss() -> None:
    """What `_row` packs and `_Rows` unpacks is what the automaton does in each state."""
    built = grammar.build()
    data, memo = built.memo_serialize([TerminalDef, Rule])
    table = data["parser"]["parser"]
    states: dict[int, dict[int, tuple[int, Any]]] = table["states"]
    rules = {number: Rule.deserialize(entry, {}) for number, entry in memo.items() if entry["__type__"] == "Rule"}
    rows = grammar._Rows(
        [_row(states[number]) for number in range(len(states))],
        {str(number): kind for number, kind in table["tokens"].items()},
        rules,
    )
    automaton = built.parser.parser.parser.parse_table  # pyright: ignore[reportAttributeAccessIssue]  (untyped)
    assert {state: rows[state] for state in automaton.states} == automaton.states


def test_every_keyword_is_listed_once() -> None:
    """`KEYWORDS` holds exactly the words that the grammar spells out."""
    listed = [word for group in grammar.KEYWORDS.values() for word in group]
    spelled = [term.pattern.value for term in grammar.parser().terminals if term.pattern.value.isidentifier()]
    assert sorted(spelled) == sorted(listed)


def test_reserved_words_are_keywords() -> None:
    """No word is reserved that is not a keyword."""
    assert {word for group in grammar.KEYWORDS.values() for word in group} >= grammar.RESERVED


def test_every_rule_is_lowered() -> None:
    """Each rule that leaves a node in the parse tree has its way into the syntax tree."""
    lowering = {*lower._PLAIN, *lower._LISTS, *dir(lower._Lowering)}
    names = {
        rule.alias or rule.origin.name for rule in grammar.parser().rules if not rule.options.expand1 or rule.alias
    }
    assert set() == {str(name) for name in names if not name.startswith("_")} - lowering


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_tokens_lose_nothing(path: Path) -> None:
    """The texts of all tokens join up to the whole text, and each knows where it stands."""
    text = path.read_bytes().decode()
    tokens = list(grammar.tokens(text))
    assert text == "".join(tokens)
    assert [] == [token for token in tokens if text[token.start_pos : token.end_pos] != token]


@pytest.mark.parametrize("text", ["", "\0", "\"'", "\ud800", "0x", "a\u0301\u200b", "\ufeff" * 3, "1..2 3%4 5%(6"])
def test_no_text_defeats_the_lexer(text: str) -> None:
    """What is no token is a token of its own kind; only a byte order mark at the start is skipped."""
    assert text.removeprefix("\ufeff") == "".join(grammar.tokens(text))


def test_keywords_are_whole_words() -> None:
    """A keyword inside a longer word is no keyword."""
    assert ["NAME", "NAME", "NAME", "DATASET", "NAME"] == _kinds("datasettrain force3 _loader dataset train")


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("80%", ["PERCENT"]),
        ("80%,", ["PERCENT", "COMMA"]),
        ("80% {", ["PERCENT", "LBRACE"]),
        ("80 % 3", ["NUMBER", "MODULO", "NUMBER"]),
        ("80%3", ["NUMBER", "MODULO", "NUMBER"]),
        ("80%x", ["NUMBER", "MODULO", "NAME"]),
        ("80%(3)", ["NUMBER", "MODULO", "LPAR", "NUMBER", "RPAR"]),
        ("0.5%", ["PERCENT"]),
    ],
)
def test_percent_or_modulo(text: str, kinds: list[str]) -> None:
    """A percent sign belongs to the number before it unless a word or a parenthesis follows at once."""
    assert kinds == _kinds(text)


@pytest.mark.parametrize("text", ["3", "1_000", "0.5", ".5", "1.", "1e-3", "2E6", "1_0.0_1e1_0"])
def test_numbers(text: str) -> None:
    """Every spelling that Python's decimal numbers have."""
    assert ["NUMBER"] == _kinds(text)


@pytest.mark.parametrize("text", ["3px", "1.2.3", "1__0", "1_", "0x10", "1..2"])
def test_bad_numbers_are_one_token(text: str) -> None:
    """A number that runs into a word is one mistake, not two tokens."""
    assert ["BAD_NUMBER"] == _kinds(text)


def test_newlines_are_free_inside_parentheses_and_square_brackets() -> None:
    """A run of newlines and `;` ends a statement once, and not inside `( )` and `[ ]`; inside `{ }` it does again."""
    text = "a\r\n\n; # c\n (b\n[\nc\n] {d\ne} f\n)\ng"
    kinds = [token.type for token in grammar.Statements().process(grammar.tokens(text))]
    expected = "NAME _END LPAR NAME LSQB NAME RSQB LBRACE NAME _END NAME RBRACE NAME RPAR _END NAME"
    assert expected.split() == kinds
