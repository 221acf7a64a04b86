"""Sampling policies: what a `sample` block or a `policy` asks of every batch, defaults filled in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from attrs import define, field, frozen

from feedline.compiler import expect, ir
from feedline.compiler.context import Context
from feedline.compiler.lower_data import belongs, lower_group_ref
from feedline.compiler.names import Declared, Found, Unit, dotted, look_up, report_wrong_kind
from feedline.compiler.policy_check import check_policy
from feedline.compiler.values import UNKNOWN, Unknown
from feedline.dsl import tree
from feedline.dsl.diagnostics import Label, Rule
from feedline.dsl.rules.forms import Contradiction, NoBatchSize
from feedline.dsl.rules.loaders import RepeatedStatement
from feedline.dsl.rules.sampling import DifferentBatchSizes, NothingForced
from feedline.dsl.rules.syntax import NotSupported
from feedline.dsl.source import Span

N = TypeVar("N", bound=tree.Node)
T = TypeVar("T")

_NOT_YET = {
    tree.Draw: "`draw` is not supported yet",
    tree.RepeatFactor: "`repeat factor` is not supported yet",
    tree.BucketBy: "`bucket by` is not supported yet",
}


@frozen
class Lowered:
    """A policy, and each group it names with the place where it does."""

    policy: ir.Policy
    groups: tuple[tuple[ir.Group, Span], ...]


def default_policy(span: Span) -> ir.Policy:
    """The policy of a loader without `sample`: one sample at a time, in order, as `DataLoader` does."""
    return ir.Policy(epoch=ir.Epoch(span=span), span=span)


def lower_named_policy(ctx: Context, declared: Declared) -> Lowered | Unknown:
    """The policy of a `policy NAME { ... }`."""
    node = declared.node
    assert isinstance(node, tree.Policy)
    return lower_policy(ctx, declared.unit, node.statements, node.span) or UNKNOWN


def lower_policy(ctx: Context, unit: Unit, statements: tuple[tree.PolicyStatement, ...], span: Span) -> Lowered | None:
    """The policy of a block; None after a reported fault."""
    return _Lowering(ctx, unit, statements, span).lower()


def fits(ctx: Context, lowered: Lowered, data: ir.DataRef, loader: str) -> bool:
    """Whether every group of a policy belongs to the data a loader reads; reported if not."""
    checks = [belongs(ctx, group, span, data.dataset, f"the loader `{loader}`") for group, span in lowered.groups]
    return all(checks)


@define
class _Lowering:
    ctx: Context
    unit: Unit
    statements: tuple[tree.PolicyStatement, ...]
    span: Span
    groups: list[tuple[ir.Group, Span]] = field(factory=list)
    failed: bool = False

    def lower(self) -> Lowered | None:
        self._refuse_what_is_not_yet()
        self._repeated()
        forces = self._forces()
        batch = self._batch()
        weights = self._weights()
        epoch = self._epoch()
        seed_node = self._one(tree.Seed)
        seed = 0 if seed_node is None else self._whole(seed_node.value, "a seed", low=None)
        self._contradictions()
        broken = self._one(tree.ErrorStatement) is not None
        if self.failed or broken or batch is None or seed is None:
            return None
        policy = self._policy(batch, forces, weights, epoch, seed)
        count = len(self.ctx.reporter.diagnostics)
        check_policy(policy, self.ctx.reporter)
        failed = any(d.severity == "error" for d in self.ctx.reporter.diagnostics[count:])
        return None if failed else Lowered(policy, tuple(self.groups))

    def _policy(
        self, batch: int, forces: tuple[ir.Force, ...], weights: ir.Weights | None, epoch: ir.Epoch, seed: int
    ) -> ir.Policy:
        rest = self._one(tree.Rest)
        words: dict[str, Any] = {
            "last": "keep",
            "order": "shuffled" if forces or weights else "sequential",
            "places": "shuffled" if forces else "first",
            "uneven": "drop",
        }
        distinct = False
        for node in self._all(tree.Keyword):
            if node.statement == "distinct":
                distinct = True
            else:
                words[node.statement] = node.value
        return ir.Policy(
            batch,
            forces,
            rest is not None and rest.replacement,
            weights,
            distinct=distinct,
            epoch=epoch,
            seed=seed,
            span=self.span,
            **words,
        )

    # ---- finding statements

    def _all(self, kind: type[N]) -> list[N]:
        return [node for node in self.statements if isinstance(node, kind)]

    def _one(self, *kinds: type[Any]) -> Any:
        return next((node for node in self.statements if isinstance(node, kinds)), None)

    def _or_fail(self, result: T | None) -> T | None:
        if result is None:
            self.failed = True
        return result

    def _whole(self, expr: tree.Expr, what: str, low: int | None = 1) -> int | None:
        return self._or_fail(expect.whole(self.ctx, self.unit, expr, what, low))

    def _fail(
        self,
        rule: type[Rule],
        node: tree.Node,
        message: str,
        label: str,
        other: Label | None = None,
        help: str | None = None,
    ) -> None:
        secondary = [] if other is None else [other]
        self.ctx.reporter.report(rule, node.span, message, label=label, secondary=secondary, help=help)
        self.failed = True

    def _refuse_what_is_not_yet(self) -> None:
        for node in self.statements:
            if type(node) in _NOT_YET:
                self._fail(NotSupported, node, _NOT_YET[type(node)], "this version cannot run it")

    def _repeated(self) -> None:
        """Each statement but `force` is said at most once."""
        seen: dict[object, tree.Node] = {}
        for node in self.statements:
            if isinstance(node, tree.Force | tree.ErrorStatement):
                continue
            said: object = node.statement if isinstance(node, tree.Keyword) else type(node)
            if isinstance(node, tree.EpochPass | tree.EpochLength):
                said = "epoch"
            earlier = seen.setdefault(said, node)
            if earlier is not node:
                self._fail(
                    RepeatedStatement, node, "this policy says the same thing twice", "said again here",
                    Label(earlier.span, "first said here"), "keep one of them",
                )  # fmt: skip

    # ---- the parts of a policy

    def _forces(self) -> tuple[ir.Force, ...]:
        forces: list[ir.Force] = []
        for node in self._all(tree.Force):
            count = self._whole(node.count, "the number of forced samples")
            group = self._group(node.group)
            if count is not None and group is not None:
                forces.append(
                    ir.Force(
                        group.name,
                        count,
                        "at least" if node.at_least else "exactly",
                        bool(node.replacement),
                        span=node.span,
                    )
                )
        return tuple(forces)

    def _group(self, expr: tree.Expr, also: tuple[str, ...] = ()) -> ir.Group | None:
        group = self._or_fail(lower_group_ref(self.ctx, self.unit, expr, also))
        if group is not None:
            self.groups.append((group, expr.span))
        return group

    def _batch(self) -> int | None:
        """The one batch size that `batch` and every `per` agree on."""
        sizes: list[tuple[int, tree.Node]] = []
        nodes: Iterable[tree.BatchSize | tree.Force] = [*self._all(tree.BatchSize)[:1], *self._all(tree.Force)]
        for node in nodes:
            size = self._whole(node.size, "a batch size")
            if size is not None:
                sizes.append((size, node.size))
        if not sizes:
            broken = any(isinstance(node, (tree.ErrorStatement, *_NOT_YET)) for node in self.statements)
            if not self.failed and not broken:
                self._missing_batch()
            return None
        first, where = sizes[0]
        for size, node in sizes[1:]:
            if size != first:
                self._fail(
                    DifferentBatchSizes, node, f"one policy has one batch size, not {first} and {size}", f"{size} here",
                    Label(where.span, f"{first} here"), "make them the same",
                )  # fmt: skip
                break
        return first

    def _missing_batch(self) -> None:
        self.failed = True
        message = "this policy does not say how many samples a batch has"
        self.ctx.reporter.report(NoBatchSize, self.span, message, help="add `batch 64`, for example")

    def _epoch(self) -> ir.Epoch:
        node = self._one(tree.EpochPass, tree.EpochLength)
        if isinstance(node, tree.EpochPass):
            over = "rest"
            if not (isinstance(node.over, tree.NameRef) and node.over.text == "rest"):
                group = self._group(node.over, ("rest",))
                over = group.name if group else "rest"
            return ir.Epoch("pass", over, span=node.span)
        if isinstance(node, tree.EpochLength):
            count = self._whole(node.count, f"the number of {node.unit} in an epoch")
            kind = "batches" if node.unit == "batches" else "samples"
            return ir.Epoch(kind, count=count or 0, span=node.span)
        return ir.Epoch(span=self.span)

    def _weights(self) -> ir.Weights | None:
        node = self._one(tree.BalanceBy, tree.WeightBy)
        if isinstance(node, tree.BalanceBy):
            return ir.Weights("balance", self._field(node.by, "balance by"), span=node.span)
        if isinstance(node, tree.WeightBy) and node.by is not None:
            return ir.Weights("column", self._field(node.by, "weight by"), span=node.span)
        if isinstance(node, tree.WeightBy):
            return ir.Weights("table", table=self._weight_table(node), span=node.span)
        return None

    def _field(self, expr: tree.Expr, where: str) -> str | None:
        names = dotted(expr)
        found = look_up(self.unit, names) if names else None
        if isinstance(found, Found) and found.declared.kind == "group":
            self.failed = True
            word = found.declared.name
            help = f"weigh groups in a table: `weight by {{ {word} 5; rest 1 }}`"
            report_wrong_kind(found, "field", self.ctx.reporter, help)
            return None
        if isinstance(expr, tree.NameRef):
            return expr.text
        return self._or_fail(expect.refuse(self.ctx, expr, f"`{where}` takes the name of a field"))

    def _weight_table(self, node: tree.WeightBy) -> tuple[ir.GroupWeight, ...]:
        table: list[ir.GroupWeight] = []
        seen: dict[str, tree.Node] = {}
        if not node.table:
            help = "`weight by { defects 5; rest 1 }`"
            self._or_fail(expect.refuse(self.ctx, node, "this table of weights has no line", help))
        for line in node.table:
            weight = self._or_fail(expect.number(self.ctx, self.unit, line.weight, "a weight"))
            name: str | None = "rest"
            if not (isinstance(line.group, tree.NameRef) and line.group.text == "rest"):
                group = self._group(line.group, ("rest",))
                name = group.name if group else None
            if name is None or weight is None:
                continue
            earlier = seen.setdefault(name, line)
            if earlier is not line:
                self._fail(
                    RepeatedStatement, line, f"`{name}` is weighed twice", "weighed again here",
                    Label(earlier.span, "first weighed here"), "keep one of them",
                )  # fmt: skip
            table.append(ir.GroupWeight(name, weight, span=line.span))
        return tuple(table)

    # ---- what cannot go together

    def _contradictions(self) -> None:
        balance, weight = self._one(tree.BalanceBy), self._one(tree.WeightBy)
        words = {node.statement: node for node in self._all(tree.Keyword)}
        rest = self._one(tree.Rest)
        drawn = weight or balance
        order = words.get("order")
        if balance and weight:
            self._fail(
                Contradiction, weight, "`balance by` gives every sample a weight already", "these weights exclude it",
                Label(balance.span, "weights come from here"), "keep one of them",
            )  # fmt: skip
        if drawn and order and order.value == "sequential":
            self._fail(
                Contradiction, order, "weighted samples are drawn at random, so they have no order",
                "excluded by the weights", Label(drawn.span, "drawn here"), "leave `order sequential` out",
            )  # fmt: skip
        if drawn and rest and not rest.replacement:
            self._fail(
                Contradiction, rest, "weighted samples are drawn with replacement", "excluded by the weights",
                Label(drawn.span, "drawn here"), "leave this line out",
            )  # fmt: skip
        if "places" in words and not self._all(tree.Force) and not self.failed:
            message = "`places` says where forced samples stand, but none are forced"
            self.ctx.reporter.report(NothingForced, words["places"].span, message, help="leave it out")
