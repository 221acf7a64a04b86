"""`textDocument/semanticTokens/full`: what each word is, for colours."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from lsprotocol import types

from feedline.compiler.ide.semantic import MODIFIERS, TYPES, SemanticToken, semantic_tokens
from feedline.lsp.asked import asked
from feedline.lsp.positions import Positions

if TYPE_CHECKING:
    from feedline.lsp.server import Server

METHOD = types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL
OPTIONS = types.SemanticTokensLegend(list(TYPES), list(MODIFIERS))
EMPTY = types.SemanticTokens([])

_TYPES = {name: number for number, name in enumerate(TYPES)}
_FLAGS = {name: 1 << number for number, name in enumerate(MODIFIERS)}


def answer(server: Server, params: types.SemanticTokensParams) -> types.SemanticTokens:
    """Every word of the file."""
    about = asked(server, params)
    return types.SemanticTokens(list(encoded(semantic_tokens(about.analysis), about.positions)))


def encoded(tokens: Iterable[SemanticToken], positions: Positions) -> Iterator[int]:
    """Tokens as the protocol has them: five numbers each, lines and columns as distances from the token before."""
    starts = positions.source.line_starts
    line, begin = 0, 0
    for token in tokens:
        start, before = token.span.start, line
        line = bisect_right(starts, start, line) - 1
        begin = begin if line == before else starts[line]
        yield from (line - before, positions.width(begin, start), positions.width(start, token.span.end))
        yield from (_TYPES[token.type], sum(_FLAGS[modifier] for modifier in token.modifiers))
        begin = start
