"""What to say where a text does not fit: what was expected there, in words, and how to put it right.

What is expected is read off the parser's tables: the tokens that would fit, and for each of them which rules of the
grammar could begin with it. The grammar has a rule for each role a thing can play (`force_count`, `part_name`), so the
words for a role (`roles.py`) are all that is written by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from lark import Token

from feedline.dsl.brackets import Fault, closing_edit
from feedline.dsl.diagnostics import Edit, Fix, Label, Reporter, Rule
from feedline.dsl.frozen import field, frozen
from feedline.dsl.hints import (
    COMPARED,
    misplaced,
    odd_number,
    odd_text,
    odd_text_meant,
    run_together,
    sampling_slip,
    slip,
)
from feedline.dsl.literals import PLAIN_BACKSLASH
from feedline.dsl.roles import ROLES
from feedline.dsl.rules.syntax import BadLiteral, TooDeep, UnexpectedText, UnknownText, UnmatchedBracket
from feedline.dsl.source import SourceText, Span
from feedline.dsl.suggest import did_you_mean, suggest
from feedline.dsl.tokens import GARBAGE, MAX_DEPTH, offsets
from feedline.grammar import Reading, keyword_types, spellings

_STATEMENTS = (
    *("declaration", "step", "branch", "view", "policy_statement", "loader_statement"),
    *("group_weight", "field_collate"),
)
_CONTINUATIONS = frozenset(
    {"OR", "AND", "NOT", "EQ", "NE", "LT", "LE", "GT", "GE", "IN", "MATCHES", "PLUS", "MINUS", "STAR", "SLASH", "FLOOR"}
    | {"MODULO", "POWER", "DOT", "LPAR", "LSQB"}
)
"""What may always follow a value, and so is worth saying only where nothing else could."""

_INSERTED = frozenset({"ASSIGN", "FROM", "INTO", "BY", "PER", "WITH", "OF", "EACH"})
_QUIET = frozenset({"AT", "FOLDS", "ACROSS"})
"""What is rarely meant; a list of what is missing is clearer without it."""
_BESIDE = {"group_ref": "OF"}
"""What is rarely meant where a role could stand as well."""

_PHRASES = {
    **{"STRATIFIED": "`stratified by`", "GROUPED": "`grouped by`", "FORCED": "`forced first`"},
    **{"_END": "a new line", "$END": "a new line"},
    **{"NAME": "a name", "NUMBER": "a number", "PERCENT": "a percentage", "STRING": "a string"},
}
_ORDER = ("ASSIGN", "LBRACE", "COMMA", "_END", "$END", "RPAR", "RSQB", "RBRACE")

_SHOWN = 28
"""So many characters of the source are quoted in a message at most."""


@frozen
class Problem:
    """What is wrong somewhere, ready to be told."""

    rule: type[Rule]
    start: int
    end: int
    message: str
    label: str = ""
    help: str | None = None
    fix: tuple[str, int, int, str] | None = None
    """Title, start, end and new text of an edit that puts it right."""
    sure: bool = False
    """Whether it is plain that nothing else was meant."""
    secondary: tuple[tuple[int, int, str], ...] = ()

    def report(self, path: str, reporter: Reporter) -> None:
        """Make it a diagnostic about the text that is shown as `path`."""
        fixes = []
        if self.fix is not None:
            title, start, end, text = self.fix
            fixes.append(Fix(title, (Edit(Span(path, start, end), text),), self.sure))
        labels = [Label(Span(path, start, end), text) for start, end, text in self.secondary]
        where = Span(path, self.start, self.end)
        reporter.report(self.rule, where, self.message, label=self.label, help=self.help, fixes=fixes, secondary=labels)


@frozen
class Place:
    """Where a token does not fit: the automaton's stack before it, the state in which the statement at hand began, and
    the tokens of the declaration with the indices of the one that does not fit and of the statement's first."""

    reading: Reading = field(repr=False)
    stack: list[Any]
    start_state: Any
    tokens: Sequence[Token]
    index: int
    start: int
    source: SourceText = field(repr=False)

    @property
    def found(self) -> Token:
        """The token that does not fit, or a `$END` just after the last one."""
        if self.index < len(self.tokens):
            return self.tokens[self.index]
        return Token("$END", "", offsets(self.tokens[-1])[1], end_pos=offsets(self.tokens[-1])[1])

    @property
    def first(self) -> Token:
        """The first token of the statement at hand."""
        return self.tokens[self.start] if self.start < len(self.tokens) else self.found

    @property
    def previous(self) -> Token | None:
        """The token before the one that does not fit, in the same statement."""
        return self.tokens[self.index - 1] if self.index > self.start else None

    @property
    def block(self) -> str | None:
        """The grammar's rule for the statements among which this one stands."""
        row = self.reading.row(self.start_state)
        return next((rule for rule in _STATEMENTS if rule in row), None)


def unexpected(place: Place) -> Problem:
    """The problem of a token that does not fit."""
    found = place.found
    if found.type.startswith("BAD_"):
        return _bad_token(found)
    if misspelt := _misspelt_first_word(place):
        return misspelt
    expected = _expected(place)
    words = _in_words(place, expected)
    opening = _opens_block(place) if words == ["`{`"] else ""
    after = opening or (f" after {_before(place)}" if place.previous is not None else "")
    start, end = _where(place)
    kinds = frozenset(expected)
    near = _near(found, [word for kind, word in keyword_types().items() if kind in kinds])
    following = place.tokens[place.start + 1] if place.start + 1 < len(place.tokens) else None
    help = (
        (did_you_mean(found, near) if near else None)
        or misplaced(place.block, place.first, found, following)
        or slip(found, place.previous, kinds)
        or sampling_slip(found, place.previous, kinds)
    )
    fix = _fix(place, kinds, near, help)
    sign = fix is not None and fix[3].strip() in ("=", "==")
    if sign and _opens_later(place, end):
        fix = None
    return Problem(
        UnexpectedText,
        start,
        end,
        f"expected {_any_of(words)}{after}, found {_describe(found, place.source)}",
        label=f"expected {_any_of(words)}",
        help=help,
        fix=fix,
        sure=fix is not None and sign,
    )


def _opens_later(place: Place, end: int) -> bool:
    """Whether a `{` follows on the line: then a form was meant, not a value."""
    return "{" in place.source.text[end:].partition("\n")[0]


def not_on_new_line(place: Place) -> Problem:
    """The problem of two statements on one line with nothing between them."""
    start, end = offsets(place.found)
    if place.block == "declaration":
        return Problem(UnexpectedText, start, end, "a declaration begins on a new line", "put this on a new line")
    after = offsets(place.tokens[place.index - 1])[1]
    return Problem(
        UnexpectedText,
        start,
        end,
        f"expected a new line or `;` after {_before(place)}, found {_describe(place.found, place.source)}",
        label="another statement begins here",
        fix=("insert `;`", after, after, ";"),
    )


def bracket_fault(fault: Fault, source: SourceText) -> Problem:
    """The problem of a bracket without its partner."""
    start, end = offsets(fault.token)
    if fault.kind == "unclosed":
        others = tuple((*offsets(token), "nor is this one") for token in fault.other)
        fix = None if fault.other else closing_edit(fault, source)
        message = f"this `{fault.token}` is never closed"
        return Problem(UnmatchedBracket, start, end, message, "never closed", fix=fix, secondary=others)
    if fault.kind == "stray":
        return Problem(UnmatchedBracket, start, end, f"this `{fault.token}` closes nothing", "closes nothing")
    if fault.kind == "mismatched":
        opener = fault.other[0]
        closer = spellings()[{"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}[opener.type]]
        message = f"expected `{closer}` to close `{opener}`, found `{fault.token}`"
        where = ((*offsets(opener), "opened here"),)
        fix = (f"write `{closer}`", start, end, closer)
        return Problem(UnmatchedBracket, start, end, message, f"expected `{closer}`", fix=fix, secondary=where)
    name = source.text[end : fault.place].split()
    what = f"{fault.token} `{name[0]}`" if name and fault.token.type in ("LOADER", "TRANSFORM", "POLICY") else ""
    message = f"expected `{{` to open the block of {what or f'`{fault.token}`'}"
    fix = ("insert `{`", fault.place, fault.place, " {")
    return Problem(UnexpectedText, fault.place, fault.place, message, "expected `{`", fix=fix)


def beyond_limit(token: Token) -> Problem:
    """The problem of a text that is nested too deeply, or is no text."""
    start, end = offsets(token)
    if token.type == GARBAGE:
        help = "is this a `.pipe` file, saved as UTF-8?"
        return Problem(UnknownText, start, end, "too much of this text means nothing; the rest was not read", help=help)
    message = f"brackets or operators are nested more than {MAX_DEPTH} deep"
    help = "give parts of it names with `let`, `group` or `transform`"
    return Problem(TooDeep, start, end, message, "too deep from here on", help=help)


def _bad_token(token: Token) -> Problem:
    start, end = offsets(token)
    if token.type == "BAD_STRING":
        help = PLAIN_BACKSLASH if token.endswith("\\") else None
        message = f"this string has no closing `{token[0]}`"
        return Problem(BadLiteral, start, end, message, "ends with its line", help=help)
    if token.type == "BAD_NUMBER":
        return Problem(BadLiteral, start, end, f"`{_short(token)}` is no number", help=odd_number(token))
    message, help = odd_text(token)
    meant = odd_text_meant(token)
    fix = None if meant is None or help is None else (help, start, end, meant)
    return Problem(UnknownText, start, end, message, help=help, fix=fix, sure=True)


def _misspelt_first_word(place: Place) -> Problem | None:
    """A statement that fails later because its first word is not quite a keyword."""
    first, row = place.first, place.reading.row(place.start_state)
    if first.type != "NAME" or place.index == place.start or place.block is None:
        return None
    if place.tokens[place.start + 1].type in ("ASSIGN", "LPAR", "DOT"):
        return None
    near = _near(first, [word for kind, word in keyword_types().items() if kind in row])
    if not near:
        return None
    start, end = offsets(first)
    kind = ROLES[place.block].removeprefix("a ")
    return Problem(
        UnexpectedText,
        start,
        end,
        f"`{first}` begins no {kind}",
        label="unknown word",
        help=did_you_mean(first, near),
        fix=(f"write `{near[0]}`", start, end, near[0]),
    )


# ---- what would fit


def _expected(place: Place) -> dict[str, Any]:
    """The types of the tokens that would fit, each with the state it would be read in."""
    landings = {
        kind: place.reading.landing(list(place.stack), kind)
        for kind in place.reading.row(place.stack[-1])
        if kind == kind.upper() and kind != "ERROR"
    }
    return {kind: state for kind, state in landings.items() if state is not None}


def _in_words(place: Place, expected: dict[str, Any]) -> list[str]:
    """What would fit, as a person says it, without repeats: roles first, then single tokens."""
    roles: dict[str, None] = {}
    others: list[str] = []
    for kind, state in expected.items():
        row = place.reading.row(state)
        role = next((role for role in ROLES if role in row and kind in place.reading.first(role)), None)
        if role is not None:
            roles[role] = None
        else:
            others.append(kind)
    if roles.keys() & _STATEMENTS:
        others = []
    others = [kind for kind in others if not any(_BESIDE.get(role) == kind for role in roles)]
    meant = {"IN"} - ({"IN"} if "EQ" in expected else set())  # after a field, not between two values
    plain = [kind for kind in others if kind in meant or kind not in _CONTINUATIONS | _QUIET]
    plain = plain or ([] if roles else others)
    tokens = [
        _PHRASES.get(kind) or f"`{spellings()[kind]}`"
        for kind in sorted(plain, key=lambda kind: (_ORDER.index(kind) + 1 if kind in _ORDER else 0, kind))
    ]
    return list(dict.fromkeys([*(words for role, words in ROLES.items() if role in roles), *tokens]))


def _near(found: Token, words: Sequence[str]) -> list[str]:
    """The keywords that a name may have been meant for. One of two letters is near only with its letters swapped."""
    if found.type != "NAME":
        return []
    if found == "random" and "shuffled" in words:
        return ["shuffled"]
    return [word for word in suggest(found, words) if len(word) > 2 or sorted(word) == sorted(found)]


def _any_of(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else words[0]


# ---- what is there


def _where(place: Place) -> tuple[int, int]:
    """The span to point at: the token, or the place just after the last one if the line ends there."""
    if place.found.type in ("_END", "$END") and place.index:
        end = offsets(place.tokens[place.index - 1])[1]
        return end, end
    return offsets(place.found)


def _describe(token: Token, source: SourceText) -> str:
    if token.type == "$END":
        rest = source.text[offsets(token)[0] :].strip()
        return "the end of the line" if rest else "the end of the file"
    if token.type == "_END":
        return "`;`" if token == ";" else "the end of the line"
    return f"`{_short(token)}`"


def _before(place: Place) -> str:
    """The statement so far, quoted, or if that is long its last token."""
    assert place.previous is not None
    start, end = offsets(place.first)[0], offsets(place.previous)[1]
    so_far = " ".join(place.source.text[start:end].split())
    return f"`{so_far if len(so_far) <= _SHOWN else _short(place.previous)}`"


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def _opens_block(place: Place) -> str:
    """` to open the block of loader `train`` where `{` is all that is missing."""
    name = place.tokens[place.start + 1] if place.index > place.start + 1 else None
    if place.first.type in ("LOADER", "POLICY") or (place.first.type == "TRANSFORM" and place.block == "declaration"):
        return f" to open the block of {place.first} `{name}`" if name is not None else ""
    return f" to open the block of `{place.first}`"


def _fix(
    place: Place, expected: Iterable[str], near: Sequence[str], help: str | None
) -> tuple[str, int, int, str] | None:
    """The edit that puts it right where there is only one: a near keyword, another sign, or the one missing token."""
    found, missing = place.found, [kind for kind in expected if kind not in _CONTINUATIONS]
    if near:
        return f"write `{near[0]}`", *offsets(found), near[0]
    apart = run_together(place.previous)
    if apart is not None and place.previous is not None:
        return f"write `{apart}`", *offsets(place.previous), apart
    if found.type in ("EQ", "COLON") and missing == ["ASSIGN"]:
        beside = place.previous is not None and offsets(place.previous)[1] == offsets(found)[0]
        return "write `=`", *offsets(found), " =" if beside else "="
    if found.type == "ASSIGN" and help == COMPARED:
        return "write `==`", *offsets(found), "=="
    if help is not None or len(missing) != 1 or missing[0] not in _INSERTED or place.previous is None:
        return None
    at, stack = offsets(place.previous)[1], list(place.stack)
    place.reading.landing(stack, missing[0])
    if place.reading.landing(stack, place.reading.kind(found, stack)) is None:
        return None  # more is missing than that
    return f"insert `{spellings()[missing[0]]}`", at, at, f" {spellings()[missing[0]]}"
