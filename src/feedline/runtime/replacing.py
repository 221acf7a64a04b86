"""`on error replace`: which samples may stand in for one that cannot be read.

What stands in is a function of the batch alone, as all that a batch holds: ranks that share one each come to the same.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from attrs import frozen

from feedline.compiler import ir
from feedline.runtime.columns import Column
from feedline.runtime.keys import BatchIndices
from feedline.runtime.randomness import derive_key
from feedline.runtime.sampling import BatchPlan, Populations
from feedline.runtime.sampling.alike import alike
from feedline.runtime.sampling.shuffles import Feistel, random_fractions, shuffles
from feedline.runtime.sampling.who import exact_members

_TRIES = 20
"""Samples of the same groups tried in place of an unreadable one before the batch fails."""
_FEW = 4096
"""Of so many all are shuffled; of more only those that are drawn are computed."""
_LEAST = float(np.finfo(np.float32).tiny)


@frozen(eq=False)
class _Stage:
    """What some epochs draw by, from `first` on."""

    first: int
    distinct: bool
    weights: Column | None


@frozen(eq=False)
class StandIns:
    """Which samples may stand in for which, by the groups and weights that a policy and its stages declare."""

    _seed: int
    _shared: bool
    _alike: Column
    _stages: tuple[_Stage, ...]

    @classmethod
    def of(cls, policy: ir.Policy, populations: Populations) -> StandIns:
        """Those of a policy."""
        stages: list[_Stage] = []
        for first, one, its in stages_of(policy, populations):
            weights = drawn_by(one, its)
            stages.append(_Stage(first, one.distinct, None if weights is None else Column(weights)))
        return cls(policy.seed, policy.across_ranks, Column(alike(policy, populations)), tuple(stages))

    def choices(self, batch: BatchIndices, place: int, position: int, stood: Iterable[int]) -> list[int]:
        """What may stand for `position`, at `place` of the global batch, in the order in which it should be tried: of
        exactly the same groups, drawn by key, and by weight where it was drawn so itself.

        First those that the batch does not hold, `stood` being what stands in others of its places; then, unless the
        policy says `distinct`, those that it does. Ranks that share a batch do not know what stands in for a sample of
        another: there `stood` does not count, and of what `distinct` leaves each place has a part of its own."""
        stage = next(stage for stage in reversed(self._stages) if stage.first <= batch.epoch)
        groups, row = self._alike.values, np.array(batch.whole())
        weights: np.ndarray | None = getattr(batch, "weights", None)
        if weights is None and stage.weights is not None:
            weights = stage.weights.values
        same = groups == groups[position]
        held = np.unique(row if self._shared else [*row, *stood])
        inside = held[same[held] & (held != position)]
        same[held] = False
        part, parts, numbers = 0, 1, (batch.epoch, batch.number, place)
        if self._shared and stage.distinct:
            peers = np.flatnonzero(groups[row] == groups[position])
            part, parts, numbers = int(np.searchsorted(peers, place % len(row))), len(peers), numbers[:-1]
        key = derive_key(self._seed, "replace", *numbers)
        found = _drawn(np.flatnonzero(same), weights, key, _TRIES * parts)[part::parts]
        if not stage.distinct:
            again = _drawn(inside, weights, derive_key(self._seed, "replace again", *numbers), _TRIES)
            found = np.concatenate([found, again])
        if weights is not None and weights[position] > 0:
            found = found[weights[found] > 0]
        return found[:_TRIES].tolist()


def drawn_by(policy: ir.Policy, populations: Populations) -> np.ndarray | None:
    """The weights of one stage's rest in units of the largest, float32 (size,), where it draws by weight; 0 for samples
    that it only forces."""
    if policy.weights is None or populations.weights is None:
        return None
    weights = populations.weights / (populations.weights.max(initial=0.0) or 1.0)
    weights = np.where(populations.weights > 0, np.maximum(weights, _LEAST), 0.0).astype(np.float32)
    forced = exact_members(policy, populations)
    weights[forced.at(np.arange(len(forced)))] = 0.0
    return weights


def stages_of(policy: ir.Policy, populations: Populations) -> list[tuple[int, ir.Policy, Populations]]:
    """The first epoch, the policy and the populations of a policy, then of each of its stages."""
    stages = zip(policy.stages, populations.stages, strict=True)
    return [(0, policy, populations), *((stage.epoch, stage.policy, its) for stage, its in stages)]


def weights_in(plan: BatchPlan, epoch: int) -> np.ndarray | None:
    """`drawn_by` of the stage that an epoch of a plan has."""
    stages = reversed(stages_of(plan.policy, plan.populations))
    return next(drawn_by(policy, populations) for first, policy, populations in stages if first <= epoch)


def _drawn(positions: np.ndarray, weights: np.ndarray | None, key: int, count: int) -> np.ndarray:
    """At most `count` different ones of `positions` in the order in which they are drawn: evenly, or by weight
    (Efraimidis and Spirakis, 2006: the least of exponential numbers divided by weights), those of weight 0 last."""
    size = len(positions)
    if weights is None:
        order = shuffles(key, 0, 1, size)[0] if size <= _FEW else Feistel(size, key).at(np.arange(min(count, size)))
        return positions[order[:count]]
    numbers = -np.log1p(-random_fractions(key, 0, 1, size)[0])
    numbers /= np.maximum(weights[positions].astype(np.float64), _LEAST**2)
    first = np.argpartition(numbers, count)[:count] if count < size else np.arange(size)
    return positions[first[np.argsort(numbers[first])]]
