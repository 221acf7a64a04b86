"""Places in a text as the protocol counts them: lines from 0, columns in the code units of the session.

pygls has this too, but ends lines at form feeds, and is at a loss at the end of a text and in an empty one.
"""

from __future__ import annotations

from attrs import frozen
from lsprotocol import types

from feedline.dsl.source import SourceText, Span

_WIDTHS = {"utf-8": (0x80, 0x800, 0x10000), "utf-16": (0x10000,), "utf-32": ()}
"""From which code points on a character takes one unit more. A lone half of a pair is a character."""


@frozen
class Positions:
    """The places of one text. `encoding` is `utf-8`, `utf-16` or `utf-32`."""

    source: SourceText
    encoding: str = "utf-16"

    def offset(self, position: types.Position) -> int:
        """The code point offset of a position. One behind its line's end is at it, one behind the last line at the end
        of the text, one inside a character before it."""
        starts = self.source.line_starts
        if position.line >= len(starts):
            return len(self.source.text)
        line = self.source.line(position.line + 1)
        start = starts[position.line]
        if self._plain(line):
            return start + min(position.character, len(line))
        units = 0
        for column, character in enumerate(line):
            units += self._units(character)
            if units > position.character:
                return start + column
        return start + len(line)

    def position(self, offset: int) -> types.Position:
        """The position of a code point offset."""
        line, column = self.source.position(offset)
        start = self.source.line_starts[line - 1]
        return types.Position(line - 1, self.width(start, start + column - 1))

    def width(self, start: int, end: int) -> int:
        """The units between two code point offsets."""
        text = self.source.text
        # Of a whole text Python knows whether it is ASCII, of a part it has to look.
        if self._plain(text) or self._plain(text[start:end]):
            return end - start
        return sum(map(self._units, text[start:end]))

    def range(self, span: Span) -> types.Range:
        """The range of a span of this text."""
        return types.Range(self.position(span.start), self.position(span.end))

    def span(self, range: types.Range) -> Span:
        """The span of a range, its ends in order."""
        start, end = self.offset(range.start), self.offset(range.end)
        return Span(self.source.path, min(start, end), max(start, end))

    def _plain(self, text: str) -> bool:
        return self.encoding == "utf-32" or text.isascii()

    def _units(self, character: str) -> int:
        return 1 + sum(ord(character) >= bound for bound in _WIDTHS[self.encoding])
