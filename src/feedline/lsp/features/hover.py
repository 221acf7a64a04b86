"""`textDocument/hover`: what the thing under the pointer is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from feedline.compiler.ide.hover import hover
from feedline.lsp.asked import asked

if TYPE_CHECKING:
    from feedline.lsp.server import Server

METHOD = types.TEXT_DOCUMENT_HOVER


def answer(server: Server, params: types.HoverParams) -> types.Hover | None:
    """Documentation, types and values, in Markdown."""
    about = asked(server, params)
    found = hover(about.analysis, about.offset(params.position))
    if found is None:
        return None
    return types.Hover(about.written(found.markdown, "text_document.hover.content_format"), about.range(found.span))
