"""How often the samples of each group come: counted while the batches go by."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from feedline.runtime.sampling.populations import Positions
from feedline.runtime.verify.block import Block
from feedline.runtime.verify.chance import plain_counts, rates
from feedline.runtime.verify.facts import Facts
from feedline.runtime.verify.report import GroupFacts

STRIP = 60
"""Batches that the strip shows."""

EVERYTHING = "all samples"
"""What stands for every sample where there is a group for the others."""


class Distribution:
    """Counts of groups by batch, and of samples by epoch. `groups` are the positions of each, by name."""

    def __init__(self, facts: Facts, groups: Mapping[str, Positions]):
        self._facts = facts
        self._masks = {name: facts.mask_of(np.asarray(positions)) for name, positions in groups.items()}
        self._by_batch = {name: np.zeros(facts.policy.batch + 1, np.int64) for name in groups}
        self._by_times: dict[str, np.ndarray] = {name: np.zeros(1, np.int64) for name in (*groups, EVERYTHING)}
        self._ever = np.zeros(facts.size, bool)
        self._epoch = np.zeros(facts.size, np.int32)
        self._batches = self._samples = 0
        self._strip: list[tuple[int, ...]] = []

    def begin(self) -> None:
        """An epoch begins."""
        self._epoch[:] = 0

    def block(self, block: Block) -> None:
        """Its next batches."""
        for name, mask in self._masks.items():
            counts = block.members(name, mask)
            self._by_batch[name] += np.bincount(counts, minlength=self._facts.policy.batch + 1)
        if len(block.flat) > self._facts.size // 8:
            self._epoch += np.bincount(block.flat, minlength=self._facts.size).astype(np.int32)
        else:
            np.add.at(self._epoch, block.flat, 1)
        self._batches += len(block.rows)
        self._samples += len(block.flat)
        if len(self._strip) < STRIP and self._batches == block.start + len(block.rows):  # the first epoch
            self._strip += self._colours(block.rows[: STRIP - len(self._strip)])

    def end(self) -> np.ndarray:
        """The epoch is over: how often each sample came, int32 (size,)."""
        for name in self._by_times:
            times = self._epoch if name == EVERYTHING else self._epoch[self._masks[name][:-1]]
            found, known = np.bincount(times), self._by_times[name]
            longer, shorter = (found, known) if len(found) > len(known) else (known, found)
            longer = longer.astype(np.int64)
            longer[: len(shorter)] += shorter
            self._by_times[name] = longer
        self._ever |= self._epoch > 0
        return self._epoch

    def times(self) -> tuple[int, ...]:
        """How often a sample came 0, 1, ... times in an epoch."""
        return tuple(self._by_times[EVERYTHING].tolist())

    def strip(self) -> tuple[tuple[int, ...], ...]:
        """The places of the first batches by the number of their sample's group."""
        return tuple(self._strip)

    def groups(self) -> tuple[GroupFacts, ...]:
        """What was found of each group, and of all samples."""
        expected = rates(self._facts, self._samples / self._batches) if self._batches else None
        return tuple(self._group(name, expected) for name in (*self._masks, EVERYTHING))

    def _group(self, name: str, expected: np.ndarray | None) -> GroupFacts:
        size, batch = self._facts.size, self._facts.policy.batch
        inside = np.ones(size, bool) if name == EVERYTHING else self._masks[name][:-1]
        members, batches = int(inside.sum()), max(self._batches, 1)
        everything = np.array([0, self._batches]) if name == EVERYTHING else self._by_batch[name]
        seen = self._samples if name == EVERYTHING else int((everything * np.arange(len(everything))).sum())
        plain = plain_counts(size, members, batch)
        return GroupFacts(
            group=name,
            samples=members,
            expected=None if expected is None else float(expected[inside].sum()),
            seen=seen / batches,
            plain=min(batch, size) * members / size,
            without=float(everything[0] / batches),
            plain_without=float(plain[0]),
            times=_spread(self._by_times[name]),
            never=int((inside & ~self._ever).sum()),
            counts=tuple(everything.tolist()),
            plain_counts=tuple(plain.tolist()),
        )

    def _colours(self, rows: np.ndarray) -> list[tuple[int, ...]]:
        found = np.full(rows.shape, -1)
        for number, mask in reversed(list(enumerate(self._masks.values()))):
            found[mask[rows]] = number
        found[rows < 0] = -2
        return [tuple(row) for row in found.tolist()]


def _spread(histogram: np.ndarray) -> tuple[int, float, int]:
    """The least, the median and the most of what `histogram[c]` times is c."""
    some = np.flatnonzero(histogram)
    if not len(some):
        return 0, 0.0, 0
    sums = np.cumsum(histogram)
    low, high = (int(np.searchsorted(sums, half, side="right")) for half in ((sums[-1] - 1) // 2, sums[-1] // 2))
    return int(some[0]), (low + high) / 2, int(some[-1])
