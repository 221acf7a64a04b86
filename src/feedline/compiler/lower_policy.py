"""Sampling policies: what a `sample` block or a `policy` asks of every batch, defaults filled in.

`policy_statements` reads the statements one by one, `policy_clashes` says which exclude each other, `policy_stages`
what a stage inherits, `policy_check` what no data could make possible, and `policy_groups` which groups of a loader's
data are meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from feedline.compiler import ir
from feedline.compiler.context import Context
from feedline.compiler.names import Declared, Unit
from feedline.compiler.policy_check import check_policy
from feedline.compiler.policy_clashes import check_clashes, check_idle_places
from feedline.compiler.policy_groups import Named
from feedline.compiler.policy_stages import check_stage, statements_of
from feedline.compiler.policy_statements import Statements
from feedline.compiler.values import UNKNOWN, Unknown
from feedline.dsl import tree
from feedline.dsl.diagnostics import Edit, Fix, Label, Rule
from feedline.dsl.frozen import define, evolve, field, frozen
from feedline.dsl.rules.forms import NoBatchSize
from feedline.dsl.rules.loaders import RepeatedStatement
from feedline.dsl.rules.policies import AcrossRanksOnce, DrawSize, StageOrder
from feedline.dsl.rules.sampling import DifferentBatchSizes
from feedline.dsl.source import Span


@frozen
class Lowered:
    """A policy, and what it draws from by name; `policy_groups.attach` makes it one over a loader's data."""

    policy: ir.Policy
    named: Named


def default_policy(span: Span) -> ir.Policy:
    """The policy of a loader without `sample`: one sample at a time, in order, as `DataLoader` does."""
    return ir.Policy(epoch=ir.Epoch(span=span), span=span)


def lower_named_policy(ctx: Context, declared: Declared) -> Lowered | Unknown:
    """The policy of a `policy NAME { ... }`."""
    node = declared.node
    assert isinstance(node, tree.Policy)
    return lower_policy(ctx, declared.unit, node.statements, node.span) or UNKNOWN


def lower_policy(ctx: Context, unit: Unit, nodes: tuple[tree.PolicyStatement, ...], span: Span) -> Lowered | None:
    """The policy of a block; None after a reported fault."""
    statements = Statements(ctx, unit, nodes)
    policy = _Lowering(statements, span).lower()
    return None if policy is None else Lowered(policy, statements.named)


@frozen
class _Size:
    """A batch size, whether it counts all ranks, and the words that say it."""

    count: int
    across_ranks: bool
    span: Span


@define
class _Lowering:
    said: Statements
    span: Span
    base: _Size | None = None
    """For a stage, what the policy around it says."""
    own: tuple[tree.PolicyStatement, ...] = ()
    """For a stage, the statements that are not inherited."""
    size: _Size | None = field(default=None, init=False)

    def lower(self) -> ir.Policy | None:
        self.own = self.own or self.said.nodes
        self._repeated()
        parts: dict[str, Any] = {
            "forces": tuple(self.said.forces()),
            "weights": self.said.weights(),
            "draw": self.said.draw(),
            "mix": self.said.mix(),
            "repeat": self.said.repeat(),
            "bucket": self.said.bucket(),
        }
        self.size = self._batch(parts["draw"])
        epoch = self.said.epoch() or self._default_epoch(parts["mix"])
        seed_node = self.said.one(tree.Seed)
        seed = 0 if seed_node is None else self.said.whole(seed_node.value, "a seed", low=None)
        check_clashes(self.said, self.own)
        if not self.said.failed:
            check_idle_places(self.said, self.own)
        broken = self.said.one(tree.ErrorStatement) is not None
        if self.said.failed or broken or self.size is None or seed is None:
            return None
        policy = self._checked(self._policy(self.size, parts, epoch, seed))
        return policy and self._with_stages(policy)

    def _policy(self, size: _Size, parts: dict[str, Any], epoch: ir.Epoch, seed: int) -> ir.Policy:
        rest = self.said.one(tree.Rest)
        words: dict[str, Any] = {
            "last": "keep",
            "order": "shuffled" if any(parts.values()) else "sequential",
            "places": "shuffled" if any(force.places for force in parts["forces"]) else "first",
            "uneven": "drop",
        }
        distinct = False
        for node in self.said.all(tree.Keyword):
            if node.statement == "distinct":
                distinct = True
            else:
                words[node.statement] = node.value
        return ir.Policy(
            size.count,
            rest_replacement=rest is not None and rest.replacement,
            across_ranks=size.across_ranks,
            distinct=distinct,
            epoch=epoch,
            seed=seed,
            span=self.span,
            **parts,
            **words,
        )

    def _checked(self, policy: ir.Policy) -> ir.Policy | None:
        reporter = self.said.ctx.reporter
        count = len(reporter.diagnostics)
        check_policy(policy, reporter)
        failed = any(item.severity == "error" for item in reporter.diagnostics[count:])
        return None if failed else policy

    def _default_epoch(self, mix: ir.Mix | None) -> ir.Epoch:
        if mix is not None and mix.parts:
            return ir.Epoch("pass", mix.parts[0].group, span=mix.span)
        return ir.Epoch(span=self.span)

    def _repeated(self) -> None:
        """Each statement but `force` and the stages is said at most once."""
        seen: dict[object, tree.Node] = {}
        for node in self.said.nodes:
            if isinstance(node, tree.Force | tree.ForceEach | tree.Stage | tree.ErrorStatement):
                continue
            about: object = node.statement if isinstance(node, tree.Keyword) else type(node)
            if isinstance(node, tree.EpochPass | tree.EpochLength):
                about = "epoch"
            earlier = seen.setdefault(about, node)
            if earlier is not node:
                self.said.fail(
                    RepeatedStatement, node, "this policy says the same thing twice", "said again here",
                    Label(earlier.span, "first said here"), "keep one of them",
                )  # fmt: skip

    # ---- the size of a batch

    def _batch(self, draw: ir.Draw | None) -> _Size | None:
        """The one batch size that `batch`, every `per` and `draw` agree on."""
        sizes = [] if self.base is None else [self.base]
        nodes = [*self.said.all(tree.BatchSize)[:1], *self.said.all(tree.Force, tree.ForceEach, tree.Mix)]
        for node in nodes:
            count = self.said.whole(node.size, "a batch size")
            if count is not None:
                sizes.append(_Size(count, node.across_ranks, node.size.span))
        if not sizes and draw is not None:
            return _Size(draw.classes * draw.each, False, draw.span)
        if not sizes:
            if not self.said.failed and self.said.one(tree.ErrorStatement) is None:
                self._missing_batch()
            return None
        self._agree(sizes, draw)
        return sizes[0]

    def _agree(self, sizes: list[_Size], draw: ir.Draw | None) -> None:
        first = sizes[0]
        other = next((size for size in sizes[1:] if size.count != first.count), None)
        if other is not None:
            self._report(
                DifferentBatchSizes, other.span, f"one policy has one batch size, not {first.count} and {other.count}",
                f"{other.count} here", Label(first.span, f"{first.count} here"), "make them the same",
            )  # fmt: skip
        elif draw is not None and draw.classes * draw.each != first.count:
            drawn = f"{draw.classes} times {draw.each} samples are {draw.classes * draw.each}"
            self._report(
                DrawSize, draw.span, f"{drawn}, and a batch has {first.count}", "fills the whole batch",
                Label(first.span, f"{first.count} here"), "make them the same, or leave the batch size out",
            )  # fmt: skip
        here = next((size for size in sizes if size.across_ranks), None)
        missing = next((size for size in sizes if not size.across_ranks), None)
        if here is not None and missing is not None:
            # In a stage its own words are to blame, not those around it.
            blamed, other = (here, missing) if missing is self.base else (missing, here)
            word = "says `across ranks`" if blamed is here else "does not say `across ranks`"
            at = Span(blamed.span.path, blamed.span.end, blamed.span.end)
            fix = Fix("add `across ranks`", (Edit(at, " across ranks"),))
            self._report(
                AcrossRanksOnce, blamed.span, f"this batch size {word}, unlike another of the same policy",
                "of each rank, or of all of them", Label(other.span, "the other one"),
                "say `across ranks` after every batch size, or after none", [fix] if blamed is missing else [],
            )  # fmt: skip

    def _report(
        self, rule: type[Rule], span: Span, message: str, label: str, other: Label, help: str,
        fixes: Sequence[Fix] = (),
    ) -> None:  # fmt: skip
        self.said.ctx.reporter.report(rule, span, message, label=label, secondary=[other], help=help, fixes=fixes)
        self.said.failed = True

    def _missing_batch(self) -> None:
        self.said.failed = True
        message = "this policy does not say how many samples a batch has"
        self.said.ctx.reporter.report(NoBatchSize, self.span, message, help="add `batch 64`, for example")

    # ---- stages

    def _with_stages(self, policy: ir.Policy) -> ir.Policy | None:
        """The policy with its stages, each worked out as a whole policy."""
        nodes = self.said.all(tree.Stage) if self.base is None else []
        stages = [self._stage(node) for node in nodes]
        found = [stage for stage in stages if stage is not None]
        for earlier, later in pairwise(found):
            if later.epoch <= earlier.epoch:
                self._report(
                    StageOrder, later.span, f"epoch {later.epoch} does not come after epoch {earlier.epoch}",
                    f"from epoch {later.epoch}", Label(earlier.span, f"from epoch {earlier.epoch}"),
                    "write the stages in the order of their epochs",
                )  # fmt: skip
        if len(found) < len(nodes) or self.said.failed:
            return None
        return evolve(policy, stages=tuple(found))

    def _stage(self, node: tree.Stage) -> ir.Stage | None:
        nodes = statements_of(node, self.said.nodes)
        inner = Statements(self.said.ctx, self.said.unit, nodes, self.said.named)
        epoch = inner.whole(node.epoch, "the epoch that a stage begins with")
        check_stage(inner, node)
        if inner.failed:
            return None
        policy = _Lowering(inner, node.span, self.size, node.statements).lower()
        return None if policy is None or epoch is None else ir.Stage(epoch, policy, span=node.span)
