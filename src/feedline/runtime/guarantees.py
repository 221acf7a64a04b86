"""Counts in delivered batches what the policy promised of them: what `verify = true` and `feedline run` look at.

The counts come from the positions that came back beside a batch, so a promise that is reported as kept was kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from attrs import frozen

from feedline.runtime.sampling.plan import BatchPlan
from feedline.runtime.sampling.populations import Classes, Populations, Positions
from feedline.runtime.sampling.promises import SAMPLES, Promise, promises_of


class BatchCheck:
    """Whether delivered batches hold what their plan promised.

    `ranks` is the number of ranks that share each batch of a policy with `per n across ranks`; what is then checked is
    what one rank's share must hold. Cheap to make; nothing is kept between batches.
    """

    def __init__(self, plan: BatchPlan, ranks: int = 1):
        self._batch = plan.policy.batch
        self._meters = meters(promises_of(plan.policy, ranks), plan.populations)

    def broken(self, epoch: int, number: int, positions: Sequence[int] | np.ndarray) -> str | None:
        """What is wrong with batch `number` of `epoch`, whose samples have these positions; None where nothing is.

        A sentence: batch 1374 of epoch 3 holds 2 of `defects`, promised exactly 3 of 8."""
        found = np.asarray(positions, np.int64)
        where = f"batch {number:,} of epoch {epoch:,}"
        if len(found) > self._batch:
            return f"{where} holds {len(found)} samples, promised at most {self._batch}"
        for meter in self._meters:
            if meter.promise.holds_in(epoch):
                count = meter.count(found)
                if not meter.promise.kept(count, len(found)):
                    return f"{where} {broken_text(meter.promise, count, len(found))}"
        return None


def broken_text(promise: Promise, count: int, batch_len: int) -> str:
    """What a batch holds instead of what was promised, to follow its name."""
    match promise.kind:
        case "members":
            return f"holds {count} of `{promise.group}`, promised {promise.text}"
        case "values":
            return f"holds {count} values of `{promise.group}` {promise.each} times, promised {promise.text}"
        case "different":
            return f"holds {count} different {SAMPLES} in {batch_len} places, promised {promise.text}"


def meters(promises: Sequence[Promise], populations: Populations) -> list[Meter]:
    """A counter for each promise; `populations` are those of the whole policy, its stages' with them."""
    return [
        Meter(promise, populations if promise.stage is None else populations.stages[promise.stage])
        for promise in promises
    ]


@frozen(eq=False)
class Meter:
    """Counts in a batch what a promise is about."""

    promise: Promise
    populations: Populations

    def count(self, positions: np.ndarray) -> int:
        """The promise's count in a batch, from its samples' positions, int64 (n,)."""
        match self.promise.kind:
            case "members":
                return count_members(self.populations.groups[self.promise.group], positions)
            case "different":
                return len(np.unique(positions))
            case "values":
                return self._values.count(positions, self.promise.each, self.promise.minimum)

    @cached_property
    def _values(self) -> ValuesOf:
        assert self.populations.classes is not None
        return ValuesOf.of(self.populations.classes, self.populations.size)


def count_members(members: Positions, positions: np.ndarray) -> int:
    """How many of `positions` are in a sorted set."""
    if isinstance(members, range):
        return int(((positions >= members.start) & (positions < members.stop)).sum())
    if not len(members):
        return 0
    places = np.minimum(np.searchsorted(members, positions), len(members) - 1)
    return int((members[places] == positions).sum())


@frozen(eq=False)
class ValuesOf:
    """The values of each sample as class numbers: those of position p are `values[offsets[p] : offsets[p + 1]]`."""

    offsets: np.ndarray
    values: np.ndarray
    names: int
    """How many values there are."""

    @classmethod
    def of(cls, classes: Classes, size: int) -> ValuesOf:
        """From the samples of each value, of `size` samples."""
        owners = np.repeat(np.arange(len(classes.names)), np.diff(classes.offsets))
        counts = np.bincount(classes.members, minlength=size)
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return cls(offsets, owners[np.argsort(classes.members, kind="stable")], len(classes.names))

    def count(self, positions: np.ndarray, each: int, wanted: int) -> int:
        """How many values have `each` samples of a batch. A sample of several values may stand for any of them: where
        there is such a one, how many have `each` or more, though no more than `wanted`."""
        starts, ends = self.offsets[positions], self.offsets[positions + 1]
        found = np.concatenate([self.values[low:high] for low, high in zip(starts, ends, strict=True)])
        counts = np.bincount(found, minlength=self.names)
        if len(found) == len(positions):
            return int((counts == each).sum())
        return min(int((counts >= each).sum()), wanted)
