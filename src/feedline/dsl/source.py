"""Source texts and positions in them: every line and column that feedline prints is computed here."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping

from feedline.dsl.frozen import define, field, frozen

_LINE_END = re.compile(r"\r\n|\n|\r")


@frozen
class Span:
    """A stretch of one source text: `path` names the text, `start` and `end` are code point offsets, end exclusive."""

    path: str
    start: int
    end: int

    def to(self, other: Span) -> Span:
        """The smallest span that holds this one and `other`."""
        return Span(self.path, min(self.start, other.start), max(self.end, other.end))


@define
class SourceText:
    """One text with the name it is shown under. A line ends at \\n, \\r\\n or \\r and nowhere else."""

    path: str
    text: str
    _starts: list[int] | None = field(default=None, init=False, repr=False, eq=False)

    @property
    def line_starts(self) -> list[int]:
        """The offset at which each line begins."""
        if self._starts is None:
            self._starts = [0, *(match.end() for match in _LINE_END.finditer(self.text))]
        return self._starts

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both from 1, the column in code points."""
        offset = max(0, min(offset, len(self.text)))
        line = bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of line `number` (from 1), without its line end."""
        start = self.line_starts[number - 1]
        end = self.line_starts[number] if number < len(self.line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")


@define
class Sources(Mapping[str, SourceText]):
    """The texts that took part in a compilation, by the path they are shown under."""

    _texts: dict[str, SourceText] = field(factory=dict)

    def add(self, source: SourceText) -> None:
        """Take in a text, in place of one with the same path."""
        self._texts[source.path] = source

    def __getitem__(self, path: str) -> SourceText:
        return self._texts[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)
