"""What a selection grows to, step by step: word, argument, call, step, block, declaration, file."""

from __future__ import annotations

from collections.abc import Iterator

from feedline.compiler.ide.analysis import Analysis
from feedline.compiler.ide.nodes import bracket_pairs
from feedline.dsl.source import Span
from feedline.dsl.tokens import offsets

_NO_WORD = frozenset({"SPACE", "NEWLINE"})


def selection(analysis: Analysis, offset: int) -> tuple[Span, ...]:
    """The spans around an offset, the smallest first; each holds the one before it."""
    spans = {node.span for node in analysis.at(offset)}
    spans.update(_words(analysis, offset))
    spans.update(_brackets(analysis, offset))
    whole = Span(analysis.path, 0, len(analysis.text))
    around = sorted(
        (span for span in {*spans, whole} if span.start <= offset <= span.end), key=lambda span: span.end - span.start
    )
    chosen: list[Span] = []
    for span in around:
        last = chosen[-1] if chosen else span
        if span.start <= last.start and last.end <= span.end:
            chosen.append(span)
    return tuple(chosen)


def _words(analysis: Analysis, offset: int) -> list[Span]:
    """The token at the offset and, of a string, what is inside its quotes."""
    found: list[Span] = []
    for at in (offset, offset - 1):
        token = analysis.token_at(at) if at >= 0 else None
        if token is not None and token.type not in _NO_WORD:
            start, end = offsets(token)
            found.append(Span(analysis.path, start, end))
            if token.type == "STRING" and start < offset < end:
                found.append(Span(analysis.path, start + 1, end - 1))
            break
    return found


def _brackets(analysis: Analysis, offset: int) -> Iterator[Span]:
    """The insides of the brackets around the offset, and the brackets with them."""
    for opener, closer in bracket_pairs(analysis.significant):
        (begin, inside), (closes, end) = offsets(opener), offsets(closer)
        if inside <= offset <= closes:
            yield Span(analysis.path, inside, closes)
            yield Span(analysis.path, begin, end)
