"""Ways through a syntax tree by place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lark import Token

from feedline.dsl import tree
from feedline.grammar import CLOSING, OPENING


def path_to(root: tree.Node, offset: int) -> tuple[tree.Node, ...]:
    """The nodes that hold an offset, `root` first and the smallest last. Just behind a node counts as in it, unless
    another begins there."""
    path = [root]
    while True:
        inside = [child for child in tree.children(path[-1]) if child.span.start <= offset <= child.span.end]
        if not inside:
            return tuple(path)
        path.append(next((child for child in inside if offset < child.span.end), inside[-1]))


def bracket_pairs(tokens: Iterable[Token]) -> Iterator[tuple[Token, Token]]:
    """Each bracket with its partner. One without a partner, or with a wrong one, is left out."""
    opened: list[Token] = []
    for token in tokens:
        if token.type in OPENING:
            opened.append(token)
        elif token.type in CLOSING:
            partners = [index for index, opener in enumerate(opened) if OPENING[opener.type] == token.type]
            if partners:
                yield opened[partners[-1]], token
                del opened[partners[-1] :]
