"""The tokens near a place, without those of the whole text: what is asked after each keystroke needs few of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lark import Token

from feedline.dsl.diagnostics import Reporter
from feedline.dsl.source import SourceText
from feedline.dsl.tokens import is_head, offsets, scan
from feedline.grammar import KEYWORDS, SILENT, tokens

_HEAD = re.compile(rf"^(?=(?:{'|'.join(KEYWORDS['declaration'])})\b)", re.MULTILINE)


def token_at(source: SourceText, offset: int) -> Token | None:
    """The token that the character at an offset belongs to, white space and comments too. No token goes over the end of
    a line, so its line is enough."""
    line, _ = source.position(offset)
    for token in tokens(source.text, source.line_starts[line - 1]):
        if offsets(token)[1] > offset:
            return token if offsets(token)[0] <= offset else None
    return None


def tokens_after(source: SourceText, offset: int) -> Iterator[Token]:
    """The tokens that the parser reads, newlines all, from an offset on that no token goes over."""
    return tokens(source.text, offset, without=SILENT)


def piece_before(source: SourceText, at: int) -> list[Token]:
    """The tokens before an offset, from where a line clearly begins with a declaration, the last such line."""
    starts = [match.start() for match in _HEAD.finditer(source.text, 0, at)]
    for start in reversed([0, *starts]):
        found = _scanned(source, start, at)
        if start == 0 or (found and is_head(found)):
            return found
    return []


def _scanned(source: SourceText, start: int, end: int) -> list[Token]:
    found = scan(source.text[start:end], source.path, Reporter())
    return [_moved(token, start) for token in found]


def _moved(token: Token, by: int) -> Token:
    start, end = offsets(token)
    return Token(token.type, str(token), start + by, end_pos=end + by)
