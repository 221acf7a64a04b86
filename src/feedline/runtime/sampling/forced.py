"""Forced groups and the rest: the places of a batch are k1 + ... + km of the groups and r of the others.

Each is filled by a stream of its own (`streams.py`): turns without replacement, draws with it. The rest may also come
by weight, by repeat factors (`repeat.py`), or with limits (`limited.py`).
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from attrs import frozen

from feedline.compiler import ir
from feedline.runtime.sampling.distinct import make_distinct
from feedline.runtime.sampling.epochs import Epoch, epoch_of, rest_places
from feedline.runtime.sampling.limited import LimitedRest
from feedline.runtime.sampling.populations import Members, Populations
from feedline.runtime.sampling.repeat import Repeats
from feedline.runtime.sampling.streams import Draws, Stream, Turns
from feedline.runtime.sampling.who import forced_members, rest_members

Rest = Turns | Draws | Repeats | LimitedRest


@frozen(eq=False)
class ForcedComposer:
    """The batches of a policy that forces groups or none.

    Raises ValueError where a group or the rest has too few samples for its places.
    """

    policy: ir.Policy
    populations: Populations

    @cached_property
    def _forced(self) -> tuple[Stream, ...]:
        members = forced_members(self.policy, self.populations)
        return tuple(
            _stream(self.policy, force.count, number, members, force.replacement)
            for number, (force, members) in enumerate(zip(self.policy.forces, members, strict=True), 1)
            if force.places
        )

    @cached_property
    def _rest(self) -> Rest:
        policy, count = self.policy, rest_places(self.policy)
        limited = LimitedRest.of(policy, self.populations)
        if limited is not None:
            return limited
        members = rest_members(policy, self.populations)
        if policy.repeat is not None:
            if self.populations.factors is None:
                raise ValueError("a policy with repeat factors needs those of its populations")
            shuffled = policy.order == "shuffled"
            return Repeats(members, self.populations.factors, count, policy.seed, 0, shuffled, policy.distinct)
        if policy.weights is None:
            return _stream(policy, count, 0, members, policy.rest_replacement)
        if self.populations.weights is None:
            raise ValueError("a weighted policy needs the weights of its populations")
        return Draws(members, count, policy.seed, 0, self.populations.weights)

    def __attrs_post_init__(self) -> None:
        if rest_places(self.policy) < 0:
            raise ValueError(f"the forced groups need more than the {self.policy.batch} places of a batch")
        for stream in self._forced:
            if len(stream.members) < (1 if isinstance(stream, Draws) else stream.count):
                raise ValueError(f"{len(stream.members)} samples cannot fill {stream.count} places of a batch")
        rest = self._rest
        if not isinstance(rest, LimitedRest):
            fills = self.policy.distinct and self.policy.last == "pad" and not isinstance(rest, Draws)
            needed = rest.count if fills or (isinstance(rest, Turns) and not self._one_pass) else 1
            if rest.count and len(rest.members) < needed:
                raise ValueError(f"{len(rest.members)} samples cannot fill {rest.count} places of a batch")

    @property
    def _one_pass(self) -> bool:
        return self.policy.epoch.kind == "pass" and self.policy.epoch.over == "rest"

    def length(self, epoch: int) -> int:
        """How many batches the epoch has; with repeat factors it may differ by one between epochs."""
        return self._epoch(epoch).batches

    def _epoch(self, epoch: int) -> Epoch:
        rest, limits = self._rest, None
        size = rest.total(epoch) if isinstance(rest, Repeats) else len(rest.members)
        if isinstance(rest, LimitedRest):
            limits = rest.limits
        return epoch_of(self.policy, size, self._sizes, limits)

    @cached_property
    def _sizes(self) -> dict[str, int]:
        forces = [force for force in self.policy.forces if force.places]
        return {force.group: len(stream.members) for force, stream in zip(forces, self._forced, strict=True)}

    def block(self, epoch: int, start: int, stop: int) -> np.ndarray:
        """Positions of batches `start` to `stop` - 1, int64 (stop - start, batch size): forced ones first, -1 in the
        empty places of the last batch."""
        blocks = [stream.block(epoch, start, stop) for stream in self._forced]
        blocks.append(self._rest_block(epoch, start, stop))
        if len(blocks) == 1 and not self._ranked:
            return blocks[0]
        places = np.concatenate(blocks, axis=1)
        if self._ranked:
            streams = [*self._forced, self._rest]
            make_distinct(places, streams, self._ranked, self._rest.members, epoch, start)
        return places

    def _rest_block(self, epoch: int, start: int, stop: int) -> np.ndarray:
        """The rest's places, int64 (stop - start, r)."""
        stream, count = self._rest, self._rest.count
        if not count:
            return np.empty((stop - start, 0), np.int64)
        filled = self._epoch(epoch).rest
        if isinstance(stream, Turns | Repeats):
            return self._turns(stream, epoch, start, stop, filled)
        flat = stream.block(epoch, start, stop).reshape(-1)
        if filled < stop * count:
            flat[max(filled - start * count, 0) :] = -1
        return flat.reshape(-1, count)

    def _turns(self, stream: Turns | Repeats, epoch: int, start: int, stop: int, filled: int) -> np.ndarray:
        """The rest's places without replacement: `filled` of the epoch's, then -1."""
        count, last = stream.count, min(stop * stream.count, filled)
        own = last
        if self.policy.last == "pad" and self._one_pass:
            own = min(last, stream.total(epoch) if isinstance(stream, Repeats) else len(stream.members))
        flat = stream.take(epoch, start * count, own)
        if own < stop * count:
            padding = self._padding(stream, epoch, flat, last - own)
            flat = np.concatenate([flat, padding, np.full(stop * count - last, -1, np.int64)])
        return flat.reshape(-1, count)

    def _padding(self, stream: Turns | Repeats, epoch: int, own: np.ndarray, missing: int) -> np.ndarray:
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

    @cached_property
    def _ranked(self) -> tuple[int, ...]:
        """With `distinct`, if a batch may hold a sample twice: the numbers of the streams (forced in order, then the
        rest), those first that may not give way: the rest's turns, exact turns, `at least` turns, draws."""
        streams, least = [*self._forced, self._rest], [force.at_least for force in self.policy.forces if force.places]
        drawn = [stream.draws if isinstance(stream, LimitedRest) else isinstance(stream, Draws) for stream in streams]
        if not self.policy.distinct or not (any(drawn) or any(least) or isinstance(self._rest, Repeats)):
            return ()
        least.append(False)
        ranks = [(drawn[number], number < len(least) - 1, least[number]) for number in range(len(streams))]
        return tuple(sorted((number for number in range(len(streams)) if streams[number].count), key=ranks.__getitem__))


def _stream(policy: ir.Policy, count: int, number: int, members: Members, replacement: bool) -> Stream:
    if replacement:
        return Draws(members, count, policy.seed, number)
    return Turns(members, count, policy.seed, number, policy.order == "shuffled")
