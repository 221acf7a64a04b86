"""Works out the batches of a plan block by block and sends them through the checks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from attrs import evolve

from feedline.compiler import ir
from feedline.runtime.sampling import BatchPlan, Populations
from feedline.runtime.sampling.populations import Positions
from feedline.runtime.verify.block import Block
from feedline.runtime.verify.checks import Check
from feedline.runtime.verify.distribution import Distribution
from feedline.runtime.verify.facts import Facts
from feedline.runtime.verify.ranks import rank_checks
from feedline.runtime.verify.report import Section
from feedline.runtime.verify.select import checks_of
from feedline.runtime.verify.whole import whole_checks

_PLACES = 1 << 16
"""Places of a block: few enough to stay in the processor's cache."""


def verify_plan(
    name: str,
    plan: BatchPlan,
    groups: Mapping[str, Positions],
    *,
    epochs: int = 3,
    ranks: Sequence[int] = (1, 2, 4),
    on_batches: Callable[[int], None] | None = None,
) -> list[Section]:
    """Check every promise of a plan over the first `epochs` epochs, of each of its stages.

    `groups` are the positions of the groups to count, by name; `ranks` the numbers of ranks to try. `on_batches` is
    called with the number of batches of each block. Memory: some tens of bytes for each sample, however long an epoch.
    """
    found: list[Section] = []
    for stage, policy, populations, numbers in _stages(plan, epochs):
        facts = Facts(evolve(policy, stages=()), evolve(populations, stages=()))
        number = numbers.start
        promises = [promise for promise in plan.promises() if promise.holds_in(number)]
        checks = [*checks_of(facts, promises, plan.populations), *whole_checks(plan, facts, number)]
        counted = Distribution(facts, groups)
        start = time.perf_counter()
        batches = sum(_enumerate(plan, facts, epoch, checks, counted, on_batches) for epoch in numbers)
        seconds = time.perf_counter() - start
        checks += rank_checks(plan, numbers, ranks)
        found.append(
            Section(
                loader=name,
                stage=stage,
                epochs=tuple(numbers),
                batch=policy.batch,
                samples=populations.size,
                batches=batches,
                seconds=seconds,
                rows=tuple(check.row() for check in checks),
                groups=counted.groups(),
                times=counted.times(),
                strip=counted.strip(),
            )
        )
    return found


def _enumerate(
    plan: BatchPlan,
    facts: Facts,
    epoch: int,
    checks: Sequence[Check],
    counted: Distribution,
    on_batches: Callable[[int], None] | None,
) -> int:
    """Send every batch of an epoch through the checks, and return how many there are."""
    length = plan.length(epoch)
    counted.begin()
    for check in checks:
        check.begin(epoch, length)
    for block in _blocks(plan, facts, epoch, length):
        counted.block(block)
        for check in checks:
            check.block(block)
        if on_batches is not None:
            on_batches(len(block.rows))
    times = counted.end()
    for check in checks:
        check.end(epoch, times)
    return length


def batches_to_verify(plan: BatchPlan, epochs: int) -> int:
    """How many batches `verify_plan` works out."""
    return sum(plan.length(epoch) for *_, numbers in _stages(plan, epochs) for epoch in numbers)


def _stages(plan: BatchPlan, epochs: int) -> Iterator[tuple[str, ir.Policy, Populations, range]]:
    """Each policy of the plan, by the epochs in which it holds: its name, itself, and the first epochs of it."""
    policy, stages = plan.policy, plan.policy.stages
    starts = [stage.epoch for stage in stages]
    ends = [*starts, None]
    yield "", policy, plan.populations, _first(0, ends[0], epochs)
    for stage, populations, end in zip(stages, plan.populations.stages, ends[1:], strict=True):
        yield f"from epoch {stage.epoch}", stage.policy, populations, _first(stage.epoch, end, epochs)


def _first(start: int, end: int | None, epochs: int) -> range:
    return range(start, start + epochs if end is None else min(start + epochs, end))


def _blocks(plan: BatchPlan, facts: Facts, epoch: int, length: int) -> Iterator[Block]:
    """The batches of an epoch in blocks, beside each the same with its forced samples in front."""
    first = None
    if facts.policy.places == "shuffled" and any(force.places for force in facts.policy.forces):
        first = BatchPlan(evolve(facts.policy, places="first"), facts.populations)
    count = max(_PLACES // plan.batch_size, 1)
    for start in range(0, length, count):
        stop = min(start + count, length)
        rows = plan.batches(epoch, start, stop)
        yield Block(facts, epoch, start, length, rows, rows if first is None else first.batches(epoch, start, stop))
