"""A text as tokens and brackets, with what the writer's own white space says: line ends, blank lines, glued ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from attrs import define, field
from lark import Token

from feedline.grammar import CLOSING, OPENING


@define(eq=False)
class Word:
    """A token that is neither a bracket nor white space. Comments are words too."""

    kind: str
    text: str
    line_ends: int
    """Line ends between it and what stands before it."""
    glued: bool = False
    """Nothing at all stands between it and what is before it."""


@define(eq=False)
class Brackets:
    """A pair of brackets and what is inside."""

    open: str
    close: str
    inside: list[Item] = field(factory=list)
    line_ends: int = 0
    """Before the opening bracket."""
    glued: bool = False
    last_line_ends: int = 0
    """Before the closing one."""

    broken: bool = False
    """Spread over several lines, however short it is."""

    @property
    def is_block(self) -> bool:
        """Whether line ends inside separate statements."""
        return self.open == "{"


Item: TypeAlias = "Word | Brackets"


def read(stream: Iterable[Token]) -> list[Item]:
    """The items of a text's tokens, white space left out. Its brackets match: the parser accepts it."""
    stack: list[Brackets] = [Brackets("", "")]
    line_ends, end = 0, -1
    for token in stream:
        kind, glued = token.type, token.start_pos == end
        if kind == "NEWLINE":
            line_ends += _count(token)
            continue
        if kind in OPENING:
            made = Brackets(str(token), "", [], line_ends, glued)
            stack[-1].inside.append(made)
            stack.append(made)
        elif kind in CLOSING:
            closed = stack.pop()
            closed.close, closed.last_line_ends = str(token), line_ends
            closed.broken = _is_broken(closed)
        else:
            stack[-1].inside.append(Word(kind, _text(token), line_ends, glued))
        line_ends, end = 0, token.end_pos or 0
    return stack[0].inside


def _is_broken(brackets: Brackets) -> bool:
    """Whether the writer's own lines, a comment or a comma after the last argument keep brackets open."""
    inside = brackets.inside
    if any(item.kind == "COMMENT" if isinstance(item, Word) else item.broken for item in inside):
        return True
    if brackets.is_block:
        return bool(inside) and (brackets.last_line_ends > 0 or any(item.line_ends for item in inside))
    last = inside[-1] if inside else None
    return isinstance(last, Word) and last.kind == "COMMA" and brackets.last_line_ends > 0


def _count(token: Token) -> int:
    """How many line ends one token of them holds."""
    return token.replace("\r\n", "\n").replace("\r", "\n").count("\n")


def _text(token: Token) -> str:
    return token.rstrip() if token.type == "COMMENT" else str(token)


def split_lines(items: Sequence[Item]) -> Iterator[list[Item]]:
    """The lines that a block's statements stand on: several statements where `;` separates them."""
    line: list[Item] = []
    for item in items:
        if item.line_ends and line:
            yield line
            line = []
        line.append(item)
    if line:
        yield line
