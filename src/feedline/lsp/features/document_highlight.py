"""`textDocument/documentHighlight`: the other places of the name under the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from feedline.compiler.ide.references import highlights
from feedline.lsp.asked import asked

if TYPE_CHECKING:
    from feedline.lsp.server import Server

METHOD = types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT

_KINDS = {True: types.DocumentHighlightKind.Write, False: types.DocumentHighlightKind.Read}


def answer(server: Server, params: types.DocumentHighlightParams) -> list[types.DocumentHighlight]:
    """In this file; its declaration as what is written."""
    about = asked(server, params)
    found = highlights(about.analysis, about.offset(params.position))
    return [types.DocumentHighlight(about.range(one.span), _KINDS[one.defines]) for one in found]
