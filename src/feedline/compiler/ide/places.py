"""Where names stand in a tree, and what stands there: a dataset, a field, a value, a step.

The tree alone says it, so this works in a file where nothing else does. What a name refers to is for `table` to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, TypeAlias

from attrs import fields, frozen

from feedline.compiler.names import FIELDS, Unit, dotted
from feedline.dsl import tree
from feedline.dsl.source import Span

Role: TypeAlias = Literal[
    "declares", "imports", "part", "value", "source", "dataset", "group", "policy", "transform", "predicate", "field",
    "field or group", "group or dataset", "function", "argument", "option", "collate", "type", "word",
]  # fmt: skip
"""What stands at a place. `source`: a data set or the call of one; `predicate`: a field, a group or a truth value;
`function`: what is called; `word`: a word of the language that is a name to the grammar."""


@frozen
class Place:
    """A name, or a dotted one, where it stands. `call` is the call that a function or an argument belongs to."""

    names: tuple[tree.Name, ...]
    role: Role
    call: tree.Call | None = None

    @property
    def span(self) -> Span:
        """The whole dotted name."""
        return self.names[0].span.to(self.names[-1].span)


Places: TypeAlias = tuple[Place, ...]

_ROLES: dict[tuple[type[tree.Node], str], Role] = {
    (tree.Dataset, "source"): "source",
    (tree.Group, "dataset"): "dataset",
    (tree.Group, "predicate"): "predicate",
    (tree.Split, "dataset"): "dataset",
    (tree.Split, "by"): "field",
    (tree.Split, "stratified_by"): "field or group",
    (tree.Split, "grouped_by"): "field",
    (tree.Loader, "dataset"): "dataset",
    (tree.Force, "group"): "group",
    (tree.ForceEach, "by"): "field",
    (tree.MixPart, "what"): "group or dataset",
    (tree.EpochPass, "over"): "group or dataset",
    (tree.BalanceBy, "by"): "field",
    (tree.WeightBy, "by"): "field",
    (tree.Draw, "by"): "field",
    (tree.RepeatFactor, "by"): "field",
    (tree.BucketBy, "by"): "field",
    (tree.GroupWeight, "group"): "group",
    (tree.SampleRef, "policy"): "policy",
    (tree.RefStep, "target"): "transform",
    (tree.OnStep, "field"): "field",
    (tree.FieldCollate, "field"): "field",
    (tree.FieldCollate, "kind"): "collate",
    (tree.Collate, "kind"): "collate",
    (tree.Collate, "shape"): "word",
    (tree.OnError, "mode"): "word",
    (tree.Has, "what"): "word",
    (tree.Option, "name"): "option",
    (tree.SizedPart, "name"): "part",
    (tree.ValuedPart, "name"): "part",
    (tree.Import, "names"): "imports",
}
"""What the fields of nodes hold. A name that is not here is declared by its node, any other expression a value."""

_WORD = re.compile(r"[^\s.]+")
_QUANTIFIERS = frozenset({"any", "all", "count"})


def places_of(unit: Unit) -> Places:
    """Every name of a file, in the order of the text."""
    walk = _Walk(unit.source.text)
    found = [place for declaration in unit.tree.declarations for place in walk.within(declaration)]
    return tuple(sorted(found, key=lambda place: place.names[0].span.start))


def is_field(place: Place, unit: Unit) -> bool:
    """Whether a lone name is a field: of every sample, or a word in a condition that nothing declares."""
    name = place.names[0].text
    if place.role == "field":
        return True
    if place.role == "field or group":
        return len(place.names) == 1 and name not in unit.names
    return place.role == "predicate" and len(place.names) == 1 and (name in FIELDS or name not in unit.names)


@frozen
class _Walk:
    text: str

    def within(self, node: tree.Node) -> Iterator[Place]:
        for attribute in fields(type(node)):
            if attribute.name == "span":
                continue
            value = getattr(node, attribute.name)
            role = _ROLES.get((type(node), attribute.name))
            for child in value if isinstance(value, tuple) else (value,):
                if isinstance(child, tree.Name):
                    yield Place((child,), role or "declares")
                elif isinstance(child, tree.ParamType):
                    name = tree.Name(child.span, child.name)
                    yield from self.within(child) if child.choices else [Place((name,), "type")]
                elif isinstance(child, _EXPRESSIONS):
                    yield from self._expression(child, role or "value")
                elif isinstance(child, tree.Node):
                    yield from self.within(child)

    def _expression(self, expr: tree.Node, role: Role) -> Iterator[Place]:
        """The names in an expression that stands in a role."""
        match expr:
            case tree.NameRef() | tree.Attribute():
                names = dotted(expr)
                if names is not None:
                    yield Place(names, role)
                elif isinstance(expr, tree.Attribute):
                    yield from self._expression(expr.value, role)
            case tree.Call():
                yield from self._call(expr, role)
            case tree.Index():
                yield from self._expression(expr.value, role)
                yield from self._expression(expr.index, "value")
            case tree.String(parts=parts):
                for part in parts:
                    if isinstance(part, tree.Interpolation):
                        yield Place(tuple(self._interpolated(part)), "value")
            case tree.Binary(operator=operator, left=left, right=right):
                logic = operator in ("and", "or") or role == "source"
                yield from self._expression(left, role)
                yield from self._expression(right, role if logic else "value")
            case tree.Has(what=what):
                yield Place((what,), "word")
            case tree.Unary(operand=operand):
                yield from self._expression(operand, role)
            case tree.TupleExpr(items=items) | tree.ListExpr(items=items):
                for item in items:
                    yield from self._expression(item, "value")
            case _:
                return

    def _call(self, call: tree.Call, role: Role) -> Iterator[Place]:
        names = dotted(call.function)
        if names is not None:
            yield Place(names, "collate" if role == "collate" else "function", call)
        quantified = role == "predicate" and names is not None and names[0].text in _QUANTIFIERS
        for argument in call.arguments:
            if argument.name is not None:
                yield Place((argument.name,), "argument", call)
            yield from self._expression(argument.value, "predicate" if quantified else "value")

    def _interpolated(self, part: tree.Interpolation) -> Iterator[tree.Name]:
        """The names of `${a.b}`, each where it stands."""
        written = _WORD.finditer(self.text, part.span.start + len("${"), part.span.end - len("}"))
        for word, match in zip(part.name.split("."), written, strict=False):
            yield tree.Name(Span(part.span.path, *match.span()), word)


_EXPRESSIONS = (
    *(tree.Number, tree.Percent, tree.String, tree.Boolean, tree.NoneLiteral, tree.NameRef, tree.Attribute, tree.Index),
    *(tree.Call, tree.Unary, tree.Binary, tree.Has, tree.TupleExpr, tree.ListExpr),
)
