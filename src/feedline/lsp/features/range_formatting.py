"""`textDocument/rangeFormatting`: the lines of a range, as `feedline fmt` would lay them out in the whole file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from feedline.lsp.edits import layout_edits

if TYPE_CHECKING:
    from feedline.lsp.server import Server

METHOD = types.TEXT_DOCUMENT_RANGE_FORMATTING


def answer(server: Server, params: types.DocumentRangeFormattingParams) -> list[types.TextEdit]:
    """The edits that lie within the lines."""
    document = server.documents.get(params.text_document.uri)
    return layout_edits(document, server.documents.positions(document.source), params.range)
