"""The batches of a policy over given populations, as arithmetic: any block of any epoch, in any order, without history.

Every form of composition is a file of its own (`composer.py` says what it answers for); here the one that an epoch has
is chosen, and its batches get their finish: the places within each are permuted, and what is empty moves to the end.
Every reader (loader, ranks, resume, simulation, verification) only asks for blocks.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from attrs import frozen

from feedline.compiler import ir
from feedline.runtime.randomness import derive_key
from feedline.runtime.sampling.bucket import BucketComposer
from feedline.runtime.sampling.composer import Composer
from feedline.runtime.sampling.draw import DrawComposer
from feedline.runtime.sampling.forced import ForcedComposer
from feedline.runtime.sampling.mix import MixComposer
from feedline.runtime.sampling.populations import Populations
from feedline.runtime.sampling.promises import Promise, promises_of
from feedline.runtime.sampling.shuffles import shuffles
from feedline.runtime.sampling.who import forced_members, rest_members

__all__ = ["BatchPlan", "forced_members", "rest_members"]

_BLOCK = 4096
"""Batches computed at once: enough to make NumPy's overhead small, few enough to stay in the processor's cache."""
_NARROW = 64


@frozen(eq=False)
class BatchPlan:
    """Policy + populations -> `batches(epoch, start, stop)`. Small, and pickled without what it can compute again.

    The populations must be able to satisfy the policy and each of its stages: `check_populations` says so in the user's
    words; here what is impossible raises ValueError.
    """

    policy: ir.Policy
    populations: Populations

    @cached_property
    def _stages(self) -> tuple[tuple[int, ir.Policy, Composer], ...]:
        """The first epoch, the policy and the composer of the outer policy, then of each stage.

        No two stages have an epoch in common, and every key holds the epoch: so their random numbers differ although
        their seeds and the numbers of their streams do not.
        """
        policies = [(0, self.policy), *((stage.epoch, stage.policy) for stage in self.policy.stages)]
        people = [self.populations, *self.populations.stages]
        return tuple(
            (epoch, policy, _composer(policy, populations))
            for (epoch, policy), populations in zip(policies, people, strict=True)
        )

    @cached_property
    def _row_starts(self) -> np.ndarray:
        """Where each row of a block begins, in all its places, int64 (_BLOCK, n): NumPy is slow to repeat them in short
        rows."""
        starts = np.arange(0, _BLOCK * self.batch_size, self.batch_size)
        rows = np.broadcast_to(starts[:, None], (_BLOCK, self.batch_size))
        return rows.copy() if self.batch_size <= _NARROW else rows

    def _stage(self, epoch: int) -> tuple[int, ir.Policy, Composer]:
        return next(stage for stage in reversed(self._stages) if stage[0] <= max(epoch, 0))

    def __attrs_post_init__(self) -> None:
        if any(policy.batch != self.policy.batch for _, policy, _ in self._stages):
            raise ValueError("a stage has another batch size")

    @property
    def batch_size(self) -> int:
        """Places in a batch."""
        return self.policy.batch

    def length(self, epoch: int = 0) -> int:
        """How many batches epoch `epoch` has. Stages differ, and with repeat factors epochs may differ by one."""
        _, _, composer = self._stage(epoch)
        return composer.length(epoch)

    def promises(self, ranks: int = 1) -> tuple[Promise, ...]:
        """What holds in every batch, for a counter to check; `ranks` as for `promises_of`."""
        return promises_of(self.policy, ranks)

    def batches(self, epoch: int, start: int, stop: int) -> np.ndarray:
        """Batches `start` to `stop` - 1 of epoch `epoch`: positions, int64 (stop - start, batch_size).

        -1 is no sample; it stands only at the end of an epoch's last row, under `last keep`. With `epoch N samples`
        the last batch holds what is left of N once `last` has had its say: `keep` makes it shorter (but never short
        of forced samples), `drop` leaves it out, `pad` fills it. Raises IndexError outside 0 <= start <= stop <=
        length(epoch).
        """
        length = self.length(epoch)
        if not 0 <= start <= stop <= length:
            raise IndexError(f"batches {start} to {stop} of an epoch of {length}")
        result = np.empty((stop - start, self.batch_size), np.int64)
        for low in range(start, stop, _BLOCK):
            high = min(low + _BLOCK, stop)
            self._finish(epoch, low, high, result[low - start : high - start])
        if stop == length and len(result):
            last = result[-1]
            result[-1] = np.concatenate([last[last >= 0], last[last < 0]])
        return result

    def _finish(self, epoch: int, start: int, stop: int, result: np.ndarray) -> None:
        """Write batches `start` to `stop` - 1 into `result`."""
        _, policy, composer = self._stage(epoch)
        block = composer.block(epoch, start, stop)
        if policy.places == "shuffled":
            key = derive_key(policy.seed, "places", epoch)
            order = shuffles(key, start, stop - start, self.batch_size)
            order += self._row_starts[: len(order)]
            np.take(block.reshape(-1), order, out=result, mode="clip")  # the mode that needs no copy
        else:
            result[:] = block


def _composer(policy: ir.Policy, populations: Populations) -> Composer:
    if policy.mix is not None:
        return MixComposer(policy, populations)
    if policy.draw is not None:
        return DrawComposer(policy, populations)
    if policy.bucket is not None:
        return BucketComposer(policy, populations)
    return ForcedComposer(policy, populations)
