"""How an epoch lays the samples of the rest out in buckets of like value, and these in batches."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from attrs import field, frozen

from feedline.runtime.randomness import derive_key
from feedline.runtime.sampling.populations import Members
from feedline.runtime.sampling.repeat import Repeats, dealing_order, shuffle_of
from feedline.runtime.sampling.shuffles import random_fractions
from feedline.runtime.sampling.streams import Kept


@frozen(eq=False)
class Layout:
    """One epoch. Bucket i holds `items[bounds[i] : bounds[i + 1]]`, with values from `lows[i]` to `highs[i]`.

    Batch b holds the items from `starts[b]` on. It is of bucket `buckets[b]`, of which `times[b]` batches come before
    it. All batches are full but perhaps the last.
    """

    items: np.ndarray
    bounds: np.ndarray
    lows: np.ndarray
    highs: np.ndarray
    starts: np.ndarray
    buckets: np.ndarray
    times: np.ndarray


@frozen(eq=False)
class Layouts:
    """The layout of each epoch: `members` sorted by their `values` (positions,) and cut into `number` buckets.

    Cuts are at whole batches of `count`, as near as these come to equal numbers of batches in each bucket. What is no
    full batch stands at the end of one bucket: the last one without shuffling, else that of a batch chosen at random.
    With fewer batches than buckets, each batch is a bucket. Samples of one value are in a new random order each epoch,
    so that a cut within them falls elsewhere. With `repeats` the buckets are of the repeated samples; `distinct` deals
    the copies of each to different batches of its bucket, as far as the bucket has so many.
    """

    members: Members
    values: np.ndarray
    number: int
    count: int
    seed: int
    shuffled: bool
    distinct: bool
    repeats: Repeats | None
    _kept: Kept = field(factory=Kept, init=False, repr=False)

    @cached_property
    def _sorted(self) -> np.ndarray:
        """The members' ranks by value."""
        return np.argsort(self.values[self.members.at(np.arange(len(self.members)))], kind="stable")

    @cached_property
    def _codes(self) -> np.ndarray | None:
        """For each of the members the rank of its value among the different values; None where no two are equal."""
        found, codes = np.unique(self.values[self.members.at(np.arange(len(self.members)))], return_inverse=True)
        return codes if len(found) < len(codes) else None

    def total(self, epoch: int) -> int:
        """How many samples the epoch lays out."""
        return len(self.members) if self.repeats is None else self.repeats.total(epoch)

    def of(self, epoch: int) -> Layout:
        """The layout of an epoch."""
        return self._kept.get((epoch, 0), lambda: self._layout(epoch))

    def _layout(self, epoch: int) -> Layout:
        order = self._by_value(epoch)
        copies = None if self.repeats is None else self.repeats.counts(epoch)[order]
        ranks = order if copies is None else np.repeat(order, copies)
        full, short = divmod(len(ranks), self.count)
        number = max(min(self.number, full), 1)
        cuts = (2 * full * np.arange(number + 1) + number) // (2 * number)
        odd = number - 1
        if self.shuffled and full:
            chosen = random_fractions(self._key("short bucket", epoch), 0, 1, 1)[0, 0]
            odd = int(np.searchsorted(cuts, int(chosen * full), side="right")) - 1
        bounds = cuts * self.count + short * (np.arange(number + 1) > odd)
        positions = self.members.at(ranks)
        lows, highs = self.values[positions[bounds[:-1]]], self.values[positions[bounds[1:] - 1]]
        arranged = positions[self._arranged(epoch, bounds, copies)]
        batches = shuffle_of(full, self._key("bucket order", epoch)) if self.shuffled else np.arange(full)
        buckets = np.searchsorted(cuts, batches, side="right") - 1
        starts = batches * self.count + short * (buckets > odd)
        if short:
            starts, buckets = np.append(starts, cuts[odd + 1] * self.count), np.append(buckets, odd)
        times = np.empty_like(buckets)
        by_bucket, sizes = _stable(buckets), np.bincount(buckets, minlength=number)
        times[by_bucket] = np.arange(len(buckets)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return Layout(_small(arranged), bounds, lows, highs, starts, buckets, times)

    def _by_value(self, epoch: int) -> np.ndarray:
        """The members' ranks by value, equal ones in the epoch's own order."""
        if not self.shuffled or self._codes is None:
            return self._sorted
        order = shuffle_of(len(self.members), self._key("bucket ties", epoch))
        return order[_stable(self._codes[order])]

    def _arranged(self, epoch: int, bounds: np.ndarray, copies: np.ndarray | None) -> np.ndarray:
        """Which of the items by value stands at each place."""
        total, sizes = int(bounds[-1]), np.diff(bounds)
        buckets = np.repeat(np.arange(len(sizes)), sizes)
        key = self._key("bucket", epoch)
        if copies is not None and self.distinct:
            order = shuffle_of(len(copies), key) if self.shuffled else np.arange(len(copies))
            # The items of each sample side by side, samples in that order.
            first, some = (np.cumsum(copies) - copies)[order], copies[order]
            order = np.arange(total) + np.repeat(first - (np.cumsum(some) - some), some)
            arranged = np.empty(total, np.int64)
            arranged[dealing_order(sizes, self.count)] = order[_stable(buckets[order])]
            return arranged
        if not self.shuffled:
            return np.arange(total)
        order = shuffle_of(total, key)
        return order[_stable(buckets[order])]

    def _key(self, purpose: str, epoch: int) -> int:
        return derive_key(self.seed, purpose, epoch)


def _stable(codes: np.ndarray) -> np.ndarray:
    """A stable argsort of whole numbers >= 0 that are less than 2^32, as a sort without equals, which is far faster."""
    keys = (codes.astype(np.uint64) << np.uint64(32)) | np.arange(len(codes), dtype=np.uint64)
    keys.sort()
    return (keys & np.uint64(2**32 - 1)).astype(np.int64)


def _small(positions: np.ndarray) -> np.ndarray:
    return positions.astype(np.int32) if len(positions) and positions.max() < 2**31 else positions
