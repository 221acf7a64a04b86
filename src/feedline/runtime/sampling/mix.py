"""`mix A a, B b per n`: the batch's places by exact shares.

A schedule (`dealing.py`) says how many places of each batch a part has: its share rounded down or up, over a period of
batches exactly it. Each part is an endless stream of its own; where a batch begins in it follows from the schedule.
"""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np
from attrs import frozen

from feedline.compiler import ir
from feedline.runtime.sampling.dealing import Deal
from feedline.runtime.sampling.distinct import make_distinct
from feedline.runtime.sampling.populations import Populations
from feedline.runtime.sampling.streams import Draws, Stream, Turns


@frozen(eq=False)
class MixComposer:
    """The batches of a `mix` policy. Raises ValueError where a part has too few samples for its places."""

    policy: ir.Policy
    populations: Populations

    def __attrs_post_init__(self) -> None:
        for stream in self._streams:
            if len(stream.members) < (1 if isinstance(stream, Draws) else stream.count):
                raise ValueError(f"{len(stream.members)} samples cannot fill {stream.count} places of a batch")

    @cached_property
    def _mix(self) -> ir.Mix:
        if self.policy.mix is None:
            raise ValueError("not a `mix` policy")
        return self.policy.mix

    @cached_property
    def _counts(self) -> np.ndarray:
        """How many places each part has in each batch of a period, int64 (batches, parts)."""
        shares = [part.share for part in self._mix.parts]
        divisor = math.gcd(*shares)
        period = sum(shares) // divisor
        return Deal(period, tuple(self.policy.batch * share // divisor for share in shares)).counts(0, period)

    @cached_property
    def _bounds(self) -> np.ndarray:
        """Where each batch of a period, and the period after it, begins in each part's stream, int64 (batches + 1,
        parts)."""
        return np.concatenate([np.zeros((1, self._counts.shape[1]), np.int64), np.cumsum(self._counts, axis=0)])

    @cached_property
    def _parts(self) -> np.ndarray:
        """The part that has each place in each batch of a period, int64 (batches, n)."""
        period, parts = self._counts.shape
        return np.repeat(np.tile(np.arange(parts), period), self._counts.reshape(-1)).reshape(period, -1)

    @cached_property
    def _streams(self) -> tuple[Stream, ...]:
        policy, most, streams = self.policy, self._counts.max(axis=0).tolist(), []
        for number, part in enumerate(self._mix.parts):
            members = self.populations.members(part.group)
            if self._mix.replacement:
                streams.append(Draws(members, most[number], policy.seed, number))
            else:
                bounds = np.ascontiguousarray(self._bounds[:, number])
                streams.append(
                    Turns(members, most[number], policy.seed, number, policy.order == "shuffled", bounds=bounds)
                )
        return tuple(streams)

    def length(self, epoch: int) -> int:
        """How many batches the epoch has, all of them full: by default as many as one pass over the first part takes,
        with `last drop` as many as it fills."""
        policy, chosen = self.policy, self.policy.epoch
        if chosen.kind == "batches":
            return chosen.count
        if chosen.kind == "samples":
            return chosen.count // policy.batch if policy.last == "drop" else -(-chosen.count // policy.batch)
        number = next((number for number, part in enumerate(self._mix.parts) if part.group == chosen.over), 0)
        bounds, size = self._bounds[:, number], len(self._streams[number].members)
        if policy.last == "drop":
            periods, left = divmod(size, int(bounds[-1]))
            return periods * len(self._counts) + int(np.searchsorted(bounds, left, side="right")) - 1
        periods, left = divmod(size - 1, int(bounds[-1]))
        return periods * len(self._counts) + int(np.searchsorted(bounds, left + 1))

    def block(self, epoch: int, start: int, stop: int) -> np.ndarray:
        """Positions of batches `start` to `stop` - 1, int64 (stop - start, batch size): the parts in their order."""
        phases = np.arange(start, stop) % len(self._counts)
        parts = self._parts[phases]
        result = np.empty(parts.shape, np.int64)
        for number, stream in enumerate(self._streams):
            if isinstance(stream, Turns):
                items = stream.take(epoch, self._begin(start, number), self._begin(stop, number))
            else:
                rows = stream.block(epoch, start, stop)
                if self.policy.distinct:
                    make_distinct(rows, [stream], [0], stream.members, epoch, start)
                items = rows[np.arange(stream.count) < self._counts[phases, number, None]]
            result[parts == number] = items
        return result

    def _begin(self, batch: int, number: int) -> int:
        """Where a batch begins in the stream of a part."""
        periods, left = divmod(batch, len(self._counts))
        return periods * int(self._bounds[-1, number]) + int(self._bounds[left, number])
