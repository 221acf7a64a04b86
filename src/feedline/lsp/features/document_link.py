"""`textDocument/documentLink`: paths of imports and of data that lead to files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from feedline.compiler.ide.links import links
from feedline.lsp.asked import asked

if TYPE_CHECKING:
    from feedline.lsp.server import Server

METHOD = types.TEXT_DOCUMENT_DOCUMENT_LINK


def answer(server: Server, params: types.DocumentLinkParams) -> list[types.DocumentLink]:
    """The text of each path, without its quotes."""
    about = asked(server, params)
    tooltips = about.can("text_document.document_link.tooltip_support")
    return [
        types.DocumentLink(about.range(link.span), server.documents.uri(link.path), link.doc if tooltips else None)
        for link in links(about.analysis)
    ]
