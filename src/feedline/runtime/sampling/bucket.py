"""`bucket by FIELD into N`: batches of samples alike in a number, every sample of the rest still once an epoch.

Each batch is of one bucket. Forced places are filled from those of their group whose values lie in the range of that
bucket, and where these are fewer than the places, from the nearest.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from attrs import field, frozen

from feedline.compiler import ir
from feedline.runtime.randomness import derive_key
from feedline.runtime.sampling.buckets import Layout, Layouts
from feedline.runtime.sampling.distinct import repeats
from feedline.runtime.sampling.epochs import rest_places
from feedline.runtime.sampling.populations import Members, Populations
from feedline.runtime.sampling.repeat import Repeats
from feedline.runtime.sampling.segments import SegmentTurns
from feedline.runtime.sampling.shuffles import random_fractions
from feedline.runtime.sampling.streams import Kept
from feedline.runtime.sampling.who import forced_members, rest_members

_ATTEMPTS = 24
"""Rounds of new draws for a whole block before the few places that are left get their samples one by one."""


@frozen(eq=False)
class _ByValue:
    """Samples by ascending value: `positions` and their `values`, (n,) each."""

    positions: np.ndarray
    values: np.ndarray

    @classmethod
    def of(cls, members: Members, values: np.ndarray) -> _ByValue:
        """The members in the order of `values` (positions,)."""
        positions = members.at(np.arange(len(members)))
        positions = positions[np.argsort(values[positions], kind="stable")]
        return cls(positions, values[positions])

    def spans(self, lows: np.ndarray, highs: np.ndarray, least: int) -> tuple[np.ndarray, np.ndarray]:
        """Where the samples of each bucket begin and end (exclusive), of buckets with values `lows[i]` to `highs[i]`.

        What lies between two buckets belongs to the nearer one, so that every sample is of some bucket. Where a bucket
        has fewer than `least`, the nearest ones join."""
        between = lows[1:] / 2 + highs[:-1] / 2
        starts = np.append(0, np.searchsorted(self.values, between, side="left"))
        ends = np.append(np.searchsorted(self.values, between, side="right"), len(self.values))
        padded = np.concatenate([[-np.inf], self.values, [np.inf]])
        for _ in range(min(least, len(self.values))):
            lacks = ends - starts < min(least, len(self.values))
            below = lows - padded[starts] <= padded[ends + 1] - highs
            starts, ends = starts - (lacks & below), ends + (lacks & ~below)
        return starts, ends

    def nearest(self, low: float, high: float, present: np.ndarray) -> int | None:
        """The sample nearest to a range of values of those that are not `present`; None where all are."""
        distance = np.maximum(np.maximum(low - self.values, self.values - high), 0.0)
        distance[np.isin(self.positions, present)] = np.inf
        best = int(np.argmin(distance))
        return int(self.positions[best]) if np.isfinite(distance[best]) else None


@frozen(eq=False)
class _Forced:
    """The places of one forced group: `count` a batch, from the span of its samples that is near the batch's bucket."""

    samples: _ByValue
    count: int
    seed: int
    number: int
    replacement: bool
    shuffled: bool
    _kept: Kept = field(factory=Kept, init=False, repr=False)

    def block(self, epoch: int, start: int, stop: int, layout: Layout) -> np.ndarray:
        """Positions, int64 (stop - start, count), for batches start to stop - 1."""
        if self.replacement:
            return self.draw("draw", epoch, 0, start, stop, layout)
        starts, turns = self._kept.get((epoch, 0), lambda: self._turns(epoch, layout))
        buckets = layout.buckets[start:stop]
        ranks = starts[buckets][:, None] + turns[buckets, layout.times[start:stop]]
        return self.samples.positions[ranks]

    def draw(self, purpose: str, epoch: int, attempt: int, start: int, stop: int, layout: Layout) -> np.ndarray:
        """Independent draws from each batch's span, int64 (stop - start, count)."""
        starts, ends = self._spans(epoch, layout)
        buckets = layout.buckets[start:stop]
        key = derive_key(self.seed, purpose, epoch, self.number, attempt)
        fractions = random_fractions(key, start, stop - start, self.count)
        found = (fractions * (ends - starts)[buckets][:, None]).astype(np.int64)
        return self.samples.positions[starts[buckets][:, None] + found]

    def _spans(self, epoch: int, layout: Layout) -> tuple[np.ndarray, np.ndarray]:
        return self._kept.get((epoch, 1), lambda: self.samples.spans(layout.lows, layout.highs, self.count))

    def _turns(self, epoch: int, layout: Layout) -> tuple[np.ndarray, np.ndarray]:
        """Where each bucket's span begins, and what it gives to each of the bucket's batches."""
        starts, ends = self._spans(epoch, layout)
        key = derive_key(self.seed, "bucket turns", epoch, self.number)
        turns = SegmentTurns(ends - starts, self.count, key, self.shuffled)
        return starts, turns.table(0, int(layout.times.max(initial=0)) + 1)


@frozen(eq=False)
class BucketComposer:
    """The batches of a `bucket by` policy, with forced groups and repeat factors where it has them.

    `last pad` fills the short batch with others of its bucket. Raises ValueError where a group has too few samples for
    its places, or nothing is left for the rest.
    """

    policy: ir.Policy
    populations: Populations

    def __attrs_post_init__(self) -> None:
        if not len(self._layouts.members):
            raise ValueError(f"no samples for the {self._layouts.count} places of a batch that are not forced")
        for forced in self._forced:
            if len(forced.samples.positions) < (1 if forced.replacement else forced.count):
                raise ValueError(f"{len(forced.samples.positions)} samples cannot fill {forced.count} places")

    @cached_property
    def _layouts(self) -> Layouts:
        policy = self.policy
        if policy.bucket is None or self.populations.values is None:
            raise ValueError("a `bucket` policy needs the values of its populations")
        members, count = rest_members(policy, self.populations), rest_places(policy)
        shuffled, factors = policy.order == "shuffled", self.populations.factors
        repeat = None if policy.repeat is None or factors is None else Repeats(members, factors, count, policy.seed, 0)
        number = policy.bucket.count
        return Layouts(members, self.populations.values, number, count, policy.seed, shuffled, policy.distinct, repeat)

    @cached_property
    def _forced(self) -> list[_Forced]:
        values = self._layouts.values
        shuffled = self.policy.order == "shuffled"
        return [
            _Forced(_ByValue.of(members, values), force.count, self.policy.seed, number, force.replacement, shuffled)
            for number, (force, members) in enumerate(
                zip(self.policy.forces, forced_members(self.policy, self.populations), strict=True), 1
            )
        ]

    @cached_property
    def _everyone(self) -> _ByValue:
        return _ByValue.of(self._layouts.members, self._layouts.values)

    def length(self, epoch: int) -> int:
        """How many batches the epoch has; with repeat factors it may differ by one between epochs."""
        total, count = self._layouts.total(epoch), self._layouts.count
        return total // count if self.policy.last == "drop" else -(-total // count)

    def block(self, epoch: int, start: int, stop: int) -> np.ndarray:
        """Positions of batches `start` to `stop` - 1, int64 (stop - start, batch size): forced ones first, -1 in the
        empty places of the last batch."""
        layout = self._layouts.of(epoch)
        blocks = [forced.block(epoch, start, stop, layout) for forced in self._forced]
        blocks.append(self._rest(start, stop, layout))
        places = np.concatenate(blocks, axis=1)
        return self._distinct(places, epoch, start, layout) if self._collides else places

    def _rest(self, start: int, stop: int, layout: Layout) -> np.ndarray:
        """The rest's places, int64 (stop - start, r)."""
        count = self._layouts.count
        found = layout.starts[start:stop, None] + np.arange(count)
        short = len(layout.items) % count
        if not short or stop < len(layout.starts) or start == stop:
            return layout.items[found].astype(np.int64)
        found[-1, short:] = found[-1, 0]
        rest = layout.items[found].astype(np.int64)
        rest[-1, short:] = self._padding(rest[-1, :short], layout) if self.policy.last == "pad" else -1
        return rest

    def _padding(self, own: np.ndarray, layout: Layout) -> np.ndarray:
        """What fills the last batch, which has its `own` samples: the front of its bucket, with `distinct` none of its
        own."""
        bucket = layout.buckets[-1]
        front = layout.items[layout.bounds[bucket] : layout.bounds[bucket + 1]]
        if self.policy.distinct and not np.isin(front, own).all():
            front = front[~np.isin(front, own)]
        return np.resize(front, self._layouts.count - len(own))

    @cached_property
    def _collides(self) -> bool:
        """Whether a batch may hold a sample twice, though `distinct` forbids it."""
        loose = any(force.at_least or force.replacement for force in self.policy.forces)
        return self.policy.distinct and (loose or self.policy.repeat is not None)

    def _distinct(self, places: np.ndarray, epoch: int, start: int, layout: Layout) -> np.ndarray:
        """The places with what comes twice in a batch replaced by another of its group, of the bucket if possible."""
        order = self._yielding
        places = places[:, order]
        rows = np.arange(len(places))
        for attempt in range(_ATTEMPTS):
            twice = repeats(places[rows])
            rows, twice = rows[twice.any(axis=1)], twice[twice.any(axis=1)]
            if not len(rows):
                break
            fresh = self._redrawn(epoch, attempt, start, start + len(places), layout)[:, order]
            places[rows] = np.where(twice, fresh[rows], places[rows])
        for row in rows:
            bucket = layout.buckets[start + row]
            low, high = float(layout.lows[bucket]), float(layout.highs[bucket])
            for column in np.flatnonzero(repeats(places[row : row + 1])[0]):
                samples = self._owner(int(order[column]))
                fresh = samples.nearest(low, high, places[row])
                fresh = self._everyone.nearest(low, high, places[row]) if fresh is None else fresh
                places[row, column] = places[row, column] if fresh is None else fresh
        return places[:, np.argsort(order)]

    @cached_property
    def _yielding(self) -> np.ndarray:
        """The columns of a batch, those first that never give way: the rest, exact turns, `at least` turns, draws."""
        owners = np.repeat(np.arange(len(self._forced)), [forced.count for forced in self._forced])
        ranks = [1 + force.at_least + 2 * force.replacement for force in self.policy.forces]
        of_column = [*(ranks[owner] for owner in owners), *[0] * self._layouts.count]
        return np.argsort(of_column, kind="stable")

    def _owner(self, column: int) -> _ByValue:
        for forced in self._forced:
            if column < forced.count:
                return forced.samples
            column -= forced.count
        return self._everyone

    def _redrawn(self, epoch: int, attempt: int, start: int, stop: int, layout: Layout) -> np.ndarray:
        """Further draws for every place of some batches, int64 (stop - start, batch size)."""
        blocks = [forced.draw("redraw", epoch, attempt, start, stop, layout) for forced in self._forced]
        buckets = layout.buckets[start:stop]
        low, size = layout.bounds[buckets], np.diff(layout.bounds)[buckets]
        key = derive_key(self.policy.seed, "redraw", epoch, 0, attempt)
        fractions = random_fractions(key, start, stop - start, self._layouts.count)
        found = low[:, None] + (fractions * size[:, None]).astype(np.int64)
        return np.concatenate([*blocks, layout.items[found].astype(np.int64)], axis=1)
