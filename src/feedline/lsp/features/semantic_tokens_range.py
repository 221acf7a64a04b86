"""`textDocument/semanticTokens/range`: what each word of the visible lines is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from feedline.compiler.ide.semantic import semantic_tokens
from feedline.lsp.asked import asked
from feedline.lsp.features.semantic_tokens import EMPTY as EMPTY
from feedline.lsp.features.semantic_tokens import OPTIONS as OPTIONS
from feedline.lsp.features.semantic_tokens import encoded

if TYPE_CHECKING:
    from feedline.lsp.server import Server

METHOD = types.TEXT_DOCUMENT_SEMANTIC_TOKENS_RANGE


def answer(server: Server, params: types.SemanticTokensRangeParams) -> types.SemanticTokens:
    """Every word that touches the range."""
    about = asked(server, params)
    span = about.positions.span(params.range)
    return types.SemanticTokens(list(encoded(semantic_tokens(about.analysis, span.start, span.end), about.positions)))
