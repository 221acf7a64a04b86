"""`textDocument/formatting`: the whole file, as `feedline fmt` lays it out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from feedline.lsp.edits import layout_edits

if TYPE_CHECKING:
    from feedline.lsp.server import Server

METHOD = types.TEXT_DOCUMENT_FORMATTING


def answer(server: Server, params: types.DocumentFormattingParams) -> list[types.TextEdit]:
    """The edits. The client's options are not asked: all files have one layout."""
    document = server.documents.get(params.text_document.uri)
    return layout_edits(document, server.documents.positions(document.source))
