"""Walks over the steps of a chain, however deep: forms around steps hold chains, containers hold transforms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from feedline.compiler import ir


def walked(steps: Sequence[ir.Step]) -> Iterator[ir.Step]:
    """Every step, those inside it after it, in the order they are written."""
    for step in steps:
        yield step
        for inner in _chains_in(step):
            yield from walked(inner)


def able_to_run(steps: Sequence[ir.Step]) -> Iterator[ir.Step]:
    """The same without what has a probability or a weight of 0."""
    for step in steps:
        yield step
        for inner in _chains_in(step, idle=False):
            yield from able_to_run(inner)


def applied(steps: Sequence[ir.Step]) -> Iterator[ir.Apply]:
    """The transforms among all the steps."""
    return (step for step in walked(steps) if isinstance(step, ir.Apply))


def _chains_in(step: ir.Step, *, idle: bool = True) -> Iterator[Sequence[ir.Step]]:
    """The chains inside a step, without `idle` only those that can run."""
    match step:
        case ir.Apply(args=args):
            yield from (_transforms_in(arg.value) for arg in args)
        case ir.Maybe(probability=probability, steps=steps):
            yield steps if idle or probability > 0 else ()
        case ir.Shuffled(steps=steps) | ir.OnField(steps=steps):
            yield steps
        case ir.OneOf(branches=branches):
            yield from (branch.steps for branch in branches if idle or branch.weight > 0)
        case ir.Views(chains=chains):
            yield from chains


def _transforms_in(value: ir.Value) -> Sequence[ir.Apply]:
    items = value.items if isinstance(value, ir.ListValue) else value if isinstance(value, tuple) else (value,)
    return [item for item in items if isinstance(item, ir.Apply)]
