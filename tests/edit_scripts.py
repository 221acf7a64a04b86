"""Random edits of a text as an editor makes and sends them, for tests of who receives them."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st
from lsprotocol import types

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
"""Messages, each of some edits: from where to where, and what takes the place."""
