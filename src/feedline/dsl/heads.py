"""Where declarations begin, as far as their first tokens show: what recovery cuts a broken text by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lark import Token

from feedline.dsl.brackets import stay_open
from feedline.dsl.source import SourceText
from feedline.dsl.tokens import is_head, is_name, offsets
from feedline.grammar import CLOSING, KEYWORDS, OPENING, SEPARATORS


def begins_declaration(tokens: Sequence[Token]) -> bool:
    """Whether `tokens` begin with the keyword of a declaration and, for one that is also a statement, a name."""
    first = tokens[0]
    if first not in KEYWORDS["declaration"]:
        return False
    return first.type != "TRANSFORM" or (len(tokens) > 1 and is_name(tokens[1]))


def _hides_head(token: Token) -> bool:
    """Whether a lone quote has taken the beginning of a declaration with it."""
    words = token[1:].split() if token.type == "BAD_STRING" else []
    return len(words) > 1 and words[0] in KEYWORDS["declaration"]


def cut(tokens: Sequence[Token], source: SourceText) -> Iterable[list[Token]]:
    """The tokens in chunks, each from one clear head at the start of a line to the next.

    Inside brackets a head counts if its line is indented no more than the line of the outermost of them, so that a
    named block written inside a loader by mistake is not taken for a new declaration. In a chunk whose brackets stay
    open to its end, every head counts, also after a `;`.
    """
    for chunk in _cut(tokens, source, trusting=False):
        yield from _cut(chunk, source, trusting=True) if stay_open(chunk) else [chunk]


def declared_names(tokens: Sequence[Token]) -> list[str | None]:
    """The names that a declaration which cannot be read seems to declare; `[None]` if none can be made out."""
    kind = tokens[0].type
    if kind == "IMPORT":
        words = [token for token in tokens[1:] if is_name(token) and token.type != "AS"]
        return [str(token) for token in words] or [None]
    if kind == "SPLIT" and not is_head(tokens):
        return [None]  # the second word may be anything
    if tokens[0] in KEYWORDS["declaration"] and len(tokens) > 1 and is_name(tokens[1]):
        return [str(tokens[1])]
    return [None]


def _cut(tokens: Sequence[Token], source: SourceText, trusting: bool) -> Iterable[list[Token]]:
    chunk: list[Token] = []
    depth, outermost, indent, line = 0, 0, 0, -1
    for index, token in enumerate(tokens):
        if token.type not in SEPARATORS:
            here, column = source.position(offsets(token)[0])
            begins = here != line or (trusting and chunk and chunk[-1].type == "SEMICOLON")
            head = is_head(tokens, index) or _hides_head(token)
            if begins and chunk and head and (trusting or depth == 0 or column <= outermost):
                yield chunk
                chunk, depth = [], 0
            if here != line:
                line, indent = here, column
            if token.type in OPENING:
                outermost = outermost if depth else indent
                depth += 1
            elif token.type in CLOSING:
                depth = max(0, depth - 1)
        chunk.append(token)
    if chunk:
        yield chunk
