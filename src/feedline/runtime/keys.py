"""What workers are asked for: the positions of a batch, with all that its samples depend on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


class BatchIndices(list[int]):
    """The positions of one batch, a plain list to a DataLoader, with the epoch and the batch's global number.

    Made a million times a second: no `__init__`, the attributes are set afterwards. `weights` only where
    `feedline.runtime.replacing` needs them, see `drawn_by`."""

    __slots__ = ("epoch", "number", "weights")

    epoch: int
    number: int
    weights: np.ndarray

    def places(self) -> range:
        """Where its samples stand in the global batch."""
        return range(len(self))

    def whole(self) -> Sequence[int]:
        """The positions of the global batch, without what `uneven pad` repeats."""
        return self


class RankIndices(BatchIndices):
    """One rank's share of a batch that all ranks share: every `world`-th place of it, from `rank` on."""

    __slots__ = ("rank", "row", "world")

    rank: int
    world: int
    row: list[int]

    def places(self) -> range:
        """Where its samples stand in the global batch."""
        return range(self.rank, self.rank + self.world * len(self), self.world)

    def whole(self) -> Sequence[int]:
        """The positions of the global batch, without what `uneven pad` repeats."""
        return self.row
