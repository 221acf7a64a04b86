"""`feedline.data`: counts of the data, made in another process."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from lsprotocol import types
from sessions import Editor

from feedline.lsp.counts import count

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
    """Once they are known, the editor is told to ask for its hints again."""
    editor = await Editor.start("neovim", tmp_path, settings={"data": True})
    asked = asyncio.Event()
    editor.client.protocol.fm.features[types.WORKSPACE_INLAY_HINT_REFRESH] = lambda params: asked.set()
    text = editor.open(RIGHT, write=True)
    await asyncio.wait_for(asked.wait(), 60)
    assert [] == await editor.diagnostics(text)
    await editor.stop()
