"""`draw C FIELD with M each`: every batch holds M samples of each of C different values, as metric learning needs it.

The values come in turns, and each value's samples come in turns of their own: the t-th time that a value is drawn it
gives items t * M to (t + 1) * M - 1 of its endless row of shuffles. Since every value is drawn once before any is drawn
again, t follows from the batch number alone.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from attrs import field, frozen

from feedline.compiler import ir
from feedline.runtime.randomness import derive_key
from feedline.runtime.sampling.distinct import repeats
from feedline.runtime.sampling.populations import Classes, Members, Populations
from feedline.runtime.sampling.segments import SegmentTurns
from feedline.runtime.sampling.shuffles import random_fractions
from feedline.runtime.sampling.streams import Kept, Turns

_WINDOW = 2**17
"""Samples that are put in order at once, where the data has fewer: enough to make NumPy's overhead small."""
_ATTEMPTS = 24
"""Rounds of new draws for a whole block before the few places that are left get their samples one by one."""


def drawable(policy: ir.Policy, classes: Classes) -> np.ndarray:
    """The numbers of the classes that `draw` can draw, ascending int64.

    Without replacement a class needs M samples. With `distinct` it also needs M that are in no other class, or C * M:
    then it has M left whatever the other classes of the batch have taken.
    """
    draw = _draw_of(policy)
    sizes = np.diff(classes.offsets)
    enough = sizes >= (1 if draw.replacement and not policy.distinct else draw.each)
    if policy.distinct:
        shared = np.bincount(classes.members)[classes.members] > 1
        own = sizes - np.bincount(np.repeat(np.arange(len(sizes)), sizes)[shared], minlength=len(sizes))
        enough &= (own >= draw.each) | (sizes >= draw.classes * draw.each)
    return np.flatnonzero(enough)


def draw_length(policy: ir.Policy, size: int) -> int:
    """How many batches an epoch has: as many as hold `size` places, the number of samples, unless `epoch` says
    otherwise. All of them are full."""
    if policy.epoch.kind == "batches":
        return policy.epoch.count
    wanted = policy.epoch.count if policy.epoch.kind == "samples" else size
    return wanted // policy.batch if policy.last == "drop" else -(-wanted // policy.batch)


@frozen(eq=False)
class DrawComposer:
    """The batches of a `draw` policy. Raises ValueError where fewer than C classes can be drawn."""

    policy: ir.Policy
    populations: Populations
    _kept: Kept = field(factory=Kept, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if len(self._starts) < self._draw.classes:
            raise ValueError(f"{len(self._starts)} classes cannot fill a batch of {self._draw.classes}")

    @cached_property
    def _draw(self) -> ir.Draw:
        return _draw_of(self.policy)

    @cached_property
    def _classes(self) -> Classes:
        if self.populations.classes is None:
            raise ValueError("a `draw` policy needs the classes of its populations")
        return self.populations.classes

    @cached_property
    def _drawn(self) -> np.ndarray:
        return drawable(self.policy, self._classes)

    @cached_property
    def _starts(self) -> np.ndarray:
        """Where the members of each class that is drawn begin."""
        return self._classes.offsets[self._drawn]

    @cached_property
    def _sizes(self) -> np.ndarray:
        return np.diff(self._classes.offsets)[self._drawn]

    @cached_property
    def _turns(self) -> Turns:
        return Turns(Members.of(range(len(self._starts))), self._draw.classes, self.policy.seed, 0)

    @cached_property
    def _window(self) -> int:
        """How many times in a row each class is put in order at once."""
        each = len(self._starts) * self._draw.each
        return -(-max(int(self._sizes.sum()), _WINDOW) // each)

    @cached_property
    def _collides(self) -> bool:
        """Whether a batch may hold a sample twice, though `distinct` forbids it."""
        members = self._classes.members
        return self.policy.distinct and (self._draw.replacement or len(np.unique(members)) < len(members))

    def length(self, epoch: int) -> int:
        """How many batches the epoch has."""
        return draw_length(self.policy, self.populations.size)

    def block(self, epoch: int, start: int, stop: int) -> np.ndarray:
        """Positions of batches `start` to `stop` - 1, int64 (stop - start, C * M): the samples of a class side by
        side."""
        classes = self._turns.block(epoch, start, stop)
        if self._draw.replacement:
            places = self._random(epoch, "draw", 0, start, classes)
        else:
            ranks = self._ranks(epoch, start * self._draw.classes, classes.reshape(-1))
            places = self._at(classes, ranks.reshape(*classes.shape, self._draw.each))
        return self._distinct(places, classes, epoch, start) if self._collides else places

    def _at(self, classes: np.ndarray, ranks: np.ndarray) -> np.ndarray:
        """The members with `ranks` (batches, C, M) of `classes` (batches, C), int64 (batches, C * M)."""
        found = self._classes.members[self._starts[classes][:, :, None] + ranks]
        return found.reshape(len(classes), -1).astype(np.int64)

    def _ranks(self, epoch: int, first: int, classes: np.ndarray) -> np.ndarray:
        """What each of `classes` (n,), numbers `first` on of the epoch's turns, gives: ranks (n, M)."""
        times = np.arange(first, first + len(classes)) // len(self._starts)
        windows = times // self._window
        result = np.empty((len(classes), self._draw.each), np.int32)
        for window in range(int(windows[0]), int(windows[-1]) + 1 if len(windows) else 0):
            low, high = np.searchsorted(windows, [window, window + 1])
            table = self._kept.get((epoch, window), lambda window=window: self._table(epoch, window))
            result[low:high] = table[classes[low:high] * self._window + times[low:high] - window * self._window]
        return result

    def _table(self, epoch: int, window: int) -> np.ndarray:
        turns = SegmentTurns(self._sizes, self._draw.each, derive_key(self.policy.seed, "draw items", epoch))
        table = turns.table(window * self._window, (window + 1) * self._window)
        return table.reshape(-1, self._draw.each)

    def _random(self, epoch: int, purpose: str, attempt: int, start: int, classes: np.ndarray) -> np.ndarray:
        """Independent draws from each of `classes` (batches, C), int64 (batches, C * M)."""
        key = derive_key(self.policy.seed, purpose, epoch, attempt)
        fractions = random_fractions(key, start, len(classes), self.policy.batch)
        fractions = fractions.reshape(*classes.shape, self._draw.each)
        return self._at(classes, (fractions * self._sizes[classes][:, :, None]).astype(np.int64))

    def _distinct(self, places: np.ndarray, classes: np.ndarray, epoch: int, start: int) -> np.ndarray:
        """The places with what comes twice in a batch replaced by another sample of its class."""
        rows = np.arange(len(places))
        for attempt in range(_ATTEMPTS):
            twice = repeats(places[rows])
            rows, twice = rows[twice.any(axis=1)], twice[twice.any(axis=1)]
            if not len(rows):
                return places
            fresh = self._random(epoch, "redraw", attempt, start, classes)
            places[rows] = np.where(twice, fresh[rows], places[rows])
        key = derive_key(self.policy.seed, "one by one", epoch)
        for row in rows:
            fractions = random_fractions(key, start + int(row), 1, self.policy.batch)[0]
            for column in np.flatnonzero(repeats(places[row : row + 1])[0]):
                number = classes[row, column // self._draw.each]
                members = self._classes.members[self._starts[number] : self._starts[number] + self._sizes[number]]
                spare = members[~np.isin(members, places[row])]  # never empty: see `drawable`
                places[row, column] = spare[int(fractions[column] * len(spare))]
        return places


def _draw_of(policy: ir.Policy) -> ir.Draw:
    if policy.draw is None:
        raise ValueError("not a `draw` policy")
    return policy.draw
