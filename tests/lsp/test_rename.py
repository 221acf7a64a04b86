"""`textDocument/prepareRename` and `textDocument/rename`."""

from __future__ import annotations

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from sessions import Editor, Text

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def edits(editor: Editor, text: Text, name: str) -> dict[str, list[types.TextEdit]]:
    """What is changed where, by URI."""
    found = await editor.client.text_document_rename_async(types.RenameParams(text.id, text.cursor, name))
    assert found is not None
    if found.changes is not None:
        return {uri: list(changed) for uri, changed in found.changes.items()}
    whole = [one for one in found.document_changes or () if isinstance(one, types.TextDocumentEdit)]
    return {one.text_document.uri: [edit for edit in one.edits if isinstance(edit, types.TextEdit)] for one in whole}


async def test_a_name_is_changed_in_every_open_file(editor: Editor) -> None:
    """Where it is declared and where it is imported."""
    library = editor.open("transform pix‸els { ToImage() }", "renamed.pipe", write=True)
    user = editor.open('import "renamed.pipe" (pixels)\ntransform t { pixels }')
    changed = await edits(editor, library, "image")
    assert "transform image { ToImage() }" == library.edited(changed[library.uri])
    assert 'import "renamed.pipe" (image)\ntransform t { image }' == user.edited(changed[user.uri])


async def test_what_can_be_renamed_is_said_before(editor: Editor) -> None:
    """Words of the language cannot."""
    text = editor.open("let si‸ze = 1\nlet b = size")
    found = await editor.client.text_document_prepare_rename_async(types.PrepareRenameParams(text.id, text.cursor))
    assert isinstance(found, types.PrepareRenamePlaceholder)
    assert ("size", text.range("size")) == (found.placeholder, found.range)
    text = editor.open("l‸et size = 1")
    params = types.PrepareRenameParams(text.id, text.cursor)
    assert None is await editor.client.text_document_prepare_rename_async(params)


@pytest.mark.parametrize("name, why", [("b", "has a constant called `b`"), ("2x", "no name"), ("in", "a word")])
async def test_a_name_that_will_not_do_is_refused(editor: Editor, name: str, why: str) -> None:
    """With the reason."""
    text = editor.open("let si‸ze = 1\nlet b = size")
    with pytest.raises(JsonRpcException, match=why):
        await edits(editor, text, name)
