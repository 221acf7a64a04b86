"""The room that knows how a token is spelled and what may follow what: `pipe.lark` and the parser built from it.

Everything else about the language's surface is read from here: the keyword lists of editors, the token stream of the
formatter, the parse tables that say what was expected. Nothing here knows what a file means.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from operator import itemgetter
from pathlib import Path
from typing import Any

import lark
from lark import Lark, Token, Tree
from lark.grammar import NonTerminal, Rule, RuleOptions, Terminal
from lark.lark import PostLex
from lark.parsers.lalr_analysis import Reduce, Shift
from lark.parsers.lalr_interactive_parser import InteractiveParser

KEYWORDS: dict[str, tuple[str, ...]] = {
    "declaration": ("param", "let", "import", "dataset", "group", "split", "transform", "policy", "loader"),
    "clause": ("from", "where", "into", "by", "as", "of", "stratified", "grouped", "folds", "seed", "rest", "weight"),
    "step": ("maybe", "one", "shuffled", "views", "on", "batch"),
    "policy": (
        *("force", "at", "least", "most", "per", "across", "ranks", "with", "without", "replacement"),
        *("epoch", "pass", "over", "batches", "samples"),
        *("last", "drop", "keep", "pad", "order", "sequential", "places", "forced", "first", "uneven", "distinct"),
        *("balance", "mix", "draw", "each", "repeat", "factor", "bucket"),
    ),
    "loader": ("sample", "collate", "tuple", "dict", "error", "fail", "skip", "replace", "max"),
    "operator": ("and", "or", "not", "in", "matches", "has"),
    "constant": ("true", "false", "none"),
}
"""Every keyword once, under the place it mainly belongs to. Editors and documentation colour by these."""

RESERVED = frozenset({"and", "or", "not", "in", "has", "true", "false", "none"})
"""The keywords that can be the name of nothing; the others are names where the grammar has no place for the keyword."""

SEPARATORS = frozenset({"NEWLINE", "SEMICOLON"})
OPENING: dict[str, str] = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}
"""Token type of each opening bracket, with the type that closes it."""
CLOSING = frozenset(OPENING.values())

_ONLY = itemgetter(0)
SILENT = frozenset({"SPACE", "COMMENT"})
_HERE = Path(__file__).parent
_TABLES = "tables.json"


class Statements(PostLex):
    """Turns the lossless token stream into what the parser reads.

    White space and comments go; newlines go where the innermost bracket is `(` or `[`; each run of newlines and `;`
    that is left becomes one `_END`.
    """

    always_accept = ("SPACE", "COMMENT", "NEWLINE", "SEMICOLON", "BAD_STRING", "BAD_NUMBER", "BAD_TEXT")

    def process(self, stream: Iterable[Token]) -> Iterator[Token]:
        """Yield the tokens that the parser reads, in order."""
        open_brackets: list[str] = []
        ended = False
        for token in stream:
            kind = token.type
            if kind in SILENT:
                continue
            if kind in SEPARATORS:
                free = kind == "NEWLINE" and open_brackets and open_brackets[-1] != "RBRACE"
                if not ended and not free:
                    ended = True
                    yield Token.new_borrow_pos("_END", str(token), token)
                continue
            ended = False
            if kind in OPENING:
                open_brackets.append(OPENING[kind])
            elif kind in CLOSING and open_brackets and open_brackets[-1] == kind:
                open_brackets.pop()
            yield token


def tokens(text: str, start: int = 0, end: int = sys.maxsize, *, without: Collection[str] = ()) -> Iterator[Token]:
    """Every token of `text` between two offsets, white space and comments included: nothing is lost, nothing fails.

    But those of the types `without` are left out, which is sooner done here. A byte order mark at the very start is
    skipped.
    """
    if start == 0 and text.startswith("\ufeff"):
        start = 1
    pattern, words = _lexer()
    for match in pattern.finditer(text, start, end):
        kind, value = match.lastgroup, match.group()
        assert kind is not None
        if kind == "NAME":
            kind = words.get(value, kind)
        elif kind in without:
            continue
        yield _token(kind, value, *match.span())


def _token(kind: str, value: str, start: int, end: int) -> Token:
    """`Token(kind, value, start, end_pos=end)`, in half the time: Lark's looks for arguments of long ago."""
    made = str.__new__(Token, value)
    made.type, made.value, made.start_pos, made.end_pos = kind, value, start, end
    made.line = made.column = made.end_line = made.end_column = None
    return made


@cache
def _lexer() -> tuple[re.Pattern[str], Mapping[str, str]]:
    """The pattern of all tokens but keywords, and the types of the names that are keywords.

    What Lark's own lexer looks for in the same order, in a third of its time: that counts lines as well, and looks
    every name up by a pattern of all keywords."""
    lexer: Any = parser().parser.lexer.lexer  # pyright: ignore[reportAttributeAccessIssue]: behind the post-lexer
    words = {word: kind for kind, word in keyword_types().items()}
    others = [terminal for terminal in lexer.terminals if terminal.name not in keyword_types()]
    return re.compile("|".join(f"(?P<{one.name}>{one.pattern.to_regexp()})" for one in others)), words


class Reading:
    """A parse under way, fed token by token. `stack` holds the automaton's states, `values` what they built."""

    def __init__(self, start: str) -> None:
        self._parser: InteractiveParser = parser().parse_interactive(start=start)
        self._tables: Any = self._parser.parser_state.parse_conf
        self.stack: list[Any] = self._parser.parser_state.state_stack
        self.values: list[Any] = self._parser.parser_state.value_stack

    def feed(self, token: Token) -> None:
        """Read one more token. Raises `lark.UnexpectedToken` if it does not fit."""
        kind = self.kind(token, self.stack)
        self._parser.feed_token(token if kind == token.type else token.update(type=kind))

    def kind(self, token: Token, stack: list[Any]) -> str:
        """The token's type; `NAME` for a keyword that cannot stand here where a name can."""
        kind = token.type
        if kind not in _soft_keywords() or self._fits(stack, kind) or not self._fits(stack, "NAME"):
            return kind
        return "NAME"

    def _fits(self, stack: list[Any], kind: str) -> bool:
        action, _ = self.row(stack[-1]).get(kind, (None, None))
        return action is Shift or (action is not None and self.landing(list(stack), kind) is not None)

    def finish(self, last: Token | None) -> Tree[Token]:
        """The parse tree, if the text may end here. Raises `lark.UnexpectedToken` if not."""
        return self._parser.feed_eof(last)

    def row(self, state: Any) -> Mapping[str, tuple[Any, Any]]:
        """The automaton's row for a state: what it does with each terminal, and where each finished rule leads."""
        return self._tables.states[state]

    def landing(self, stack: list[Any], kind: str) -> Any:
        """The state that a token of type `kind` would be read in, after the reductions it brings about, with `stack`
        changed accordingly; None if it does not fit."""
        states = self._tables.states
        while kind in (row := states[stack[-1]]):
            action, target = row[kind]
            if action is Shift:
                state = stack[-1]
                stack.append(target)
                return state
            if target.expansion:
                del stack[-len(target.expansion) :]
            stack.append(states[stack[-1]][target.origin.name][1])
            if kind == "$END" and stack[-1] == self._tables.end_state:
                return stack[-1]
        return None

    def first(self, rule: str) -> frozenset[str]:
        """The types of the tokens that `rule` can begin with."""
        return _first_sets()[rule]

    def would_fit(self, upcoming: Iterable[Token]) -> bool:
        """Whether the tokens could be read next, without reading them."""
        stack = list(self.stack)
        return all(self.landing(stack, self.kind(token, stack)) is not None for token in upcoming)


def readable(stream: Iterable[Token]) -> bool:
    """Whether the parser reads the whole of a text, given its tokens. Builds no tree: a fraction of a parse."""
    reading = Reading("file")
    stack = list(reading.stack)
    for token in Statements().process(stream):
        if reading.landing(stack, reading.kind(token, stack)) is None:
            return False
    return reading.landing(stack, "$END") is not None


@cache
def _soft_keywords() -> frozenset[str]:
    return frozenset(kind for kind, word in keyword_types().items() if word not in RESERVED)


@cache
def _first_sets() -> dict[str, frozenset[str]]:
    rules = [(rule.origin.name, rule.expansion[0]) for rule in parser().rules if rule.expansion]
    sets: dict[str, set[str]] = {name: set() for name, _ in rules}
    grown = True
    while grown:
        grown = False
        for name, symbol in rules:
            found = {symbol.name} if symbol.is_term else sets[symbol.name]
            grown = grown or not found <= sets[name]
            sets[name] |= found
    return {name: frozenset(found) for name, found in sets.items()}


@cache
def keyword_types() -> dict[str, str]:
    """The spelling of each keyword by its token type."""
    words = {word for group in KEYWORDS.values() for word in group}
    return {term.name: term.pattern.value for term in parser().terminals if term.pattern.value in words}


@cache
def spellings() -> dict[str, str]:
    """The spelling of each token type that has only one: keywords, operators and punctuation."""
    return {term.name: term.pattern.value for term in parser().terminals if term.pattern.type == "str"}


@cache
def parser() -> Lark:
    """The parser of `pipe.lark`, with the start rules `file` and `declaration`.

    Building it takes a few tenths of a second, so its tables are kept beside the grammar (`python -m feedline.grammar`
    writes them). Tables made from another grammar or by another Lark are not used.
    """
    kept = _HERE / _TABLES
    if kept.is_file():
        tables = json.loads(kept.read_text(encoding="utf-8"))
        if tables["made_from"] == origin():
            memo = _memo(tables)
            built = Lark._load_from_dict(tables["data"], memo, postlex=Statements(), propagate_positions=True)
            automaton: Any = built.parser.parser.parser.parse_table  # pyright: ignore[reportAttributeAccessIssue]  (untyped)
            automaton.states = _Rows(tables["rows"], tables["data"]["parser"]["parser"]["tokens"], memo)
            return _straight(built)
    return _straight(build())


class _Rows(dict[int, dict[str, tuple[Any, Any]]]):
    """The automaton's rows by state, each written out when a parse first comes to it: a short text comes to a third.

    A packed row holds the number of a token, then where it leads: to a state, or below zero to `-1 - rule`."""

    def __init__(self, packed: list[list[int]], kinds: Mapping[str, str], memo: Mapping[int, Any]) -> None:
        self._packed, self._kinds, self._memo = packed, kinds, memo

    def __missing__(self, state: int) -> dict[str, tuple[Any, Any]]:
        pairs = iter(self._packed[state])
        row = {
            self._kinds[str(kind)]: (Shift, to) if to >= 0 else (Reduce, self._memo[-1 - to])
            for kind, to in zip(pairs, pairs, strict=True)
        }
        self[state] = row
        return row


def _straight(built: Lark) -> Lark:
    """Hand on the one child of `?rule: other` as it is. Lark finds its position anew in each of the nine rules between
    a value and an expression, which is half the time of a parse."""
    callbacks: dict[Any, Any] = built.parser.parser.parser.callbacks  # pyright: ignore[reportAttributeAccessIssue]  (untyped)
    for rule in callbacks:
        if rule.options.expand1 and rule.alias is None and len(rule.expansion) == 1:
            (symbol,) = rule.expansion
            if not symbol.name.startswith("_") and not getattr(symbol, "filter_out", False):
                callbacks[rule] = _ONLY
    return built


def _memo(tables: dict[str, Any]) -> dict[int, Any]:
    """The terminals as Lark writes them, and the rules, built here: Lark would build each symbol anew in each rule."""
    symbols = [NonTerminal(name) if out is None else Terminal(name, out) for name, out in tables["symbols"]]
    options = [RuleOptions(**chosen) for chosen in tables["options"]]
    rules = [
        Rule(symbols[origin], [symbols[number] for number in expansion], order, alias, options[chosen])
        for origin, expansion, order, alias, chosen in tables["rules"]
    ]
    return dict(enumerate(tables["terminals"] + rules))


def build(strict: bool = False) -> Lark:
    """Build the parser from the grammar. `strict` also proves that nothing is ambiguous; it needs interegular."""
    return Lark(
        grammar(),
        parser="lalr",
        lexer="basic",
        start=["file", "declaration"],
        postlex=Statements(),
        propagate_positions=True,
        maybe_placeholders=True,
        strict=strict,
    )


def grammar() -> str:
    """The text of `pipe.lark`."""
    return (_HERE / "pipe.lark").read_text(encoding="utf-8")


def origin() -> str:
    """What the tables depend on: the grammar's text and Lark's version."""
    return f"lark {lark.__version__}, pipe.lark {hashlib.sha256(grammar().encode()).hexdigest()}"
