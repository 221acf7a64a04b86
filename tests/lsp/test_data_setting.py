"""`feedline.data`: counts of the data, made in another process."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from lsprotocol import types
from sessions import Editor, Text

from feedline.lsp import checks
from feedline.lsp.counts import count
from feedline.lsp.server import Server
from feedline.lsp.settings import Settings

pytestmark = pytest.mark.asyncio

RIGHT = """\
dataset photos = FakeData(100)
split photos into train 80%, val 20% seed 1
loader train from photos.train { sample { batch 8; order shuffled } }
"""


async def test_the_data_of_a_file_are_counted(tmp_path: Path) -> None:
    """Samples of data sets and parts, batches of loaders."""
    path = tmp_path / "counted.pipe"
    path.write_text(RIGHT)
    known = await count(str(path))
    assert known is not None
    assert {"photos": 100, "photos.train": 80, "photos.val": 20} == dict(known.samples)
    assert {"train": 10} == dict(known.batches)


@pytest.mark.parametrize("text", ["let a = = 3\n", 'dataset d = ImageFolder("nowhere")\nloader t from d {}\n'])
async def test_what_cannot_be_counted_is_not_known(text: str, tmp_path: Path) -> None:
    """Errors, and data that are not there."""
    path = tmp_path / "wrong.pipe"
    path.write_text(text)
    assert await count(str(path)) is None
    assert await count(str(tmp_path / "missing.pipe")) is None


async def test_an_editor_that_wants_counts_gets_them(tmp_path: Path) -> None:
    """Once they are known, the editor is told to ask for its hints again; and once the table has changed."""
    editor = await Editor.start("neovim", tmp_path, settings={"data": True})
    asked = asyncio.Event()
    editor.client.protocol.fm.features[types.WORKSPACE_INLAY_HINT_REFRESH] = lambda params: asked.set()
    table = tmp_path / "rows.csv"
    table.write_text("a,label,size\n1,x,5\n2,y,6\n")
    text = editor.open(
        'dataset rows = Table("rows.csv", features=["a"], label="label")\nloader t from rows {}\n', write=True
    )
    await shown(editor, text, "2 samples", asked)
    table.write_text("a,label,size\n1,x,5\n2,y,6\n3,y,7\n")
    changed = types.DidChangeWatchedFilesParams([types.FileEvent(table.as_uri(), types.FileChangeType.Changed)])
    editor.client.workspace_did_change_watched_files(changed)
    await shown(editor, text, "3 samples", asked)
    assert {"size", "label"} <= await offers(editor, text, "group g = rows where ")
    assert {'"x"', '"y"'} == await offers(editor, text, "group g = rows where label == ")
    await editor.stop()


async def offers(editor: Editor, text: Text, words: str) -> set[str]:
    """What is offered behind words that are written at the end of a text."""
    editor.change(text, text.text.partition("group")[0] + words)
    end = text.positions.position(len(text.text))
    found = await editor.client.text_document_completion_async(types.CompletionParams(text.id, end))
    assert isinstance(found, types.CompletionList)
    return {item.label for item in found.items}


async def shown(editor: Editor, text: Text, words: str, asked: asyncio.Event) -> None:
    """Ask for hints whenever the editor is told to, until one says `words`."""
    whole = types.Range(types.Position(0, 0), types.Position(9, 0))
    async with asyncio.timeout(60):
        while True:
            await asked.wait()
            asked.clear()
            hints = await editor.client.text_document_inlay_hint_async(types.InlayHintParams(text.id, whole))
            if words in [str(hint.label).strip() for hint in hints or ()]:
                return


async def test_data_that_change_while_they_are_counted_are_counted_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the first count says is of before the change."""
    counted: list[str] = []
    going_on = asyncio.Event()

    async def slow(path: str) -> None:
        counted.append(path)
        await going_on.wait()

    monkeypatch.setattr(checks, "count", slow)
    monkeypatch.setattr(checks, "DATA_PAUSE", 0.01)
    path = tmp_path / "counted.pipe"
    server = Server()
    server.documents.settings = Settings(data=True)
    server.documents.open(path.as_uri(), 1, RIGHT)
    server.checks.count(path.as_uri())
    server.checks.count_again()
    await asyncio.sleep(0.1)
    assert counted == [str(path)]
    going_on.set()
    await asyncio.sleep(0.1)
    assert counted == [str(path)] * 2
