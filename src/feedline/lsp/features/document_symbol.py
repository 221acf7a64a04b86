"""`textDocument/documentSymbol`: what a file declares, as an outline."""

from __future__ import annotations

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


def answer(server: Server, params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
    """The outline, parts and blocks below what they belong to."""
    about = asked(server, params)
    return [_symbol(about, entry) for entry in symbols(about.analysis)]


def _symbol(about: Asked, entry: Outline) -> types.DocumentSymbol:
    return types.DocumentSymbol(
        entry.name,
        KINDS[entry.kind],
        about.range(entry.span),
        about.range(entry.name_span),
        detail=entry.detail or None,
        children=[_symbol(about, child) for child in entry.children],
    )
