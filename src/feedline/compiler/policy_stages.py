"""Stages of a policy, `from epoch N { ... }`: what each takes over from the policy around it."""

from __future__ import annotations

from collections.abc import Iterator

from feedline.compiler.policy_statements import Statements
from feedline.dsl import tree
from feedline.dsl.rules.policies import NotInAStage

_COMPOSITION = (
    *(tree.Force, tree.ForceEach, tree.Mix, tree.Draw, tree.Rest),
    *(tree.BalanceBy, tree.WeightBy, tree.RepeatFactor, tree.BucketBy),
)
"""What says which samples a batch is made of: a stage that says any of it says all of it."""

_EPOCHS = (tree.EpochPass, tree.EpochLength)


def statements_of(stage: tree.Stage, outer: tuple[tree.PolicyStatement, ...]) -> tuple[tree.PolicyStatement, ...]:
    """The statements that hold in a stage: its own, and those of the policy around it that it does not replace."""
    own = stage.statements
    # `batch 8` alone is a batch of eight as they come.
    composed = any(isinstance(node, (*_COMPOSITION, tree.BatchSize)) for node in own)
    said = set(map(_topic, own))

    def is_kept(node: tree.PolicyStatement) -> bool:
        if isinstance(node, tree.Stage | tree.OnError | tree.ErrorStatement):
            return False
        if isinstance(node, _COMPOSITION):
            return not composed
        return _topic(node) not in said

    return (*filter(is_kept, outer), *own)


def check_stage(statements: Statements, stage: tree.Stage) -> None:
    """Report what a stage may not say, and one that says nothing."""
    if not stage.statements:
        statements.refuse(stage, "this stage changes nothing", "`from epoch 10 { force 1 defects per 8 }`")
    for node, what, help in _misplaced(stage):
        message = f"{what}, so a stage has none of its own"
        statements.fail(NotInAStage, node, message, "inside a stage", help=help)


def _misplaced(stage: tree.Stage) -> Iterator[tuple[tree.Node, str, str]]:
    for node in stage.statements:
        if isinstance(node, tree.Seed):
            yield node, "one seed holds for all epochs", "write it before the stage"
        elif isinstance(node, tree.OnError):
            yield node, "`on error` holds for all epochs", "write it before the stage"
        elif isinstance(node, tree.Stage):
            yield node, "stages follow one another", "end the stage before this one"


def _topic(node: tree.PolicyStatement) -> object:
    """What a statement is about: of two about the same thing, a stage's own holds."""
    if isinstance(node, tree.Keyword):
        return node.statement
    return "epoch" if isinstance(node, _EPOCHS) else type(node)
