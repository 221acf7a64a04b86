"""`textDocument/hover`."""

from __future__ import annotations

import pytest
from lsprotocol import types
from sessions import Editor, Text

pytestmark = pytest.mark.asyncio(loop_scope="module")

TEXT = """\
dataset photos = FakeData(100, image_size=(3, 32, 32))  # 😀
loader train from photos {
  transform { ToDtype(float32, scale=true) }
}
"""


async def hover(editor: Editor, text: Text, words: str) -> types.Hover | None:
    """What is said at the beginning of words."""
    return await editor.client.text_document_hover_async(types.HoverParams(text.id, text.at(words)))


async def test_a_step_is_explained_with_its_types(editor: Editor) -> None:
    """In Markdown, at the name of the step."""
    text = editor.open(TEXT)
    found = await hover(editor, text, "ToDtype")
    assert found is not None and found.range is not None and isinstance(found.contents, types.MarkupContent)
    assert "ToDtype" == text.under(found.range)
    assert types.MarkupKind.Markdown == found.contents.kind
    assert "→ float32, 0..1" in found.contents.value


async def test_white_space_is_nothing(editor: Editor) -> None:
    """No hover."""
    assert None is await hover(editor, editor.open("\n" + TEXT), "\n")
