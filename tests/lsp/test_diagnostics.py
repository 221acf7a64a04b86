"""`textDocument/publishDiagnostics` and `textDocument/diagnostic`: one or the other, never both."""

from __future__ import annotations

import asyncio

import pytest
from lsprotocol import types
from sessions import Editor

pytestmark = pytest.mark.asyncio(loop_scope="module")

WRONG = """\
dataset photos = FakeData(100)
loader val from photos { sample { bach 8 } }
"""
RIGHT = WRONG.replace("bach", "batch")


async def test_a_fault_is_said_where_it_stands(editor: Editor) -> None:
    """Range, code, severity, help and the link to the rule's page."""
    text = editor.open(WRONG)
    (found,) = await editor.diagnostics(text)
    assert "bach" == text.under(found.range)
    assert ("FL001", types.DiagnosticSeverity.Error, "feedline") == (found.code, found.severity, found.source)
    assert "did you mean `batch`" in found.message
    assert found.code_description is not None
    assert "rules.md#L" in found.code_description.href


async def test_a_fault_that_is_mended_is_gone(editor: Editor) -> None:
    """What is said is about the present version."""
    text = editor.open(WRONG)
    assert len(await editor.diagnostics(text)) == 1
    editor.change(text, (text.range("bach"), "batch"))
    assert [] == await editor.diagnostics(text)


async def test_a_client_that_asks_is_sent_nothing(editor: Editor) -> None:
    """Problems are never shown twice."""
    text = editor.open(WRONG)
    await editor.diagnostics(text)
    assert editor.initialized is not None
    asked = editor.initialized.capabilities.diagnostic_provider is not None
    await asyncio.sleep(0.3)
    assert (editor.kind == "neovim") == asked
    assert (editor.kind == "neovim") == (not editor.sent(text))


async def test_what_has_not_changed_is_not_said_again(editor: Editor) -> None:
    """Asked again with the id of its last answer, the server says that nothing has changed."""
    if editor.kind == "vscode":
        text = editor.open(WRONG)
        await editor.diagnostics(text)
        await asyncio.sleep(0.3)
        assert 1 == len(editor.sent(text))
        return
    text = editor.open(WRONG)
    first = await editor.client.text_document_diagnostic_async(types.DocumentDiagnosticParams(text.id))
    again = types.DocumentDiagnosticParams(text.id, previous_result_id=first.result_id)
    assert "unchanged" == (await editor.client.text_document_diagnostic_async(again)).kind
    editor.change(text, RIGHT)
    assert "full" == (await editor.client.text_document_diagnostic_async(again)).kind


async def test_versions_that_nobody_sees_any_more_are_passed_over(editor: Editor) -> None:
    """Of many quick changes only the last is checked and sent."""
    text = editor.open(RIGHT)
    await editor.diagnostics(text)
    for number in range(30):
        editor.change(text, WRONG.replace("100", str(100 + number)))
    assert 1 == len(await editor.diagnostics(text))
    assert {1, 31} >= {item.version for item in editor.sent(text)}


async def test_what_is_unused_is_tagged(editor: Editor) -> None:
    """Editors grey it out."""
    text = editor.open(RIGHT + "let lost = 3\n")
    (found,) = await editor.diagnostics(text)
    assert "FL355" == found.code
    assert [types.DiagnosticTag.Unnecessary] == list(found.tags or [])


async def test_other_places_of_a_fault_are_related(editor: Editor) -> None:
    """A name given twice points at its first place."""
    text = editor.open(RIGHT + "let photos = 3\n")
    found = [item for item in await editor.diagnostics(text) if item.related_information]
    (related,) = list(found[0].related_information or ())
    assert text.uri == related.location.uri
    assert "photos" == text.under(related.location.range)


async def test_an_import_is_read_as_it_stands_in_the_editor(editor: Editor) -> None:
    """An edit in an imported file that is open, and not saved, is an edit for its importer."""
    library = editor.open("let size = 8\n", f"library_{editor.kind}.pipe", write=True)
    user = editor.open(f'import "{library.path.name}" (size)\n{RIGHT.replace("batch 8", "batch size")}')
    assert [] == await editor.diagnostics(user)
    sent = len(editor.sent(user))
    editor.change(library, "let sise = 8\n")
    if editor.kind == "vscode":
        async with asyncio.timeout(10):
            while len(editor.sent(user)) == sent:
                await asyncio.sleep(0.01)
    found = await editor.diagnostics(user)
    assert ["FL102"] == [item.code for item in found]
    editor.close(library)
    if editor.kind == "neovim":
        assert [] == await editor.diagnostics(user)


async def test_a_fault_in_an_imported_file_is_shown_at_the_import(editor: Editor) -> None:
    """With its own place in the message, and related to it."""
    library = editor.open("let size = = 8\n", f"broken_{editor.kind}.pipe", write=True)
    user = editor.open(f'import "{library.path.name}" (size)\n{RIGHT.replace("batch 8", "batch size")}')
    found = await editor.diagnostics(user)
    assert [f'"{library.path.name}"'] == [user.under(item.range) for item in found]
    assert f"{library.path.name}:1:12: " in found[0].message
    assert [library.uri] == [item.location.uri for item in found[0].related_information or ()]


async def test_a_closed_text_has_no_diagnostics(editor: Editor) -> None:
    """The editor's list is emptied."""
    text = editor.open(WRONG)
    await editor.diagnostics(text)
    editor.close(text)
    await asyncio.sleep(0.3)
    assert [] == [item for sent in editor.sent(text)[-1:] for item in sent.diagnostics]
