"""Which two tokens of one line have a space between them."""

from __future__ import annotations

from feedline.dsl.layout.items import Brackets, Item, Word
from feedline.grammar import keyword_types

_BEFORE_OPERAND = frozenset(
    {
        *("ASSIGN", "COMMA", "COLON", "EQ", "NE", "LT", "LE", "GT", "GE", "IN", "AND", "OR", "NOT", "MATCHES"),
        *("PLUS", "MINUS", "STAR", "SLASH", "FLOOR", "MODULO", "POWER"),
    }
)
"""After these a sign belongs to the number that follows."""
_ENDS_OPERAND = frozenset({"NAME", "NUMBER", "PERCENT", "STRING", "TRUE", "FALSE", "NONE"})


def space_between(before: Item, after: Item, *, arguments: bool, sign: bool) -> bool:
    """Whether a space stands between two items. `arguments`: they stand in `( )` or `[ ]`; `sign`: `before` is a sign
    rather than an operator."""
    if isinstance(after, Word):
        if after.kind in ("COMMA", "SEMICOLON", "DOT"):
            return False
        if after.kind == "COLON" or (after.kind == "ASSIGN" and arguments):
            return False
    if isinstance(before, Word):
        if before.kind == "DOT" or sign:
            return False
        if before.kind == "ASSIGN" and arguments:
            return False
    if isinstance(after, Brackets) and after.open in ("(", "["):
        return not _belongs(before, after)
    return True


def _belongs(before: Item, bracket: Brackets) -> bool:
    """Whether a bracket calls or indexes what stands before it."""
    if isinstance(before, Brackets):
        return before.open in ("(", "[") and bracket.open == "["
    if before.kind in ("NAME", "STRING"):
        # `import "a.pipe" (b)` has a space, `f(x)` none.
        return before.kind == "NAME"
    # A keyword may be a name here: the writer knew which.
    return before.kind in keyword_types() and before.kind not in _BEFORE_OPERAND and bracket.glued


def is_sign(before: Item | None, item: Item) -> bool:
    """Whether `+` or `-` is the sign of what follows, given what stands before it."""
    if not isinstance(item, Word) or item.kind not in ("PLUS", "MINUS"):
        return False
    if before is None:
        return True
    return isinstance(before, Word) and before.kind not in _ENDS_OPERAND and not _may_be_name(before)


def _may_be_name(word: Word) -> bool:
    return word.kind in keyword_types() and word.kind not in _BEFORE_OPERAND
