"""Checks that belong to one kind of composition: mixes, buckets."""

from __future__ import annotations

import math

import numpy as np
from attrs import define, field

from feedline.compiler import ir
from feedline.runtime.verify.block import Block
from feedline.runtime.verify.checks import Check


@define
class MixPeriods(Check):
    """Over every whole period of a mix each part has exactly its share."""

    mix: ir.Mix = field(kw_only=True)
    batch: int = field(kw_only=True)
    _before: dict[str, int] = field(factory=dict, init=False)

    def begin(self, epoch: int, length: int) -> None:
        """Nothing has come."""
        self._before = dict.fromkeys((part.group for part in self.mix.parts), 0)

    def block(self, block: Block) -> None:
        """Compare the sums at the end of each period."""
        total = sum(part.share for part in self.mix.parts)
        period = mix_period(self.mix)
        numbers = block.start + 1 + np.arange(len(block.rows))
        ends = numbers % period == 0
        self.add(int(ends.sum()))
        for part in self.mix.parts:
            sums = self._before[part.group] + np.cumsum(block.members(part.group))
            owed = numbers * self.batch * part.share // total
            bad = np.flatnonzero(ends & (sums != owed))
            if len(bad):
                at = int(bad[0])
                text = f"ends a period with {sums[at]:,} of `{part.group}` since the epoch began, promised {owed[at]:,}"
                self.fail(block.epoch, block.start + at, text, len(bad))
            self._before[part.group] = int(sums[-1]) if len(sums) else self._before[part.group]


def mix_period(mix: ir.Mix) -> int:
    """After how many batches the shares come out even, whatever the batch size."""
    shares = [part.share for part in mix.parts]
    return sum(shares) // math.gcd(*shares)


@define
class Pure(Check):
    """Each batch is of one bucket: ranges of the value that overlap in no more than their ends.

    Where the cuts lie follows from the batches: those whose ranges overlap are of one bucket. There must be as many
    buckets as promised, which is so if none holds more batches than its share.
    """

    values: np.ndarray = field(kw_only=True)
    """(size,) float64."""
    number: int = field(kw_only=True)
    columns: slice | None = field(default=None, kw_only=True)
    exclude: np.ndarray | None = field(default=None, kw_only=True)
    """Samples that are not of the rest."""
    _ranges: list[np.ndarray] = field(factory=list, init=False, repr=False)
    _length: int = field(default=0, init=False)

    def begin(self, epoch: int, length: int) -> None:
        """No batch yet."""
        self._ranges, self._length = [], length

    def block(self, block: Block) -> None:
        """Keep each batch's least and largest value."""
        places = block.places(self.columns)
        empty = (places < 0) if self.exclude is None else ((places < 0) | self.exclude[places])
        values = self.values[places]
        low = np.where(empty, np.inf, values).min(axis=1, initial=np.inf)
        high = np.where(empty, -np.inf, values).max(axis=1, initial=-np.inf)
        self._ranges.append(np.stack([low, high], axis=1))

    def end(self, epoch: int, times: np.ndarray) -> None:
        """Join batches whose ranges overlap, and count the largest bucket."""
        ranges = np.concatenate(self._ranges) if self._ranges else np.empty((0, 2))
        self._ranges = []
        order = np.lexsort((ranges[:, 1], ranges[:, 0]))
        order = order[np.isfinite(ranges[order, 0])]
        low, high = ranges[order].T
        self.add(len(ranges))
        if not len(order):
            return
        new = np.ones(len(order), bool)
        new[1:] = low[1:] >= np.maximum.accumulate(high)[:-1]
        buckets = np.cumsum(new) - 1
        sizes = np.bincount(buckets)
        share = -(-self._length // max(min(self.number, self._length), 1)) + 1
        if sizes.max() > share:
            # The batch that reaches over most others of the bucket is what joins them.
            inside = order[buckets == int(np.argmax(sizes))]
            starts = np.sort(ranges[inside, 0])
            reach = np.searchsorted(starts, ranges[inside, 1]) - np.searchsorted(starts, ranges[inside, 0])
            worst = int(inside[np.argmax(reach)])
            text = f"reaches from {ranges[worst, 0]:g} to {ranges[worst, 1]:g}, over more than one bucket"
            self.fail(epoch, worst, text)
