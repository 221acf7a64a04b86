"""`textDocument/completion`: what can be written at the cursor."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from lsprotocol import types

from feedline.compiler.ide.completion import completions
from feedline.compiler.ide.offers import Completion, OfferKind
from feedline.lsp.asked import Asked, asked

if TYPE_CHECKING:
    from feedline.lsp.server import Server

METHOD = types.TEXT_DOCUMENT_COMPLETION
OPTIONS = types.CompletionOptions(trigger_characters=[".", '"', "'", "/", "=", "$"], resolve_provider=True)
EMPTY = types.CompletionList(is_incomplete=False, items=[])

_ITEM = "text_document.completion.completion_item"
_lists = count()
"""Numbers for the answers: what is shown may be of one before the last."""

_Kind = types.CompletionItemKind
_KINDS: dict[OfferKind, types.CompletionItemKind] = {
    "keyword": _Kind.Keyword,
    "form": _Kind.Keyword,
    "transform": _Kind.Class,
    "dataset": _Kind.Class,
    "function": _Kind.Function,
    "parameter": _Kind.Variable,
    "constant": _Kind.Constant,
    "group": _Kind.Variable,
    "policy": _Kind.Function,
    "loader": _Kind.Variable,
    "import": _Kind.Module,
    "part": _Kind.Property,
    "field": _Kind.Field,
    "argument": _Kind.Property,
    "option": _Kind.Property,
    "member": _Kind.EnumMember,
    "value": _Kind.Value,
    "type": _Kind.TypeParameter,
    "file": _Kind.File,
    "folder": _Kind.Folder,
}


def answer(server: Server, params: types.CompletionParams) -> types.CompletionList:
    """Everything that fits, the likeliest first; snippets where the client takes them, documentation where it does not
    ask for that of the one offer that it shows (`completion_resolve`)."""
    about = asked(server, params)
    offset = about.offset(params.position)
    snippets = about.can(f"{_ITEM}.snippet_support")
    found = completions(about.analysis, offset)
    items = [_item(about, one, number, snippets) for number, one in enumerate(found)]
    if "documentation" in about.properties(f"{_ITEM}.resolve_support"):
        list_number = next(_lists)
        server.offered = {f"{list_number} {number}": item.documentation for number, item in enumerate(items)}
        for item, name in zip(items, server.offered, strict=True):
            item.documentation, item.data = None, name
    return types.CompletionList(is_incomplete=False, items=items)


def _item(about: Asked, one: Completion, number: int, snippets: bool) -> types.CompletionItem:
    snippet = one.snippet if snippets else None
    return types.CompletionItem(
        one.label,
        kind=_KINDS[one.kind],
        detail=one.detail or None,
        documentation=about.written(one.doc, f"{_ITEM}.documentation_format") if one.doc else None,
        sort_text=f"{number:04}",
        insert_text_format=types.InsertTextFormat.Snippet if snippet else types.InsertTextFormat.PlainText,
        text_edit=types.TextEdit(about.range(one.span), snippet or one.text),
    )
