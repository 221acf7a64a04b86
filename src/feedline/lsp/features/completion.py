"""`textDocument/completion`: what can be written at the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from feedline.compiler.ide.completion import completions
from feedline.compiler.ide.offers import Completion, OfferKind
from feedline.lsp.asked import Asked, asked, markdown

if TYPE_CHECKING:
    from feedline.lsp.server import Server

METHOD = types.TEXT_DOCUMENT_COMPLETION
OPTIONS = types.CompletionOptions(trigger_characters=[".", '"', "'", "/", "=", "$"])
EMPTY = types.CompletionList(is_incomplete=False, items=[])

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
    """Everything that fits, the likeliest first; snippets where the client takes them."""
    about = asked(server, params)
    offset = about.offset(params.position)
    snippets = about.can("text_document.completion.completion_item.snippet_support")
    found = completions(about.analysis, offset)
    items = [_item(about, one, number, snippets) for number, one in enumerate(found)]
    return types.CompletionList(is_incomplete=False, items=items)


def _item(about: Asked, one: Completion, number: int, snippets: bool) -> types.CompletionItem:
    snippet = one.snippet if snippets else None
    return types.CompletionItem(
        one.label,
        kind=_KINDS[one.kind],
        detail=one.detail or None,
        documentation=markdown(one.doc) if one.doc else None,
        sort_text=f"{number:04}",
        insert_text_format=types.InsertTextFormat.Snippet if snippet else types.InsertTextFormat.PlainText,
        text_edit=types.TextEdit(about.range(one.span), snippet or one.text),
    )
