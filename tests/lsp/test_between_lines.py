"""`textDocument/inlayHint`, `textDocument/codeLens` and `workspace/executeCommand`."""

from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol import types
from sessions import Editor, Text

pytestmark = pytest.mark.asyncio(loop_scope="module")

TEXT = """\
dataset photos = FakeData(100, image_size=(3, 32, 32))
group odd = photos where label == 1
loader train from photos {
  transform { ToDtype(float32, scale=true) }
  sample { force 3 odd per 8; seed 1 }
}
"""


async def hints(editor: Editor, text: Text, range: types.Range) -> list[types.InlayHint]:
    """What is shown between the lines of a range."""
    params = types.InlayHintParams(text.id, range)
    return list(await editor.client.text_document_inlay_hint_async(params) or ())


def everything(text: Text) -> types.Range:
    """The range of a whole text."""
    return types.Range(types.Position(0, 0), text.positions.position(len(text.text)))


async def test_types_and_numbers_are_shown(editor: Editor) -> None:
    """Where they belong, and only for what the client shows."""
    text = editor.open(TEXT)
    found = await hints(editor, text, everything(text))
    assert ["→ float32, 0..1, 3 x 32 x 32", "3 odd + 5 others"] == [hint.label for hint in found]
    assert [types.InlayHintKind.Type, None] == [hint.kind for hint in found]
    line = text.range("  sample { force 3 odd per 8; seed 1 }")
    assert ["3 odd + 5 others"] == [hint.label for hint in await hints(editor, text, line)]


async def test_lenses_stand_above_loaders(editor: Editor) -> None:
    """Their commands name the file and the loader."""
    text = editor.open(TEXT)
    found = await editor.client.text_document_code_lens_async(types.CodeLensParams(text.id))
    commands = [lens.command for lens in found or () if lens.command is not None]
    assert ["verify", "show a batch", "explain"] == [command.title for command in commands]
    assert [text.uri, "train"] == list(commands[0].arguments or ())


async def test_nothing_is_shown_to_who_wants_nothing(tmp_path: Path) -> None:
    """The user's settings."""
    editor = await Editor.start("neovim", tmp_path, settings={"inlayHints": False, "codeLenses": False})
    text = editor.open(TEXT)
    assert [] == await hints(editor, text, everything(text))
    assert [] == list(await editor.client.text_document_code_lens_async(types.CodeLensParams(text.id)) or ())
    await editor.stop()


async def test_a_command_gives_what_it_prints(editor: Editor) -> None:
    """Of the file as it is saved."""
    text = editor.open(TEXT, write=True)
    params = types.ExecuteCommandParams("feedline.explain", [text.uri, "train"])
    printed = await editor.client.workspace_execute_command_async(params)
    assert "every batch" in str(printed) and "odd" in str(printed)


async def test_a_command_takes_the_parameters_of_the_settings(tmp_path: Path) -> None:
    """Those that the file has."""
    editor = await Editor.start("neovim", tmp_path, settings={"params": {"n": 7, "other": 1}})
    text = editor.open("param n: int\ndataset a = FakeData(n)\nloader x from a { }\n", write=True)
    params = types.ExecuteCommandParams("feedline.explain", [text.uri, "x"])
    printed = await editor.client.workspace_execute_command_async(params)
    await editor.stop()
    assert "FakeData(7)" in str(printed) and "command line" in str(printed)


async def test_a_command_needs_a_saved_file(editor: Editor) -> None:
    """It has nothing to run otherwise, and says so."""
    params = types.ExecuteCommandParams("feedline.verify", [editor.open(TEXT).uri, "train"])
    assert None is await editor.client.workspace_execute_command_async(params)
    assert "save the file first" in editor.client.messages[-1].message
