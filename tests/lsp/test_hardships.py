"""What a server has to live through: nonsense, haste, size, and its own mistakes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from sessions import Editor, Text

from feedline.dsl.source import SourceText
from feedline.lsp.positions import Positions

pytestmark = pytest.mark.asyncio(loop_scope="module")

TEXT = "dataset photos = FakeData(100)\nloader val from photos { sample { batch 8; order sequential } }\n"
OPTIONS = types.FormattingOptions(tab_size=2, insert_spaces=True)


async def lives(editor: Editor) -> None:
    """Fail unless the server answers as it should."""
    text = editor.open(TEXT.replace("batch", "bach"))
    assert ["FL001"] == [item.code for item in await editor.diagnostics(text)]


@pytest.mark.parametrize(
    "params", [None, [], {}, {"textDocument": 3}, {"textDocument": {"uri": None}}, {"textDocument": {"uri": 7}}]
)
async def test_a_request_that_makes_no_sense_is_refused(editor: Editor, params: object) -> None:
    """With the error that the protocol has for it, so that the client does not wait for ever."""
    with pytest.raises(JsonRpcException) as refused:
        await editor.request("textDocument/formatting", params)
    assert -32602 == refused.value.code
    await lives(editor)


@pytest.mark.parametrize(
    "body",
    [
        "{", "[]", "3", "null", '"words"', "\ud83d".encode("utf-8", "replace").decode(),
        '{"jsonrpc": "2.0", "method": "textDocument/didChange", "params": {"textDocument": {}}}',
        '{"jsonrpc": "2.0", "method": "textDocument/didOpen"}',
        '{"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": 999}}',
        '{"jsonrpc": "2.0", "method": "no/such/thing", "params": {}}',
        '{"jsonrpc": "2.0", "id": 1, "result": null}',
        '{"jsonrpc": "1.0", "id": 1, "method": "shutdown"}',
    ],
)  # fmt: skip
async def test_nonsense_on_the_wire_is_passed_over(editor: Editor, body: str) -> None:
    """No message ends the session."""
    editor.send(body)
    await lives(editor)


async def test_an_unknown_method_is_refused(editor: Editor) -> None:
    """As the protocol wants it."""
    with pytest.raises(JsonRpcException) as refused:
        await editor.request("textDocument/noSuchThing", {})
    assert -32601 == refused.value.code


async def test_a_place_outside_the_text_is_at_its_end(editor: Editor) -> None:
    """Lines and columns beyond the last, in an edit and in a question."""
    text = editor.open(TEXT)
    far = types.Range(types.Position(9999, 9999), types.Position(10**6, 0))
    editor.change(text, (far, "# end\n"))
    params = types.DocumentRangeFormattingParams(text.id, far, OPTIONS)
    assert [] == list(await editor.client.text_document_range_formatting_async(params) or ())
    assert [] == await editor.diagnostics(text)


async def test_texts_that_are_not_open_can_change_and_close(editor: Editor, tmp_path: Path) -> None:
    """Nothing happens."""
    uri = (tmp_path / "never.pipe").as_uri()
    item = types.VersionedTextDocumentIdentifier(3, uri)
    change = types.TextDocumentContentChangeWholeDocument("let a = 1\n")
    editor.client.text_document_did_change(types.DidChangeTextDocumentParams(item, [change]))
    editor.client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri)))
    await lives(editor)


async def test_a_text_may_be_closed_before_its_answers_come(editor: Editor) -> None:
    """Every question gets an answer, be it that there is none."""
    text = editor.open(TEXT)
    asked = [
        editor.client.text_document_formatting_async(types.DocumentFormattingParams(text.id, OPTIONS)) for _ in range(9)
    ]
    editor.close(text)
    answers = await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), 20)
    codes = {answer.code for answer in answers if isinstance(answer, JsonRpcException)}
    assert codes <= {types.LSPErrorCodes.ContentModified}
    await lives(editor)


async def test_edits_may_come_faster_than_answers(editor: Editor) -> None:
    """Each keystroke with a question, all at once: the last is answered, each other one or refused as outdated."""
    text = editor.open(TEXT)
    asked = []
    for letter in "# one of very many letters" * 4:
        end = text.positions.position(len(text.text))
        editor.change(text, (types.Range(end, end), letter))
        asked.append(editor.client.text_document_formatting_async(types.DocumentFormattingParams(text.id, OPTIONS)))
    answers = await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), 60)
    assert not isinstance(answers[-1], BaseException)
    assert [] == await editor.diagnostics(text)


async def test_a_request_may_be_cancelled(editor: Editor) -> None:
    """It is refused as cancelled, or answered if it was too late."""
    text = editor.open(TEXT)
    params = types.DocumentFormattingParams(text.id, OPTIONS)
    waiting = editor.client.protocol.send_request("textDocument/formatting", params, msg_id="once")
    editor.client.cancel_request(types.CancelParams("once"))
    try:
        assert await asyncio.wait_for(asyncio.wrap_future(waiting), 20) is not None
    except JsonRpcException as refused:
        assert types.LSPErrorCodes.RequestCancelled == refused.code
    await lives(editor)


async def test_ten_thousand_lines_are_served(editor: Editor) -> None:
    """An edit in their middle is checked, and what was said before does not stand in for it."""
    lines = "".join(f"let a{number} = {number}\n" for number in range(5_000))
    text = editor.open(TEXT + lines + "# here\n" + lines.replace("let a", "let b"))
    used = await editor.diagnostics(text)
    editor.change(text, (text.range("# here"), "let wrong = nothing"))
    found = await editor.diagnostics(text)
    assert {"FL102"} == {item.code for item in found} - {item.code for item in used}


@pytest.mark.parametrize("text", ["", "\f", "\r\n\r\n", "\ufeff", "let a = 1\f\r\n", "# 😀\nlet é = \U0001d4b3"])
async def test_odd_texts_are_served(editor: Editor, text: str) -> None:
    """Form feeds, a byte order mark, no text at all."""
    opened = editor.open(text)
    found = await editor.diagnostics(opened)
    assert all(item.range.end.line < 3 for item in found)
    start = types.Position(0, 0)
    editor.change(opened, (types.Range(start, start), TEXT), TEXT)
    assert [] == await editor.diagnostics(opened)


@pytest.mark.parametrize(
    "uri",
    [
        "untitled:Untitled-7", "vscode-notebook-cell:/a/b.ipynb#W0s", "git:/a/b.pipe?%7B%7D", "http://a/b.pipe",
        "file:///c%3A/a/b.pipe", "file://host/share/a.pipe", "file://", "::", "",
    ],
)  # fmt: skip
async def test_a_text_may_be_anywhere(editor: Editor, uri: str) -> None:
    """It is checked as it is; what it imports by a relative path is not found from there."""
    whole = TEXT.replace("batch", "bach") + 'import "x.pipe" (b)\n'
    item = types.TextDocumentItem(uri, "pipe", 1, whole)
    editor.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
    text = Text(uri, editor.folder, 1, Positions(SourceText(uri, whole), editor.encoding), [])
    assert ["FL001", "FL107"] == [item.code for item in await editor.diagnostics(text)]
    params = types.DefinitionParams(text.id, text.range("photos {").start)
    assert uri == await target(editor, params)
    editor.close(text)


async def target(editor: Editor, params: types.DefinitionParams) -> str:
    """The URI that a definition leads to."""
    found = await editor.client.text_document_definition_async(params)
    assert isinstance(found, Sequence)
    (link,) = found
    assert isinstance(link, types.LocationLink)
    return link.target_uri


async def test_a_file_is_itself_however_its_uri_is_written(editor: Editor) -> None:
    """Clients escape other characters than the server does, and in lower case."""
    library = editor.folder / f"l\u00edb %20 {editor.kind}.pipe"
    library.write_text("let size = 8\n")
    user = editor.open(f'import "{library.name}" (sise)\n{TEXT.replace("8", "sise")}')
    assert ["FL102"] == [item.code for item in await editor.diagnostics(user)]
    uri = library.as_uri().replace("%C3%AD", "%c3%ad").replace("l%c3", "%6c%c3")
    item = types.TextDocumentItem(uri, "pipe", 1, "let sise = 8\n")
    sent = len(editor.sent(user))
    editor.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
    async with asyncio.timeout(20):
        while editor.kind == "vscode" and len(editor.sent(user)) == sent:
            await asyncio.sleep(0.01)
    assert [] == await editor.diagnostics(user)
    params = types.DefinitionParams(user.id, user.at("sise"))
    assert uri == await target(editor, params)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
async def test_every_encoding_is_spoken(encoding: str, tmp_path: Path) -> None:
    """Edits and places behind astral characters, in the units that the client has asked for."""
    editor = await Editor.start("vscode", tmp_path, encodings=[encoding])
    assert encoding == editor.encoding
    text = editor.open(f'let a = "😀é" # 😀\r\nlet b = "😀" + nothing\r\n{TEXT}')
    found = {text.under(item.range) for item in await editor.diagnostics(text)}
    assert "nothing" in found
    editor.change(text, (text.range("nothing"), '"😀"'))
    editor.change(text, (text.range(' + "😀"'), " + other"))
    assert "other" in {text.under(item.range) for item in await editor.diagnostics(text)}
    await editor.stop()


async def test_a_feature_that_fails_answers_nothing(tmp_path: Path) -> None:
    """The next question, to it or to others, is answered."""
    before = """
from feedline.lsp.features import formatting
right = formatting.answer
def answer(server, params):
    if server.documents.get(params.text_document.uri).text.startswith("# fail"):
        raise RecursionError("on purpose")
    return right(server, params)
formatting.answer = answer"""
    editor = await Editor.start("vscode", tmp_path, before=before)
    text = editor.open("# fail\nlet   a = 1\n")
    params = types.DocumentFormattingParams(text.id, OPTIONS)
    assert await editor.client.text_document_formatting_async(params) is None
    editor.change(text, "let   a = 1\n")
    assert 1 == len(await editor.client.text_document_formatting_async(params) or ())
    await lives(editor)
    await editor.stop()


async def test_a_wrong_setting_is_said_and_counts_as_not_set(tmp_path: Path) -> None:
    """The others hold."""
    settings = {"data": "yes", "params": {"size": 8, "unknown": 1}}
    editor = await Editor.start("vscode", tmp_path, settings=settings)
    text = editor.open("param size: int\n" + TEXT.replace("8", "size"))
    assert [] == await editor.diagnostics(text)
    assert {"`feedline.data` is true or false, not `'yes'`"} == {item.message for item in editor.client.messages}
    editor.client.set_configuration({}, section="feedline")
    editor.client.workspace_did_change_configuration(types.DidChangeConfigurationParams({}))
    async with asyncio.timeout(20):
        while not editor.sent(text)[-1].diagnostics:
            await asyncio.sleep(0.01)
    assert ["FL110"] == [item.code for item in editor.sent(text)[-1].diagnostics]
    await editor.stop()
