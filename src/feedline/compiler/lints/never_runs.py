"""Steps that no sample will ever meet."""

from __future__ import annotations

from feedline.compiler import ir
from feedline.compiler.names import Unit
from feedline.dsl import tree
from feedline.dsl.diagnostics import Reporter
from feedline.dsl.rules.lints import StepNeverRuns


def steps_that_never_run(program: ir.Program, main: Unit, reporter: Reporter) -> None:
    """Warn of `maybe 0%` and `weight 0`, where the number is written out: a parameter may be set to another."""
    for node in tree.walk(main.tree):
        share = node.probability if isinstance(node, tree.MaybeStep) else None
        if isinstance(node, tree.Branch):
            share = node.weight
        if isinstance(share, tree.Number | tree.Percent) and share.value == 0:
            what = "this branch" if isinstance(node, tree.Branch) else "this chain"
            reporter.report(
                StepNeverRuns,
                share.span,
                f"{what} never runs",
                label="never",
                help="leave it out, or give it a chance above 0",
                data={"tags": ["unnecessary"]},
            )
