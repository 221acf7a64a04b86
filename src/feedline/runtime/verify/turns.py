"""Checks of how often samples come in an epoch, and of who comes before whom."""

from __future__ import annotations

import numpy as np
from attrs import define, field

from feedline.runtime.verify.block import Block
from feedline.runtime.verify.checks import Check


def occurrences(items: np.ndarray) -> np.ndarray:
    """For each of `items` (n,) how often the same stands before it, int64 (n,)."""
    order = np.argsort(items, kind="stable")
    ordered = items[order]
    first = np.ones(len(items), bool)
    first[1:] = ordered[1:] != ordered[:-1]
    place = np.arange(len(items))
    found = np.empty(len(items), np.int64)
    found[order] = place - np.maximum.accumulate(np.where(first, place, 0))
    return found


@define
class InTurns(Check):
    """Each of a stream's items comes once before any comes again.

    Item i belongs to stream `streams[i]` (-1: none). A batch's places are permuted, so what is checked is this: of all
    places that a stream fills, in the order of the batches and within a batch by how often the item came before, number
    p holds an item that came p // (items of the stream) times before.
    """

    streams: np.ndarray = field(kw_only=True)
    name: str = field(kw_only=True)
    items: np.ndarray | None = field(default=None, kw_only=True)
    """The item of each sample, int64 (size + 1,); None: the samples themselves are the items."""
    each: int = field(default=1, kw_only=True)
    """How many samples stand for one coming of an item."""
    columns: slice | None = field(default=None, kw_only=True)
    _seen: np.ndarray = field(init=False, repr=False)
    _taken: np.ndarray = field(init=False, repr=False)
    _sizes: np.ndarray = field(init=False, repr=False)

    def begin(self, epoch: int, length: int) -> None:
        """Nothing has come."""
        self._sizes = np.bincount(self.streams[self.streams >= 0], minlength=1)
        self._seen = np.zeros(len(self.streams), np.int32)
        self._taken = np.zeros(len(self._sizes), np.int64)

    def block(self, block: Block) -> None:
        """Go on where the block before ended."""
        places = block.places(self.columns)
        if self.items is not None:
            places = np.sort(self.items[places], axis=1)[:, :: self.each]
        number, column = np.nonzero((places >= 0) & (self.streams[places] >= 0))
        items = places[number, column]
        streams = self.streams[items].astype(np.int64)
        times = self._seen[items] + occurrences(items)
        most = int(times.max(initial=0)) + 1
        keys = np.sort((streams * len(places) + number) * most + times)
        keys, times = np.divmod(keys, most)
        streams, number = np.divmod(keys, len(places))
        counts = np.bincount(streams, minlength=len(self._sizes))
        place = np.arange(len(streams)) - (np.cumsum(counts) - counts)[streams] + self._taken[streams]
        wrong = np.zeros(len(places), bool)
        wrong[number[times != place // self._sizes[streams]]] = True
        self._taken += counts
        np.add.at(self._seen, items, 1)
        self.fail_where(block, wrong, lambda at: f"takes {self.name} that is not its turn yet")


@define
class Times(Check):
    """Every sample of a set comes at least and at most so often in an epoch."""

    unit: str = "epochs"
    low: np.ndarray = field(kw_only=True)
    """(size,) int; samples outside the set have 0."""
    high: np.ndarray = field(kw_only=True)
    """(size,) int; samples outside the set have the largest number there is."""
    columns: slice | None = field(default=None, kw_only=True)
    """Only some places of each batch are counted."""
    _own: np.ndarray | None = field(default=None, init=False, repr=False)

    def begin(self, epoch: int, length: int) -> None:
        """Nothing has come."""
        self._own = None if self.columns is None else np.zeros(len(self.low), np.int32)

    def block(self, block: Block) -> None:
        """Count, where only some places are to be."""
        if self._own is not None:
            places = block.places(self.columns)
            np.add.at(self._own, places[places >= 0], 1)

    def end(self, epoch: int, times: np.ndarray) -> None:
        """Compare every sample's count."""
        times = times if self._own is None else self._own
        bad = np.flatnonzero((times < self.low) | (times > self.high))
        self.add(1)
        if len(bad):
            at, further = int(bad[0]), f", and {len(bad) - 1:,} samples more" if len(bad) > 1 else ""
            low, high = int(self.low[at]), int(self.high[at])
            wanted = f"{low}" if low == high else f"{low} or more" if high >= ANY else f"{low} to {high}"
            self.fail(epoch, None, f"brings the sample at position {at} {times[at]} times, promised {wanted}{further}")


ANY = np.iinfo(np.int32).max
"""No upper bound."""


def bounds(mask: np.ndarray, low: int, high: int) -> tuple[np.ndarray, np.ndarray]:
    """The `low` and `high` of `Times` for the samples of a mask (size + 1,)."""
    inside = mask[:-1]
    return np.where(inside, low, 0).astype(np.int32), np.where(inside, high, ANY).astype(np.int32)


@define
class InOrder(Check):
    """The samples of a set come in the order of the data, again and again."""

    allowed: np.ndarray = field(kw_only=True)
    _members: np.ndarray = field(init=False, repr=False)
    _taken: int = field(default=0, init=False)

    def begin(self, epoch: int, length: int) -> None:
        """The next is the first of the data."""
        self._members, self._taken = np.flatnonzero(self.allowed), 0

    def block(self, block: Block) -> None:
        """Compare with the data's own order."""
        counts = block.sizes
        place = np.arange(self._taken, self._taken + int(counts.sum()))
        wrong = block.flat != self._members[place % len(self._members)]
        self._taken += len(place)
        bad = np.zeros(len(block.rows), bool)
        bad[np.repeat(np.arange(len(counts)), counts)[wrong]] = True
        self.fail_where(block, bad, lambda at: "is not in the order of the data")
