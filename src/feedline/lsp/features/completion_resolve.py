"""`completionItem/resolve`: the documentation of the offer that is shown, for clients that ask for it then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

if TYPE_CHECKING:
    from feedline.lsp.server import Server

METHOD = types.COMPLETION_ITEM_RESOLVE


def answer(server: Server, params: types.CompletionItem) -> types.CompletionItem:
    """The offer, documented if it is of the last list."""
    params.documentation = params.documentation or server.offered.get(str(params.data))
    return params
