"""`textDocument/completion`."""

from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol import types
from sessions import Editor, Text

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def items(editor: Editor, text: Text) -> dict[str, types.CompletionItem]:
    """What is offered at the first mark, by its label."""
    params = types.CompletionParams(text.id, text.cursor)
    found = await editor.client.text_document_completion_async(params)
    assert isinstance(found, types.CompletionList)
    return {item.label: item for item in found.items}


def written(text: Text, item: types.CompletionItem) -> str:
    """The text once an offer was taken."""
    assert isinstance(item.text_edit, types.TextEdit)
    return text.edited([item.text_edit])


async def test_a_snippet_is_given_to_who_takes_it(editor: Editor) -> None:
    """Both editors say that they do."""
    found = await items(editor, editor.open("transform t { Resiz‸ }"))
    resize = found["Resize"]
    assert types.InsertTextFormat.Snippet == resize.insert_text_format
    assert isinstance(resize.text_edit, types.TextEdit)
    assert "Resize(${1:size})$0" == resize.text_edit.new_text


async def test_documentation_comes_when_it_is_shown(editor: Editor) -> None:
    """To VS Code, which asks for it then; Neovim has it at once. An offer of another list has none."""
    text = editor.open("transform t { Resiz‸ }")
    resize = (await items(editor, text))["Resize"]
    assert ("vscode" == editor.kind) == (resize.documentation is None)
    shown = await editor.client.completion_item_resolve_async(resize)
    assert isinstance(shown.documentation, types.MarkupContent)
    assert "size" in shown.documentation.value
    assert (resize.label, resize.text_edit) == (shown.label, shown.text_edit)
    if editor.kind == "vscode":
        assert None is (await editor.client.completion_item_resolve_async(types.CompletionItem("x"))).documentation
        await items(editor, text)
        assert None is (await editor.client.completion_item_resolve_async(resize)).documentation


async def test_a_client_without_snippets_gets_none(tmp_path: Path) -> None:
    """What is written is plain text."""

    def plain(client: types.ClientCapabilities) -> None:
        assert client.text_document is not None and client.text_document.completion is not None
        item = types.ClientCompletionItemOptions(documentation_format=[types.MarkupKind.PlainText])
        client.text_document.completion.completion_item = item

    editor = await Editor.start("vscode", tmp_path, change=plain)
    found = await items(editor, editor.open("transform t { ‸ }"))
    assert not [item for item in found.values() if item.insert_text_format == types.InsertTextFormat.Snippet]
    resize = found["Resize"].text_edit
    assert isinstance(resize, types.TextEdit)
    assert "Resize(" == resize.new_text
    documentation = found["Resize"].documentation
    assert isinstance(documentation, types.MarkupContent) and "plaintext" == documentation.kind
    await editor.stop()


async def test_the_word_at_the_cursor_is_replaced(editor: Editor) -> None:
    """Whatever stands before it on the line, astral characters too."""
    text = editor.open('let 𠮷 = "😀"; dataset photos = FakeData(1); loader x from ph‸')
    found = await items(editor, text)
    assert written(text, found["photos"]).endswith("loader x from photos")


async def test_the_likeliest_sorts_first(editor: Editor) -> None:
    """Statements of a policy in their order."""
    found = await items(editor, editor.open("policy p {\n  ‸\n}"))
    ordered = sorted(found.values(), key=lambda item: item.sort_text or "")
    assert ["batch", "force", "mix"] == [item.label for item in ordered[:3]]


async def test_nothing_is_offered_in_a_comment(editor: Editor) -> None:
    """Nor in a text that is not open and not there."""
    assert {} == await items(editor, editor.open("# data‸"))
    nowhere = types.TextDocumentIdentifier("file:///nowhere/at/all.pipe")
    found = await editor.client.text_document_completion_async(types.CompletionParams(nowhere, types.Position(0, 0)))
    assert isinstance(found, types.CompletionList)
    assert 0 == len(found.items)
