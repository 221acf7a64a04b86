"""`distinct`: no sample twice within one batch, where what fills the places could bring one twice.

Shuffles keep themselves apart at their seams. What is left are draws with replacement and `at least` groups, whose
samples also have their turn in the rest. The rest without replacement is never touched, so an epoch still holds every
one of it; the other places give way: each takes a new draw from its own group until it differs from the rest of its
batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from feedline.runtime.randomness import derive_key
from feedline.runtime.sampling.populations import Members
from feedline.runtime.sampling.shuffles import random_fractions
from feedline.runtime.sampling.streams import spare

_ATTEMPTS = 24
"""Rounds of new draws for a whole block before the few batches that are left get their samples one by one."""
_FEW = 16
"""Up to this many batches it is faster to draw again for each alone."""


class Yielding(Protocol):
    """What fills `count` places of every batch and can give way where its sample is already in the batch."""

    @property
    def count(self) -> int:
        """Places in a batch."""
        ...

    @property
    def seed(self) -> int:
        """The policy's."""
        ...

    @property
    def number(self) -> int:
        """Its number among the streams of the policy."""
        ...

    def redraw(self, epoch: int, attempt: int, start: int, stop: int) -> np.ndarray:
        """Further draws for all its places in batches `start` to `stop` - 1, int64 (stop - start, count)."""
        ...

    def another(self, value: int, present: np.ndarray, fraction: float) -> int | None:
        """What `fraction` in [0, 1) falls on for the place of `value` among all that are not `present` (sorted
        positions); None where nothing is left."""
        ...


def make_distinct(
    places: np.ndarray, streams: Sequence[Yielding], order: Sequence[int], everyone: Members, epoch: int, start: int
) -> None:
    """Replace, in place, what comes twice within a batch by another sample of its own group.

    `places` (batches, n) holds, side by side, what each stream put into its `count` places of each batch from `start`
    on, -1 in an empty one. Of two streams that earlier in `order` (their numbers) keeps its sample. `everyone` is what
    a place takes when its own group has nothing left.
    """
    rows = _colliding(places)
    if not len(rows):
        return
    ends = np.cumsum([stream.count for stream in streams])
    columns = np.concatenate([np.arange(ends[number] - streams[number].count, ends[number]) for number in order])
    some = places[rows[:, None], columns]
    chosen = [streams[number] for number in order]
    _redraw_until_distinct(some, chosen, everyone, epoch, rows + start)
    places[rows[:, None], columns] = some


def _redraw_until_distinct(
    places: np.ndarray, streams: Sequence[Yielding], everyone: Members, epoch: int, batches: np.ndarray
) -> None:
    """`make_distinct` for the rows of `batches` (m,), with the streams in the order of their rank."""
    bounds = np.cumsum([0, *(stream.count for stream in streams)]).tolist()
    rows = np.arange(len(places))
    for attempt in range(_ATTEMPTS):
        twice = repeats(places[rows])
        rows, twice = rows[twice.any(axis=1)], twice[twice.any(axis=1)]
        if not len(rows):
            return
        for stream, low, high in zip(streams, bounds, bounds[1:], strict=False):
            again, column = np.nonzero(twice[:, low:high])
            if len(again):
                fresh = _redrawn(stream, epoch, attempt, batches[rows])
                places[rows[again], low + column] = fresh[again, column]
    for row in rows:
        for stream, low, high in zip(streams, bounds, bounds[1:], strict=False):
            _fill_one_by_one(places[row], low, high, stream, everyone, epoch, int(batches[row]))


def _redrawn(stream: Yielding, epoch: int, attempt: int, batches: np.ndarray) -> np.ndarray:
    """New draws for ascending `batches` (m,): (m, count). Few are drawn one by one, many with those between them."""
    if len(batches) <= _FEW:
        return np.concatenate([stream.redraw(epoch, attempt, batch, batch + 1) for batch in batches.tolist()])
    first, last = int(batches[0]), int(batches[-1])
    return stream.redraw(epoch, attempt, first, last + 1)[batches - first]


def _colliding(places: np.ndarray) -> np.ndarray:
    """The rows of `places` (batches, n) that hold something twice, ascending."""
    items = np.sort(places, axis=1)
    same = items[:, 1:] == items[:, :-1]
    if len(items) and items[-1, 0] < 0:
        same[-1] &= items[-1, 1:] >= 0
    return np.unique(np.flatnonzero(same) // max(places.shape[1] - 1, 1))


def repeats(places: np.ndarray) -> np.ndarray:
    """Where a row of `places` (batches, n) holds what already stands further left, bool (batches, n). -1 never
    counts."""
    width = places.shape[1]
    bits = max(width - 1, 0).bit_length()
    tagged = (places << bits) | np.arange(width)
    tagged.sort(axis=1)
    items, columns = tagged >> bits, tagged & ((1 << bits) - 1)
    same = np.zeros(places.shape, bool)
    same[:, 1:] = (items[:, 1:] == items[:, :-1]) & (items[:, 1:] >= 0)
    result = np.zeros(places.shape, bool)
    np.put_along_axis(result, columns, same, axis=1)
    return result


def _fill_one_by_one(
    row: np.ndarray, low: int, high: int, stream: Yielding, everyone: Members, epoch: int, batch: int
) -> None:
    """Give each place of `row` between `low` and `high` that repeats an earlier one a sample that nothing else
    holds."""
    key = derive_key(stream.seed, "one by one", epoch, stream.number)
    fractions = random_fractions(key, batch, 1, high - low)[0]
    for column in range(low, high):
        if row[column] < 0 or not (row[:column] == row[column]).any():
            continue
        fraction, present = float(fractions[column - low]), np.unique(row[row >= 0])
        found = stream.another(int(row[column]), present, fraction)
        found = spare(everyone, present, fraction) if found is None else found
        row[column] = row[column] if found is None else found
