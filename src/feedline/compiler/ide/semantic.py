"""What each word of a file is, for colours that a grammar alone cannot give."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from feedline.compiler import catalogue
from feedline.compiler.ide.analysis import Analysis
from feedline.compiler.ide.calls import argument_words, entry_of
from feedline.compiler.ide.places import Place, is_field
from feedline.compiler.ide.table import Reference
from feedline.compiler.lints.deprecated import DEPRECATED
from feedline.dsl.source import Span
from feedline.dsl.tokens import offsets
from feedline.grammar import keyword_types

TYPES = (
    *("keyword", "operator", "number", "string", "comment", "variable", "parameter", "property", "function", "class"),
    *("type", "enumMember", "namespace"),
)
"""The protocol's names of the kinds of tokens that a file has. Data sets and transforms of the catalogue are classes,
what the file declares variables, named chains and policies functions, fields properties."""

MODIFIERS = ("declaration", "readonly", "defaultLibrary", "deprecated")

_OF_SYMBOLS = {
    **dict.fromkeys(("dataset", "group", "loader", "broken"), "variable"),
    **dict.fromkeys(("transform", "policy"), "function"),
    **{"parameter": "parameter", "constant": "variable", "import": "namespace", "part": "property"},
}
_OPERATORS = frozenset(
    {"PLUS", "MINUS", "STAR", "SLASH", "FLOOR", "MODULO", "POWER", "EQ", "NE", "LT", "LE", "GT", "GE", "ASSIGN"}
)
_PLAIN = {
    **{"COMMENT": "comment", "STRING": "string", "BAD_STRING": "string", "NUMBER": "number", "PERCENT": "number"},
    **dict.fromkeys(_OPERATORS, "operator"),
}


@frozen
class SemanticToken:
    """A word and what it is: one of `TYPES`, some of `MODIFIERS`. It does not go over the end of a line."""

    span: Span
    type: str
    modifiers: tuple[str, ...] = ()


def semantic_tokens(analysis: Analysis, start: int = 0, end: int | None = None) -> tuple[SemanticToken, ...]:
    """What each word of a file is, or of what stands between two offsets; in order, none over another."""
    last = len(analysis.text) if end is None else end
    named = {token.span.start: token for token in _names(analysis)}
    found: list[SemanticToken] = []
    for token in analysis.tokens:
        begin, stop = offsets(token)
        if stop <= start or begin >= last:
            continue
        if begin in named:
            found.append(named[begin])
        elif token.type == "STRING" and "${" in token:
            found += _string(begin, stop, named, analysis.path)
        elif kind := _kind(token.type):
            found.append(SemanticToken(Span(analysis.path, begin, stop), kind))
    return tuple(found)


def _kind(type: str) -> str | None:
    if type in keyword_types():
        return "keyword"
    return _PLAIN.get(type)


def _string(begin: int, stop: int, named: dict[int, SemanticToken], path: str) -> Iterator[SemanticToken]:
    """A string in pieces between the names that it holds."""
    inside = sorted((at, token) for at, token in named.items() if begin < at < stop)
    for at, token in inside:
        yield SemanticToken(Span(path, begin, at), "string")
        yield token
        begin = token.span.end
    yield SemanticToken(Span(path, begin, stop), "string")


def _names(analysis: Analysis) -> Iterator[SemanticToken]:
    known = {reference.span.start: reference for reference in analysis.table.references}
    for place in analysis.places:
        for number, name in enumerate(place.names):
            reference = known.get(name.span.start)
            if reference is not None:
                yield _of_reference(reference)
            elif type := _of_place(analysis, place, number):
                old = ("deprecated",) if place.role == "function" and name.text == DEPRECATED else ()
                library = ("defaultLibrary",) if type in ("class", "enumMember", "type") else ()
                yield SemanticToken(name.span, type, (*library, *old))


def _of_reference(reference: Reference) -> SemanticToken:
    symbol = reference.symbol
    modifiers = ("declaration",) if reference.defines else ()
    readonly = ("readonly",) if symbol.kind in ("constant", "parameter") else ()
    return SemanticToken(reference.span, _OF_SYMBOLS[symbol.kind], (*modifiers, *readonly))


def _of_place(analysis: Analysis, place: Place, number: int) -> str | None:
    """The kind of a name that nothing declares."""
    name = place.names[number].text
    match place.role:
        case "function":
            entry = entry_of(name)
            capital = entry is not None and name[:1].isupper()
            return "class" if capital else "function"
        case "argument":
            return "parameter"
        case "option" | "field" | "part":
            return "property"
        case "collate":
            return "enumMember"
        case "type":
            return "type"
        case "word":
            return "keyword"
        case "declares" | "imports":
            return "variable"
    if name == "rest":
        return "keyword"
    if is_field(place, analysis.main):
        return "property"
    if place.names[0].text in catalogue.constants():
        return "property" if number else "namespace"
    known = place.role == "value" and len(place.names) == 1 and name in argument_words()
    return "enumMember" if known else "variable"
