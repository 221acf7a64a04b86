"""`textDocument/formatting` and `textDocument/rangeFormatting`."""

from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol import types
from sessions import Editor

from feedline.dsl.layout import format_source

pytestmark = pytest.mark.asyncio(loop_scope="module")

MESSY = """\
dataset photos=FakeData( 100 ,image_size=(3,32,32))  # 😀 é
let a   = 1


let bcd = 2
loader val from photos {
sample { batch 8 }
      }
"""
OPTIONS = types.FormattingOptions(tab_size=4, insert_spaces=True)


async def whole(editor: Editor, uri: types.TextDocumentIdentifier) -> list[types.TextEdit]:
    """What the server would have changed."""
    params = types.DocumentFormattingParams(uri, OPTIONS)
    return list(await editor.client.text_document_formatting_async(params) or ())


@pytest.mark.parametrize("end", ["\n", "\r\n"])
async def test_a_file_is_laid_out_as_by_fmt(editor: Editor, end: str) -> None:
    """Whatever ends its lines."""
    text = editor.open(MESSY.replace("\n", end))
    edits = await whole(editor, text.id)
    assert format_source(text.text).text == text.edited(edits) != text.text


async def test_only_white_space_is_touched(editor: Editor) -> None:
    """No edit takes a word away or brings one, so a cursor in a word stays there."""
    text = editor.open(MESSY)
    edits = await whole(editor, text.id)
    assert "" == "".join(text.under(edit.range) + edit.new_text for edit in edits).strip()


async def test_a_file_in_its_layout_needs_no_edit(editor: Editor) -> None:
    """Nor does an empty one."""
    assert [] == await whole(editor, editor.open(format_source(MESSY).text).id)
    assert [] == await whole(editor, editor.open("").id)


async def test_a_declaration_with_an_error_stays_as_it_is(editor: Editor) -> None:
    """The others are laid out."""
    text = editor.open("let   a = = 1\nlet   b = 2\n")
    assert "let   a = = 1\nlet b = 2\n" == text.edited(await whole(editor, text.id))


async def test_a_range_keeps_to_its_lines(editor: Editor) -> None:
    """What is outside the lines of the selection stays as it is."""
    text = editor.open(MESSY)
    params = types.DocumentRangeFormattingParams(text.id, text.range("sample { batch"), OPTIONS)
    edits = await editor.client.text_document_range_formatting_async(params)
    before, after = text.text.splitlines(), text.edited(edits or ()).splitlines()
    number = before.index("sample { batch 8 }")
    assert "  sample { batch 8 }" == after.pop(number)
    assert before[:number] + before[number + 1 :] == after


async def test_a_file_that_is_not_open_is_read(editor: Editor, tmp_path: Path) -> None:
    """And one that is not there needs no edits."""
    path = tmp_path / "closed.pipe"
    path.write_text("let   a = 1\n")
    (edit,) = await whole(editor, types.TextDocumentIdentifier(path.as_uri()))
    assert ("", types.Range(types.Position(0, 4), types.Position(0, 6))) == (edit.new_text, edit.range)
    path.unlink()
    assert [] == await whole(editor, types.TextDocumentIdentifier(path.as_uri()))
