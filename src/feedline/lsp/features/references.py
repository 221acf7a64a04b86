"""`textDocument/references`: every use of a name, in all open files and those that they import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from feedline.compiler.ide.references import references
from feedline.lsp.asked import asked

if TYPE_CHECKING:
    from feedline.lsp.server import Server

METHOD = types.TEXT_DOCUMENT_REFERENCES


def answer(server: Server, params: types.ReferenceParams) -> list[types.Location]:
    """By file, in the order of its text."""
    about = asked(server, params)
    offset, declaration = about.offset(params.position), params.context.include_declaration
    found = references(about.analysis, offset, about.others, declaration=declaration)
    locations = (about.location(one.span) for one in found)
    return [location for location in locations if location is not None]
