"""A whole text laid out, but for what cannot be read: that stays as it was."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from attrs import frozen
from lark import Token

from feedline.dsl import tree
from feedline.dsl.diagnostics import Diagnostic
from feedline.dsl.layout.aligned import align, comment_columns
from feedline.dsl.layout.items import read
from feedline.dsl.layout.lines import Layout
from feedline.dsl.source import SourceText, Span
from feedline.dsl.tokens import legible, offsets
from feedline.grammar import tokens

_MARK = "\ufeff"
_WHITE = re.compile(r"\s+")


@frozen
class Formatted:
    """A text laid out. `left`: the declarations that could not be read and stay as they were; `faults` says why."""

    text: str
    left: tuple[Span, ...] = ()
    faults: tuple[Diagnostic, ...] = ()


def format_source(text: str, path: str = "<text>") -> Formatted:
    """The text in the layout of all `.pipe` files. Only white space changes; line ends stay those of the first line.

    Raises nothing for what the text says: what cannot be read is left alone."""
    body = text.removeprefix(_MARK)
    stream = list(tokens(text, without=("SPACE",)))
    left: tuple[Span, ...] = ()
    faults: tuple[Diagnostic, ...] = ()
    if legible(stream):
        made = _lines(stream)
    else:
        # Imported here: a right file has no use for it.
        from feedline.dsl.pieces import parse_faults

        result = parse_faults(stream, SourceText(path, text))
        faults = tuple(item for item in result.diagnostics if item.severity == "error")
        left = tuple(_unreadable(text, result.tree, faults))
        made = _layout(text, stream, left)
    if _WHITE.sub("", made) != _WHITE.sub("", body):
        # Never expected; a formatter that loses a token would be worse than none.
        return Formatted(text, (Span(path, 0, len(text)),), faults)
    if "\r\n" in body.split("\n", 1)[0] + "\n":
        made = made.replace("\n", "\r\n")
    return Formatted(_MARK * (body != text) + made, left, faults)


def _unreadable(text: str, found: tree.SyntaxTree, faults: Iterable[Diagnostic]) -> Iterator[Span]:
    """The declarations of a text that hold something that cannot be read, as whole lines."""
    wrong = [item.span for item in faults if item.span is not None]
    for declaration in found.declarations:
        span = declaration.span
        if isinstance(declaration, tree.ErrorDeclaration) or any(_meet(span, other) for other in wrong):
            yield _whole_lines(text, span)
    yield from (_whole_lines(text, span) for span in wrong)


def _meet(one: Span, other: Span) -> bool:
    return one.start <= other.end and other.start <= one.end


def _whole_lines(text: str, span: Span) -> Span:
    end = text.find("\n", max(span.end - 1, span.start))
    return Span(span.path, text.rfind("\n", 0, span.start) + 1, len(text) if end < 0 else end + 1)


def _layout(text: str, stream: Sequence[Token], left: tuple[Span, ...]) -> str:
    """What can be read laid out, the lines in between as they are."""
    starts = [offsets(token)[0] for token in stream]
    pieces: list[str] = []
    position = len(text) - len(text.removeprefix(_MARK))

    def between(end: int, *, last: bool = False) -> str:
        words = stream[bisect_left(starts, position) : bisect_left(starts, end)]
        return _between(text[position:end], words, first=not pieces, last=last)

    for span in sorted(left, key=lambda span: (span.start, span.end)):
        if span.end > position:
            pieces += [between(span.start), text[max(span.start, position) : span.end]]
            position = span.end
    pieces.append(between(len(text), last=True))
    return "".join(pieces)


def _lines(stream: Iterable[Token]) -> str:
    """Whole declarations laid out."""
    layout = Layout()
    layout.block(read(stream))
    lines = layout.lines
    align(lines)
    columns = comment_columns(lines)
    written: list[str] = []
    for number, line in enumerate(lines):
        comment = f"{line.text:<{columns[number]}}{line.comment}" if line.comment else line.text
        written.append(f"\n{comment}\n" if line.blank_before else f"{comment}\n")
    return "".join(written)


def _between(text: str, stream: Sequence[Token], *, first: bool, last: bool) -> str:
    """Whole declarations before, between or after others that stay, with a blank line at either end where there was
    one."""
    if not legible(stream):
        return text
    made = _lines(stream)
    head, tail = re.match(r"\s*", text), re.search(r"\s*\Z", text)
    if not made:
        return "\n" if text.count("\n") and not (first or last) else ""
    before = "\n" if not first and head and head.group().count("\n") else ""
    after = "\n" if not last and tail and tail.group().count("\n") > 1 else ""
    return before + made + after
