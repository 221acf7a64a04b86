"""How a text that does not fit was probably meant: one line of help for the slips people make."""

from __future__ import annotations

import re
import unicodedata

from lark import Token

_POLICY_WORDS = frozenset(
    {"BATCH", "FORCE", "REST", "EPOCH", "LAST", "ORDER", "PLACES", "UNEVEN", "DISTINCT", "SEED", "BALANCE", "WEIGHT"}
    | {"DRAW", "REPEAT", "BUCKET", "MIX"}
)
_COMPARISONS = frozenset({"EQ", "NE", "LT", "LE", "GT", "GE", "IN", "MATCHES"})
_LOADER_WORDS = frozenset({"SAMPLE", "COLLATE", "ON"})
_ODD_TEXT = {
    "&": "write `and`",
    "&&": "write `and`",
    "|": "write `or`",
    "||": "write `or`",
    "!": "write `not`",
    "\\": "inside `( )` and `[ ]` a line may end anywhere, without a mark",
    "@": "the language has no decorators",
}
COMPARED = "two values are compared with `==`"
_QUOTES = "\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u00ab\u00bb\u0060\u00b4"


def odd_text(token: Token) -> tuple[str, str | None]:
    """Message and help for text that is no token at all."""
    if token[0] in _QUOTES:
        return f"`{token[0]}` does not begin a string", 'put strings in straight quotes: `"..."`'
    if len(token) == 1 and not token.isprintable():
        name = unicodedata.name(token, "a control character").lower()
        return f"the invisible character U+{ord(token):04X} ({name}) means nothing here", "delete it"
    shown = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in token[:20])
    return f"`{shown}` means nothing here", _ODD_TEXT.get(str(token))


def odd_text_meant(token: Token) -> str | None:
    """What to put in the place of text that is no token, where that is plain."""
    if len(token) == 1 and not token.isprintable():
        return "" if unicodedata.category(token) == "Cf" else " "
    return {"&": "and", "&&": "and", "|": "or", "||": "or"}.get(str(token))


def odd_number(token: Token) -> str | None:
    """Help for a word that begins with a digit."""
    if token[:2].lower() in ("0x", "0b", "0o"):
        return "numbers are decimal"
    return "no name begins with a digit" if re.fullmatch(r"[0-9]+[^\W\d_]\w*", token) else None


def slip(found: Token, previous: Token | None, expected: frozenset[str]) -> str | None:
    """Help for a token that looks like another language's habit."""
    ends = bool(expected & {"_END", "$END"})
    if found.type == "EQ" and "ASSIGN" in expected:
        return "a value is given with one `=`"
    if found.type == "ASSIGN" and "EQ" in expected:
        return COMPARED
    if previous == "lambda":
        return 'a file has no functions; write it in Python and name it: `python("package.module:function")`'
    if found.type == "LBRACE" and previous is not None and previous.type in ("ASSIGN", "COMMA", "LPAR", "LSQB"):
        return "a file has no dictionaries and no sets: give one value, or a list such as `[0, 0, 0]`"
    if found.type == "COLON" and "LBRACE" in expected:
        return "a block stands in braces: `{ ... }`"
    if found.type == "COLON" and "ASSIGN" in expected:
        return "a value is given with `=`"
    if found.type == "COMMA" and ends:
        return "statements are separated by a new line or `;`"
    if found.type in _COMPARISONS and ends | ("RPAR" in expected) and found.type not in expected:
        return "join comparisons with `and`: `a < b and b < c`"
    if found.type in ("FLOOR", "SLASH") and not expected & {"FLOOR", "SLASH"}:
        return "a comment begins with `#`"
    if found.type == "STRING" and previous is not None and previous.end_pos == found.start_pos:
        return 'strings have no prefixes; `"${name}"` puts a value into a string'
    if found.type in ("_END", "$END") and previous is not None and previous.type in ("COMMA", "PLUS", "AND", "OR"):
        return "a statement ends at the end of its line, except inside `( )` and `[ ]`"
    return None


def sampling_slip(found: Token, previous: Token | None, expected: frozenset[str]) -> str | None:
    """Help for a sampling statement whose words are not quite in place."""
    apart = run_together(previous)
    if apart is not None and found.type == "NUMBER":
        return f"write `{apart}`"
    if found.type == "RANKS" and "ACROSS" in expected:
        return "write `across ranks`"
    if found.type == "ACROSS":
        return "`across ranks` stands right after the size of the batch"
    if previous is not None and previous.type == "OF" and "EACH" in expected:
        return "a group stands alone (`force 3 defects per 8`), values of a field after `of each`"
    if previous is not None and previous.type == "EACH" and "PER" in expected:
        return "write `of each`: `force 1 of each label in (0, 1) per 8`"
    if {"COMMA", "PER"} <= expected and found.type not in ("_END", "$END"):
        return "parts are separated by commas: `mix real 3, synthetic 1 per 8`"
    return None


def run_together(word: Token | None) -> str | None:
    """`at most` for `atmost` and `at_most`, and so for `at least`."""
    plain = "" if word is None else word.lower().replace("_", "")
    return {"atmost": "at most", "atleast": "at least"}.get(plain)


_SAMPLE_WORDS = {
    "shuffle": "order shuffled",
    "shuffled": "order shuffled",
    "random": "order shuffled",
    "batch_size": "batch 64",
    "drop_last": "last drop",
    "drop": "last drop",
}
"""What `DataLoader`'s words are in a `sample` block."""


def misplaced(block: str | None, first: Token, found: Token, following: Token | None) -> str | None:
    """Help for a statement that belongs in another block. `block` is the grammar's rule for statements of this one."""
    direct = following is first or found is following
    if (
        block in ("loader_statement", "policy_statement")
        and first.type == "BATCH"
        and found.type == "LBRACE"
        and direct
    ):
        return "`batch { ... }` belongs at the end of the loader's `transform { ... }`"
    if block == "loader_statement" and first.type in _POLICY_WORDS | {"FROM"} and direct:
        return f"`{first}` belongs in the loader's `sample {{ ... }}`"
    if block == "loader_statement" and found.type == "LPAR" and direct:
        return "transform steps belong in the loader's `transform { ... }`"
    if block == "loader_statement" and first.type == "TRANSFORM" and found.type == "LBRACE":
        return "a transform inside a loader has no name; declare it outside to give it one"
    if block == "loader_statement" and first.type == "TRANSFORM" and found.type == "LPAR":
        return "steps stand in braces: `transform { ... }`"
    if block == "policy_statement" and str(first) in _SAMPLE_WORDS:
        return f"write `{_SAMPLE_WORDS[str(first)]}`"
    if block == "policy_statement" and first.type in ("BATCH", "SEED") and found.type == "ASSIGN" and direct:
        return f"write it without `=`, such as `{'batch 64' if first.type == 'BATCH' else 'seed 7'}`"
    if block == "policy_statement" and found is first and following is not None and following.type == "ASSIGN":
        return f"options such as `{first}` belong in the loader, beside `sample`"
    if block == "declaration" and found is first and first.type in _LOADER_WORDS | _POLICY_WORDS:
        return f"`{first}` belongs inside a loader"
    return None
