"""`textDocument/codeAction`."""

from __future__ import annotations

import pytest
from lsprotocol import types
from sessions import Editor, Text

pytestmark = pytest.mark.asyncio(loop_scope="module")

WRONG = "dataset a = FakeData(10)\nloader x from a {\n  transform { resize(4) }\n}\n"


async def actions(
    editor: Editor, text: Text, range: types.Range, only: list[types.CodeActionKind] | None = None
) -> dict[str, types.CodeAction]:
    """What is offered for a range, by its title."""
    context = types.CodeActionContext(await editor.diagnostics(text), only=only)
    found = await editor.client.text_document_code_action_async(types.CodeActionParams(text.id, range, context))
    return {one.title: one for one in found or () if isinstance(one, types.CodeAction)}


def applied(text: Text, action: types.CodeAction) -> str:
    """The text after an action."""
    assert action.edit is not None
    whole = [one for one in action.edit.document_changes or () if isinstance(one, types.TextDocumentEdit)]
    edits = list((action.edit.changes or {}).get(text.uri, ()))
    edits += [edit for one in whole for edit in one.edits if isinstance(edit, types.TextEdit)]
    return text.edited(edits)


async def test_a_fix_puts_its_diagnostic_right(editor: Editor) -> None:
    """It says which one, and that it is the one to take."""
    text = editor.open(WRONG)
    found = await actions(editor, text, text.range("resize"))
    fix = found["write `Resize`"]
    assert fix.diagnostics is not None and fix.is_preferred
    assert text.text.replace("resize", "Resize") == applied(text, fix)


async def test_rewrites_are_offered_where_they_fit(editor: Editor) -> None:
    """Only of the kinds that are asked for."""
    text = editor.open("dataset a = FakeData(10)\nloader x from a {\n  transform { Resize((4, 4)); ToImage() }\n}\n")
    found = await actions(editor, text, text.range("ToImage()"), [types.CodeActionKind.Refactor])
    ((title, extract),) = found.items()
    assert "extract into `transform steps`" == title
    assert "transform steps {\n  ToImage()\n}\n\nloader x" in applied(text, extract)
    assert {} == await actions(editor, text, text.range("ToImage()"), [types.CodeActionKind.QuickFix])


async def test_every_safe_fix_at_once_is_for_who_asks(editor: Editor) -> None:
    """As editors do when a file is saved."""
    text = editor.open(WRONG)
    found = await actions(editor, text, text.range("dataset"), [types.CodeActionKind.SourceFixAll])
    (action,) = found.values()
    assert text.text.replace("resize", "Resize") == applied(text, action)
    assert {} == await actions(editor, text, text.range("dataset"))
