"""Giving something that a file declares another name, everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import frozen

from feedline.compiler import catalogue
from feedline.compiler.ide.analysis import Analysis
from feedline.compiler.ide.places import is_field
from feedline.compiler.ide.references import references
from feedline.compiler.ide.table import Reference, Symbol, part_symbols
from feedline.compiler.names import FIELDS
from feedline.dsl.diagnostics import Edit
from feedline.dsl.source import Span
from feedline.grammar import RESERVED, keyword_types, tokens


@frozen
class Renamable:
    """A name that can be changed, and where it stands."""

    span: Span
    name: str


class RenameError(Exception):
    """The new name will not do; the message says why, in the words of diagnostics."""


def prepare_rename(analysis: Analysis, offset: int) -> Renamable | None:
    """The name at an offset, None where there is none that a file declares."""
    here = analysis.table.at(offset)
    if here is None or not here.symbol.renamable:
        return None
    return Renamable(here.span, here.symbol.name)


def rename(analysis: Analysis, offset: int, name: str, others: Iterable[Analysis] = ()) -> tuple[Edit, ...]:
    """The edits that give the name at an offset another name, in this file and the others.

    Raises RenameError where the new name is no name, means something already, or would be shadowed."""
    here = analysis.table.at(offset)
    if here is None or not here.symbol.renamable:
        raise RenameError("nothing that a file declares stands here")
    found = references(analysis, offset, others := tuple(others))
    _check(here.symbol, name, found, (analysis, *others))
    return tuple(Edit(reference.span, name) for reference in found if here.symbol.name != name)


def _check(symbol: Symbol, name: str, found: Sequence[Reference], analyses: Sequence[Analysis]) -> None:
    if not name.strip():
        raise RenameError("the new name is empty")
    if not _is_name(name):
        raise RenameError(f"`{name}` is no name")
    if name in keyword_types().values() and (name in RESERVED or symbol.kind != "part"):
        # Some keywords could be names here and there; a name that reads as a keyword helps nobody.
        raise RenameError(f"`{name}` is a word of the language")
    if symbol.kind == "part":
        assert symbol.declared is not None  # a part's is its data set
        if name != symbol.name and any(part.name == name for part in part_symbols(analyses[0].ctx, symbol.declared)):
            raise RenameError(f"`{symbol.declared.name}` has a part called `{name}` already")
        return
    if name in catalogue.constants() or (symbol.kind == "group" and name in (*FIELDS, "rest")):
        raise RenameError(f"`{name}` is a name of the language")
    for analysis in analyses:
        if any(place.names[0].text == name and is_field(place, analysis.main) for place in analysis.places):
            raise RenameError(f"`{name}` is a field that a condition names")
        values = (place for place in analysis.places if place.role == "value" and len(place.names) == 1)
        if symbol.kind in ("parameter", "constant") and any(place.names[0].text == name for place in values):
            raise RenameError(f"`{name}` is a word that stands for a value already")
    paths = {reference.span.path for reference in found}
    for analysis in analyses:
        for unit in analysis.ctx.units:
            taken = unit.names.get(name)
            if taken is not None and unit.source.path in paths and name != symbol.name:
                raise RenameError(f"`{unit.source.path}` has a {taken.kind} called `{name}` already")


def _is_name(text: str) -> bool:
    found = list(tokens(text))
    return len(found) == 1 and (found[0].type == "NAME" or text in keyword_types().values()) and text.isidentifier()
