"""Who can be drawn: sets of positions as a list or as ranges, so that a billion samples need no list.

A position is a sample's place in the loader's data, 0 to size - 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import numpy as np
from attrs import field, frozen

_LIST_LIMIT = 2**24
"""Sets of more members than this are never written out as a list,"""
_SHORT = 2**16
"""and of more than this, not for the sake of"""
_MANY = 1024
"""fewer lookups than this: the first batch need not wait for it."""

Positions = np.ndarray | range
"""Sorted positions without repeats: an int64 array, or a range."""


@frozen(eq=False)
class Members:
    """A sorted set of positions as disjoint ranges `starts[i]` to `ends[i]` (exclusive); `at` is random access by
    rank."""

    starts: np.ndarray
    ends: np.ndarray

    @cached_property
    def _before(self) -> np.ndarray:
        """How many members stand before each range, and in all."""
        return np.concatenate([[0], np.cumsum(self.ends - self.starts)]).astype(np.int64)

    @cached_property
    def _list(self) -> np.ndarray:
        """Every member in order, made when first needed: looking one up is many times faster than finding its range."""
        if len(self.starts) == len(self):
            return self.starts
        found = np.arange(len(self)) + np.repeat(self.starts - self._before[:-1], self.ends - self.starts)
        return found.astype(np.int32) if found[-1] < 2**31 else found

    @classmethod
    def of(cls, positions: Positions) -> Members:
        """The members of sorted positions."""
        if isinstance(positions, range) and positions.step == 1:
            bounds = [positions.start], [positions.stop]
            return cls(*(np.array(bound if len(positions) else [], np.int64) for bound in bounds))
        positions = np.asarray(positions, np.int64)
        breaks = np.flatnonzero(np.diff(positions) != 1) + 1
        firsts = np.concatenate([[0], breaks])[: len(positions)].astype(np.int64)
        lasts = np.concatenate([breaks, [len(positions)]])[: len(positions)].astype(np.int64) - 1
        return cls(positions[firsts], positions[lasts] + 1)

    @classmethod
    def union(cls, sets: Iterable[Members]) -> Members:
        """The members of any of the sets."""
        every = [item for item in sets if len(item.starts)]
        if len(every) == 1:
            return every[0]
        starts = np.concatenate([np.empty(0, np.int64), *(item.starts for item in every)])
        ends = np.concatenate([np.empty(0, np.int64), *(item.ends for item in every)])
        order = np.argsort(starts, kind="stable")
        starts, reach = starts[order], np.maximum.accumulate(ends[order])
        first = np.ones(len(starts), bool)
        first[1:] = starts[1:] > reach[:-1]
        return cls(starts[first], reach[np.append(first[1:], first[:1])])

    def __len__(self) -> int:
        return int(self._before[-1])

    def __contains__(self, position: int) -> bool:
        found = int(np.searchsorted(self.starts, position, side="right")) - 1
        return found >= 0 and position < self.ends[found]

    def at(self, ranks: np.ndarray) -> np.ndarray:
        """The members at `ranks` (any shape, 0 to len - 1), int64."""
        if len(self.starts) == 1:
            return ranks + self.starts[0] if self.starts[0] else ranks
        if len(self) <= (_LIST_LIMIT if np.size(ranks) >= _MANY else _SHORT):
            return self._list[ranks].astype(np.int64, copy=False)
        found = np.searchsorted(self._before, ranks, side="right") - 1
        return (self.starts - self._before[:-1])[found] + ranks

    def first(self, count: int) -> list[int]:
        """The lowest `count` members, or all where there are fewer."""
        return self.at(np.arange(min(count, len(self)))).tolist()

    def outside(self, size: int) -> Members:
        """Those of range(size) that are not members."""
        starts, ends = np.concatenate([[0], self.ends]), np.concatenate([self.starts, [size]])
        some = starts < ends
        return Members(starts[some].astype(np.int64), ends[some].astype(np.int64))

    def without(self, others: Members, size: int) -> Members:
        """The members that are none of `others`; both within range(size)."""
        return Members.union([self.outside(size), others]).outside(size)


@frozen(eq=False)
class Classes:
    """Samples by class, for `draw`: class c (0 to len(names) - 1) has the sorted positions `members[offsets[c] :
    offsets[c + 1]]`. A sample of several classes stands in each."""

    names: Sequence[str]
    offsets: np.ndarray
    members: np.ndarray


@frozen(eq=False)
class Populations:
    """What a policy draws from: `size` positions, the positions of each group it names (int64 array or range,
    sorted), and what its statements need of each position.

    `weights` (size,) float64 for `balance by` and `weight by`; `factors` (size,) float64 >= 1 for `repeat factor`;
    `values` (size,) float64, finite, for `bucket by`; `classes` for `draw`. `stages` are the populations of the
    policy's stages, in their order.
    """

    size: int
    groups: Mapping[str, Positions] = field(factory=dict)
    weights: np.ndarray | None = None
    factors: np.ndarray | None = None
    values: np.ndarray | None = None
    classes: Classes | None = None
    stages: tuple[Populations, ...] = ()

    def members(self, group: str) -> Members:
        """The members of a group by its full name."""
        return Members.of(self.groups[group])
