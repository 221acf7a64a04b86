"""`textDocument/definition`."""

from __future__ import annotations

import pytest
from lsprotocol import types
from sessions import Editor, Text

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def places(editor: Editor, text: Text) -> list[tuple[str, types.Range]]:
    """Where the name at the first mark is declared."""
    params = types.DefinitionParams(text.id, text.cursor)
    found = await editor.client.text_document_definition_async(params)
    if isinstance(found, types.Location):
        return [(found.uri, found.range)]
    links = [link for link in found or () if isinstance(link, types.LocationLink)]
    return [(link.target_uri, link.target_selection_range) for link in links]


async def test_a_name_leads_to_its_declaration(editor: Editor) -> None:
    """Behind astral characters too."""
    text = editor.open('let 𠮷 = "😀"; dataset photos = FakeData(1); loader x from ph‸otos { }')
    assert [(text.uri, text.range("photos"))] == await places(editor, text)


async def test_an_imported_name_leads_to_its_file(editor: Editor) -> None:
    """Open or not, and so does the path of the import."""
    library = editor.open("transform pixels { ToImage() }", "defined.pipe", write=True)
    text = editor.open('import "defined.pipe" (pixels)\ntransform t { pix‸els }')
    assert [(library.uri, library.range("pixels"))] == await places(editor, text)
    editor.close(library)
    assert [(library.uri, library.range("pixels"))] == await places(editor, text)
    ((uri, _),) = await places(editor, editor.open('import "defi‸ned.pipe" (pixels)'))
    assert library.uri == uri


async def test_a_word_of_the_language_is_declared_nowhere(editor: Editor) -> None:
    """Nor is what does not exist."""
    for source in ("data‸set a = FakeData(1)", "loader x from no‸thing { }", "‸"):
        assert [] == await places(editor, editor.open(source))
