"""`textDocument/references` and `textDocument/documentHighlight`."""

from __future__ import annotations

import pytest
from lsprotocol import types
from sessions import Editor

pytestmark = pytest.mark.asyncio(loop_scope="module")

TEXT = """\
dataset ph‸otos = FakeData(100)  # photos
group odd = photos where label == 1
loader x from photos { }
"""


async def test_every_use_is_found(editor: Editor) -> None:
    """The declaration only if it is wanted; a comment is no use."""
    text = editor.open(TEXT)
    for declaration in (True, False):
        context = types.ReferenceContext(include_declaration=declaration)
        params = types.ReferenceParams(context, text.id, text.cursor)
        found = await editor.client.text_document_references_async(params)
        assert ["photos"] * (2 + declaration) == [text.under(place.range) for place in found or ()]


async def test_uses_in_other_open_files_are_found(editor: Editor) -> None:
    """Of what they import."""
    library = editor.open("transform pix‸els { ToImage() }", "used.pipe", write=True)
    user = editor.open('import "used.pipe" (pixels)\ntransform t { pixels }')
    params = types.ReferenceParams(types.ReferenceContext(include_declaration=True), library.id, library.cursor)
    found = await editor.client.text_document_references_async(params)
    assert {library.uri: 1, user.uri: 2} == {
        uri: [place.uri for place in found or ()].count(uri) for uri in (library.uri, user.uri)
    }


async def test_the_declaration_is_highlighted_as_written(editor: Editor) -> None:
    """And the uses as read."""
    text = editor.open(TEXT)
    found = await editor.client.text_document_document_highlight_async(
        types.DocumentHighlightParams(text.id, text.cursor)
    )
    kinds = types.DocumentHighlightKind
    assert [kinds.Write, kinds.Read, kinds.Read] == [place.kind for place in found or ()]
