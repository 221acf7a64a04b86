"""What a kind of composition is: one file each, and `BatchPlan` puts the same finish on all of them.

A composer answers for one policy without stages. `BatchPlan` picks the composer of an epoch, asks it for blocks,
permutes the places within each batch, and moves what is empty to the end.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np


class Composer(Protocol):
    """Which samples stand in which batch, as a pure function of (policy, populations, epoch, batch number)."""

    def length(self, epoch: int) -> int:
        """How many batches the epoch has."""
        ...

    def block(self, epoch: int, start: int, stop: int) -> np.ndarray:
        """Positions of batches `start` to `stop` - 1, int64 (stop - start, batch size).

        Forced samples come first, in the order of the policy. -1 is an empty place; only an epoch's last batch has
        any. At most a few thousand batches are asked for at once; 0 <= start <= stop <= length(epoch).
        """
        ...
