"""What an editor can fold: blocks, long calls, runs of comments and of imports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from attrs import frozen

from feedline.compiler.ide.analysis import Analysis
from feedline.compiler.ide.nodes import bracket_pairs
from feedline.dsl import tree
from feedline.dsl.source import Span
from feedline.dsl.tokens import offsets


@frozen
class Fold:
    """Lines to fold, counted from 0: `first` stays, the others go, `last` among them."""

    first: int
    last: int
    kind: Literal["region", "comment", "imports"]
    span: Span


def folding(analysis: Analysis) -> tuple[Fold, ...]:
    """Every fold of a file, by its first line, one a line and kind."""
    found = [*_brackets(analysis), *_comments(analysis), *_imports(analysis)]
    by_line = {(fold.first, fold.kind): fold for fold in reversed(found)}
    return tuple(sorted(by_line.values(), key=lambda fold: (fold.first, -fold.last)))


def _brackets(analysis: Analysis) -> Iterator[Fold]:
    """From each bracket to the line before that of its partner, which stays to show the end."""
    for opener, closer in bracket_pairs(analysis.significant):
        yield from _fold(analysis, "region", offsets(opener)[0], offsets(closer)[1], keep_last=True)


def _comments(analysis: Analysis) -> Iterator[Fold]:
    """Comments on lines of their own, one below the other."""
    run: list[int] = []
    source = analysis.source
    for token in analysis.tokens:
        if token.type != "COMMENT":
            continue
        line, column = source.position(offsets(token)[0])
        alone = not source.line(line)[: column - 1].strip()
        if alone and run and line == run[-1] + 1:
            run.append(line)
            continue
        yield from _lines(analysis, "comment", run)
        run = [line] if alone else []
    yield from _lines(analysis, "comment", run)


def _imports(analysis: Analysis) -> Iterator[Fold]:
    nodes = [node for node in analysis.tree.declarations if isinstance(node, tree.Import)]
    declarations = analysis.tree.declarations
    run = [node for node, other in zip(nodes, declarations, strict=False) if node is other]
    if run:
        yield from _fold(analysis, "imports", run[0].span.start, run[-1].span.end, keep_last=False)


def _fold(
    analysis: Analysis, kind: Literal["region", "comment", "imports"], start: int, end: int, *, keep_last: bool
) -> Iterator[Fold]:
    first = analysis.source.position(start)[0] - 1
    last = analysis.source.position(max(start, end - 1))[0] - 1 - keep_last
    if last > first:
        yield Fold(first, last, kind, Span(analysis.path, start, end))


def _lines(analysis: Analysis, kind: Literal["comment"], lines: list[int]) -> Iterator[Fold]:
    if len(lines) > 1:
        starts = analysis.source.line_starts
        end = starts[lines[-1]] - 1 if lines[-1] < len(starts) else len(analysis.text)
        yield Fold(lines[0] - 1, lines[-1] - 1, kind, Span(analysis.path, starts[lines[0] - 1], end))
