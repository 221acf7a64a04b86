"""The rest's places where `at most` limits groups: the samples of each group, and the free ones, are streams of their
own, and `Limits` says how many of each every batch holds.

An epoch longer than one pass takes whole passes, each filled up from the front of the next one, so that no batch needs
more of a group than its limit.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from attrs import frozen

from feedline.compiler import ir
from feedline.runtime.randomness import derive_key
from feedline.runtime.sampling.at_most import Limits
from feedline.runtime.sampling.epochs import rest_places
from feedline.runtime.sampling.populations import Members, Populations
from feedline.runtime.sampling.streams import Draws, Turns
from feedline.runtime.sampling.who import rest_members


@frozen(eq=False)
class LimitedRest:
    """Places filled from several groups of `limits`, and last the samples that no limit concerns."""

    streams: tuple[Turns | Draws, ...]
    """One a group, in its order; all of one kind."""
    limits: Limits
    seed: int
    shuffled: bool
    one_pass: bool
    """Whether an epoch is one pass, so that the next epoch's order comes after it."""
    pads: bool

    @classmethod
    def of(cls, policy: ir.Policy, populations: Populations) -> LimitedRest | None:
        """The rest of a policy with `at most`; None without."""
        forces = [force for force in policy.forces if force.bound == "at most"]
        places = rest_places(policy)
        if not forces or not places:
            return None
        rest = rest_members(policy, populations)
        least = {force.group: force.count for force in policy.forces if force.at_least}
        groups = [populations.members(force.group) for force in forces]
        free = rest.without(Members.union(groups), populations.size)
        if sum(map(len, groups)) + len(free) != len(rest):
            raise ValueError("groups with `at most` share samples, or have some of a group with an exact count")
        counts = [force.count - least.get(force.group, 0) for force in forces]
        limits = Limits(places, len(free), tuple(map(len, groups)), tuple(counts))
        numbers = [number for number, force in enumerate(policy.forces, 1) if force.bound == "at most"]
        shuffled, streams = policy.order == "shuffled", []
        for members, number in zip([*groups, free], [*numbers, 0], strict=True):
            if policy.rest_replacement:
                streams.append(Draws(members, places, policy.seed, number))
            else:
                streams.append(Turns(members, 1, policy.seed, number, shuffled))
        one_pass = policy.epoch.kind == "pass" and policy.epoch.over == "rest"
        return cls(tuple(streams), limits, policy.seed, shuffled, one_pass, not one_pass or policy.last == "pad")

    @property
    def count(self) -> int:
        """Places in a batch."""
        return self.limits.places

    @property
    def number(self) -> int:
        """That of the stream of the free samples."""
        return self.streams[-1].number

    @property
    def members(self) -> Members:
        """The samples that may stand in any number in a batch."""
        return self.streams[-1].members

    @property
    def draws(self) -> bool:
        """Whether the places are drawn with replacement."""
        return isinstance(self.streams[-1], Draws)

    def block(self, epoch: int, start: int, stop: int) -> np.ndarray:
        """Positions, int64 (stop - start, count); -1 in the empty places of a pass's last batch."""
        counts = self._counts(epoch, start, stop)
        labels, pieces = self._labels(counts), [*self._passes(start, stop)]
        result = np.full((stop - start) * self.count, -1, np.int64)
        for group, stream in enumerate(self.streams):
            if not len(stream.members):
                continue
            if isinstance(stream, Draws):
                chosen = stream.block(epoch, start, stop)[np.arange(self.count) < counts[:, group, None]]
            else:
                chosen = [self._items(stream, group, epoch, *piece) for piece in pieces]
                chosen = np.concatenate([np.empty(0, np.int64), *chosen])
            result[labels == group] = chosen
        return self._ordered(result)

    def redraw(self, epoch: int, attempt: int, start: int, stop: int) -> np.ndarray:
        """Further draws, each place from the same group as before, int64 (stop - start, count)."""
        counts = self._counts(epoch, start, stop)
        labels, result = self._labels(counts), np.full((stop - start) * self.count, -1, np.int64)
        for group, stream in enumerate(self.streams):
            if len(stream.members):
                drawn = stream.redraw(epoch, attempt, start, stop)
                result[labels == group] = drawn[np.arange(self.count) < counts[:, group, None]]
        return self._ordered(result)

    def another(self, value: int, present: np.ndarray, fraction: float) -> int | None:
        """A sample of the same group as `value` that is not `present`; None where all are."""
        stream = next(stream for stream in self.streams if value in stream.members)
        return stream.another(value, present, fraction)

    def _passes(self, start: int, stop: int) -> Iterator[tuple[int, int, int]]:
        """The passes that batches `start` to `stop` - 1 belong to, with the first and the end of them in each."""
        size = self.limits.batches
        for turn in range(start // size, -(-stop // size)):
            yield turn, max(start - turn * size, 0), min(stop - turn * size, size)

    def _phase(self, epoch: int, turn: int) -> int:
        return derive_key(self.seed, "limits", epoch, turn) if self.shuffled else 0

    def _counts(self, epoch: int, start: int, stop: int) -> np.ndarray:
        """How many places of each batch each group has, int64 (stop - start, groups)."""
        found = [
            self.limits.counts(self._phase(epoch, turn), first, last, self.pads)
            for turn, first, last in self._passes(start, stop)
        ]
        return np.concatenate(found) if found else np.empty((0, len(self.streams)), np.int64)

    def _labels(self, counts: np.ndarray) -> np.ndarray:
        """The group of every place, int64 (batches * count,): free samples first, an empty place last."""
        last = counts.shape[1] - 1
        order = [last, *range(last), last + 1]
        counts = np.concatenate([counts, self.count - counts.sum(axis=1, keepdims=True)], axis=1)
        return np.repeat(np.tile(order, len(counts)), counts[:, order].reshape(-1))

    def _ordered(self, flat: np.ndarray) -> np.ndarray:
        """The places as rows; `order sequential` means within a batch, too."""
        rows = flat.reshape(-1, self.count)
        return rows if self.shuffled else np.sort(rows.view(np.uint64), axis=1).view(np.int64)

    def _items(self, stream: Turns, group: int, epoch: int, turn: int, first: int, last: int) -> np.ndarray:
        """What a group gives to batches `first` to `last` - 1 of pass number `turn`, int64 (n,)."""
        begin, end = (self._before(group, epoch, turn, batch) for batch in (first, last))
        offset = turn * len(stream.members)
        own = stream.take(epoch, offset + begin, offset + end)
        if not self.pads or last < self.limits.batches or not self.limits.padded[group]:
            return own
        there = own[len(own) - self.limits.last[group] :]
        return np.concatenate([own, self._padding(stream, there, self.limits.padded[group], epoch, turn)])

    def _before(self, group: int, epoch: int, turn: int, batch: int) -> int:
        """How many of a group the batches of a pass before `batch` hold."""
        if batch > self.limits.full:
            return self.limits.reached[group]
        deal = self.limits.deal(self._phase(epoch, turn))
        return 0 if deal is None else deal.before(batch)[group]

    def _padding(self, stream: Turns, there: np.ndarray, missing: int, epoch: int, turn: int) -> np.ndarray:
        """`missing` samples of a group from the front of the next pass, none that the batch holds already while there
        are others."""
        size = len(stream.members)
        found = np.empty(0, np.int64)
        while len(found) < missing:
            epoch, turn = (epoch + 1, 0) if self.one_pass else (epoch, turn + 1)
            front = stream.take(epoch, turn * size, turn * size + min(size, self.count))
            fresh = front[~np.isin(front, np.concatenate([there, found]))]
            found = np.concatenate([found, fresh if len(fresh) else front])
        return found[:missing]
