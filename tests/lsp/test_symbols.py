"""`textDocument/documentSymbol` and `workspace/symbol`."""

from __future__ import annotations

import pytest
from lsprotocol import types
from sessions import Editor

pytestmark = pytest.mark.asyncio(loop_scope="module")

TEXT = """\
dataset photos = FakeData(100)  # 😀
split photos into first 80%, second 20%
loader training from photos.first {
  sample { batch 4 }
}
"""


async def test_the_outline_has_what_the_file_declares(editor: Editor) -> None:
    """With the parts of splits and the blocks of loaders below."""
    text = editor.open(TEXT)
    found = await editor.client.text_document_document_symbol_async(types.DocumentSymbolParams(text.id))
    outline = [one for one in found or () if isinstance(one, types.DocumentSymbol)]
    assert ["photos", "split photos", "training"] == [one.name for one in outline]
    assert ["first", "second"] == [child.name for child in outline[1].children or ()]
    assert ["sample"] == [child.name for child in outline[2].children or ()]
    assert "training" == text.under(outline[2].selection_range)


async def test_files_of_the_workspace_are_searched(editor: Editor) -> None:
    """Whether they are open or not."""
    (editor.folder / "closed.pipe").write_text("transform unmistakable { ToImage() }\n")
    opened = editor.open("let unmistakable_too = 1")
    found = await editor.client.workspace_symbol_async(types.WorkspaceSymbolParams("unmist"))
    closed = (editor.folder / "closed.pipe").as_uri()
    assert {("unmistakable", closed), ("unmistakable_too", opened.uri)} == {
        (one.name, one.location.uri) for one in found or ()
    }
