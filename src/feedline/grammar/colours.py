"""What each token of a text is to whatever colours it: one class a token, keywords told as the parser reads them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import zip_longest
from typing import Literal, TypeAlias

from lark import Token

from feedline.grammar import KEYWORDS, OPENING, RESERVED, Reading, Statements, keyword_types, tokens

Colour: TypeAlias = Literal[
    "declaration", "keyword", "word operator", "constant", "declared", "type", "call", "argument", "name",
    "number", "string", "comment", "operator", "punctuation", "space", "bad",
]  # fmt: skip
"""Of names, `declared` stands after a declaration's keyword, `type` after `:`, `call` before `(`, `argument` before
`=`."""

_PUNCTUATION = frozenset({"COMMA", "DOT", "COLON", "SEMICOLON", "LPAR", "RPAR", "LSQB", "RSQB", "LBRACE", "RBRACE"})
_SPELLED: dict[str, Colour] = {
    **{"NUMBER": "number", "PERCENT": "number", "STRING": "string", "COMMENT": "comment", "SPACE": "space"},
    **{"NEWLINE": "space", "BAD_STRING": "bad", "BAD_NUMBER": "bad", "BAD_TEXT": "bad"},
    **dict.fromkeys(_PUNCTUATION, "punctuation"),
}
_WORDS: dict[str, Colour] = {"declaration": "declaration", "operator": "word operator", "constant": "constant"}


def coloured(text: str) -> Iterator[tuple[Token, Colour]]:
    """Every token of `text` with its class. A byte order mark at the very start is skipped.

    Where the text cannot be read, a keyword that looks like a name is one (after a dot, before `=`, inside `( )` and
    `[ ]`), up to the next line that begins with a declaration's keyword: so a part of a file is coloured as well.
    """
    everything = list(tokens(text))
    colours = dict(_significant(list(Statements().process(iter(everything)))))
    for token in everything:
        assert token.start_pos is not None
        yield token, colours.get(token.start_pos) or _SPELLED.get(token.type, "operator")


def _significant(stream: list[Token]) -> Iterator[tuple[int, Colour]]:
    """The places of keywords and names with their classes."""
    reader = _Reader()
    before: Token | None = None
    for token, after in zip_longest(stream, stream[1:]):
        kind = reader.kind(token, before, after)
        if kind == "NAME" or kind in keyword_types():
            assert token.start_pos is not None
            yield token.start_pos, _name(before, after) if kind == "NAME" else _keywords()[kind]
        before = token


def _name(before: Token | None, after: Token | None) -> Colour:
    if before is not None and before.value in KEYWORDS["declaration"]:
        return "declared"
    if before is not None and before.type == "COLON":
        return "type"
    if after is not None and after.type in ("LPAR", "ASSIGN"):
        return "call" if after.type == "LPAR" else "argument"
    return "name"


class _Reader:
    """The parser's automaton run along a text, and what to do where it stops."""

    def __init__(self) -> None:
        self._reading = Reading("file")
        self._start = list(self._reading.stack)
        self._stack: list[object] | None = list(self._start)
        self._open: list[str] = []

    def kind(self, token: Token, before: Token | None, after: Token | None) -> str:
        """What the token is read as."""
        first = before is None or before.type == "_END"
        if self._stack is None and first and token.value in KEYWORDS["declaration"]:
            self._stack, self._open = list(self._start), []
        if self._stack is not None:
            kind = self._reading.kind(token, self._stack)
            if self._reading.landing(self._stack, kind) is not None:
                self._follow(token)
                return kind
            self._stack = None
        kind = self._guess(token, before, after)
        self._follow(token)
        return kind

    def _follow(self, token: Token) -> None:
        if token.type in OPENING:
            self._open.append(OPENING[token.type])
        elif self._open and token.type == self._open[-1]:
            self._open.pop()

    def _guess(self, token: Token, before: Token | None, after: Token | None) -> str:
        if token.type not in keyword_types() or token.value in RESERVED or token.value == "matches":
            return token.type
        in_parentheses = bool(self._open) and self._open[-1] != "RBRACE"
        named = before is not None and (before.type == "DOT" or before.value in KEYWORDS["declaration"])
        return "NAME" if in_parentheses or named or (after is not None and after.type == "ASSIGN") else token.type


@cache
def _keywords() -> dict[str, Colour]:
    """The class of each keyword by its token type."""
    groups = {word: group for group, words in KEYWORDS.items() for word in words}
    return {kind: _WORDS.get(groups[word], "keyword") for kind, word in keyword_types().items()}
