"""Texts as the tokens that the parser and its recovery read, with limits against hostile texts."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence

from lark import Token

from feedline.dsl.diagnostics import Edit, Fix, Reporter
from feedline.dsl.rules.syntax import PythonConstant
from feedline.dsl.source import Span
from feedline.grammar import CLOSING, KEYWORDS, OPENING, RESERVED, SEPARATORS, SILENT, keyword_types, readable, tokens

MAX_DEPTH = 100
"""How deep brackets and operators may nest. Trees this deep can be walked by recursion everywhere."""

MAX_GARBAGE = 100
"""So many stretches of text that are no token, or brackets that close nothing, mean that this is no `.pipe` file; the
rest is not looked at."""

TOO_DEEP = "TOO_DEEP"
GARBAGE = "GARBAGE"
"""Token types that stand for the text from where a limit was passed."""

_DEEPENING = frozenset({"OR", "AND", "NOT", "PLUS", "MINUS", "STAR", "SLASH", "FLOOR", "MODULO", "POWER"})
_BEFORE_VALUE = frozenset({"ASSIGN", "COMMA", "LPAR", "LSQB", "EQ", "NE", "IN", "AND", "OR", "NOT"})
_CONSTANTS = {"True": "TRUE", "False": "FALSE", "None": "NONE"}
_DECLARATIONS = frozenset(word.upper() for word in KEYWORDS["declaration"])
_DECLARATION_LINE = re.compile(rf"[\r\n][^\S\r\n]*(?=(?:{'|'.join(KEYWORDS['declaration'])})\b)")

_AFTER_NAME: dict[str, frozenset[str]] = {
    "DATASET": frozenset({"ASSIGN"}),
    "LET": frozenset({"ASSIGN"}),
    "GROUP": frozenset({"ASSIGN"}),
    "PARAM": frozenset({"ASSIGN", "COLON", "NEWLINE", "SEMICOLON", "_END"}),
    "LOADER": frozenset({"FROM"}),
    "TRANSFORM": frozenset({"LBRACE"}),
    "POLICY": frozenset({"LBRACE"}),
    "SPLIT": frozenset({"INTO", "BY", "DOT"}),
}
"""What follows the name in a head that can be nothing else."""


def scan(text: str, path: str, reporter: Reporter, start: int | None = 0, end: int = sys.maxsize) -> list[Token]:
    """The tokens of `text` between two offsets without white space and comments, newlines included.

    Where nesting passes `MAX_DEPTH`, one `TOO_DEEP` token stands for everything up to the next line that begins like a
    declaration. What is open where one clearly begins at the left edge does not count: recovery cuts there. Python's
    `True`, `False` and `None` are reported and read as what they mean.
    """
    scanner = _Scanner(text, end)
    while start is not None:
        start = scanner.scan_from(start)
    found = scanner.found
    for index, token in enumerate(found):
        if token in _CONSTANTS and index and found[index - 1].type in _BEFORE_VALUE:
            found[index] = _constant(token, path, reporter)
    return found


def legible(stream: Sequence[Token]) -> bool:
    """Whether the parser reads the tokens as a file, whose brackets nest no deeper than `MAX_DEPTH`."""
    depth = 0
    for token in stream:
        depth += (token.type in OPENING) - (token.type in CLOSING)
        if depth > MAX_DEPTH:
            return False
    return readable(stream)


def is_name(token: Token) -> bool:
    """Whether a token can be a name somewhere."""
    return token.type == "NAME" or (token.type in keyword_types() and token not in RESERVED)


def is_head(tokens: Sequence[Token], at: int = 0) -> bool:
    """Whether a declaration clearly begins at `tokens[at]`: its keyword, its name, and what must follow the name."""
    kind = tokens[at].type
    following = tokens[at + 1 : at + 3]
    if kind == "IMPORT":
        return bool(following) and following[0].type == "STRING"
    return len(following) == 2 and is_name(following[0]) and following[1].type in _AFTER_NAME.get(kind, ())


def offsets(token: Token) -> tuple[int, int]:
    """Where a token starts and ends in its text."""
    assert token.start_pos is not None and token.end_pos is not None
    return token.start_pos, token.end_pos


def made_up(kind: str, position: int) -> Token:
    """A token that is not in the text, at a place in it."""
    return Token(kind, "", position, end_pos=position)


def is_made_up(token: Token) -> bool:
    """Whether a token is not in the text. (The text's end is.)"""
    return len(token) == 0 and token.type != "$END"


class _Scanner:
    def __init__(self, text: str, end: int) -> None:
        self._text, self._end = text, end
        self._garbage = 0
        self._head: list[Token] = []
        """What may be the head of a declaration at the left edge, as far as it has come."""
        self.found: list[Token] = []

    def scan_from(self, start: int) -> int | None:
        """Collect the tokens from `start` on. Returns where to go on after a limit was passed, None at the end."""
        depth, self._head = _Depth(), []
        for token in _identifiers(tokens(self._text, start, self._end, without=SILENT)):
            if self._ends_head(token):
                depth = _Depth()
            too_deep = depth.after(token) > MAX_DEPTH
            self._garbage += too_deep or token.type.startswith("BAD_") or depth.surplus
            if self._garbage > MAX_GARBAGE:
                self.found.append(token.update(type=GARBAGE))
                return None
            if too_deep:
                self.found.append(token.update(type=TOO_DEEP))
                line = _DECLARATION_LINE.search(self._text, offsets(token)[1], self._end)
                return line.start() if line else None
            self.found.append(token)
        return None

    def _ends_head(self, token: Token) -> bool:
        start, _ = offsets(token)
        if token.type in _DECLARATIONS and (not start or self._text[start - 1] in "\r\n"):
            self._head = [token]
        elif self._head:
            head = [*self._head, token]
            ends = is_head(head)
            self._head = head if len(head) < 3 and not ends else []
            return ends
        return False


def _identifiers(stream: Iterator[Token]) -> Iterator[Token]:
    """Python's regular expressions know word characters, not identifiers: `x²` is a word but no name."""
    for token in stream:
        plain = token.type != "NAME" or token.isascii() or token.isidentifier()
        yield token if plain else token.update(type="BAD_TEXT")


def _constant(token: Token, path: str, reporter: Reporter) -> Token:
    right = token.lower()
    span = Span(path, *offsets(token))
    reporter.report(
        PythonConstant,
        span,
        f"`{token}` is written `{right}`",
        fixes=[Fix(f"write `{right}`", (Edit(span, right),), safe=True)],
    )
    return token.update(type=_CONSTANTS[token])


class _Depth:
    """How deep the tree is at most, as tokens come: open brackets, and operators within each of them."""

    def __init__(self) -> None:
        self._levels = [0]
        self._braces = [True]
        self._total = 0
        self._dots = 0
        self.surplus = False
        """Whether the last token was a bracket that closes nothing."""

    def after(self, token: Token) -> int:
        kind = token.type
        self.surplus = kind in CLOSING and len(self._levels) == 1
        self._dots = self._dots + (kind == "DOT") if kind in ("DOT", "NAME") else 0
        if kind in _DEEPENING:
            self._add(1)
        elif kind in OPENING:
            self._add(kind == "LSQB")
            self._levels.append(0)
            self._braces.append(kind == "LBRACE")
            self._total += 1
        elif kind in CLOSING and not self.surplus:
            self._total -= self._levels.pop() + 1
            self._braces.pop()
        elif kind == "COMMA" or (kind in SEPARATORS and self._braces[-1]):
            self._add(-self._levels[-1])
        return self._total + self._dots

    def _add(self, amount: int) -> None:
        self._levels[-1] += amount
        self._total += amount
