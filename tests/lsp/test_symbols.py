"""`textDocument/documentSymbol` and `workspace/symbol`."""

from __future__ import annotations

from pathlib import Path

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


async def test_a_client_without_outlines_gets_a_list(tmp_path: Path) -> None:
    """Everything that the outline has, each with what it belongs to."""

    def flat(client: types.ClientCapabilities) -> None:
        assert client.text_document is not None
        client.text_document.document_symbol = None

    editor = await Editor.start("neovim", tmp_path, change=flat)
    text = editor.open(TEXT)
    found = await editor.client.text_document_document_symbol_async(types.DocumentSymbolParams(text.id))
    listed = [one for one in found or () if isinstance(one, types.SymbolInformation)]
    names = [(one.name, one.container_name) for one in listed]
    parts = [("first", "split photos"), ("second", "split photos")]
    wanted = [("photos", None), ("split photos", None), *parts, ("training", None), ("sample", "training")]
    assert wanted == names
    assert {text.uri} == {one.location.uri for one in listed}
    await editor.stop()


async def test_files_of_the_workspace_are_searched(editor: Editor) -> None:
    """Whether they are open or not."""
    (editor.folder / "closed.pipe").write_text("transform unmistakable { ToImage() }\n")
    # What is not there to read is passed over.
    (editor.folder / "folder.pipe").mkdir(exist_ok=True)
    (editor.folder / f"dangling_{editor.kind}.pipe").symlink_to("nowhere.pipe")
    opened = editor.open("let unmistakable_too = 1")
    found = await editor.client.workspace_symbol_async(types.WorkspaceSymbolParams("unmist"))
    closed = (editor.folder / "closed.pipe").as_uri()
    assert {("unmistakable", closed), ("unmistakable_too", opened.uri)} == {
        (one.name, one.location.uri) for one in found or ()
    }
