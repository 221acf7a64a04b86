"""Reading a text anew after an edit: declarations that are as they were are not read again.

The text is taken in pieces that begin where a line begins with a declaration's keyword. A piece that can be read by
itself, without a word to say about it, means in the text what it means alone, so what it means is remembered, and put
where the piece stands. Where a piece is not like that, brackets may reach over it: then the text is read as a whole,
but recovery takes from the remembered pieces what it finds to be whole declarations.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any, TypeVar

from attrs import fields

from feedline.dsl.diagnostics import Reporter, in_order
from feedline.dsl.parser import ParseResult, parse, read
from feedline.dsl.recovery import recover
from feedline.dsl.source import SourceText, Span
from feedline.dsl.tokens import scan
from feedline.dsl.tree import Declaration, Node, SyntaxTree
from feedline.grammar import KEYWORDS, readable

T = TypeVar("T")

_HEAD = re.compile(rf"^(?=(?:{'|'.join(KEYWORDS['declaration'])})\b)", re.MULTILINE)


def parse_again(text: str, path: str = "<text>") -> ParseResult:
    """What `parse` returns, sooner where most of the text has been read before."""
    bounds = sorted({0, *(match.start() for match in _HEAD.finditer(text)), len(text)})
    found = {start: _placed(text[start:end], path, start) for start, end in pairwise(bounds)}
    clean = {start: declarations for start, declarations in found.items() if declarations is not None}
    source = SourceText(path, text)
    if len(clean) == len(found):
        declarations = tuple(item for items in clean.values() for item in items)
        return ParseResult(SyntaxTree(Span(path, 0, len(text)), declarations), (), source)
    reporter = Reporter()
    reporter.sources.add(source)
    tokens = scan(text, path, reporter)
    if readable(tokens):
        return parse(text, path)
    tree = SyntaxTree(Span(path, 0, len(text)), recover(tokens, source, reporter, clean))
    return ParseResult(tree, tuple(in_order(reporter.diagnostics)), source)


@lru_cache(maxsize=4096)
def _alone(piece: str) -> tuple[Declaration, ...] | None:
    """The declarations of a piece; None if there is anything to say about it."""
    reporter = Reporter()
    reporter.sources.add(SourceText("", piece))
    declarations = read(scan(piece, "", reporter), "", reporter)
    return None if reporter.diagnostics else declarations


@lru_cache(maxsize=2048)
def _placed(piece: str, path: str, start: int) -> tuple[Declaration, ...] | None:
    """The same, where the piece stands in a text."""
    declarations = _alone(piece)
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
