"""The formatter's work as edits, no larger than they have to be: a cursor between them stays where it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsprotocol import types

from feedline.dsl.layout import format_source
from feedline.dsl.source import Span
from feedline.lsp.documents import Document
from feedline.lsp.positions import Positions

_WHITE = re.compile(r"\s*")
_BLACK = re.compile(r"\S*")


def layout_edits(document: Document, positions: Positions, within: types.Range | None = None) -> list[types.TextEdit]:
    """What lays a text out, or the lines of a range in it."""
    first, last = (within.start.line, within.end.line) if within else (0, len(document.source.line_starts))
    edits: list[types.TextEdit] = []
    for span, text in changes(document.text, format_source(document.text, document.path).text):
        place = positions.range(Span(document.path, span.start, span.end))
        if first <= place.start.line and place.end.line <= last:
            edits.append(types.TextEdit(place, text))
    return edits


def changes(before: str, after: str) -> Iterator[tuple[Span, str]]:
    """The stretches of white space in which two texts differ, and what takes their place there.

    ValueError if they differ in anything else."""
    here = there = 0
    while here < len(before) or there < len(after):
        old, new = _after(_WHITE, before, here), _after(_WHITE, after, there)
        if before[here:old] != after[there:new]:
            yield _smallest(before[here:old], after[there:new], here)
        length = min(_after(_BLACK, before, old) - old, _after(_BLACK, after, new) - new)
        here, there = old + length, new + length
        if not length and (here < len(before) or there < len(after)):
            raise ValueError("the texts differ in more than white space")


def _smallest(old: str, new: str, start: int) -> tuple[Span, str]:
    """A change of `old`, which begins at `start`, to `new`, without what both begin and end with."""
    begin = _shared(old, new)
    end = _shared(old[begin:][::-1], new[begin:][::-1])
    return Span("", start + begin, start + len(old) - end), new[begin : len(new) - end]


def _shared(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((number for number, (a, b) in pairs if a != b), min(len(one), len(other)))


def _after(pattern: re.Pattern[str], text: str, start: int) -> int:
    match = pattern.match(text, start)
    return match.end() if match else start
