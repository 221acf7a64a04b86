"""`textDocument/selectionRange`: what a selection grows to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from feedline.compiler.ide.selection import selection
from feedline.lsp.asked import Asked, asked

if TYPE_CHECKING:
    from feedline.lsp.server import Server

METHOD = types.TEXT_DOCUMENT_SELECTION_RANGE


def answer(server: Server, params: types.SelectionRangeParams) -> list[types.SelectionRange]:
    """For each position the smallest range, with those around it."""
    about = asked(server, params)
    return [_chain(about, about.offset(position)) for position in params.positions]


def _chain(about: Asked, offset: int) -> types.SelectionRange:
    *inner, whole = selection(about.analysis, offset)
    around = types.SelectionRange(about.range(whole))
    for span in reversed(inner):
        around = types.SelectionRange(about.range(span), around)
    return around
