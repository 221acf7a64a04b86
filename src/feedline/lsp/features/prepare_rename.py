"""`textDocument/prepareRename`: whether the name under the cursor can be changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from feedline.compiler.ide.rename import prepare_rename
from feedline.lsp.asked import asked

if TYPE_CHECKING:
    from feedline.lsp.server import Server

METHOD = types.TEXT_DOCUMENT_PREPARE_RENAME


def answer(server: Server, params: types.PrepareRenameParams) -> types.PrepareRenamePlaceholder | None:
    """The name; nothing where no file declares it."""
    about = asked(server, params)
    found = prepare_rename(about.analysis, about.offset(params.position))
    return found and types.PrepareRenamePlaceholder(about.range(found.span), found.name)
