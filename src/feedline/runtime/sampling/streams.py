"""Where the samples of a batch's places come from: one stream fills the same `count` places of every batch of an epoch.

`Turns` are without replacement: an endless row of shuffles of the population, of which batch b takes numbers b *
count to (b + 1) * count - 1. `Draws` are with replacement: `count` independent draws, uniform or by weight, keyed by
the batch. Both are pure functions of (seed, stream number, epoch, batch), computed for a block of batches at once.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import numpy as np
from attrs import define, field, frozen

from feedline.runtime.randomness import derive_key
from feedline.runtime.sampling.populations import Members
from feedline.runtime.sampling.shuffles import UNIFORM_LIMIT, Feistel, random_fractions, random_ranks, shuffles

_ROWS_LIMIT = 1 << 11
"""Shuffles of up to this many items are made many at once and anew for each block; larger ones are kept."""


@define(eq=False)
class Kept:
    """The shuffles that were used last."""

    _items: dict[tuple[int, int], Any] = field(factory=dict)

    def get(self, key: tuple[int, int], make: Any) -> Any:
        """What is kept under `key`, made by `make()` the first time. Two are enough: where one ends the next begins."""
        if key not in self._items:
            while len(self._items) >= 2:
                del self._items[next(iter(self._items))]
            self._items[key] = make()
            if isinstance(self._items[key], np.ndarray):
                self._items[key].flags.writeable = False  # blocks are views of it
        return self._items[key]


@frozen(eq=False)
class Turns:
    """Places filled without replacement: every member once before any comes again, then reshuffled.

    Where a batch reaches over the end of one shuffle into the next, the first items of the next are rearranged so
    that no member comes twice in that batch. `shuffled` false: in the order of the positions, over and over.

    `bounds`, for batches that do not all take `count`: where batches 0, 1, ... of a period begin, and where it ends,
    int64; none takes more than `count`.
    """

    members: Members
    count: int
    seed: int
    number: int
    shuffled: bool = True
    bounds: np.ndarray | None = None
    _kept: Kept = field(factory=Kept, init=False, repr=False)

    def block(self, epoch: int, start: int, stop: int) -> np.ndarray:
        """Positions, int64 (stop - start, count), for batches start to stop - 1."""
        return self.take(epoch, start * self.count, stop * self.count).reshape(stop - start, self.count)

    def take(self, epoch: int, first: int, last: int) -> np.ndarray:
        """Numbers `first` to `last` - 1 of the stream, int64 (last - first,)."""
        size = len(self.members)
        if first >= last:
            return np.empty(0, np.int64)
        if not self.shuffled:
            return self.members.at(np.arange(first, last) % size)
        begin, end = first // size, -(-last // size)
        if size <= max(_ROWS_LIMIT, 2 * self.count - 2):
            rows = self._rows(epoch, begin, end).reshape(-1)
            return self.members.at(rows[first - begin * size : last - begin * size])
        pieces = [
            self._piece(epoch, turn, max(first - turn * size, 0), min(last - turn * size, size))
            for turn in range(begin, end)
        ]
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)

    def redraw(self, epoch: int, attempt: int, start: int, stop: int) -> np.ndarray:
        """What may stand in for members that are already in the batch, int64 (stop - start, count)."""
        key = derive_key(self.seed, "redraw", epoch, self.number, attempt)
        return self.members.at(random_ranks(key, start, stop - start, self.count, len(self.members)))

    def another(self, value: int, present: np.ndarray, fraction: float) -> int | None:
        """A member for the place of `value` that is not `present` (sorted positions); None where all are."""
        return spare(self.members, present, fraction)

    @property
    def _period(self) -> int:
        """How many items the batches of a period take."""
        return self.count if self.bounds is None else int(self.bounds[-1])

    def _seams(self, begin: int, end: int) -> tuple[np.ndarray, np.ndarray]:
        """For shuffles number `begin` to `end` - 1, int64 (end - begin,): how many places of the batch that it starts
        in the shuffle before still fills, and how many are left to it. Both 0 where a batch starts with the shuffle."""
        places = np.array([turn * len(self.members) % self._period for turn in range(begin, end)], np.int64)
        if self.bounds is None:
            return places, np.where(places > 0, self.count - places, 0)
        batch = np.searchsorted(self.bounds, places, side="right") - 1
        filled = places - self.bounds[batch]
        return filled, np.where(filled > 0, self.bounds[batch + 1] - places, 0)

    def _rows(self, epoch: int, begin: int, end: int) -> np.ndarray:
        """Shuffles number `begin` to `end` - 1 as ranks, int64 (end - begin, size), seams put right."""
        size, count = len(self.members), self.count
        # A shuffle's last items are what the next one's first items must differ from. In a small population they are
        # among its own first items, which the seam before has rearranged: then start where a batch starts with a
        # shuffle.
        chained = size < 2 * count - 1
        cycle = self._period // math.gcd(size, self._period) if chained else 1
        origin = begin - begin % cycle if chained else max(begin - 1, 0)
        rows = shuffles(derive_key(self.seed, "shuffle", epoch, self.number), origin, end - origin, size)
        filled, needed = self._seams(origin, end)
        if chained:
            for step in range(1, cycle):
                later = rows[step::cycle]
                before = rows[step - 1 :: cycle][: len(later)]
                _mend_seams(before, later, filled[step::cycle], needed[step::cycle], count)
        else:
            _mend_seams(rows[:-1], rows[1:], filled[1:], needed[1:], count)
        return rows[begin - origin :]

    def _piece(self, epoch: int, turn: int, first: int, last: int) -> np.ndarray:
        """Items `first` to `last` - 1 of one large shuffle as positions, its seam put right."""
        piece = self._unmended(epoch, turn, first, last)
        (filled, needed), size = self._seams(turn, turn + 1), len(self.members)
        if not filled[0] or first >= self.count:
            return piece
        head = self._unmended(epoch, turn, 0, self.count)
        taken = np.isin(head, self._unmended(epoch, turn - 1, size - int(filled[0]), size))
        head = head[_free_first(taken[None], needed)[0]]
        return np.concatenate([head[first:last], piece[max(self.count - first, 0) :]])

    def _unmended(self, epoch: int, turn: int, first: int, last: int) -> np.ndarray:
        size = len(self.members)
        if size <= UNIFORM_LIMIT:
            key = derive_key(self.seed, "shuffle", epoch, self.number)
            whole = self._kept.get((epoch, turn), lambda: self.members.at(shuffles(key, turn, 1, size)[0]))
            return whole[first:last]
        key = derive_key(self.seed, "shuffle", epoch, self.number, turn)
        network = self._kept.get((epoch, turn), lambda: Feistel(size, key))
        return self.members.at(network.at(np.arange(first, last)))


def _mend_seams(before: np.ndarray, rows: np.ndarray, filled: np.ndarray, needed: np.ndarray, count: int) -> None:
    """Rearrange the first items of each shuffle in `rows` (m, size), in place, so that the first `needed[i]`, which
    share a batch with the last `filled[i]` items of `before[i]`, differ from them. No batch takes more than `count`."""
    if not filled.any():
        return
    size = rows.shape[1]
    taken = np.zeros(rows.shape, bool)
    tails = before[:, size - count :]
    np.put_along_axis(taken, tails, np.arange(count) >= count - filled[:, None], axis=1)
    heads = rows[:, :count]
    heads_taken = np.take_along_axis(taken, heads, axis=1)
    clash = np.flatnonzero((heads_taken & (np.arange(count) < needed[:, None])).any(axis=1))
    order = _free_first(heads_taken[clash], needed[clash])
    rows[clash, :count] = np.take_along_axis(heads[clash], order, axis=1)


def _free_first(taken: np.ndarray, needed: np.ndarray) -> np.ndarray:
    """For each row of `taken` (m, count) the order of its items that puts the first `needed[i]` free ones in front."""
    free = ~taken
    behind = taken | (np.cumsum(free, axis=1) > needed[:, None])
    return np.argsort(behind, axis=1, kind="stable")


@frozen(eq=False)
class Draws:
    """Places filled with replacement: independent draws, uniform or in proportion to `weights` (positions,) float64,
    of which those outside the members do not matter."""

    members: Members
    count: int
    seed: int
    number: int
    weights: np.ndarray | None = None

    @cached_property
    def _cumulative(self) -> np.ndarray | None:
        """Running sums of the members' weights over all positions."""
        return None if self.weights is None else cumulative(self.weights, self.members)

    def block(self, epoch: int, start: int, stop: int) -> np.ndarray:
        """Positions, int64 (stop - start, count), for batches start to stop - 1."""
        return self._draw(derive_key(self.seed, "draw", epoch, self.number), start, stop)

    def redraw(self, epoch: int, attempt: int, start: int, stop: int) -> np.ndarray:
        """Further draws for places whose draw is already in the batch, int64 (stop - start, count)."""
        return self._draw(derive_key(self.seed, "redraw", epoch, self.number, attempt), start, stop)

    def another(self, value: int, present: np.ndarray, fraction: float) -> int | None:
        """A draw for the place of `value` among the members that are not `present` (sorted positions); None where all
        are."""
        if self.weights is None:
            return spare(self.members, present, fraction)
        sums = cumulative(self.weights, self.members.without(Members.of(present), len(self.weights)))
        return int(weighted(sums, np.array(fraction))) if sums[-1] > 0 else None

    def _draw(self, key: int, start: int, stop: int) -> np.ndarray:
        if self._cumulative is None:
            return self.members.at(random_ranks(key, start, stop - start, self.count, len(self.members)))
        return weighted(self._cumulative, random_fractions(key, start, stop - start, self.count))


def spare(members: Members, present: np.ndarray, fraction: float) -> int | None:
    """The member that `fraction` in [0, 1) falls on among those that are not `present` (sorted positions)."""
    left = members.without(Members.of(present), max(int(members.ends[-1]), int(present[-1]) + 1))
    return int(left.at(np.array([int(fraction * len(left))]))[0]) if len(left) else None


def weighted_draws(weights: np.ndarray, fractions: np.ndarray) -> np.ndarray:
    """The positions that `fractions` in [0, 1) draw in proportion to `weights`; int64, same shape."""
    return weighted(cumulative(weights), fractions)


def cumulative(weights: np.ndarray, members: Members | None = None) -> np.ndarray:
    """Running sums of weights in units of the largest, so that no sum overflows; float64 of the same shape. With
    `members` only those of the positions that are members count."""
    sums = np.array(weights, np.float64)
    others = Members.union([]) if members is None else members.outside(len(sums))
    sums[others.at(np.arange(len(others)))] = 0.0
    sums /= sums.max() or 1.0
    return np.cumsum(sums, out=sums)


def weighted(sums: np.ndarray, fractions: np.ndarray) -> np.ndarray:
    """The positions that `fractions` in [0, 1) fall on, of those with running `sums` of weights; int64, same shape."""
    wanted = (fractions * sums[-1]).reshape(-1)
    order = np.argsort(wanted)  # in order they are found two to three times faster
    found = np.empty(len(wanted), np.int64)
    found[order] = np.searchsorted(sums, wanted[order], side="right")
    # A product that rounds up to the total would fall behind the last position that has a weight.
    return np.minimum(found, np.searchsorted(sums, sums[-1], side="left")).reshape(fractions.shape)


Stream = Turns | Draws
