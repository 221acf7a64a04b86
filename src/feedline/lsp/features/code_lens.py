"""`textDocument/codeLens`: what can be run, above each loader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from feedline.compiler.ide.lenses import code_lenses
from feedline.lsp.asked import asked

if TYPE_CHECKING:
    from feedline.lsp.server import Server

METHOD = types.TEXT_DOCUMENT_CODE_LENS


def answer(server: Server, params: types.CodeLensParams) -> list[types.CodeLens]:
    """Commands that `workspace/executeCommand` runs; none where the user does not want them."""
    if not server.documents.settings.code_lenses:
        return []
    about = asked(server, params)
    return [
        types.CodeLens(
            about.range(lens.span),
            types.Command(lens.title, f"feedline.{lens.command}", arguments=[about.uri, lens.loader]),
        )
        for lens in code_lenses(about.analysis)
    ]
