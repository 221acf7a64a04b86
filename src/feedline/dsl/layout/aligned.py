"""Columns: in lines that follow one another `=` stands below `=`, and comments below comments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from feedline.dsl.layout.lines import Line


def align(lines: Sequence[Line]) -> None:
    """Pad the heads of lines of one kind to one width."""
    for run in _runs(lines, lambda line: bool(line.kind), lambda one, other: one.kind == other.kind):
        width = max(len(line.head) for line in run)
        for line in run:
            line.head = line.head.ljust(width)


def comment_columns(lines: Sequence[Line]) -> dict[int, int]:
    """The column of each comment beside a line, by the line's place."""
    place = {id(line): number for number, line in enumerate(lines)}
    columns: dict[int, int] = {}
    for run in _runs(lines, lambda line: bool(line.comment), lambda one, other: not (_is_edge(one) or _is_edge(other))):
        column = max(len(line.text) for line in run) + 2
        columns.update((place[id(line)], column) for line in run)
    return columns


def _is_edge(line: Line) -> bool:
    """Whether a line opens or closes brackets: a comment beside it is about what they hold."""
    return line.text.endswith(("{", "(", "[")) or line.head.startswith(("}", ")", "]"))


def _runs(
    lines: Sequence[Line], belongs: Callable[[Line], bool], alike: Callable[[Line, Line], bool]
) -> Iterator[list[Line]]:
    """Lines of one depth directly below each other."""
    run: list[Line] = []
    for before, line in pairwise([Line(-1, ""), *lines]):
        if run and not (
            belongs(line) and line.depth == before.depth and not line.blank_before and alike(run[-1], line)
        ):
            yield run
            run = []
        if belongs(line):
            run.append(line)
    if run:
        yield run
