"""Names: what each file declares, and which declaration a dotted name means.

One `Unit` is one file. Its namespace holds its own declarations, the names its imports bring in, and aliases of whole
files. A `Declared` keeps the unit it stands in, because its own names are looked up there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Literal, TypeAlias

from feedline.compiler.catalogue import constants
from feedline.dsl import tree
from feedline.dsl.diagnostics import Fix, Label, Reporter
from feedline.dsl.frozen import define, field, frozen
from feedline.dsl.rules.names import DuplicateName, ReservedName, UnknownName, WrongKind
from feedline.dsl.rules.values import UnsuitableValue
from feedline.dsl.source import SourceText, Span
from feedline.dsl.suggest import did_you_mean

Kind: TypeAlias = Literal[
    "parameter", "constant", "dataset", "group", "transform", "policy", "loader", "import", "broken"
]
"""What a name stands for. `broken`: something that could not be read; its uses are not blamed."""

KIND_OF: dict[type[tree.Node], Kind] = {
    tree.Param: "parameter",
    tree.Let: "constant",
    tree.Dataset: "dataset",
    tree.Group: "group",
    tree.Transform: "transform",
    tree.Policy: "policy",
    tree.Loader: "loader",
}
"""What a declaration of one name declares."""

_COMPARISONS = 20_000
"""Names compared for suggestions in one check, roughly: enough for every file a person wrote."""

FIELDS = ("label", "category", "path", "width", "height", "area", "iscrowd", "index")
"""The metadata fields that a predicate may name whatever the source."""


@define(eq=False)
class Declared:
    """One declaration: its name, what it is, where it stands. `full_name` is what the whole program calls it."""

    name: str
    kind: Kind
    span: Span
    unit: Unit
    node: tree.Node
    full_name: str = ""
    target: Unit | None = None
    """The file behind the alias of an import; None where it could not be read."""


@define(eq=False)
class Unit:
    """One file: its text, tree and namespace. `folder` is what its relative paths start from."""

    source: SourceText
    tree: tree.SyntaxTree
    folder: Path
    names: dict[str, Declared]
    imports: list[tuple[Unit, str | None]] = field(factory=list)
    """The files it imports, with the alias where there is one."""
    opaque: bool = False
    """A declaration could not be read and has no name, so any unknown name may be that one's."""
    suspects: set[str] = field(factory=set)
    """The names of declarations that could not be read."""

    def own(self, *kinds: Kind) -> Iterator[Declared]:
        """The declarations of this file itself, of these kinds, as written."""
        for declared in self.names.values():
            if declared.unit is self and declared.kind in kinds:
                yield declared


@frozen
class Found:
    """What a dotted name means: a declaration, and the names that follow it (`train` in `o.castings.train`)."""

    declared: Declared
    rest: tuple[tree.Name, ...]
    span: Span


@frozen
class Lost:
    """A dotted name that leads nowhere: `name` is the first part that `unit` does not have.

    `unit` is None where something already reported may be the reason."""

    name: tree.Name
    unit: Unit | None


def enter(unit: Unit, node: tree.Declaration, reporter: Reporter) -> None:
    """Enter what one declaration other than an import declares into the namespace of its file."""
    if isinstance(node, tree.ErrorDeclaration):
        if node.name is None:
            unit.opaque = True
        else:
            unit.suspects.add(node.name)
            unit.names.setdefault(node.name, Declared(node.name, "broken", node.span, unit, node))
    elif kind := KIND_OF.get(type(node)):
        name: tree.Name = node.name  # pyright: ignore[reportAttributeAccessIssue]  # every class in KIND_OF has one
        declare(unit, Declared(name.text, kind, name.span, unit, node), name.span, reporter)


def declare(unit: Unit, declared: Declared, span: Span, reporter: Reporter) -> None:
    """Enter one name, written at `span`, into the namespace of `unit`."""
    name = declared.name
    reserved = name in constants() or (declared.kind == "group" and name in (*FIELDS, "rest"))
    earlier = unit.names.get(name)
    if earlier is not None and earlier.kind == "broken":
        unit.names[name] = declared
    elif earlier is not None:
        reporter.report(
            DuplicateName,
            span,
            f"`{name}` is declared twice",
            label="declared again here",
            secondary=[Label(earlier.span, "first declared here")] if earlier.span != span else [],
            help="give one of them another name",
        )
    elif reserved:
        what = "a field of every sample" if name in FIELDS else "a name of the language"
        reporter.report(ReservedName, span, f"`{name}` is {what} and cannot be declared", help="choose another name")
        declared.kind = "broken"
        unit.names[name] = declared
    else:
        unit.names[name] = declared


def dotted(expr: tree.Expr) -> tuple[tree.Name, ...] | None:
    """The parts of `a` or `a.b.c`; None for any other expression."""
    names: list[tree.Name] = []
    while isinstance(expr, tree.Attribute):
        names.append(expr.name)
        expr = expr.value
    if not isinstance(expr, tree.NameRef):
        return None
    return (tree.Name(expr.span, expr.text), *reversed(names))


def last_part(name: str) -> str:
    """`Resize` of `transforms.Resize`: Python names by their module what the language names alone."""
    return name.rpartition(".")[2]


def look_up(unit: Unit, names: tuple[tree.Name, ...]) -> Found | Lost:
    """What a dotted name means in a file, following aliases of imported files."""
    where = unit
    for number, name in enumerate(names):
        declared = where.names.get(name.text)
        if declared is None:
            return Lost(name, None if where.opaque else where)
        if declared.kind != "import" or number + 1 == len(names):
            return Found(declared, names[number + 1 :], names[0].span.to(name.span))
        if declared.target is None:
            return Lost(name, None)
        where = declared.target
    raise AssertionError("a dotted name has at least one part")


def require(unit: Unit, expr: tree.Expr, kind: Kind, reporter: Reporter, also: Collection[str] = ()) -> Found | None:
    """The declaration of one kind that an expression names, reporting whatever else it is.

    `also` are further words that could stand here, for suggestions."""
    names = dotted(expr)
    if names is None:
        reporter.report(UnsuitableValue, expr.span, f"the name of a {kind} stands here, nothing else")
        return None
    found = look_up(unit, names)
    if isinstance(found, Lost):
        declare = f"declare it: `group {names[0].text} = DATASET where ...`"
        otherwise = declare if kind == "group" and len(names) == 1 else None
        report_lost(found, [kind], reporter, also, otherwise=otherwise)
        return None
    if found.declared.kind == "broken":
        return None
    if found.declared.kind != kind:
        report_wrong_kind(found, kind, reporter)
        return None
    return found


def report_lost(
    lost: Lost,
    kinds: Iterable[Kind],
    reporter: Reporter,
    also: Iterable[str] = (),
    *,
    fix: Fix | None = None,
    otherwise: str | None = None,
) -> None:
    """Say that a name is not declared, with `fix` where it is plain, else the names of the right kinds that are near.

    `otherwise` is the help where no name is near."""
    if lost.unit is None:
        return
    wanted = [*also, *(name for name, declared in lost.unit.names.items() if declared.kind in (*kinds, "import"))]
    # A suggestion compares the name with every other: a generated file of a thousand faults would take minutes.
    affordable = len(reporter.diagnostics) * len(wanted) <= _COMPARISONS
    near = did_you_mean(lost.name.text, wanted) if affordable and fix is None else None
    reporter.report(
        UnknownName,
        lost.name.span,
        f"there is no {' or '.join(kinds)} called `{lost.name.text}`",
        label="not declared",
        help=fix.title if fix else near or otherwise,
        fixes=[fix] if fix else [],
    )


def report_wrong_kind(found: Found, wanted: str, reporter: Reporter, help: str | None = None) -> None:
    """Say that a name is declared as something other than what is wanted."""
    declared = found.declared
    article = "an" if declared.kind == "import" else "a"
    reporter.report(
        WrongKind,
        found.span,
        f"`{declared.name}` is {article} {declared.kind}, not a {wanted}",
        label=f"a {wanted} is needed here",
        secondary=[Label(declared.span, f"`{declared.name}` is declared here")],
        help=help or did_you_mean(declared.name, _names_of(declared.unit, wanted)),
    )


def _names_of(unit: Unit, kind: str) -> list[str]:
    return [name for name, declared in unit.names.items() if declared.kind == kind]
