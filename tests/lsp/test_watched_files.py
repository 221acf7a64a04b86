"""`workspace/didChangeWatchedFiles`: files that change on the disk, by whoever."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from lsprotocol import types
from sessions import Editor, Text

pytestmark = pytest.mark.asyncio(loop_scope="module")

TEXT = """\
import "%s" (size)
dataset photos = FakeData(100)
loader val from photos { sample { batch size } }
"""


async def codes_after(editor: Editor, text: Text, uri: str, kind: types.FileChangeType) -> list[str]:
    """What is said of a text once the server was told of a file: sent anew, or asked for."""
    sent = len(editor.sent(text))
    changed = types.DidChangeWatchedFilesParams([types.FileEvent(uri, kind)])
    editor.client.workspace_did_change_watched_files(changed)
    if editor.kind == "vscode":
        async with asyncio.timeout(10):
            while len(editor.sent(text)) == sent:
                await asyncio.sleep(0.01)
    return [str(item.code) for item in await editor.diagnostics(text)]


async def test_an_importer_follows_what_it_imports_on_the_disk(editor: Editor) -> None:
    """Written, changed and deleted, while it is open in no editor."""
    library = editor.folder / f"on disk {editor.kind} \u00e9%20.pipe"
    text = editor.open(TEXT % library.name)
    assert ["FL107"] == [item.code for item in await editor.diagnostics(text)]
    library.write_text("let size = 8\n")
    assert [] == await codes_after(editor, text, library.as_uri(), types.FileChangeType.Created)
    library.write_text("let size = 8.5\n")
    assert ["FL235"] == await codes_after(editor, text, library.as_uri(), types.FileChangeType.Changed)
    library.unlink()
    assert ["FL107"] == await codes_after(editor, text, library.as_uri(), types.FileChangeType.Deleted)


async def test_an_importer_of_an_importer_follows_too(editor: Editor) -> None:
    """However far away the file is."""
    near, far = (editor.folder / f"{word}_{editor.kind}.pipe" for word in ("near", "far"))
    far.write_text("let one = 8\n")
    near.write_text(f'import "{far.name}" (one)\nlet size = one\n')
    text = editor.open(TEXT % near.name)
    assert [] == await editor.diagnostics(text)
    far.write_text("let one = 8.5\n")
    assert ["FL235"] == await codes_after(editor, text, far.as_uri(), types.FileChangeType.Changed)


async def test_who_can_watch_is_asked_to(editor: Editor) -> None:
    """Files of the language, and tables that data are counted from."""
    options: list[Any] = [one.register_options for asked in editor.registered for one in asked.registrations]
    watched = [watcher["globPattern"] for each in options for watcher in each["watchers"]]
    wanted = ["**/*.pipe", "**/*.{csv,tsv,json,jsonl,parquet}"]
    assert (wanted if editor.kind == "vscode" else []) == watched
