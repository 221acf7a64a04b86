"""Reading a text anew after an edit: declarations that are as they were are not read again.

The text is taken in pieces that begin where a line begins with a declaration's keyword. A piece that can be read by
itself, without a word to say about it, means in the text what it means alone, so what it means is remembered, and put
where the piece stands. Around a piece that is not like that the text is broken, and recovery cuts a broken text where
a line clearly begins with a declaration, whatever the brackets say: so what stands between two pieces that are right
is read on its own.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any, TypeVar

from attrs import fields, frozen
from lark import Token

from feedline.dsl.diagnostics import Reporter, in_order
from feedline.dsl.parser import ParseResult, parse, read
from feedline.dsl.recovery import MAX_ERRORS, recover
from feedline.dsl.source import SourceText, Span
from feedline.dsl.tokens import GARBAGE, MAX_GARBAGE, TOO_DEEP, is_head, legible, offsets, scan
from feedline.dsl.tree import Declaration, Node, SyntaxTree
from feedline.grammar import CLOSING, KEYWORDS, SILENT, readable

T = TypeVar("T")

_HEAD = re.compile(rf"^(?=(?:{'|'.join(KEYWORDS['declaration'])})\b)", re.MULTILINE)
_GARBAGE = CLOSING | {"BAD_STRING", "BAD_NUMBER", "BAD_TEXT", TOO_DEEP, GARBAGE}


def parse_again(text: str, path: str = "<text>") -> ParseResult:
    """What `parse` returns, sooner where most of the text has been read before."""
    places = _bounds(text)
    found = {start: _placed(text[start:end], path, start) for start, end in places}
    declarations = [item for items in found.values() for item in items or ()]
    reporter, source = Reporter(), SourceText(path, text)
    reporter.sources.add(source)
    wrong = [place for place in places if found[place[0]] is None]
    if wrong:
        pieces = (text[start:end] for start, end in places if start >= wrong[0][0])
        heads = [start for start, end in places if not start or _alone(text[start:end]).head]
        stretches = _between(heads, wrong, len(text))
        scanned = [scan(text, path, reporter, start, end) for start, end in stretches]
        # Limits count over the whole text, and brackets may reach over pieces so that the whole is right.
        if _may_pass_limit(scanned) or readable(token for piece in pieces for token in scan(piece, path, Reporter())):
            return parse(text, path)
        known = (item for item in declarations if not any(start <= item.span.start < end for start, end in stretches))
        declarations = sorted([*known, *recover(scanned, source, reporter)], key=lambda item: item.span.start)
        if len(reporter.diagnostics) >= MAX_ERRORS:
            return parse(text, path)
    tree = SyntaxTree(Span(path, 0, len(text)), tuple(declarations))
    return ParseResult(tree, tuple(in_order(reporter.diagnostics)), source)


def parse_faults(stream: Sequence[Token], source: SourceText) -> ParseResult:
    """What is to be said of a text that cannot be read, given its tokens; of what can be read the tree has
    nothing."""
    text = source.text
    starts = [offsets(token)[0] for token in stream]
    wrong: list[tuple[int, int]] = []
    heads = [0]
    for start, end in _bounds(text):
        piece = stream[bisect_left(starts, start) : bisect_left(starts, end)]
        if not legible(piece):
            wrong.append((start, end))
        if start and is_head([token for token in piece[:6] if token.type not in SILENT]):
            heads.append(start)
    reporter = Reporter()
    reporter.sources.add(source)
    scanned = [scan(text, source.path, reporter, *place) for place in _between(heads, wrong, len(text))]
    tree = SyntaxTree(Span(source.path, 0, len(text)), tuple(recover(scanned, source, reporter)))
    return ParseResult(tree, tuple(in_order(reporter.diagnostics)), source)


def _bounds(text: str) -> list[tuple[int, int]]:
    """Where the pieces of a text begin and end."""
    return list(pairwise(sorted({0, *(match.start() for match in _HEAD.finditer(text)), len(text)})))


def _between(heads: Sequence[int], wrong: Sequence[tuple[int, int]], end: int) -> list[tuple[int, int]]:
    """What recovery has to read because of wrong pieces: from the last head that cuts to the next."""
    found = {bisect_right(heads, start) for start, _ in wrong}
    return [(heads[number - 1], heads[number] if number < len(heads) else end) for number in sorted(found)]


def _may_pass_limit(scanned: Iterable[Sequence[Token]]) -> bool:
    """Whether there may be more garbage than recovery takes, in all that it reads together."""
    return sum(token.type in _GARBAGE for tokens in scanned for token in tokens) > MAX_GARBAGE


@frozen
class _Piece:
    declarations: tuple[Declaration, ...] | None
    """None if there is anything to say about it."""
    head: bool
    """Whether it clearly begins with a declaration, so that recovery cuts before it."""


@lru_cache(maxsize=4096)
def _alone(piece: str) -> _Piece:
    """What a piece means by itself."""
    reporter = Reporter()
    reporter.sources.add(SourceText("", piece))
    tokens = scan(piece, "", reporter)
    declarations = read(tokens, "", reporter)
    return _Piece(None if reporter.diagnostics else declarations, bool(tokens) and is_head(tokens))


@lru_cache(maxsize=2048)
def _placed(piece: str, path: str, start: int) -> tuple[Declaration, ...] | None:
    """The declarations of a piece where it stands in a text."""
    declarations = _alone(piece).declarations
    return None if declarations is None else _moved(declarations, path, start)


def _moved(value: T, path: str, by: int) -> T:
    """A node, and all below it, further on in another text."""
    moved: Any = value
    if isinstance(value, Span):
        moved = Span(path, value.start + by, value.end + by)
    elif isinstance(value, tuple):
        moved = tuple(_moved(item, path, by) for item in value)
    elif isinstance(value, Node):
        moved = type(value)(*(_moved(getattr(value, name), path, by) for name in _fields(type(value))))
    return moved


@cache
def _fields(kind: type[Any]) -> tuple[str, ...]:
    return tuple(attribute.name for attribute in fields(kind))
