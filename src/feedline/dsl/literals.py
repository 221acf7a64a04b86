"""What a literal's spelling means: numbers, and strings with their escapes and interpolations.

Both functions return what could be read and hand every fault to `fault(start, end, message, help)`, offsets relative to
the literal, so that they need to know neither files nor diagnostics.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

Fault: TypeAlias = Callable[[int, int, str, str | None], object]

_MAX_DIGITS = 400
"""Longer than any float can be, and far below where Python refuses to convert an integer."""

PLAIN_BACKSLASH = "write `\\\\` for a backslash, or `/` in a path"
_PLAIN_DOLLAR = "write `$${` for the characters `${` themselves"

_STRING_PIECE = re.compile(
    r"""
      (?P<escape>\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.))
    | (?P<dollar>\$\$\{)
    | (?P<open>\$\{(?P<name>[^{}"']*)(?P<close>\}?))
    | (?P<surrogate>[\ud800-\udfff])
    | (?P<text>[^\\$\ud800-\udfff]+|\$)
    """,
    re.VERBOSE | re.DOTALL,
)
_SIMPLE_ESCAPES = {
    **{"n": "\n", "t": "\t", "r": "\r", "0": "\0", "a": "\a", "b": "\b", "f": "\f", "v": "\v"},
    **{"\\": "\\", '"': '"', "'": "'"},
}


def read_number(text: str, fault: Fault) -> int | float:
    """The value of a number's spelling: an int unless it has a point or an exponent."""
    if len(text) > _MAX_DIGITS:
        fault(0, len(text), "this number is too long to be meant", None)
        return 0
    if text.replace("_", "").isdigit():
        return int(text)
    value = float(text)
    if math.isinf(value):
        fault(0, len(text), "this number is larger than any float", None)
        return 0.0
    return value


def read_string(text: str, fault: Fault) -> Iterator[tuple[int, int, str | None, str]]:
    """The pieces of a quoted string as `(start, end, interpolated name or None, text)`, text runs not yet joined."""
    position = 1
    while position < len(text) - 1:
        piece = _STRING_PIECE.match(text, position, len(text) - 1)
        assert piece is not None, text
        position = piece.end()
        start, end = piece.span()
        if piece["escape"]:
            yield start, end, None, _escape(piece["escape"], start, fault)
        elif piece["dollar"]:
            yield start, end, None, "${"
        elif piece["open"]:
            name = _interpolated(piece, fault)
            if name is not None:
                yield start, end, name, ""
        elif piece["surrogate"]:
            fault(start, end, "this character is half of a surrogate pair, not text", None)
        else:
            yield start, end, None, piece["text"]


def _interpolated(piece: re.Match[str], fault: Fault) -> str | None:
    start, end = piece.span()
    name = piece["name"].strip()
    if not piece["close"]:
        fault(start, start + 2, "this `${` has no `}`", _PLAIN_DOLLAR)
        return None
    if not all(word.isidentifier() for word in name.split(".")):
        fault(start, end, "expected a name between `${` and `}`", _PLAIN_DOLLAR)
        return None
    return name


def _escape(escape: str, start: int, fault: Fault) -> str:
    kind, digits = escape[1], escape[2:]
    if digits:
        code = int(digits, 16)
        if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            fault(start, start + len(escape), f"`{escape}` is no character", None)
            return ""
        return chr(code)
    if kind in _SIMPLE_ESCAPES:
        return _SIMPLE_ESCAPES[kind]
    fault(start, start + 2, f"`\\{kind}` is no escape", _PLAIN_DOLLAR if kind == "$" else PLAIN_BACKSLASH)
    return escape
