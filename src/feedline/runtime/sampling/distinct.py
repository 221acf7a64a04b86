"""`distinct`: no sample twice within one batch, where what fills the places could bring one twice.

Shuffles keep themselves apart at their seams. What is left are draws with replacement and `at least` groups, whose
samples also have their turn in the rest. The rest without replacement is never touched, so an epoch still holds every
one of it; the other places give way: each takes a new draw from its own group until it differs from the rest of its
batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from feedline.runtime.randomness import derive_key
from feedline.runtime.sampling.populations import Members
from feedline.runtime.sampling.shuffles import random_fractions
from feedline.runtime.sampling.streams import Draws, Stream, cumulative, weighted

_ATTEMPTS = 24
"""Rounds of new draws for a whole block before the few batches that are left get their samples one by one."""


def make_distinct(
    blocks: Sequence[np.ndarray], streams: Sequence[Stream], everyone: Members, epoch: int, start: int
) -> list[np.ndarray]:
    """The blocks without what comes twice within a batch: another sample of its own group stands there instead.

    `blocks[i]` (batches, streams[i].count) holds what stream i put into each batch from `start` on, -1 for an empty
    place. The earlier of two streams keeps its sample. `everyone` is what a place takes when its own group has
    nothing left.
    """
    places = np.concatenate(blocks, axis=1)
    bounds = np.cumsum([0, *(stream.count for stream in streams)]).tolist()
    rows = np.arange(len(places))
    for attempt in range(_ATTEMPTS):
        twice = repeats(places[rows])
        rows, twice = rows[twice.any(axis=1)], twice[twice.any(axis=1)]
        if not len(rows):
            break
        for stream, low, high in zip(streams, bounds, bounds[1:], strict=False):
            again, column = np.nonzero(twice[:, low:high])
            if len(again):
                fresh = stream.redraw(epoch, attempt, start, start + len(places))
                places[rows[again], low + column] = fresh[rows[again], column]
    for row in rows:
        for stream, low, high in zip(streams, bounds, bounds[1:], strict=False):
            _fill_one_by_one(places[row], low, high, stream, everyone, epoch, start + int(row))
    return [places[:, low:high] for low, high in pairwise(bounds)]


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
    row: np.ndarray, low: int, high: int, stream: Stream, everyone: Members, epoch: int, batch: int
) -> None:
    """Give each place of `row` between `low` and `high` that repeats an earlier one a sample that nothing else
    holds."""
    key = derive_key(stream.seed, "one by one", epoch, stream.number)
    fractions = random_fractions(key, batch, 1, high - low)[0]
    for column in range(low, high):
        if row[column] < 0 or not (row[:column] == row[column]).any():
            continue
        fraction, present = fractions[column - low], np.unique(row[row >= 0])
        if isinstance(stream, Draws) and stream.weights is not None:
            weights = stream.weights.copy()
            weights[present] = 0.0
            row[column] = weighted(cumulative(weights), fraction)
            continue
        spare = _outside(stream.members, present)
        spare = spare if len(spare) else _outside(everyone, present)
        row[column] = spare.at(np.array([int(fraction * len(spare))]))[0]


def _outside(members: Members, present: np.ndarray) -> Members:
    """The members that are not `present` (sorted positions)."""
    end = max(int(members.ends[-1]), int(present[-1]) + 1)
    return members.without(Members.of(present), end)
