"""Policies that bring nothing whatever the data is."""

from __future__ import annotations

from feedline.compiler import ir
from feedline.compiler.names import Unit
from feedline.dsl.diagnostics import Reporter
from feedline.dsl.rules.sampling import BadWeights, NoBatch
from feedline.dsl.source import Span


def empty_epochs(program: ir.Program, main: Unit, reporter: Reporter) -> None:
    """Report epochs shorter than a batch that is dropped, and tables in which every weight is 0."""
    said: set[Span] = set()  # a policy that loaders share
    for loader in program.loaders:
        for policy in (loader.policy, *(stage.policy for stage in loader.policy.stages)):
            if policy.span not in said:
                said.add(policy.span)
                _check(policy, reporter)


def _check(policy: ir.Policy, reporter: Reporter) -> None:
    epoch, weights = policy.epoch, policy.weights
    if epoch.kind == "samples" and policy.last == "drop" and epoch.count < policy.batch:
        reporter.report(
            NoBatch,
            epoch.span,
            f"an epoch of {epoch.count} samples has no whole batch of {policy.batch}, and `last drop`",
            label="shorter than a batch",
            help="make the epoch longer, the batch smaller, or say `last keep`",
        )
    if weights is not None and weights.kind == "table" and not any(line.weight for line in weights.table):
        reporter.report(
            BadWeights,
            weights.span,
            "every weight is 0"
            if len(weights.table) > 1
            else "the only weight is 0, and groups that are left out have 0",
            label="nothing can be drawn",
            help="give what shall come a weight above 0: `rest 1` for all that is not named",
        )
