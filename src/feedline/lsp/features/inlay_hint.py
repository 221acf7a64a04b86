"""`textDocument/inlayHint`: types, counts and what a batch holds, between the lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from feedline.compiler.ide.inlay import inlay_hints
from feedline.lsp.asked import asked

if TYPE_CHECKING:
    from feedline.lsp.server import Server

METHOD = types.TEXT_DOCUMENT_INLAY_HINT


def answer(server: Server, params: types.InlayHintParams) -> list[types.InlayHint]:
    """The hints of a range; none where the user does not want them."""
    if not server.documents.settings.inlay_hints:
        return []
    about = asked(server, params)
    span = about.positions.span(params.range)
    return [
        types.InlayHint(
            about.positions.position(hint.offset),
            hint.text,
            kind=types.InlayHintKind.Type if hint.kind == "type" else None,
            tooltip=hint.tooltip or None,
            padding_left=True,
        )
        for hint in inlay_hints(about.analysis, span.start, span.end)
    ]
