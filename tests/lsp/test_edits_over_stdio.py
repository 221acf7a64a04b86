"""Random edits sent to a real server, whose text has to stay the one that the editor has."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from edit_scripts import SCRIPTS, START, Buffer, Script
from hypothesis import given, settings
from hypothesis import strategies as st
from lsprotocol.converters import get_converter
from wire import Wire

from feedline.compiler.ide.semantic import semantic_tokens
from feedline.lsp.diagnostics import diagnostics
from feedline.lsp.documents import Documents
from feedline.lsp.edits import layout_edits
from feedline.lsp.features.semantic_tokens import encoded

ENCODINGS = ("utf-8", "utf-16", "utf-32")
ENDS = st.sampled_from(["\n", "\r\n"])

converter = get_converter()
numbers = count()


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Wire]]:
    """A server for each encoding."""
    found = {encoding: Wire.start(encoding) for encoding in ENCODINGS}
    yield found
    assert [0, 0, 0] == [server.stop() for server in found.values()]


def fresh(uri: str, buffer: Buffer) -> list[Any]:
    """What a server would answer that has never seen an earlier version."""
    documents = Documents(buffer.encoding)
    documents.open(uri, 0, buffer.text)
    document, analysis = documents.get(uri), documents.analysis(uri)
    positions = documents.positions(document.source)
    found = diagnostics(documents, uri), layout_edits(document, positions)
    return [*converter.unstructure(found), list(encoded(semantic_tokens(analysis), positions))]


def answered(server: Wire, uri: str) -> list[Any]:
    """What the server answers to the same."""
    about = {"textDocument": {"uri": uri}}
    edits = server.ask("textDocument/formatting", {**about, "options": {"tabSize": 2, "insertSpaces": True}})
    tokens = server.ask("textDocument/semanticTokens/full", about)
    return [server.ask("textDocument/diagnostic", about)["items"], edits, tokens["data"]]


def replay(server: Wire, script: Script, encoding: str, end: str) -> None:
    """Send a script, a message of edits at a time, and compare after each."""
    buffer, uri = Buffer(START.replace("\n", end), encoding), f"untitled:Untitled-{next(numbers)}"
    item = {"uri": uri, "languageId": "pipe", "version": 0, "text": buffer.text}
    server.say("textDocument/didOpen", {"textDocument": item})
    for version, message in enumerate(script, 1):
        changes = converter.unstructure([buffer.edit(*edit) for edit in message])
        changed = {"textDocument": {"uri": uri, "version": version}, "contentChanges": changes}
        server.say("textDocument/didChange", changed)
        assert fresh(uri, buffer) == answered(server, uri)
    server.say("textDocument/didClose", {"textDocument": {"uri": uri}})


@given(SCRIPTS, st.sampled_from(ENCODINGS), ENDS)
@settings(max_examples=15, deadline=None)
def test_the_server_follows_every_edit(servers: dict[str, Wire], script: Script, encoding: str, end: str) -> None:
    """What it says, lays out and colours is what it would of the text as it is now."""
    replay(servers[encoding], script, encoding, end)


@pytest.mark.slow
@given(SCRIPTS, st.sampled_from(ENCODINGS), ENDS)
@settings(max_examples=500, deadline=None)
def test_the_server_follows_very_many_edits(servers: dict[str, Wire], script: Script, encoding: str, end: str) -> None:
    """The same, for longer."""
    replay(servers[encoding], script, encoding, end)
