"""Where a name is declared, and where it is used: in this file, in those it imports, and in others that are open."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from feedline.compiler.ide.analysis import Analysis
from feedline.compiler.ide.links import import_at
from feedline.compiler.ide.table import Reference, Symbol
from feedline.dsl.source import Span


@frozen
class Definition:
    """Where something is declared: its name, and the whole declaration. `origin` is the name that led there."""

    origin: Span
    name: Span
    whole: Span


def definition(analysis: Analysis, offset: int) -> Definition | None:
    """Where the name at an offset is declared. The path of an import leads to its file's beginning."""
    reference = analysis.table.at(offset)
    if reference is not None:
        symbol = reference.symbol
        if symbol.kind == "import" and symbol.declared is not None and symbol.declared.target and reference.defines:
            return _beginning(reference.span, symbol.declared.target.source.path)
        return Definition(reference.span, symbol.span, symbol.whole)
    found = import_at(analysis, offset)
    return None if found is None else _beginning(*found)


def references(
    analysis: Analysis, offset: int, others: Iterable[Analysis] = (), *, declaration: bool = True
) -> tuple[Reference, ...]:
    """Every use of the name at an offset, and where it is declared. `others` are analyses of other files, which may
    import this one or the same ones."""
    here = analysis.table.at(offset)
    if here is None:
        return ()
    found = _everywhere(here.symbol, (analysis, *others))
    return tuple(reference for reference in found if declaration or not reference.defines)


def highlights(analysis: Analysis, offset: int) -> tuple[Reference, ...]:
    """The uses of the name at an offset in its own file."""
    here = analysis.table.at(offset)
    return () if here is None else analysis.table.of(here.symbol)


def _everywhere(symbol: Symbol, analyses: Iterable[Analysis]) -> list[Reference]:
    found: dict[Span, Reference] = {}
    for analysis in analyses:
        for table in analysis.tables:
            for reference in table.of(symbol):
                found.setdefault(reference.span, reference)
    return sorted(found.values(), key=lambda reference: (reference.span.path, reference.span.start))


def _beginning(origin: Span, path: str) -> Definition:
    return Definition(origin, Span(path, 0, 0), Span(path, 0, 0))
