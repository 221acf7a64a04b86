"""Random edits, as an editor sends them, against the text that the editor itself has."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st
from lsprotocol import types

from feedline.compiler import compile_source
from feedline.dsl import SourceText, parse
from feedline.dsl.tree import walk
from feedline.lsp.diagnostics import diagnostics
from feedline.lsp.documents import Documents

START = """\
# 😀 é
dataset photos = FakeData(100)
transform pixels {
  Resize(256)
}
loader val from photos { transform { pixels }; sample { batch 8 } }
"""
PIECES = (
    "",
    "\n",
    "\r\n",
    "\r",
    "\f",
    "{",
    "}",
    '"',
    "😀",
    "\U0001d4b3é",
    "\u2028",
    "let a = 1\n",
    "Resize(3)",
    " ",
    "#",
    "ab",
)
URI = "untitled:Untitled-1"

Script = Sequence[Sequence[tuple[int, int, str]]]


class Buffer:
    """The editor's own text: code units, cut and put together, with lines that end where the protocol says."""

    def __init__(self, text: str, encoding: str) -> None:
        self.encoding = encoding
        self.characters = list(text)

    def width(self, character: str) -> int:
        """Its code units."""
        bytes_of_unit, codec = {"utf-8": (1, "utf-8"), "utf-16": (2, "utf-16-le"), "utf-32": (4, "utf-32-le")}[
            self.encoding
        ]
        return len(character.encode(codec)) // bytes_of_unit

    def place(self, offset: int) -> types.Position:
        """Line and column of an offset, by walking there."""
        line = column = 0
        for index, character in enumerate(self.characters[:offset]):
            following = self.characters[index + 1 : index + 2]
            if character == "\n" or (character == "\r" and following != ["\n"]):
                line, column = line + 1, 0
            else:
                column += self.width(character)
        return types.Position(line, column)

    def inside(self, offset: int) -> bool:
        """Whether an offset is between the two characters of one line end, where no cursor can be."""
        return self.characters[offset - 1 : offset + 1] == ["\r", "\n"] and offset > 0

    def edit(self, start: int, end: int, text: str) -> types.TextDocumentContentChangePartial:
        """Make an edit; the message that says so."""
        start, end = sorted((start % (len(self.characters) + 1), end % (len(self.characters) + 1)))
        start, end = start - self.inside(start), end + self.inside(end)
        change = types.TextDocumentContentChangePartial(types.Range(self.place(start), self.place(end)), text)
        self.characters[start:end] = text
        return change

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(self.characters)


PLACES, TEXTS = st.integers(0, 300), st.sampled_from(PIECES)
ANYWHERE = st.tuples(PLACES, PLACES, TEXTS)
NEAR = st.builds(lambda at, length, text: (at, at + length, text), PLACES, st.integers(0, 5), TEXTS)
SCRIPTS: st.SearchStrategy[Script] = st.lists(st.lists(NEAR | ANYWHERE, min_size=1, max_size=3), max_size=8)


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
