"""Measuring a model on some of the samples only."""

from __future__ import annotations

from feedline.compiler import ir
from feedline.compiler.counts import size_of
from feedline.compiler.lints.roles import role_of
from feedline.compiler.names import Unit
from feedline.dsl.diagnostics import Label, Reporter
from feedline.dsl.rules.evaluation import IncompleteEvaluation


def incomplete_evaluation(program: ir.Program, main: Unit, reporter: Reporter) -> None:
    """Warn of evaluation loaders that leave out the last samples, or draw them by weight so that some never come."""
    for loader in program.loaders:
        policy = loader.policy
        if role_of(loader) != "evaluation" or policy.epoch.kind != "pass" or policy.forces or policy.draw or policy.mix:
            continue
        size = size_of(program, loader.data)
        if policy.weights is not None:
            how = "balance by" if policy.weights.kind == "balance" else "weight by"
            message = f"`{loader.name}` is for evaluation, and `{how}` draws some samples twice and others never"
            help = "leave it out here: each sample then comes once"
            at, label = policy.weights.span, "not every sample comes"
        elif policy.last == "drop" and policy.batch > 1 and (size is None or size % policy.batch):
            message = f"`{loader.name}` is for evaluation, and `last drop` leaves its last samples out"
            help = "say `last keep`, or leave `last drop` out: keeping is the default"
            at, label = policy.span, "up to a batch is never measured"
        else:
            continue
        declared = main.names[loader.name].span
        second = [Label(declared, "evaluates")] if declared != at else []
        reporter.report(IncompleteEvaluation, at, message, label=label, secondary=second, help=help)
