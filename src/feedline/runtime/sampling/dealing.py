"""Several groups dealt out to batches like a pack of cards: every batch gets its share of each, rounded down or up.

Lay the groups' items one after the other in a row, and let batch b take every item whose number is equal to its own
card t(b) modulo the number of batches F. Then each batch gets floor or ceil of (items / F) of every group, and of all
groups together exactly as many as any other batch where F divides the sum. t(b) = (b * step + phase) mod F spreads a
group's larger shares over time: what it has got by any batch is known in closed form, by sums of floors.
"""

from __future__ import annotations

import math
from functools import cached_property
from itertools import islice, pairwise

import numpy as np
from attrs import frozen

_GOLDEN = (math.sqrt(5) - 1) / 2
_TRIED = 64
"""Steps that are tried for the smallest lag,"""
_SEARCHED = 4096
"""where there are not more batches than this."""


@frozen(eq=False)
class Deal:
    """`sizes` items of each group dealt to `batches` batches; `phase` turns which of them get the larger shares."""

    batches: int
    sizes: tuple[int, ...]
    phase: int = 0

    @cached_property
    def _edges(self) -> np.ndarray:
        return np.cumsum([0, *self.sizes], dtype=np.int64)

    @cached_property
    def _step(self) -> int:
        """With two groups the rotation by the first one's size: no lead or lag ever reaches one sample (Bresenham's
        line). With more, rotations near the golden section, of which that with the smallest lag is taken."""
        if len(self.sizes) < 3:
            return int(self._edges[1]) % self.batches
        golden = int(self.batches * _GOLDEN)
        coprime = (step for step in range(golden, golden + self.batches) if math.gcd(step, self.batches) == 1)
        return min(islice(coprime, _TRIED), key=self._lag) if self.batches <= _SEARCHED else next(coprime)

    def _lag(self, step: int) -> float:
        """How far what a group has got is ever from its share."""
        cards = np.arange(self.batches) * step % self.batches
        got = np.cumsum(self._counts(cards), axis=0)
        share = np.arange(1, self.batches + 1)[:, None] * (np.array(self.sizes) / self.batches)
        return float(np.abs(got - share).max())

    def _counts(self, cards: np.ndarray) -> np.ndarray:
        upto = (self._edges - 1 - cards[:, None]) // self.batches
        return np.diff(upto, axis=1)

    def counts(self, start: int, stop: int) -> np.ndarray:
        """How many of each group batches `start` to `stop` - 1 get, int64 (stop - start, groups)."""
        return self._counts((np.arange(start, stop) * self._step + self.phase) % self.batches)

    def before(self, batch: int) -> list[int]:
        """How many of each group the batches before `batch` get together."""
        upto = [self._upto(int(edge), batch) for edge in self._edges]
        return [high - low for low, high in pairwise(upto)]

    def _upto(self, edge: int, batch: int) -> int:
        """How many of the row's first `edge` items the batches before `batch` get."""
        whole, part = divmod(edge, self.batches)
        reached = _floor_sum(batch, self.batches, self._step, self.phase)
        return batch * whole + reached - _floor_sum(batch, self.batches, self._step, self.phase - part)


def _floor_sum(count: int, modulus: int, factor: int, offset: int) -> int:
    """The sum of floor((factor * i + offset) / modulus) for i in range(count), as Euclid's algorithm finds a divisor
    (AtCoder library, `floor_sum`)."""
    total = 0
    while True:
        total += count * (count - 1) // 2 * (factor // modulus) + count * (offset // modulus)
        factor, offset = factor % modulus, offset % modulus
        reach = factor * count + offset
        if reach < modulus:
            return total
        count, offset = divmod(reach, modulus)
        modulus, factor = factor, modulus
