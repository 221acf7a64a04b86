"""Draws source lines with marks under them: the part of a rendered message between its headline and its notes.

A mark lies on one line (`^^^` or `---`, its label beside or below it) or spans several (a bar down the left margin).
Cells on the screen come from `rich.cells`, so marks stand under their text beside tabs, wide and combining ones.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence

from rich.cells import cell_len

from feedline.dsl.frozen import define, field, frozen
from feedline.dsl.source import SourceText, Span

Paint = Callable[[str, str], str]
"""`paint(text, style)`, style one of primary, secondary, gutter, fix: the text, coloured where colour was asked for."""

_TAB = "    "
_ELLIPSIS = "..."
# Characters that would reorder what stands beside them (Trojan Source); a message must show what the file holds.
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def visible(text: str) -> str:
    """The text as it can be shown: tabs as spaces, control characters as pictures, nothing a terminal would obey."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_visible, text))


def _visible(character: str) -> str:
    if character == "\t":
        return _TAB
    if character < " ":
        return chr(0x2400 + ord(character))
    if character in _BIDI or unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp"):
        return "\ufffd"
    return character


@frozen
class Mark:
    """A span as first and last line and the offsets within them, with its label. `style` is one that `Paint` knows."""

    first: int
    start: int
    last: int
    end: int
    sign: str
    style: str
    text: str = ""

    @property
    def multiline(self) -> bool:
        """Whether it is drawn as a bar in the margin."""
        return self.first != self.last

    def on(self, line: int) -> tuple[int, int]:
        """What must be in view on the first or the last line of the mark."""
        if not self.multiline:
            return self.start, self.end
        return (self.start, self.start + 1) if line == self.first else (max(0, self.end - 1), self.end)


def mark(source: SourceText, span: Span, sign: str, style: str, text: str = "") -> Mark:
    """The mark of a span: one that takes in a line end stops before it, one past the end of the text is at the end."""
    first, column = source.position(span.start)
    start = min(column - 1, len(source.line(first)))
    last, column = source.position(max(span.start, span.end))
    end = min(column - 1, len(source.line(last)))
    while last > first and end == 0:
        last -= 1
        end = len(source.line(last))
    return Mark(first, start, last, max(end, start) if first == last else end, sign, style, visible(text))


@frozen
class _Shown:
    """What is shown of one line: the code points `low` to `high`, with an ellipsis where something was cut."""

    line: str
    low: int
    high: int

    @property
    def _lead(self) -> str:
        return _ELLIPSIS if self.low else ""

    @property
    def text(self) -> str:
        tail = _ELLIPSIS if self.high < len(self.line) else ""
        return (self._lead + visible(self.line[self.low : self.high]) + tail).rstrip()

    def column(self, offset: int) -> int:
        """The cell, from 0, in which the character at `offset` begins."""
        return len(self._lead) + cell_len(visible(self.line[self.low : max(self.low, min(offset, self.high))]))

    def cells(self, start: int, end: int) -> tuple[int, int]:
        """First cell and number of cells (at least one) of a stretch of the line."""
        first = self.column(start)
        return first, max(1, self.column(end) - first)


def _show(line: str, focus: Sequence[tuple[int, int]], width: int) -> _Shown:
    """Cut a line that is wider than `width` around the stretches in `focus`, the most important first."""
    if len(line) <= width * 4 and cell_len(visible(line)) <= width:
        return _Shown(line, 0, len(line))
    room = width - 2 * len(_ELLIPSIS)
    low = min((start for start, _ in focus), default=0)
    high = max((end for _, end in focus), default=0)
    if high - low > room and focus:
        low, high = focus[0]
    # Zero cells wide: a combining character, which stays with the one before it.
    sizes: dict[int, int] = {}

    def size(index: int) -> int:
        if index not in sizes:
            sizes[index] = cell_len(visible(line[index]))
        return sizes[index]

    def grow_right(index: int, stop: int, budget: int) -> tuple[int, int]:
        while index < stop and size(index) <= budget:
            budget -= size(index)
            index += 1
        return index, budget

    def grow_left(index: int, budget: int) -> tuple[int, int]:
        while index > 0 and size(index - 1) <= budget:
            budget -= size(index - 1)
            index -= 1
        return index, budget

    low = min(low, len(line))
    end, room = grow_right(low, min(high, len(line)), room)
    start, spare = grow_left(low, room // 2)
    end, room = grow_right(end, len(line), room - room // 2 + spare)
    start, _ = grow_left(start, room)
    while 0 < start < len(line) and size(start) == 0:
        start += 1
    return _Shown(line, start, end)


@define
class _Canvas:
    """One row being drawn: a character and a style for each cell."""

    cells: list[tuple[str, str]] = field(factory=list)

    def put(self, column: int, text: str, style: str) -> None:
        self.cells.extend([(" ", "")] * (column + len(text) - len(self.cells)))
        self.cells[column : column + len(text)] = [(character, style) for character in text]

    def render(self, paint: Paint) -> str:
        runs: list[tuple[str, str]] = []
        for character, style in self.cells:
            if runs and runs[-1][1] == style:
                runs[-1] = (runs[-1][0] + character, style)
            else:
                runs.append((character, style))
        return "".join(paint(text, style) if style else text for text, style in runs)


@define
class Snippet:
    """The marked lines of one source text, drawn under a gutter of line numbers."""

    source: SourceText
    marks: Sequence[Mark]
    gutter: int
    paint: Paint
    width: int
    rows: list[str] = field(factory=list, init=False)
    _slots: dict[Mark, int] = field(factory=dict, init=False)

    def draw(self) -> list[str]:
        """The rows, each with its gutter, a blank gutter row first."""
        self._assign_slots()
        self.rows.append(blank_gutter(self.gutter, self.paint))
        previous = None
        for number in self._lines():
            if previous is not None and number > previous + 1:
                bars = _Canvas()
                self._bars(bars, [m for m in self._slots if m.first <= previous and number <= m.last])
                hole = self.paint(_ELLIPSIS, "gutter") + " " * self.gutter
                self.rows.append((hole + bars.render(self.paint)).rstrip())
            self._draw_line(number)
            previous = number
        return self.rows

    @property
    def _base(self) -> int:
        """The cell in which code begins: two for every bar in the margin."""
        return 2 * (max(self._slots.values(), default=-1) + 1)

    def _assign_slots(self) -> None:
        ends: list[int] = []
        for item in sorted((m for m in self.marks if m.multiline), key=lambda m: (m.first, -m.last)):
            slot = next((index for index, end in enumerate(ends) if end < item.first), len(ends))
            ends[slot : slot + 1] = [item.last]
            self._slots[item] = slot

    def _lines(self) -> list[int]:
        """The lines worth showing: where marks begin and end, a little of what is between, and holes of one line."""
        wanted: set[int] = set()
        for item in self.marks:
            short = item.last - item.first <= 4
            between = range(item.first, item.last + 1) if short else (item.first + 1, item.last - 1)
            wanted.update((item.first, item.last, *between))
        wanted.update([line + 1 for line in wanted if line + 2 in wanted])
        return sorted(wanted)

    def _row(self, canvas: _Canvas, number: int | None = None) -> None:
        label = "" if number is None else str(number)
        margin = self.paint(f"{label:>{self.gutter}} |", "gutter")
        self.rows.append(f"{margin} {canvas.render(self.paint)}".rstrip())

    def _bars(self, canvas: _Canvas, active: Iterable[Mark]) -> None:
        for item in active:
            canvas.put(2 * self._slots[item], "|", item.style)

    def _draw_line(self, number: int) -> None:
        line = self.source.line(number)
        here = sorted((m for m in self.marks if number in (m.first, m.last)), key=lambda m: m.style != "primary")
        shown = _show(line, [m.on(number) for m in here], self.width)
        opening = [m for m in self._slots if m.first == number]
        slashed = [m for m in opening if not line[: m.start].strip()]
        active = [m for m in self._slots if m.first < number <= m.last]
        canvas = _Canvas()
        self._bars(canvas, active)
        for item in slashed:
            canvas.put(2 * self._slots[item], "/", item.style)
        canvas.put(self._base, shown.text, "")
        self._row(canvas, number)
        active += slashed
        self._draw_marks([m for m in here if not m.multiline], shown, active)
        for item in opening:
            if item not in slashed:
                self._draw_corner(item, shown.column(item.start), active, opens=True)
                active.append(item)
        for item in [m for m in self._slots if m.last == number]:
            self._draw_corner(item, shown.column(max(0, item.end - 1)), active, opens=False)
            active.remove(item)

    def _draw_corner(self, item: Mark, column: int, active: list[Mark], *, opens: bool) -> None:
        canvas = _Canvas()
        slot = 2 * self._slots[item]
        column += self._base
        canvas.put(slot + 1, "_" * (column - slot - 1), item.style)
        canvas.put(column, item.sign, item.style)
        self._bars(canvas, active)
        if not opens and item.text:
            canvas.put(column + 2, item.text, item.style)
        self._row(canvas)

    def _draw_marks(self, marks: list[Mark], shown: _Shown, active: list[Mark]) -> None:
        """The row of signs, the last label beside it, the others below, each under a bar from its mark."""
        if not marks:
            return
        base, canvas = self._base, _Canvas()
        self._bars(canvas, active)
        cells = {m: shown.cells(m.start, m.end) for m in marks}
        # A mark within another is drawn over it, and of two alike the primary one over the other.
        for item in sorted(marks, key=lambda m: (-cells[m][1], m.style == "primary")):
            start, size = cells[item]
            canvas.put(base + start, item.sign * size, item.style)
        beside = max(marks, key=lambda m: (sum(cells[m]), m.style == "primary"))
        if beside.text:
            canvas.put(len(canvas.cells) + 1, beside.text, beside.style)
        self._row(canvas)
        hanging = sorted((m for m in marks if m.text and m is not beside), key=lambda m: cells[m][0])
        if not hanging:
            return
        self._hang(hanging, cells, active, label=False)
        while hanging:
            self._hang(hanging, cells, active, label=True)
            hanging.pop()

    def _hang(
        self, hanging: list[Mark], cells: dict[Mark, tuple[int, int]], active: list[Mark], *, label: bool
    ) -> None:
        """A row of bars under `hanging`; with `label` the rightmost bar gives way to its text."""
        canvas = _Canvas()
        self._bars(canvas, active)
        for item in hanging:
            canvas.put(self._base + cells[item][0], "|", item.style)
        if label:
            canvas.put(self._base + cells[hanging[-1]][0], hanging[-1].text, hanging[-1].style)
        self._row(canvas)


def blank_gutter(gutter: int, paint: Paint) -> str:
    """A gutter row without a number."""
    return paint(f"{'':{gutter}} |", "gutter")
