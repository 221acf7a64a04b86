"""Random edits, as an editor sends them, against the text that the editor itself has."""

from __future__ import annotations

from edit_scripts import SCRIPTS, START, Buffer, Script
from hypothesis import given, settings
from hypothesis import strategies as st

from feedline.compiler import compile_source
from feedline.dsl import SourceText, parse
from feedline.dsl.tree import walk
from feedline.lsp.diagnostics import diagnostics
from feedline.lsp.documents import Documents

URI = "untitled:Untitled-1"


@given(SCRIPTS, st.sampled_from(["utf-8", "utf-16", "utf-32"]), st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=60)
def test_the_server_has_the_text_that_the_editor_has(script: Script, encoding: str, end: str) -> None:
    """After every message: the text, its tree, and what is said of it, as from a fresh start."""
    buffer = Buffer(START.replace("\n", end), encoding)
    documents = Documents(encoding)
    documents.open(URI, 0, buffer.text)
    for version, message in enumerate(script, 1):
        documents.change(URI, version, [buffer.edit(*edit) for edit in message])
        assert (buffer.text, version) == (documents.get(URI).text, documents.get(URI).version)
        analysis = documents.analysis(URI)
        path = documents.get(URI).path
        fresh = parse(buffer.text, path).tree
        assert fresh == analysis.tree
        assert [node.span for node in walk(fresh)] == [node.span for node in walk(analysis.tree)]
        assert compile_source(SourceText(path, buffer.text)).diagnostics == analysis.diagnostics
        assert len(analysis.diagnostics) == len(diagnostics(documents, URI))
