"""Predicates: the conditions that make a group, from expressions over fields, values and other groups.

A bare word is a field where it is compared, and a group (or a field that is true or false) where it stands alone.
Built-in fields come before parameters and constants of the same name; a column of the data comes after them.
"""

from __future__ import annotations

from feedline.compiler import ir
from feedline.compiler.arithmetic import describe
from feedline.compiler.context import Context
from feedline.compiler.lower_values import evaluate
from feedline.compiler.names import FIELDS, Found, Unit, dotted, look_up, report_wrong_kind
from feedline.compiler.values import UNKNOWN
from feedline.dsl import tree
from feedline.dsl.frozen import define, field
from feedline.dsl.rules.forms import BadPredicate
from feedline.dsl.rules.names import UnknownName
from feedline.dsl.suggest import did_you_mean

_MIRRORED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_COMPARISONS = (*_MIRRORED, "in", "not in", "matches")
_QUANTIFIERS = ("any", "all", "count")


@define
class PredicateLowering:
    """Lowers one group's predicate. `groups` collects the groups it names, in the order they appear."""

    ctx: Context
    unit: Unit
    columns: bool
    """Whether the dataset may have fields beyond `FIELDS`; if not, a lone word that is none of them must be a group."""
    groups: list[Found] = field(factory=list)

    def lower(self, expr: tree.Expr, inside: str | None = None) -> ir.Predicate | None:
        """The predicate; None after a reported fault. `inside` is the quantifier around it."""
        match expr:
            case tree.Boolean(value=value):
                return ir.Constant(value, span=expr.span)
            case tree.Unary(operator="not", operand=operand):
                inner = self.lower(operand, inside)
                return inner and ir.Logic("not", (inner,), span=expr.span)
            case tree.Binary(operator="and" | "or"):
                return self._logic(expr, inside)
            case tree.Binary(operator=sign) if sign in _COMPARISONS:
                return self._comparison(expr, inside)
            case tree.Has():
                return self._has(expr, inside)
            case tree.Call():
                return self._call(expr, inside)
            case tree.NameRef() | tree.Attribute():
                return self._word(expr, inside)
        help = "compare a field: `label == 0`"
        return self._refuse(expr, "this says nothing that is true or false of a sample", help)

    def _refuse(self, node: tree.Node, message: str, help: str | None = None) -> None:
        self.ctx.reporter.report(BadPredicate, node.span, message, help=help)

    def _logic(self, expr: tree.Binary, inside: str | None) -> ir.Predicate | None:
        # `a or b or c` leans to the left, as deep as it is long: walked, not recursed into.
        operands: list[tree.Expr] = []
        left: tree.Expr = expr
        while isinstance(left, tree.Binary) and left.operator == expr.operator:
            operands.append(left.right)
            left = left.left
        lowered = [self.lower(operand, inside) for operand in (left, *reversed(operands))]
        found = tuple(predicate for predicate in lowered if predicate is not None)
        if len(found) < len(lowered):
            return None
        return ir.Logic("and" if expr.operator == "and" else "or", found, span=expr.span)

    def _has(self, expr: tree.Has, inside: str | None) -> ir.Predicate | None:
        if inside:
            return self._refuse(expr, f"`has` asks about a whole sample and cannot stand inside `{inside}(...)`")
        if expr.what.text != "annotations":
            help = did_you_mean(expr.what.text, ["annotations"]) or "write `has annotations`"
            return self._refuse(expr.what, f"a sample can have `annotations`, not `{expr.what.text}`", help)
        return ir.HasAnnotations(span=expr.span)

    # ---- comparisons

    def _comparison(self, expr: tree.Binary, inside: str | None) -> ir.Predicate | None:
        quantified = _quantifier(expr.left)
        if quantified == "count" and expr.operator in _MIRRORED:
            return self._counted(expr, expr.left, expr.right, expr.operator, inside)
        if _quantifier(expr.right) == "count" and expr.operator in _MIRRORED:
            return self._counted(expr, expr.right, expr.left, _MIRRORED[expr.operator], inside)
        for side in (expr.left, expr.right):
            if isinstance(side, tree.Call) and not _is_env(side):
                return self._called(side)
        left, right = self._field(expr.left), self._field(expr.right, right=True)
        if left and right:
            return self._refuse(expr, "a field is compared with a value, not with another field")
        if left:
            return self._compare(expr, left, expr.operator, expr.right)
        if right and expr.operator in _MIRRORED:
            return self._compare(expr, right, _MIRRORED[expr.operator], expr.left)
        if right:
            return self._refuse(expr, f"the field stands on the left of `{expr.operator}`")
        return self._constant(expr)

    def _constant(self, expr: tree.Binary) -> ir.Predicate | None:
        """A comparison of values alone: the same for every sample, which makes sense where a parameter decides."""
        names = [node for node in tree.walk(expr) if isinstance(node, tree.NameRef)]
        lost = next((name for name in names if name.text in FIELDS and name.text not in self.unit.names), None)
        if lost is not None:
            return self._refuse(lost, f"`{lost.text}` must stand alone on one side of a comparison")
        if not names:
            return self._refuse(expr, "this compares two values, no field of a sample")
        value = evaluate(self.ctx, self.unit, expr)
        return None if value is UNKNOWN else ir.Constant(bool(value), span=expr.span)

    def _field(self, expr: tree.Expr, right: bool = False) -> ir.FieldValue | None:
        """The field that one side of a comparison names. Any word on the left that nothing declares is a column."""
        if not isinstance(expr, tree.NameRef):
            return None
        declared = self.unit.names.get(expr.text)
        is_value = declared is not None and declared.kind in ("parameter", "constant", "broken")
        if expr.text in FIELDS:
            return None if right and is_value else ir.FieldValue(expr.text, span=expr.span)
        return None if right or declared is not None else ir.FieldValue(expr.text, span=expr.span)

    def _compare(self, expr: tree.Binary, of: ir.FieldValue, sign: str, other: tree.Expr) -> ir.Compare | None:
        if isinstance(other, tree.NameRef) and other.text not in self.unit.names:
            help = f'a name of a class or a text stands in quotes: `"{other.text}"`'
            values = [d.name for d in self.unit.names.values() if d.kind in ("parameter", "constant")]
            near = did_you_mean(other.text, values)
            if not self.unit.opaque:
                message = f"there is no parameter or constant called `{other.text}`"
                self.ctx.reporter.report(UnknownName, other.span, message, label="not declared", help=near or help)
            return None
        value = evaluate(self.ctx, self.unit, other)
        if value is UNKNOWN:
            return None
        if sign == "matches" and not isinstance(value, str):
            return self._refuse(other, f"`matches` needs a pattern in quotes, not {describe(value)}", '`"scratch/**"`')
        if sign in ("in", "not in") and not isinstance(value, tuple | ir.ListValue):
            message = f"`{sign}` needs several values in parentheses, not {describe(value)}"
            return self._refuse(other, message, '`("a", "b")`')
        several = isinstance(value, tuple | ir.ListValue) and sign not in ("in", "not in")
        ordered = isinstance(value, int | float | str) and not isinstance(value, bool)
        if several or isinstance(value, ir.Percent) or (sign in ("<", "<=", ">", ">=") and not ordered):
            return self._refuse(other, f"`{sign}` cannot compare a field with {describe(value)}")
        return ir.Compare(of, sign, value, span=expr.span)

    # ---- quantifiers

    def _called(self, call: tree.Call) -> None:
        """A call as one side of a comparison that no count can stand in."""
        name = _quantifier(call)
        if name == "count":
            return self._refuse(call, "a count is compared with a number", '`count(category == "crack") >= 2`')
        if name:
            return self._refuse(call, f"`{name}(...)` is true or false by itself and is compared with nothing")
        return self._no_function(call)

    def _no_function(self, call: tree.Call) -> None:
        word = call.function.text if isinstance(call.function, tree.NameRef) else "this"
        help = did_you_mean(word, _QUANTIFIERS) or "there are `any`, `all` and `count`"
        return self._refuse(call, f"there is no function `{word}` in a group", help)

    def _counted(
        self, expr: tree.Binary, call: tree.Expr, bound: tree.Expr, sign: str, inside: str | None
    ) -> ir.Predicate | None:
        assert isinstance(call, tree.Call)
        inner = self._quantified(call, "count", inside)
        value = evaluate(self.ctx, self.unit, bound)
        if inner is None or value is UNKNOWN:
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            return self._refuse(bound, f"a count is compared with a whole number, not {describe(value)}")
        return ir.Quantified("count", inner, sign, value, span=expr.span)

    def _call(self, call: tree.Call, inside: str | None) -> ir.Predicate | None:
        name = _quantifier(call)
        if name == "any" or name == "all":
            inner = self._quantified(call, name, inside)
            return inner and ir.Quantified(name, inner, span=call.span)
        return self._called(call)

    def _quantified(self, call: tree.Call, name: str, inside: str | None) -> ir.Predicate | None:
        if inside:
            return self._refuse(call, f"`{name}(...)` cannot stand inside `{inside}(...)`")
        if len(call.arguments) != 1 or call.arguments[0].name is not None:
            return self._refuse(call, f"`{name}` takes one condition", f'`{name}(category == "crack")`')
        return self.lower(call.arguments[0].value, name)

    # ---- lone words

    def _word(self, expr: tree.NameRef | tree.Attribute, inside: str | None) -> ir.Predicate | None:
        names = dotted(expr)
        if names is None:
            return self._refuse(expr, "only a name can be followed by `.` and another name")
        found = look_up(self.unit, names)
        if not isinstance(found, Found):
            return self._undeclared(expr, found.unit is None)
        kind = found.declared.kind
        if kind == "broken":
            return None
        if kind in ("parameter", "constant"):
            value = evaluate(self.ctx, self.unit, expr)
            if value is UNKNOWN:
                return None
            if not isinstance(value, bool):
                return self._refuse(expr, f"a {kind} alone must be `true` or `false`, not {describe(value)}")
            return ir.Constant(value, span=expr.span)
        if kind != "group":
            report_wrong_kind(found, "group", self.ctx.reporter)
            return None
        if found.rest:
            return self._refuse(expr, f"`{found.declared.name}` is a group and has no `{found.rest[0].text}`")
        if inside:
            help = f"inside `{inside}(...)` only fields of the annotations are compared"
            return self._refuse(expr, f"a group holds whole samples and cannot stand inside `{inside}(...)`", help)
        self.groups.append(found)
        return ir.InGroup(found.declared.full_name, span=expr.span)

    def _undeclared(self, expr: tree.NameRef | tree.Attribute, silent: bool) -> ir.Predicate | None:
        """A word that nothing declares: a field that is true or false, or a misspelt group."""
        if isinstance(expr, tree.NameRef) and (expr.text in FIELDS or self.columns):
            where = ir.FieldValue(expr.text, span=expr.span)
            return ir.Compare(where, "==", True, span=expr.span)
        if not silent:
            word = expr.text if isinstance(expr, tree.NameRef) else expr.name.text
            groups = [name for name, declared in self.unit.names.items() if declared.kind in ("group", "import")]
            help = did_you_mean(word, groups) or f'a field is compared with a value: `{word} == "..."`'
            message = f"there is no group called `{word}`"
            self.ctx.reporter.report(UnknownName, expr.span, message, label="not declared", help=help)
        return None


def _is_env(call: tree.Call) -> bool:
    return isinstance(call.function, tree.NameRef) and call.function.text == "env"


def _quantifier(expr: tree.Expr) -> str | None:
    if isinstance(expr, tree.Call) and isinstance(expr.function, tree.NameRef) and expr.function.text in _QUANTIFIERS:
        return expr.function.text
    return None
