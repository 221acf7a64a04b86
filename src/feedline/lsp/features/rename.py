"""`textDocument/rename`: another name for something, in all open files and those that they import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from feedline.compiler.ide.rename import RenameError, rename
from feedline.lsp.asked import asked

if TYPE_CHECKING:
    from feedline.lsp.server import Server

METHOD = types.TEXT_DOCUMENT_RENAME
OPTIONS = types.RenameOptions(prepare_provider=True)


class RefusedError(JsonRpcException):
    """The name will not do. Clients show the message."""

    CODE = types.LSPErrorCodes.RequestFailed
    MESSAGE = "the name will not do"


def answer(server: Server, params: types.RenameParams) -> types.WorkspaceEdit:
    """The edits. RefusedError where the name is none, or taken."""
    about = asked(server, params)
    try:
        edits = rename(about.analysis, about.offset(params.position), params.new_name, about.others)
    except RenameError as reason:
        raise RefusedError(str(reason)) from reason
    return about.workspace_edit(edits)
