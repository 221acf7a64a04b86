"""`textDocument/codeAction`: the fixes of what was found, and rewrites."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from feedline.compiler.ide.actions import Action, code_actions, fix_all
from feedline.lsp.asked import Asked, asked

if TYPE_CHECKING:
    from feedline.lsp.server import Server

METHOD = types.TEXT_DOCUMENT_CODE_ACTION
_Kind = types.CodeActionKind
FIX_ALL = "source.fixAll.feedline"
OPTIONS = types.CodeActionOptions(
    [_Kind.QuickFix, _Kind.RefactorExtract, _Kind.RefactorInline, _Kind.RefactorRewrite, FIX_ALL]
)


def answer(server: Server, params: types.CodeActionParams) -> list[types.CodeAction]:
    """What fits the selection, of the kinds that the client wants; every safe fix at once only where it asks for it."""
    about = asked(server, params)
    span, only = about.positions.span(params.range), params.context.only
    found = list(code_actions(about.analysis, span.start, span.end))
    every = fix_all(about.analysis)
    found += [every] if every is not None and only else []
    wanted = [str(getattr(kind, "value", kind)) for kind in only or [""]]
    return [_action(about, params, one) for one in found if any(_is_of(one.kind, kind) for kind in wanted)]


def _is_of(kind: str, wanted: str) -> bool:
    return not wanted or kind == wanted or kind.startswith(f"{wanted}.")


def _action(about: Asked, params: types.CodeActionParams, one: Action) -> types.CodeAction:
    code, span = (one.about.code, one.about.span) if one.about is not None else (None, None)
    put_right = [
        item
        for item in params.context.diagnostics
        if item.code == code and span is not None and item.range == about.range(span)
    ]
    return types.CodeAction(
        one.title,
        kind=one.kind,
        diagnostics=put_right or None,
        is_preferred=one.preferred or None,
        edit=about.workspace_edit(one.edits),
    )
