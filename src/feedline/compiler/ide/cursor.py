"""What may stand at the cursor: read off the parser's tables, after as much of the text before it as can be read.

A declaration that breaks off at the cursor is the usual case, so nothing here needs the tree. The tokens of the
declaration are mended as the parser's recovery does, fed up to the cursor, and a statement that does not fit is left
out where the next one begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from attrs import define, field, frozen
from lark import Token

from feedline.compiler.ide.analysis import Analysis
from feedline.compiler.ide.lexed import piece_before
from feedline.dsl.brackets import mend
from feedline.dsl.heads import cut
from feedline.dsl.roles import ROLES
from feedline.dsl.source import SourceText, Span
from feedline.dsl.tokens import is_name, offsets
from feedline.grammar import CLOSING, OPENING, SEPARATORS, Reading, Statements, keyword_types

_QUOTED = frozenset({"STRING", "BAD_STRING"})
_NUMBERS = frozenset({"NUMBER", "PERCENT", "BAD_NUMBER"})


@frozen
class Block:
    """A `{` that is open at the cursor, with the words of the statement before it."""

    head: tuple[str, ...]


@frozen
class Cursor:
    """The cursor and what may stand there."""

    span: Span
    """The word that is being written, up to the cursor: empty where none is. Of a string, from its quote on."""
    statement: tuple[Token, ...]
    """The tokens of the statement at hand: what is between the last line end, `;` or `{` and the word."""
    roles: frozenset[str]
    """The grammar's rules for what a name or a string here could be: `step`, `dataset_ref`, `value`."""
    keywords: dict[str, frozenset[str]]
    """The keywords that fit here, each with the rules that it could begin."""
    blocks: tuple[Block, ...]
    """The open blocks, the outermost first."""
    string: Token | None = None
    """The string that the cursor is in."""

    @property
    def base(self) -> tuple[str, ...]:
        """The names before the dots, of a dotted name; empty where there is no dot."""
        names: list[str] = []
        rest = list(self.statement)
        while len(rest) >= 2 and rest[-1].type == "DOT" and is_name(rest[-2]):
            names.insert(0, str(rest[-2]))
            rest = rest[:-2]
        return tuple(names)

    @property
    def previous(self) -> str:
        """The type of the token before the word in its statement; nothing where it is the first."""
        return self.statement[-1].type if self.statement else ""

    @property
    def head(self) -> tuple[str, ...]:
        """The words of the declaration before its first `{`, or before the word."""
        return self.blocks[0].head if self.blocks else tuple(map(str, self.statement))


def cursor_at(analysis: Analysis, offset: int, *, inside_numbers: bool = False) -> Cursor | None:
    """The cursor at an offset; None where nothing can be written but text, in a comment, and in a number unless
    `inside_numbers`."""
    token = analysis.token_at(offset - 1) if offset else None
    start, string = offset, None
    if token is not None:
        begin, end = offsets(token)
        if token.type == "COMMENT" or (token.type in _NUMBERS and not inside_numbers):
            return None
        if token.type in _QUOTED and not (token.type == "STRING" and offset == end):
            string, start = token, begin
        elif is_name(token) or token.type in keyword_types() or token.type in _NUMBERS:
            start = begin
    tables = _Tables(tokens_before(analysis, start))
    span, statement = Span(analysis.path, start, offset), tuple(tables.statement)
    return Cursor(span, statement, tables.names(), tables.keywords(), tuple(tables.heads), string)


def tokens_before(analysis: Analysis, at: int) -> list[Token]:
    """The tokens before an offset, of the declaration that it is in, its brackets mended."""
    *_, chunk = [[], *cut(piece_before(analysis.source, at), analysis.source)]
    closers = list(_closers(chunk, at, analysis.source))
    kept = mend([*chunk, *closers], analysis.source).tokens
    last = next(
        (index for index in reversed(range(len(kept))) if len(kept[index]) and offsets(kept[index])[1] <= at), -1
    )
    return kept[: last + 1]


def _closers(tokens: Sequence[Token], at: int, source: SourceText) -> Iterator[Token]:
    """The brackets that would close what is open at the cursor. A `(` of an earlier line is forgotten, not open, where
    the lines since are indented no more than its own."""
    opened: list[Token] = []
    for token in tokens:
        if token.type in OPENING:
            opened.append(token)
        elif token.type in CLOSING:
            while opened and OPENING[opened[-1].type] != token.type and opened[-1].type != "LBRACE":
                opened.pop()
            if opened and OPENING[opened[-1].type] == token.type:
                opened.pop()
    for token in reversed(opened):
        if token.type == "LBRACE" or not _left_behind(token, tokens, source):
            kind = OPENING[token.type]
            yield Token(kind, {"RPAR": ")", "RSQB": "]", "RBRACE": "}"}[kind], at, end_pos=at + 1)


def _left_behind(opener: Token, tokens: Sequence[Token], source: SourceText) -> bool:
    line, _ = source.position(offsets(opener)[0])
    indent = _indent(source.line(line))
    later = {source.position(offsets(token)[0])[0] for token in tokens if offsets(token)[0] > offsets(opener)[0]}
    return any(
        _indent(source.line(number)) <= indent for number in later if number > line and source.line(number).strip()
    )


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


@define
class _Level:
    """An open block: how high the stack is where the statement at hand begins, and how many brackets it has opened."""

    height: int
    depth: int = 0


@define
class _Tables:
    """The automaton after the tokens before the cursor."""

    tokens: Iterable[Token]
    statement: list[Token] = field(factory=list)
    heads: list[Block] = field(factory=list)
    _reading: Reading = field(factory=lambda: Reading("declaration"))
    _stack: list[Any] = field(factory=list)
    _levels: list[_Level] = field(factory=list)
    _lost: bool = False

    def __attrs_post_init__(self) -> None:
        self._begin()
        for token in Statements().process(iter(self.tokens)):
            self._take(token)

    def names(self) -> frozenset[str]:
        """The rules that a name or a string here could begin."""
        return frozenset() if self._lost else self._rules("NAME") | self._rules("STRING")

    def keywords(self) -> dict[str, frozenset[str]]:
        """The keywords that fit, each with the rules that it could begin."""
        if self._lost:
            return {}
        row = self._reading.row(self._stack[-1])
        words = {word: kind for kind, word in keyword_types().items() if kind in row}
        return {word: self._rules(kind) for word, kind in words.items() if self._fits(kind) is not None}

    def _rules(self, kind: str) -> frozenset[str]:
        state = self._fits(kind)
        if state is None:
            return frozenset()
        return frozenset(
            rule for rule in ROLES if rule in self._reading.row(state) and kind in self._reading.first(rule)
        )

    def _fits(self, kind: str) -> Any:
        return self._reading.landing(list(self._stack), kind)

    def _begin(self) -> None:
        """A declaration begins."""
        self._stack = list(self._reading.stack)
        self._levels = [_Level(len(self._stack))]
        self._lost = False

    def _take(self, token: Token) -> None:
        kind, level = token.type, self._levels[-1]
        ends = level.depth == 0 and (kind == "_END" or kind == "RBRACE")
        if kind == "_END" and len(self._levels) == 1 and level.depth == 0:
            self._begin()
            self.statement.clear()
            return
        if ends and self._lost and len(self._levels) > 1:
            del self._stack[level.height :]
            self._lost = self._fits("ERROR") is None
            self._reading.landing(self._stack, "ERROR")
        if not self._lost:
            stack = list(self._stack)
            self._lost = self._reading.landing(stack, self._reading.kind(token, stack)) is None
            self._stack = self._stack if self._lost else stack
        self._count(token)

    def _count(self, token: Token) -> None:
        """Keep account of blocks, brackets and the statement at hand."""
        kind, level = token.type, self._levels[-1]
        if kind == "LBRACE" and not self._lost:
            self.heads.append(Block(tuple(map(str, self.statement))))
            self._levels.append(_Level(len(self._stack)))
            self.statement.clear()
        elif kind == "RBRACE" and level.depth == 0 and len(self._levels) > 1:
            self._levels.pop()
            self.statement[:] = [Token("NAME", word) for word in self.heads.pop().head]
            self.statement.append(token)
        elif kind == "_END" and level.depth == 0:
            level.height = len(self._stack)
            self.statement.clear()
        else:
            level.depth += (kind in OPENING) - (kind in CLOSING)
            if kind not in SEPARATORS and kind != "_END":
                self.statement.append(token)
