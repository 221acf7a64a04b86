"""`textDocument/foldingRange`, `textDocument/selectionRange` and `textDocument/documentLink`."""

from __future__ import annotations

import pytest
from lsprotocol import types
from sessions import Editor

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_blocks_and_comments_fold(editor: Editor) -> None:
    """The line that closes a block stays."""
    text = editor.open("# one\n# two\ntransform t {\n  ToImage()\n}\n")
    found = await editor.client.text_document_folding_range_async(types.FoldingRangeParams(text.id))
    assert [(0, 1, "comment"), (2, 3, "region")] == [(one.start_line, one.end_line, one.kind) for one in found or ()]


async def test_a_selection_grows(editor: Editor) -> None:
    """From the word to the file, for each of several cursors."""
    text = editor.open("let 𠮷 = 1\ntransform t { Resize(2‸24) }\n")
    params = types.SelectionRangeParams(text.id, [text.cursor, types.Position(0, 0)])
    first, second = list(await editor.client.text_document_selection_range_async(params) or ())
    seen: list[str] = []
    around: types.SelectionRange | None = first
    while around is not None:
        seen.append(text.under(around.range))
        around = around.parent
    assert ["224", "(224)", "Resize(224)", " Resize(224) "] == seen[:4]
    assert text.text == seen[-1]
    assert "let" == text.under(second.range)


async def test_paths_to_files_are_links(editor: Editor) -> None:
    """Imports and data; what is not there is none."""
    library = editor.open("let a = 1", "linked.pipe", write=True)
    (editor.folder / "rows.csv").write_text("label\n1\n")
    text = editor.open('import "linked.pipe" (a)\ndataset t = Table("rows.csv", label="label")\nimport "no.pipe" as n')
    found = await editor.client.text_document_document_link_async(types.DocumentLinkParams(text.id))
    rows = (editor.folder / "rows.csv").as_uri()
    assert [("linked.pipe", library.uri), ("rows.csv", rows)] == [
        (text.under(link.range), link.target) for link in found or ()
    ]
