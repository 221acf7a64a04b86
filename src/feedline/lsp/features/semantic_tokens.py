"""`textDocument/semanticTokens/full`: what each word is, for colours."""

from __future__ import annotations

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


def answer(server: Server, params: types.SemanticTokensParams) -> types.SemanticTokens:
    """Every word of the file."""
    about = asked(server, params)
    return types.SemanticTokens(list(encoded(semantic_tokens(about.analysis), about.positions)))


def encoded(tokens: Iterable[SemanticToken], positions: Positions) -> Iterator[int]:
    """Tokens as the protocol has them: five numbers each, lines and columns as distances from the token before."""
    line, column = 0, 0
    for token in tokens:
        place = positions.range(token.span)
        start = place.start
        if start.line != line:
            column = 0
        flags = sum(1 << MODIFIERS.index(modifier) for modifier in token.modifiers)
        yield from (start.line - line, start.character - column, place.end.character - start.character)
        yield from (TYPES.index(token.type), flags)
        line, column = start.line, start.character
