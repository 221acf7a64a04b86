"""`textDocument/definition`: where a name is declared, and the file behind an import's path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from feedline.compiler.ide.references import definition
from feedline.lsp.asked import asked

if TYPE_CHECKING:
    from feedline.lsp.server import Server

METHOD = types.TEXT_DOCUMENT_DEFINITION


def answer(server: Server, params: types.DefinitionParams) -> types.Location | list[types.LocationLink] | None:
    """The declaration, and what it is reached from where the client can show that."""
    about = asked(server, params)
    found = definition(about.analysis, about.offset(params.position))
    name, whole = (found and about.location(found.name)), (found and about.location(found.whole))
    if found is None or name is None or whole is None:
        return None
    if not about.can("text_document.definition.link_support"):
        return name
    return [types.LocationLink(name.uri, whole.range, name.range, about.range(found.origin))]
