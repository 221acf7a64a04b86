"""The batches of a policy over given populations, as arithmetic: any block of any epoch, in any order, without history.

A batch of n places is n counts k1 + ... + km of forced groups and r of the rest, each filled by a stream of its own
(`streams.py`), then the places are permuted. Every reader (loader, ranks, resume, simulation, verification) only asks
for blocks.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from attrs import frozen

from feedline.compiler import ir
from feedline.runtime.randomness import derive_key
from feedline.runtime.sampling.distinct import make_distinct
from feedline.runtime.sampling.epochs import Epoch, epoch_of, rest_places
from feedline.runtime.sampling.populations import Members, Populations
from feedline.runtime.sampling.promises import Promise, promises_of
from feedline.runtime.sampling.shuffles import shuffles
from feedline.runtime.sampling.streams import Draws, Stream, Turns

_BLOCK = 4096
"""Batches computed at once: enough to make NumPy's overhead small, few enough to stay in the processor's cache."""


@frozen(eq=False)
class BatchPlan:
    """Policy + populations -> `batches(epoch, start, stop)`. Small, and pickled without what it can compute again.

    The populations must be able to satisfy the policy: `check_populations` says so in the user's words; here what is
    impossible raises ValueError.
    """

    policy: ir.Policy
    populations: Populations

    @cached_property
    def _forced(self) -> tuple[Stream, ...]:
        return tuple(
            _stream(self.policy, force.count, number, members, force.replacement)
            for number, (force, members) in enumerate(
                zip(self.policy.forces, forced_members(self.policy, self.populations), strict=True), 1
            )
        )

    @cached_property
    def _rest(self) -> Stream:
        count = rest_places(self.policy)
        members = rest_members(self.policy, self.populations)
        if self.policy.weights is None:
            return _stream(self.policy, count, 0, members, self.policy.rest_replacement)
        if self.populations.weights is None:
            raise ValueError("a weighted policy needs the weights of its populations")
        return Draws(members, count, self.policy.seed, 0, self.populations.weights)

    @cached_property
    def _epoch(self) -> Epoch:
        forced = {
            force.group: len(stream.members) for force, stream in zip(self.policy.forces, self._forced, strict=True)
        }
        return epoch_of(self.policy, len(self._rest.members), forced)

    def __attrs_post_init__(self) -> None:
        if self._rest.count < 0:
            raise ValueError(f"the forced groups need more than the {self.policy.batch} places of a batch")
        for stream in self._forced:
            if len(stream.members) < (1 if isinstance(stream, Draws) else stream.count):
                raise ValueError(f"{len(stream.members)} samples cannot fill {stream.count} places of a batch")
        rest = self._rest
        one_pass = self.policy.epoch.kind == "pass" and self.policy.epoch.over == "rest"
        needed = 1 if isinstance(rest, Draws) or one_pass else rest.count
        if rest.count and len(rest.members) < needed:
            raise ValueError(f"{len(rest.members)} samples cannot fill {rest.count} places of a batch")

    @property
    def batch_size(self) -> int:
        """Places in a batch."""
        return self.policy.batch

    def length(self, epoch: int = 0) -> int:
        """How many batches epoch `epoch` has; the same for every epoch."""
        return self._epoch.batches

    def promises(self) -> tuple[Promise, ...]:
        """What holds in every batch, for a counter to check."""
        return promises_of(self.policy)

    def batches(self, epoch: int, start: int, stop: int) -> np.ndarray:
        """Batches `start` to `stop` - 1 of epoch `epoch`: positions, int64 (stop - start, batch_size).

        -1 is no sample; it stands only at the end of an epoch's last row, under `last keep`. With `epoch N samples`
        the last batch holds what is left of N once `last` has had its say: `keep` makes it shorter (but never short
        of forced samples), `drop` leaves it out, `pad` fills it. Raises IndexError outside 0 <= start <= stop <=
        length(epoch).
        """
        if not 0 <= start <= stop <= self.length(epoch):
            raise IndexError(f"batches {start} to {stop} of an epoch of {self.length(epoch)}")
        result = np.empty((stop - start, self.batch_size), np.int64)
        for low in range(start, stop, _BLOCK):
            high = min(low + _BLOCK, stop)
            result[low - start : high - start] = self._block(epoch, low, high)
        return result

    def _block(self, epoch: int, start: int, stop: int) -> np.ndarray:
        blocks = [stream.block(epoch, start, stop) for stream in self._forced]
        blocks.append(self._rest_block(epoch, start, stop))
        if self.policy.distinct:
            blocks = self._distinct(blocks, epoch, start)
        result = np.concatenate(blocks, axis=1)
        if self.policy.places == "shuffled":
            key = derive_key(self.policy.seed, "places", epoch)
            result = np.take_along_axis(result, shuffles(key, start, stop - start, self.batch_size), axis=1)
        if stop == self.length(epoch) and len(result):
            last = result[-1]
            result[-1] = np.concatenate([last[last >= 0], last[last < 0]])
        return result

    def _rest_block(self, epoch: int, start: int, stop: int) -> np.ndarray:
        """The rest's places, int64 (stop - start, r)."""
        stream, count = self._rest, self._rest.count
        if not count:
            return np.empty((stop - start, 0), np.int64)
        filled = self._epoch.rest
        if isinstance(stream, Draws):
            flat = stream.block(epoch, start, stop).reshape(-1)
            flat[max(filled - start * count, 0) :] = -1
            return flat.reshape(-1, count)
        first, last = start * count, min(stop * count, filled)
        own = min(last, len(stream.members)) if self._pads else last
        flat = stream.take(epoch, first, own)
        if own < stop * count:
            padding = self._padding(stream, epoch, flat, last - own)
            empty = np.full(stop * count - last, -1, np.int64)
            flat = np.concatenate([flat, padding, empty])
        return flat.reshape(-1, count)

    @property
    def _pads(self) -> bool:
        """Whether the last batch is filled from the next epoch's order."""
        return self.policy.last == "pad" and self.policy.epoch.kind == "pass" and self.policy.epoch.over == "rest"

    def _padding(self, stream: Turns, epoch: int, own: np.ndarray, missing: int) -> np.ndarray:
        """`missing` samples from the front of the next epoch's order, with `distinct` none that the last batch
        holds."""
        size = len(stream.members)
        there = own[len(own) - (stream.count - missing) :]
        found = np.empty(0, np.int64)
        while missing and len(found) < missing:
            epoch += 1
            front = stream.take(epoch, 0, min(size, stream.count))
            if self.policy.distinct:
                front = front[~np.isin(front, there)]
            found = np.concatenate([found, front])
        return found[:missing]

    def _distinct(self, blocks: list[np.ndarray], epoch: int, start: int) -> list[np.ndarray]:
        """What the streams (forced in order, then the rest) bring, with what comes twice in a batch put right."""
        streams = [*self._forced, self._rest]
        loose = any(isinstance(stream, Draws) for stream in streams)
        if not loose and not any(force.at_least for force in self.policy.forces):
            return blocks
        # Whoever may not give way comes first: the rest's turns, then exact turns, then `at least` turns, then draws.
        yields = [
            (isinstance(stream, Draws), number < len(self._forced), self._at_least(number), number)
            for number, stream in enumerate(streams)
        ]
        order = [number for *_, number in sorted(yields) if streams[number].count]
        distinct = make_distinct(
            [blocks[number] for number in order],
            [streams[number] for number in order],
            self._rest.members,
            epoch,
            start,
        )
        replaced = dict(zip(order, distinct, strict=True))
        return [replaced.get(number, block) for number, block in enumerate(blocks)]

    def _at_least(self, number: int) -> bool:
        return number < len(self._forced) and self.policy.forces[number].at_least


def _stream(policy: ir.Policy, count: int, number: int, members: Members, replacement: bool) -> Stream:
    if replacement:
        return Draws(members, count, policy.seed, number)
    return Turns(members, count, policy.seed, number, policy.order == "shuffled")


def exact_members(policy: ir.Policy, populations: Populations) -> Members:
    """Everything in a group that is forced with an exact count."""
    return Members.union(populations.members(force.group) for force in policy.forces if not force.at_least)


def forced_members(policy: ir.Policy, populations: Populations) -> list[Members]:
    """What each forced group's places draw from. A sample of a group with an exact count is never used for an `at
    least` group as well, or the count would not be exact."""
    exact = exact_members(policy, populations)
    return [
        populations.members(force.group).without(exact, populations.size)
        if force.at_least and len(exact)
        else populations.members(force.group)
        for force in policy.forces
    ]


def rest_members(policy: ir.Policy, populations: Populations) -> Members:
    """What the places that are not forced draw from: everything outside the groups whose count is exact."""
    return exact_members(policy, populations).outside(populations.size)
