"""`textDocument/foldingRange`: what can be folded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from feedline.compiler.ide.folding import folding
from feedline.lsp.asked import asked

if TYPE_CHECKING:
    from feedline.lsp.server import Server

METHOD = types.TEXT_DOCUMENT_FOLDING_RANGE


def answer(server: Server, params: types.FoldingRangeParams) -> list[types.FoldingRange]:
    """Whole lines; the one that closes a block stays."""
    about = asked(server, params)
    return [types.FoldingRange(fold.first, fold.last, kind=fold.kind) for fold in folding(about.analysis)]
