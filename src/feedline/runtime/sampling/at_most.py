"""`force at most k G per n`: how many of each limited group every batch of one pass over the rest holds.

All batches of a pass are full but the last one. The samples of a limited group are spread evenly over them
(`dealing.py`); of a group that is too large for its limit every batch holds as many as it may, the others do not come
in this pass, and the pass is as long as the samples outside of such groups need.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from attrs import frozen

from feedline.runtime.sampling.dealing import Deal


@frozen(eq=False)
class Limits:
    """The rest's `places` in a batch, for `free` samples without a limit and groups of `sizes` with their `limits`.

    Counts are given for each group in this order and, last, for the free samples. Raises ValueError where the free
    samples are needed to fill a batch but there are none.
    """

    places: int
    free: int
    sizes: tuple[int, ...]
    limits: tuple[int, ...]

    def __attrs_post_init__(self) -> None:
        most = sum(limit for size, limit in zip(self.sizes, self.limits, strict=True) if size)
        if not self.free and most < self.places:
            raise ValueError(
                f"limits allow {most} samples for {self.places} places of a batch, and there are no others"
            )

    @cached_property
    def batches(self) -> int:
        """Batches of a pass: enough for all, or else for the free samples and the groups that fit into those batches.

        A group does not fit if it is too large for them; nor if the last batch has no room for what is left of it."""
        pairs, beside = list(zip(self.sizes, self.limits, strict=True)), set[int]()
        while True:
            samples = self.free + sum(size for group, size in enumerate(self.sizes) if group not in beside)
            places = self.places - sum(self.limits[group] for group in beside)
            batches = -(-samples // places)
            others = [group for group in range(len(pairs)) if group not in beside]
            more = {group for group in others if pairs[group][0] > pairs[group][1] * batches}
            left = sum(max(0, pairs[group][0] - pairs[group][1] * (batches - 1)) for group in others)
            if not more and left > samples - places * (batches - 1):
                more = {group for group in others if pairs[group][0] * places > pairs[group][1] * samples}
            if not more:
                return batches
            beside |= more

    @property
    def full(self) -> int:
        """Those of them that are full: all, or all but the last."""
        return sum(self.reached) // self.places

    @cached_property
    def reached(self) -> tuple[int, ...]:
        """How many of each group a pass brings."""
        pairs = zip(self.sizes, self.limits, strict=True)
        return (*(min(size, limit * self.batches) for size, limit in pairs), self.free)

    @cached_property
    def last(self) -> tuple[int, ...]:
        """What the last batch holds of each group, if it is not full: an even share, or what the others have no room
        for."""
        left = sum(self.reached) - self.full * self.places
        if self.full == self.batches:
            return (0,) * len(self.reached)
        pairs = list(zip(self.reached, self.limits, strict=False))
        lows = [max(0, reached - limit * self.full) for reached, limit in pairs]
        highs = [min(limit, reached) for reached, limit in pairs]
        counts = [
            min(max(reached // self.batches, low), high)
            for (reached, _), low, high in zip(pairs, lows, highs, strict=True)
        ]
        for group, (low, high) in enumerate(zip(lows, highs, strict=True)):
            most = left - (sum(counts) - counts[group])
            counts[group] = min(max(counts[group], low, min(most - self.free, high)), max(most, low))
        return (*counts, left - sum(counts))

    @cached_property
    def padded(self) -> tuple[int, ...]:
        """What fills the last batch up: free samples that it does not hold, then limited ones, then again free ones."""
        counts, missing = [0] * len(self.reached), self.places - sum(self.last)
        unused = self.free - self.last[-1], *self.sizes
        if self.full == self.batches:
            return tuple(counts)
        for group, most in [
            (-1, unused[0]),
            *((group, min(self.limits[group], size) - self.last[group]) for group, size in enumerate(self.sizes)),
            (-1, missing if self.free else 0),
            *((group, limit - self.last[group]) for group, limit in enumerate(self.limits) if self.sizes[group]),
        ]:
            more = min(missing, max(most - counts[group] * (group >= 0), 0))
            counts[group] += more
            missing -= more
        return tuple(counts)

    def deal(self, phase: int) -> Deal | None:
        """What the full batches hold; `phase` chooses which of them get the larger shares. None where none is full."""
        if not self.full:
            return None
        sizes = tuple(reached - last for reached, last in zip(self.reached, self.last, strict=True))
        return Deal(self.full, sizes, phase % self.full)

    def counts(self, phase: int, start: int, stop: int, pad: bool) -> np.ndarray:
        """What batches `start` to `stop` - 1 of a pass hold of each group, int64 (stop - start, groups); the last one
        filled up if `pad`."""
        deal, last = self.deal(phase), np.array(self.last) + (np.array(self.padded) if pad else 0)
        rows = np.empty((0, len(last)), np.int64) if deal is None else deal.counts(start, min(stop, self.full))
        return rows if stop <= self.full else np.concatenate([rows, last[None]])
