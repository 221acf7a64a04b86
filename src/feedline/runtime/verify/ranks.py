"""Checks of what several ranks get, and of what a run gets that goes on where another stopped.

Both read the sampler that loaders use, one for each rank, in lock step.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np

from feedline.runtime.sampler import PlanSampler, Position, Run
from feedline.runtime.sampling import BatchPlan
from feedline.runtime.verify.checks import Check

_WHOLE = 100_000
"""Longer epochs are compared at both ends."""
_END = 20_000
_STOPS = 8
"""Points of each epoch where a run is stopped."""
_AFTER = 40
"""Steps that are compared after each."""


def rank_checks(plan: BatchPlan, epochs: Sequence[int], worlds: Sequence[int]) -> list[Check]:
    """What holds for each number of ranks. One that cannot share the policy's batches is passed over, and named."""
    shared = plan.policy.across_ranks
    possible = [world for world in worlds if not shared or plan.policy.batch % world == 0]
    checks = [_ranks(plan, epochs, world) for world in possible if world > 1]
    if possible:
        checks.append(_resumed(plan, epochs, possible))
    for world in worlds:
        if world not in possible:
            checks.append(Check(f"{plan.policy.batch} places cannot be shared evenly", f"{world} ranks"))
    return checks


def _ranks(plan: BatchPlan, epochs: Sequence[int], world: int) -> Check:
    """Each global batch on one rank (or on all, a part each), as many steps on every rank."""
    whole = all(plan.length(epoch) <= _WHOLE for epoch in epochs)
    check = Check(f"{world} ranks {_dealt(plan, epochs, world)}", "every epoch" if whole else "ends of every epoch")
    for epoch in epochs:
        total = plan.length(epoch)
        if whole:
            _compare(check, plan, Position(epoch, 0), world, None)
        else:
            start = (total - _END) // world * world
            _compare(check, plan, Position(epoch, 0), world, _END // world)
            _compare(check, plan, Position(epoch, start), world, None)
    return check


def _dealt(plan: BatchPlan, epochs: Sequence[int], world: int) -> str:
    """What so many ranks get of an epoch, and what they do not: promises of a whole epoch are those of all batches."""
    runs = [Run(plan, None, epoch, 0, 0, world) for epoch in epochs]
    empty = next((run for run in runs if plan.length(run.epoch) and not run.count(0)), None)
    if empty is not None:
        length = plan.length(empty.epoch)
        return f"get nothing: {length:,} batch{'' if length == 1 else 'es'} an epoch"
    if not plan.policy.across_ranks:
        left = max((run.total % world for run in runs), default=0) if plan.policy.uneven == "drop" else 0
        text = "take turns, equal counts"
        return text if not left else f"{text}, but for the last {'batch' if left == 1 else f'{left} batches'}"
    short = max((run.left_out for run in runs), default=0)
    return f"share every batch but the last, of {short}" if short else "share every batch"


def _compare(check: Check, plan: BatchPlan, begin: Position, world: int, steps: int | None) -> None:
    """Hold what all ranks get from a position on, for so many steps or to the end, against the plan's own batches."""
    policy, epoch, total = plan.policy, begin.epoch, plan.length(begin.epoch)
    parts = world if policy.across_ranks and world > 1 else 1
    taken = [_taken(plan, begin, rank, world, steps) for rank in range(world)]
    counts = {len(batches) for batches in taken}
    if len(counts) > 1:
        check.fail(epoch, None, f"gives {world} ranks {sorted(counts)} batches from batch {begin.batch:,} on")
        return
    count = counts.pop()
    check.add(count * (1 if parts > 1 else world))
    if steps is None and count != _owed(plan, begin, world):
        check.fail(epoch, None, f"gives each of {world} ranks {count:,} batches from batch {begin.batch:,} on")
    for rank, batches in enumerate(taken):
        step = 1 if parts > 1 else world
        first = begin.batch + (0 if parts > 1 else rank)
        for low in range(0, count, 4096):
            numbers = np.arange(low, min(low + 4096, count)) * step + first
            mine = batches[low : low + 4096]
            _hold(check, plan, epoch, numbers % max(total, 1), mine, (rank, parts))


def _hold(
    check: Check, plan: BatchPlan, epoch: int, numbers: np.ndarray, batches: list[list[int]], part: tuple[int, int]
) -> None:
    """One rank's batches against those of these numbers."""
    low, high = int(numbers.min()), int(numbers.max()) + 1
    rows = plan.batches(epoch, low, high)[numbers - low].tolist()
    rank, parts = part
    for number, row, batch in zip(numbers.tolist(), rows, batches, strict=True):
        mine = [place for place in row if place >= 0] if row[-1] < 0 else row
        mine = mine[rank::parts] if parts > 1 else mine
        if parts > 1 and plan.policy.uneven == "pad" and not mine:
            continue  # filled from the batch's own front
        if mine != batch:
            check.fail(epoch, number, f"is another on rank {rank}")


def _taken(plan: BatchPlan, begin: Position, rank: int, world: int, steps: int | None) -> list[list[int]]:
    sampler = PlanSampler(plan, (rank, world))
    sampler.go_to(begin.epoch, begin.batch)
    return list(islice(iter(sampler), steps))


def _owed(plan: BatchPlan, begin: Position, world: int) -> int:
    """How many batches each rank must get from a position to the end of its epoch."""
    policy, total = plan.policy, plan.length(begin.epoch)
    if policy.across_ranks and world > 1:
        last = plan.batches(begin.epoch, total - 1, total) if total else np.empty((0, 1))
        short = total and policy.uneven == "drop" and int((last >= 0).sum()) < world
        return max(total - bool(short) - begin.batch, 0)
    left = max(total - begin.batch, 0)
    return -(-left // world) if policy.uneven == "pad" else left // world


def _resumed(plan: BatchPlan, epochs: Sequence[int], worlds: Sequence[int]) -> Check:
    """A run that is stopped at some point of an epoch, and goes on with as many ranks or others."""
    names = ", ".join(str(world) for world in worlds)
    check = Check("a resumed run goes on exactly", f"{names} rank{'s' if worlds[-1] > 1 else ''}", "stop points")
    random = np.random.default_rng(561)
    for epoch in epochs:
        for _ in range(_STOPS if plan.length(epoch) else 0):
            before, after = (int(random.choice(worlds)) for _ in range(2))
            sampler = PlanSampler(plan, (0, before))
            sampler.go_to(epoch)
            iter(sampler)
            run = sampler.run
            steps = run.count(0) if run is not None else 0
            if run is None or not steps:
                continue
            stop = int(random.integers(steps + 1))
            reached = run.reached(stop)
            each = 1 if plan.policy.across_ranks else before
            expected = Position(epoch + 1, 0) if stop == steps else Position(epoch, stop * each)
            if (reached.epoch, reached.batch) != (expected.epoch, expected.batch):
                check.fail(epoch, stop * each, f"is where {before} ranks stop, saved as {reached.batch:,}")
            inner = Check("", "")
            if reached.epoch == epoch:
                _compare(inner, plan, reached, after, _AFTER)
            check.add(1)
            first = inner.row().first
            if first is not None:
                text = first.text.partition(f"of epoch {epoch:,} ")[2]
                check.fail(epoch, first.batch, f"{text} after {before} ranks stopped at batch {reached.batch:,}")
    return check
