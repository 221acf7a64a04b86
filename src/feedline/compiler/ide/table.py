"""What each name of a file refers to, and where else that is named."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Literal, TypeAlias

from attrs import define, field, frozen

from feedline.compiler.context import Context
from feedline.compiler.ide.calls import argument_words
from feedline.compiler.ide.places import Place, Places, is_field
from feedline.compiler.names import Declared, Kind, Unit
from feedline.dsl import tree
from feedline.dsl.source import Span

SymbolKind: TypeAlias = Kind | Literal["part"]


@frozen
class Symbol:
    """Something that a file declares. `span` is its name there, by which it is told from others: two analyses that
    reach one file have equal symbols for it. `whole` is the declaration."""

    name: str
    kind: SymbolKind
    span: Span
    whole: Span = field(eq=False)
    declared: Declared | None = field(default=None, eq=False, repr=False)
    """The declaration, where the name is one's own; of a part, its data set's."""
    node: tree.Node | None = field(default=None, eq=False, repr=False)
    renamable: bool = field(default=True, eq=False)


@frozen
class Reference:
    """A name in the text, and what it refers to."""

    span: Span
    symbol: Symbol
    defines: bool = False


@define(eq=False, slots=False)
class Table:
    """The references of one file, in the order of its text."""

    references: tuple[Reference, ...]

    def at(self, offset: int) -> Reference | None:
        """The reference that an offset is in or just behind."""
        index = bisect_right(self._starts, offset) - 1
        for found in reversed(self.references[max(0, index - 1) : index + 1]):
            if found.span.start <= offset <= found.span.end:
                return found
        return None

    def of(self, symbol: Symbol) -> tuple[Reference, ...]:
        """Every reference to a symbol."""
        return tuple(self._by_symbol.get(symbol, ()))

    @cached_property
    def _starts(self) -> list[int]:
        return [reference.span.start for reference in self.references]

    @cached_property
    def _by_symbol(self) -> Mapping[Symbol, list[Reference]]:
        found: dict[Symbol, list[Reference]] = {}
        for reference in self.references:
            found.setdefault(reference.symbol, []).append(reference)
        return found


def table_of(ctx: Context, unit: Unit, places: Places) -> Table:
    """The table of a file of a compilation. Where parts of a dotted name are known, each has its own reference."""
    parts = [part for dataset, split in ctx.splits.items() if split.unit is unit for part in part_symbols(ctx, dataset)]
    references = _References(ctx, unit, {part.span: part for part in parts})
    found = [reference for place in places for reference in references.at(place)]
    return Table(tuple(sorted(found, key=lambda reference: reference.span.start)))


def symbol_of(declared: Declared) -> Symbol:
    """The symbol of a declaration."""
    return Symbol(
        declared.name, declared.kind, declared.span, declared.node.span, declared, declared.node,
        renamable=declared.kind != "broken",
    )  # fmt: skip


def part_symbols(ctx: Context, declared: Declared) -> tuple[Symbol, ...]:
    """The parts of a data set, in order; `train` and `val` of folds."""
    split = ctx.split_of(declared)
    node = None if split is None else split.node
    if not isinstance(node, tree.Split):
        return ()
    if node.folds is not None:
        names = [tree.Name(node.folds.span, name) for name in ("train", "val")]
        return tuple(Symbol(n.text, "part", n.span, node.span, declared, node, renamable=False) for n in names)
    parts = (*node.parts, *node.values)
    return tuple(Symbol(part.name.text, "part", part.name.span, part.span, declared, part) for part in parts)


@frozen
class _References:
    ctx: Context
    unit: Unit
    parts: Mapping[Span, Symbol]
    """The parts that this file's splits make, by the place of their names."""

    def at(self, place: Place) -> Iterator[Reference]:
        """The references in one place: none for words of the language, fields and what is not declared."""
        match place.role:
            case "declares" | "imports":
                yield from self._own(place)
            case "part":
                if place.span in self.parts:
                    yield Reference(place.span, self.parts[place.span], defines=True)
            case "word" | "type" | "option" | "argument" | "collate" | "function":
                return
            case _:
                if not is_field(place, self.unit):
                    yield from self._dotted(place)

    def _own(self, place: Place) -> Iterator[Reference]:
        name = place.names[0]
        declared = self.unit.names.get(name.text)
        if declared is None:
            return
        if place.role == "imports":
            yield Reference(name.span, symbol_of(declared))
        elif declared.span == name.span and declared.unit is self.unit:
            yield Reference(name.span, symbol_of(declared), defines=True)

    def _dotted(self, place: Place) -> Iterator[Reference]:
        where: Unit | None = self.unit
        rest = list(place.names)
        while rest and where is not None:
            name = rest.pop(0)
            declared = where.names.get(name.text)
            if declared is None or (place.role == "value" and _is_word(place, declared)):
                return
            yield Reference(name.span, symbol_of(declared))
            if declared.kind == "dataset" and rest:
                yield from self._of_part(declared, rest[0])
            where = declared.target

    def _of_part(self, declared: Declared, name: tree.Name) -> Iterator[Reference]:
        for symbol in part_symbols(self.ctx, declared):
            if symbol.name == name.text:
                yield Reference(name.span, symbol)


def _is_word(place: Place, declared: Declared) -> bool:
    """Whether a value is a word that an argument knows, although something that is no value is called like it."""
    valued = declared.kind in ("parameter", "constant", "broken")
    return not valued and len(place.names) == 1 and declared.name in argument_words()
