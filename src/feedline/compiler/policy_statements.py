"""The statements of a policy one by one: what each of them says, whatever stands beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from feedline.compiler import expect, ir
from feedline.compiler.arithmetic import describe
from feedline.compiler.context import Context
from feedline.compiler.lower_data import lower_data_ref, lower_group_ref
from feedline.compiler.lower_values import evaluate
from feedline.compiler.names import Found, Lost, Unit, dotted, look_up, report_lost, report_wrong_kind
from feedline.compiler.policy_groups import Named
from feedline.compiler.values import UNKNOWN
from feedline.dsl import tree
from feedline.dsl.diagnostics import Fix, Label, Rule
from feedline.dsl.frozen import define, field
from feedline.dsl.rules.loaders import RepeatedStatement
from feedline.dsl.rules.policies import BadLimit

N = TypeVar("N", bound=tree.Node)
T = TypeVar("T")


@define
class Statements:
    """The statements of one block, with what reading them found. `failed` after a reported fault."""

    ctx: Context
    unit: Unit
    nodes: tuple[tree.PolicyStatement, ...]
    named: Named = field(factory=Named)
    failed: bool = False

    def all(self, *kinds: type[N]) -> list[N]:
        """Every statement of these kinds."""
        return [node for node in self.nodes if isinstance(node, kinds)]

    def one(self, *kinds: type[Any]) -> Any:
        """The first statement of these kinds, None without one."""
        return next((node for node in self.nodes if isinstance(node, kinds)), None)

    def fail(
        self,
        rule: type[Rule],
        node: tree.Node,
        message: str,
        label: str = "",
        other: Label | None = None,
        help: str | None = None,
        fixes: Iterable[Fix] = (),
    ) -> None:
        """Report a fault at a node."""
        secondary = [] if other is None else [other]
        self.ctx.reporter.report(rule, node.span, message, label=label, secondary=secondary, help=help, fixes=fixes)
        self.failed = True

    def or_fail(self, result: T | None) -> T | None:
        """`result`, noting that None is a fault that has been reported."""
        if result is None:
            self.failed = True
        return result

    def whole(self, expr: tree.Expr, what: str, low: int | None = 1) -> int | None:
        """A whole number of at least `low`."""
        return self.or_fail(expect.whole(self.ctx, self.unit, expr, what, low))

    def refuse(self, node: tree.Node, message: str, help: str | None = None) -> None:
        """Report that a value does not suit its place."""
        self.or_fail(expect.refuse(self.ctx, node, message, help))

    # ---- forced groups

    def forces(self) -> Iterator[ir.Force]:
        """One Force a `force`; one a value for `of each`."""
        for node in self.nodes:
            if isinstance(node, tree.Force):
                yield from self._force(node)
            elif isinstance(node, tree.ForceEach):
                yield from self._force_each(node)

    def _force(self, node: tree.Force) -> Iterator[ir.Force]:
        count = self.whole(node.count, "the number of forced samples")
        name = self._group(node.group)
        if node.bound == "at most" and node.replacement is not None:
            how = "with" if node.replacement else "without"
            self.fail(
                BadLimit, node, "`at most` limits what the rest brings, and draws nothing itself",
                help=f"leave `{how} replacement` out",
            )  # fmt: skip
        elif count is not None and name is not None:
            yield ir.Force(name, count, _bound(node.bound), bool(node.replacement), span=node.span)

    def _force_each(self, node: tree.ForceEach) -> Iterator[ir.Force]:
        count = self.whole(node.count, "the number of forced samples")
        of = self.field_of(node.by, "of each")
        values = list(self._values(node.values))
        if node.bound == "at most":
            self.fail(
                BadLimit, node, "`at most` limits one named group at a time",
                help="declare a group for each value, and limit each on a line of its own",
            )  # fmt: skip
        elif count is not None and of is not None:
            for value, at in values:
                name = self.named.value(of, value, at.span)
                yield ir.Force(name, count, _bound(node.bound), bool(node.replacement), each=True, span=node.span)

    def _values(self, expr: tree.Expr) -> Iterator[tuple[ir.Value, tree.Node]]:
        """The values of `in (...)`, each with the place where it stands."""
        value = self.or_fail(_known(evaluate(self.ctx, self.unit, expr)))
        if value is None:
            return
        items = value[0].items if isinstance(value[0], ir.ListValue) else value[0]
        if items == ():
            self.refuse(expr, "there is no value to force", '`of each category in ("crack", "void")`')
            return
        if not isinstance(items, tuple):
            message = f"`of each` needs values in parentheses, not {describe(value[0])}"
            self.refuse(expr, message, '`of each category in ("crack", "void")`')
            return
        written = expr.items if isinstance(expr, tree.TupleExpr | tree.ListExpr) else (expr,) * len(items)
        seen: list[tuple[ir.Value, tree.Node]] = []
        for item, at in zip(items, written, strict=True):
            earlier = next((where for known, where in seen if known == item and type(known) is type(item)), None)
            if not isinstance(item, str | int | float):
                self.refuse(at, f"a field has no value that is {describe(item)}")
            elif earlier is not None:
                other = None if earlier is at else Label(earlier.span, "first said here")
                self.fail(
                    RepeatedStatement, at, f"{describe(item)} stands here twice", "said again here", other,
                    "keep one of them",
                )  # fmt: skip
            else:
                seen.append((item, at))
        yield from seen

    def _group(self, expr: tree.Expr, also: tuple[str, ...] = ()) -> str | None:
        group = self.or_fail(lower_group_ref(self.ctx, self.unit, expr, also))
        return None if group is None else self.named.group(group, expr.span)

    # ---- what fills the whole batch

    def draw(self) -> ir.Draw | None:
        """`draw C FIELD with M each`"""
        node = self.one(tree.Draw)
        if node is None:
            return None
        classes = self.whole(node.classes, "the number of classes")
        of = self.field_of(node.by, "draw")
        each = self.whole(node.each, "the number of samples of each")
        if classes is None or of is None or each is None:
            return None
        return ir.Draw(classes, of.name, each, bool(node.replacement), span=node.span)

    def mix(self) -> ir.Mix | None:
        """`mix A a, B b per n`"""
        node = self.one(tree.Mix)
        if node is None:
            return None
        parts: list[ir.MixPart] = []
        seen: dict[str, tree.Node] = {}
        for part in node.parts:
            share = self.whole(part.share, "a share of a mix")
            name = self._part(part.what)
            if name is None:
                continue
            earlier = seen.setdefault(name, part)
            if earlier is not part:
                self.fail(
                    RepeatedStatement, part, f"`{name}` is in this mix twice", "mixed again here",
                    Label(earlier.span, "first mixed here"), "keep one of them",
                )  # fmt: skip
            elif share is not None:
                parts.append(ir.MixPart(name, share, span=part.span))
        return ir.Mix(tuple(parts), bool(node.replacement), span=node.span)

    def _part(self, expr: tree.Expr) -> str | None:
        """A group, or a dataset (or a part of one), by its name in the policy."""
        names = dotted(expr.value if isinstance(expr, tree.Index) else expr)
        found = look_up(self.unit, names) if names else None
        if isinstance(found, Found) and found.declared.kind == "group":
            return self._group(expr)
        if isinstance(found, Lost):
            report_lost(found, ["group", "dataset"], self.ctx.reporter)
        elif isinstance(found, Found) and found.declared.kind not in ("dataset", "broken"):
            report_wrong_kind(found, "group or dataset", self.ctx.reporter)
        elif found is not None:
            data = self.or_fail(lower_data_ref(self.ctx, self.unit, expr))
            return None if data is None else self.named.component(data)
        self.failed = True
        return None

    # ---- how the rest is filled

    def weights(self) -> ir.Weights | None:
        """`balance by` or `weight by`"""
        node = self.one(tree.BalanceBy, tree.WeightBy)
        if isinstance(node, tree.BalanceBy):
            of = self.field_of(node.by, "balance by")
            return of and ir.Weights("balance", of.name, span=node.span)
        if isinstance(node, tree.WeightBy) and node.by is not None:
            of = self.field_of(node.by, "weight by")
            return of and ir.Weights("column", of.name, span=node.span)
        if isinstance(node, tree.WeightBy):
            return ir.Weights("table", table=self._weight_table(node), span=node.span)
        return None

    def _weight_table(self, node: tree.WeightBy) -> tuple[ir.GroupWeight, ...]:
        table: list[ir.GroupWeight] = []
        seen: dict[str, tree.Node] = {}
        if not node.table:
            self.refuse(node, "this table of weights has no line", "`weight by { defects 5; rest 1 }`")
        for line in node.table:
            weight = self.or_fail(expect.number(self.ctx, self.unit, line.weight, "a weight"))
            name = "rest" if is_rest(line.group) else self._group(line.group, ("rest",))
            if name is None or weight is None:
                continue
            earlier = seen.setdefault(name, line)
            if earlier is not line:
                self.fail(
                    RepeatedStatement, line, f"`{name}` is weighed twice", "weighed again here",
                    Label(earlier.span, "first weighed here"), "keep one of them",
                )  # fmt: skip
            table.append(ir.GroupWeight(name, weight, span=line.span))
        return tuple(table)

    def repeat(self) -> ir.RepeatFactor | None:
        """`repeat factor T by FIELD`"""
        node = self.one(tree.RepeatFactor)
        if node is None:
            return None
        threshold = self.or_fail(expect.share(self.ctx, self.unit, node.threshold, "a repeat factor"))
        if threshold == 0:
            self.refuse(node.threshold, "a repeat factor of 0 repeats nothing", "write `repeat factor 0.001 by ...`")
        of = self.field_of(node.by, "repeat factor")
        return None if threshold is None or of is None else ir.RepeatFactor(threshold, of.name, span=node.span)

    def bucket(self) -> ir.Bucket | None:
        """`bucket by FIELD into N`"""
        node = self.one(tree.BucketBy)
        if node is None:
            return None
        of = self.field_of(node.by, "bucket by")
        count = self.whole(node.count, "the number of buckets")
        return None if count is None or of is None else ir.Bucket(of.name, count, span=node.span)

    def field_of(self, expr: tree.Expr, where: str) -> ir.FieldValue | None:
        """The field that a statement goes by."""
        names = dotted(expr)
        found = look_up(self.unit, names) if names else None
        if isinstance(found, Found) and found.declared.kind == "group":
            self.failed = True
            word = found.declared.name
            help = f"weigh groups in a table: `weight by {{ {word} 5; rest 1 }}`"
            weighs = where in ("balance by", "weight by")
            report_wrong_kind(found, "field", self.ctx.reporter, help if weighs else None)
            return None
        if isinstance(expr, tree.NameRef):
            return ir.FieldValue(expr.text, span=expr.span)
        return self.or_fail(expect.refuse(self.ctx, expr, f"`{where}` takes the name of a field"))

    # ---- the length of an epoch

    def epoch(self) -> ir.Epoch | None:
        """What `epoch` says; None where nothing does."""
        node = self.one(tree.EpochPass, tree.EpochLength)
        if isinstance(node, tree.EpochPass):
            name = "rest" if is_rest(node.over) else self._passed(node.over)
            return ir.Epoch("pass", name or "rest", span=node.span)
        if isinstance(node, tree.EpochLength):
            count = self.whole(node.count, f"the number of {node.unit} in an epoch")
            kind = "batches" if node.unit == "batches" else "samples"
            return ir.Epoch(kind, count=count or 0, span=node.span)
        return None

    def _passed(self, expr: tree.Expr) -> str | None:
        return self._group(expr, ("rest",)) if self.one(tree.Mix) is None else self._part(expr)


def is_rest(expr: tree.Expr) -> bool:
    """Whether an expression is the word `rest`, where that is no group."""
    return isinstance(expr, tree.NameRef) and expr.text == "rest"


def _bound(text: str) -> Any:
    assert text in ("exactly", "at least", "at most")
    return text


def _known(value: Any) -> tuple[Any] | None:
    return None if value is UNKNOWN else (value,)
