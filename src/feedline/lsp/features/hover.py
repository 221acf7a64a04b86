"""`textDocument/hover`: what the thing under the pointer is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from feedline.compiler.ide.hover import hover
from feedline.lsp.asked import asked, markdown

if TYPE_CHECKING:
    from feedline.lsp.server import Server

METHOD = types.TEXT_DOCUMENT_HOVER


def answer(server: Server, params: types.HoverParams) -> types.Hover | None:
    """Documentation, types and values, in Markdown."""
    about = asked(server, params)
    found = hover(about.analysis, about.offset(params.position))
    return found and types.Hover(markdown(found.markdown), about.range(found.span))
