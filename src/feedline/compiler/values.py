"""Evaluation: what an expression of a file is worth, given its parameters and constants.

A mistake is reported where it stands and the value becomes `UNKNOWN`; whatever is computed from `UNKNOWN` is `UNKNOWN`
and silent. Nothing here loops or recurses by the user's will, so a file is always evaluated quickly (see `arithmetic`).
"""

from __future__ import annotations

import enum
import os
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from feedline.compiler import arithmetic
from feedline.compiler.catalogue import constants, dataset, dataset_names, transform, transform_names
from feedline.compiler.catalogue.types import ENUMS, ParamType, parse_type
from feedline.compiler.ir import Apply, ListValue, Percent, Symbol, Value
from feedline.compiler.names import Declared, Lost, Unit, dotted, look_up, report_lost, report_wrong_kind
from feedline.compiler.paths import absolute
from feedline.dsl import tree
from feedline.dsl.diagnostics import Edit, Fix, Reporter, Rule
from feedline.dsl.frozen import evolve, frozen
from feedline.dsl.rules.names import UnknownName
from feedline.dsl.rules.values import DivisionByZero, NotAValue, TooLarge, UnsetVariable, ValueMismatch
from feedline.dsl.source import Span
from feedline.dsl.suggest import did_you_mean


class Unknown(enum.Enum):
    """The type of `UNKNOWN`; an enum, so that `is UNKNOWN` narrows a type."""

    UNKNOWN = "UNKNOWN"


UNKNOWN: Final = Unknown.UNKNOWN
"""The value of an expression whose mistake has already been reported."""

Evaluated: TypeAlias = "Value | Unknown"

ANY = parse_type("any")
"""Numbers, texts, truth values, `none`, percentages, tuples and lists; no bare words, no transforms."""

WORDS = parse_type(" | ".join(["any", *ENUMS]))
"""What a constant may be: also a bare word that some argument knows, such as `bilinear`."""

_DTYPES = {
    **{"byte": "uint8", "char": "int8", "short": "int16", "int": "int32", "long": "int64"},
    **{"half": "float16", "float": "float32", "double": "float64"},
}
"""What torch also calls its dtypes."""

_FUNCTIONS = {
    **dict.fromkeys(("int", "round", "floor", "ceil"), "`//` divides whole numbers into whole ones: `size // 10`"),
    **dict.fromkeys(("tuple", "list"), "write the items: `(1, 2)` or `[1, 2]`"),
    "float": "a whole number will do where a number is wanted",
    "str": '`"${name}"` puts a value into a text',
    "range": "write the numbers out: `(0, 1, 2)`",
}
"""What stands in the place of a function of Python's."""

_MAX_REPEATED = 16
"""Items of a list that are written out in a suggestion."""

_RULES: dict[str, type[Rule]] = {"type": ValueMismatch, "zero": DivisionByZero, "large": TooLarge}


def _statistics(expr: tree.Expr, names: tuple[tree.Name, ...]) -> Fix | None:
    """`imagenet.mean` for `IMAGENET_MEAN`, timm's `IMAGENET_DEFAULT_MEAN` or `ImageNet.mean`."""
    word = "_".join(name.text for name in names).casefold().replace("_default_", "_")
    head, _, part = word.rpartition("_")
    if part not in constants().get(head, {}):
        return None
    return Fix(f"write `{head}.{part}`", (Edit(expr.span, f"{head}.{part}"),), safe=True)


@frozen
class Evaluator:
    """Evaluates the expressions of one file.

    `constant` works out a parameter or a constant, `apply` the call of a transform."""

    unit: Unit
    reporter: Reporter
    constant: Callable[[Declared], Evaluated]
    apply: Callable[[Unit, tree.Call], Apply | None]

    def __call__(self, expr: tree.Expr, type: ParamType = ANY) -> Evaluated:
        """The value of `expr` where `type` is wanted.

        The type decides which bare words are known, whether a call may be a transform, and whether a text is a path;
        that the value fits it is for the caller to check."""
        value = self._value(expr, type)
        if type.takes_path and isinstance(value, str):
            return absolute(value, self.unit.folder)
        return value

    def _value(self, expr: tree.Expr, type: ParamType) -> Evaluated:
        match expr:
            case tree.Number(value=value):
                return self._guard(expr.span, lambda: arithmetic.limited_number(value))
            case tree.Percent(value=value):
                return Percent(float(value))
            case tree.Boolean(value=value):
                return value
            case tree.NoneLiteral():
                return None
            case tree.String():
                return self._text(expr)
            case tree.NameRef() | tree.Attribute():
                return self._name(expr, type)
            case tree.TupleExpr(items=items):
                return self._items(expr, items, type, tuple)
            case tree.ListExpr(items=items):
                return self._items(expr, items, type, lambda values: ListValue(tuple(values)))
            case tree.Index():
                return self._index(expr)
            case tree.Unary(operator=sign, operand=operand):
                value = self._value(operand, ANY)
                return UNKNOWN if value is UNKNOWN else self._guard(expr.span, lambda: arithmetic.unary(sign, value))
            case tree.Binary(left=left):
                return self._operate(expr, self._value(left, ANY))
            case tree.Call():
                return self._call(expr, type)
            case tree.Has():
                self._no_value(expr.span, "`has` asks about a sample and stands only in a group")
                return UNKNOWN

    def _guard(self, span: Span, compute: Callable[[], Value]) -> Evaluated:
        try:
            return compute()
        except arithmetic.RefusedError as refused:
            self.reporter.report(_RULES[refused.kind], span, refused.message, help=refused.help)
            return UNKNOWN

    def _no_value(self, span: Span, message: str, help: str | None = None) -> None:
        self.reporter.report(NotAValue, span, message, help=help)

    def _items(
        self, expr: tree.Expr, items: Sequence[tree.Expr], type: ParamType, make: Callable[[list[Value]], Value]
    ) -> Evaluated:
        evaluated = [self._value(item, type) for item in items]
        values = [value for value in evaluated if value is not UNKNOWN]
        if len(values) < len(evaluated):
            return UNKNOWN
        return self._guard(expr.span, lambda: arithmetic.within_limits(make(values)))

    def _operate(self, node: tree.Binary, left: Evaluated) -> Evaluated:
        if left is not UNKNOWN and node.operator in ("and", "or"):
            holds = self._guard(node.left.span, lambda: arithmetic.truth(left, node.operator))
            if holds is UNKNOWN or holds is (node.operator == "or"):
                return holds
            right = self._value(node.right, ANY)
            return (
                right
                if right is UNKNOWN
                else self._guard(node.right.span, lambda: arithmetic.truth(right, node.operator))
            )
        right = self._value(node.right, ANY)
        if left is UNKNOWN or right is UNKNOWN:
            return UNKNOWN
        if node.operator == "*" and isinstance(node.left, tree.ListExpr | tree.TupleExpr) and isinstance(right, int):
            return self._repeated(node, node.left, right)
        return self._guard(node.span, lambda: arithmetic.binary(node.operator, left, right))

    def _repeated(self, node: tree.Binary, items: tree.ListExpr | tree.TupleExpr, times: int) -> Evaluated:
        """Python's `[0.5] * 3`, which is reported with the list that it means."""
        message = (
            f"`*` multiplies numbers, and does not repeat {'a list' if isinstance(items, tree.ListExpr) else 'a tuple'}"
        )
        fixes: list[Fix] = []
        if times >= 1 and times * len(items.items) <= _MAX_REPEATED:
            from feedline.dsl.unparse import unparse

            text = unparse(evolve(items, items=items.items * times))
            fixes = [Fix(f"write `{text}`", (Edit(node.span, text),), safe=True)]
        help = fixes[0].title if fixes else None
        self.reporter.report(ValueMismatch, node.span, message, help=help, fixes=fixes)
        return UNKNOWN

    def _index(self, expr: tree.Index) -> Evaluated:
        value, index = self._value(expr.value, ANY), self._value(expr.index, ANY)
        if value is UNKNOWN or index is UNKNOWN:
            return UNKNOWN
        return self._guard(expr.span, lambda: arithmetic.item(value, index))

    def _text(self, expr: tree.String) -> Evaluated:
        texts: list[str] = []
        for part in expr.parts:
            if isinstance(part, str):
                texts.append(part)
                continue
            head, *rest = part.name.split(".")
            name: tree.Expr = tree.NameRef(part.span, head)
            for word in rest:
                name = tree.Attribute(part.span, name, tree.Name(part.span, word))
            value = self._value(name, ANY)
            if value is UNKNOWN:
                return UNKNOWN
            text = arithmetic.text_of(value)
            if text is None:
                message = f"`{part.name}` is {arithmetic.describe(value)}, which has no place in a text"
                self.reporter.report(ValueMismatch, part.span, message, help="use a text, a number, `true` or `false`")
                return UNKNOWN
            texts.append(text)
        return self._guard(expr.span, lambda: arithmetic.limited_text("".join(texts)))

    def _name(self, expr: tree.NameRef | tree.Attribute, type: ParamType) -> Evaluated:
        names = dotted(expr)
        if names is None:
            self._no_value(expr.span, "only a name can be followed by `.` and another name")
            return UNKNOWN
        found = look_up(self.unit, names)
        if isinstance(found, Lost):
            return self._undeclared(expr, names, found, type)
        declared = found.declared
        if declared.kind == "broken":
            return UNKNOWN
        if declared.kind not in ("parameter", "constant"):
            if len(names) == 1 and declared.name in type.symbols:
                return Symbol(declared.name)  # a loader may be called `fast`: no value, as the word is
            help = None
            if declared.kind == "transform" and type.takes_transforms:
                help = f"only calls stand here; a chain goes into a block: `maybe 50% {{ {declared.name} }}`"
            report_wrong_kind(found, "value", self.reporter, help)
            return UNKNOWN
        if found.rest:
            self._no_value(expr.span, f"`{declared.name}` is a {declared.kind} and has no `{found.rest[0].text}`")
            return UNKNOWN
        return self.constant(declared)

    def _undeclared(self, expr: tree.Expr, names: tuple[tree.Name, ...], lost: Lost, type: ParamType) -> Evaluated:
        """A name that no declaration has: a bare word of the type, a built-in constant, or a mistake."""
        head = names[0].text
        if len(names) == 1 and head in type.symbols:
            return Symbol(head)
        if head in constants() and len(names) == 2 and lost.name is names[0]:
            members = constants()[head]
            if names[1].text in members:
                return members[names[1].text]
            message = f"`{head}` has no `{names[1].text}`, only {' and '.join(f'`{member}`' for member in members)}"
            self.reporter.report(UnknownName, names[1].span, message, help=did_you_mean(names[1].text, members))
            return UNKNOWN
        if len(names) == 1 and head in constants():
            parts = [f"`{head}.{part}`" for part in constants()[head]]
            self._no_value(expr.span, f"`{head}` is not a value by itself", f"write {' or '.join(parts)}")
            return UNKNOWN
        if len(names) == 1 and (transform(head) or dataset(head)):
            self._no_value(expr.span, f"`{head}` is not a value by itself", f"call it: `{head}(...)`")
            return UNKNOWN
        fix = self._without_module(expr, names, type) or _statistics(expr, names)
        report_lost(lost, ["parameter", "constant"], self.reporter, [*type.symbols, *constants()], fix=fix)
        return UNKNOWN

    def _without_module(self, expr: tree.Expr, names: tuple[tree.Name, ...], type: ParamType) -> Fix | None:
        """`bilinear` for Python's `InterpolationMode.BILINEAR`, or for `Bilinear`, where the type knows that word."""
        last = names[-1].text
        word = last if last in type.symbols else last.casefold()
        other = _DTYPES.get(word) if word not in type.symbols else None
        word = other or word
        if word not in type.symbols or word in self.unit.names:
            return None
        # By themselves these are Python's, which torch takes for 64 bits and few people mean.
        safe = len(names) > 1 or last not in ("float", "int")
        return Fix(f"write `{word}`", (Edit(expr.span, word),), safe=safe)

    def _call(self, expr: tree.Call, type: ParamType) -> Evaluated:
        name = expr.function.text if isinstance(expr.function, tree.NameRef) else None
        if name == "env":
            return self._environment(expr)
        if type.takes_transforms:
            return self.apply(self.unit, expr) or UNKNOWN
        if name is not None and transform(name):
            self._no_value(expr.span, f"the transform `{name}` is no value for this argument")
        elif name is not None and dataset(name):
            self._no_value(expr.span, f"the dataset `{name}` is no value for this argument")
        else:
            near = did_you_mean(name or "", ["env", *transform_names(), *dataset_names()])
            help = _FUNCTIONS.get(name or "") or near
            self._no_value(expr.span, "values are not computed by calls; the only function is `env`", help)
        return UNKNOWN

    def _environment(self, expr: tree.Call) -> Evaluated:
        """`env("NAME")`, `env("NAME", "default")`: the text of an environment variable."""
        values = [self._value(argument.value, ANY) for argument in expr.arguments]
        if UNKNOWN in values:
            return UNKNOWN
        named = any(argument.name is not None for argument in expr.arguments)
        texts = [value for value in values if isinstance(value, str)]
        if named or len(texts) < len(values) or len(values) not in (1, 2) or not texts[0] or "\0" in texts[0]:
            self._no_value(expr.span, "`env` takes a name and perhaps a default, both texts", '`env("DATA", "data")`')
            return UNKNOWN
        found = os.environ.get(texts[0], texts[1] if len(texts) == 2 else None)
        if found is None:
            message = f"the environment variable `{texts[0]}` is not set"
            help = f'set it, or give a default: `env("{texts[0]}", "...")`'
            self.reporter.report(UnsetVariable, expr.span, message, help=help)
            return UNKNOWN
        return self._guard(expr.span, lambda: arithmetic.limited_text(found))
