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
    """

    members: Members
    count: int
    seed: int
    number: int
    shuffled: bool = True
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

    def _seam(self, turn: int) -> int:
        """How many of a batch's places the shuffle before this one still fills; 0 where a batch starts with this
        one."""
        return turn * len(self.members) % self.count

    def _rows(self, epoch: int, begin: int, end: int) -> np.ndarray:
        """Shuffles number `begin` to `end` - 1 as ranks, int64 (end - begin, size), seams put right."""
        size, count = len(self.members), self.count
        # A shuffle's last items are what the next one's first items must differ from. In a small population they are
        # among its own first items, which the seam before has rearranged: then start where a batch starts with a
        # shuffle.
        chained = size < 2 * count - 1
        cycle = count // math.gcd(size, count) if chained else 1
        origin = begin - begin % cycle if chained else max(begin - 1, 0)
        rows = shuffles(derive_key(self.seed, "shuffle", epoch, self.number), origin, end - origin, size)
        seams = np.array([self._seam(turn) for turn in range(origin, end)], np.int64)
        if chained:
            for step in range(1, cycle):
                later = rows[step::cycle]
                _mend_seams(rows[step - 1 :: cycle][: len(later)], later, seams[step::cycle], count)
        else:
            _mend_seams(rows[:-1], rows[1:], seams[1:], count)
        return rows[begin - origin :]

    def _piece(self, epoch: int, turn: int, first: int, last: int) -> np.ndarray:
        """Items `first` to `last` - 1 of one large shuffle as positions, its seam put right."""
        piece = self._unmended(epoch, turn, first, last)
        seam, size = self._seam(turn), len(self.members)
        if not seam or first >= self.count:
            return piece
        head = self._unmended(epoch, turn, 0, self.count)
        taken = np.isin(head, self._unmended(epoch, turn - 1, size - seam, size))
        head = head[_free_first(taken[None], np.array([self.count - seam]))[0]]
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


def _mend_seams(before: np.ndarray, rows: np.ndarray, seams: np.ndarray, count: int) -> None:
    """Rearrange the first items of each shuffle in `rows` (m, size), in place, so that those which share a batch with
    the last `seams[i]` items of `before[i]` differ from them."""
    if not len(rows):
        return
    size = rows.shape[1]
    taken = np.zeros(rows.shape, bool)
    tails = before[:, size - count :]
    np.put_along_axis(taken, tails, np.arange(count) >= count - seams[:, None], axis=1)
    heads = rows[:, :count]
    heads_taken = np.take_along_axis(taken, heads, axis=1)
    clash = np.flatnonzero((heads_taken & (np.arange(count) < count - seams[:, None])).any(axis=1))
    order = _free_first(heads_taken[clash], count - seams[clash])
    rows[clash, :count] = np.take_along_axis(heads[clash], order, axis=1)


def _free_first(taken: np.ndarray, needed: np.ndarray) -> np.ndarray:
    """For each row of `taken` (m, count) the order of its items that puts the first `needed[i]` free ones in front."""
    free = ~taken
    behind = taken | (np.cumsum(free, axis=1) > needed[:, None])
    return np.argsort(behind, axis=1, kind="stable")


@frozen(eq=False)
class Draws:
    """Places filled with replacement: independent draws, uniform or in proportion to `weights` (positions,) float64."""

    members: Members
    count: int
    seed: int
    number: int
    weights: np.ndarray | None = None

    @cached_property
    def _cumulative(self) -> np.ndarray | None:
        return None if self.weights is None else cumulative(self.weights)

    def block(self, epoch: int, start: int, stop: int) -> np.ndarray:
        """Positions, int64 (stop - start, count), for batches start to stop - 1."""
        return self._draw(derive_key(self.seed, "draw", epoch, self.number), start, stop)

    def redraw(self, epoch: int, attempt: int, start: int, stop: int) -> np.ndarray:
        """Further draws for places whose draw is already in the batch, int64 (stop - start, count)."""
        return self._draw(derive_key(self.seed, "redraw", epoch, self.number, attempt), start, stop)

    def _draw(self, key: int, start: int, stop: int) -> np.ndarray:
        if self._cumulative is None:
            return self.members.at(random_ranks(key, start, stop - start, self.count, len(self.members)))
        return weighted(self._cumulative, random_fractions(key, start, stop - start, self.count))


def weighted_draws(weights: np.ndarray, fractions: np.ndarray) -> np.ndarray:
    """The positions that `fractions` in [0, 1) draw in proportion to `weights`; int64, same shape."""
    return weighted(cumulative(weights), fractions)


def cumulative(weights: np.ndarray) -> np.ndarray:
    """Running sums of weights in units of the largest, so that no sum overflows; float64 of the same shape."""
    return np.cumsum(weights / weights.max(), dtype=np.float64)


def weighted(sums: np.ndarray, fractions: np.ndarray) -> np.ndarray:
    """The positions that `fractions` in [0, 1) fall on, of those with running `sums` of weights; int64, same shape."""
    found = np.searchsorted(sums, fractions * sums[-1], side="right")
    # A product that rounds up to the total would fall behind the last position that has a weight.
    return np.minimum(found, np.searchsorted(sums, sums[-1], side="left"))


Stream = Turns | Draws
