"""`textDocument/documentSymbol`: what a file declares, as an outline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lsprotocol import types

from feedline.compiler.ide.symbols import Outline, OutlineKind, symbols
from feedline.lsp.asked import Asked, asked

if TYPE_CHECKING:
    from feedline.lsp.server import Server

METHOD = types.TEXT_DOCUMENT_DOCUMENT_SYMBOL

_Kind = types.SymbolKind
KINDS: dict[OutlineKind, types.SymbolKind] = {
    "parameter": _Kind.Variable,
    "constant": _Kind.Constant,
    "import": _Kind.Module,
    "dataset": _Kind.Struct,
    "group": _Kind.EnumMember,
    "split": _Kind.Enum,
    "part": _Kind.EnumMember,
    "transform": _Kind.Function,
    "policy": _Kind.Interface,
    "loader": _Kind.Class,
    "block": _Kind.Object,
    "broken": _Kind.Null,
}


def answer(
    server: Server, params: types.DocumentSymbolParams
) -> list[types.DocumentSymbol] | list[types.SymbolInformation]:
    """The outline, parts and blocks below what they belong to; one list of all for clients that know no outlines."""
    about = asked(server, params)
    outline = symbols(about.analysis)
    if not about.can("text_document.document_symbol.hierarchical_document_symbol_support"):
        return [one for entry in outline for one in _listed(about, entry, None)]
    return [_symbol(about, entry) for entry in outline]


def _listed(about: Asked, entry: Outline, around: str | None) -> Iterator[types.SymbolInformation]:
    location = types.Location(about.uri, about.range(entry.span))
    yield types.SymbolInformation(location, entry.name, KINDS[entry.kind], container_name=around)
    for child in entry.children:
        yield from _listed(about, child, entry.name)


def _symbol(about: Asked, entry: Outline) -> types.DocumentSymbol:
    return types.DocumentSymbol(
        entry.name,
        KINDS[entry.kind],
        about.range(entry.span),
        about.range(entry.name_span),
        detail=entry.detail or None,
        children=[_symbol(about, child) for child in entry.children],
    )
