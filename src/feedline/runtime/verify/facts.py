"""What a policy means for each sample, worked out from the policy and the groups alone: who may fill which places.

Deliberately not from the code that composes batches, which is what is to be verified.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

import numpy as np
from attrs import field, frozen

from feedline.compiler import ir
from feedline.runtime.guarantees import ValuesOf
from feedline.runtime.sampling.populations import Populations


@frozen(eq=False)
class Facts:
    """One policy without stages. Masks are bool (size + 1,): the last item, which position -1 means, is False."""

    policy: ir.Policy
    populations: Populations
    _masks: dict[str, np.ndarray] = field(factory=dict, init=False, repr=False)

    @property
    def size(self) -> int:
        """How many samples there are."""
        return self.populations.size

    def mask(self, group: str) -> np.ndarray:
        """The members of a group."""
        if group not in self._masks:
            self._masks[group] = self.mask_of(self.populations.groups[group])
        return self._masks[group]

    def mask_of(self, positions: np.ndarray | range) -> np.ndarray:
        """The mask of some positions."""
        mask = np.zeros(self.size + 1, bool)
        mask[slice(positions.start, positions.stop) if isinstance(positions, range) else positions] = True
        return mask

    def places_of(self, number: int) -> slice:
        """The places of force number `number` in a batch whose forced samples come first."""
        start = sum(force.places for force in self.policy.forces[:number])
        return slice(start, start + self.policy.forces[number].places)

    @property
    def rest_places(self) -> int:
        """Places of a batch that are not forced."""
        return self.policy.batch - sum(force.places for force in self.policy.forces)

    @property
    def overlaps(self) -> bool:
        """Whether a forced place may hold a sample of the rest, so that only its place tells which it is."""
        return any(force.bound == "at least" for force in self.policy.forces)

    @cached_property
    def exact(self) -> np.ndarray:
        """Everything in a group with an exact count."""
        return self._union(force for force in self.policy.forces if force.bound == "exactly")

    @cached_property
    def limited(self) -> np.ndarray:
        """Everything in a group with an upper limit."""
        return self._union(force for force in self.policy.forces if force.bound == "at most")

    @cached_property
    def ambiguous(self) -> np.ndarray:
        """Samples of several values of `force K of each`, which no place can hold."""
        times = np.zeros(self.size + 1, np.int16)
        for force in self.policy.forces:
            if force.each and force.bound == "exactly":
                times += self.mask(force.group)
        return times > 1

    def _union(self, forces: Iterable[ir.Force]) -> np.ndarray:
        mask = np.zeros(self.size + 1, bool)
        for force in forces:
            mask |= self.mask(force.group)
        return mask

    def forced(self, number: int) -> np.ndarray:
        """What the places of force number `number` may hold."""
        force = self.policy.forces[number]
        mask = self.mask(force.group)
        if force.bound == "exactly":
            return mask & ~self.ambiguous
        others = (item for item in self.policy.forces if item.bound == "at most" and item.group != force.group)
        return mask & ~self.exact & ~self._union(others)

    @cached_property
    def rest(self) -> np.ndarray:
        """What the places that are not forced may hold."""
        mask = ~self.exact
        mask[-1] = False
        if self.policy.weights is not None and self.populations.weights is not None:
            mask[:-1] &= self.populations.weights > 0
        return mask

    @cached_property
    def values(self) -> ValuesOf:
        """The values of each sample, for `draw`."""
        assert self.populations.classes is not None
        return ValuesOf.of(self.populations.classes, self.size)

    @cached_property
    def single_value(self) -> np.ndarray | None:
        """The value of each sample, -1 for none, int64 (size + 1,); None where a sample has several."""
        counts = np.diff(self.values.offsets)
        if counts.max(initial=0) > 1:
            return None
        found = np.full(self.size + 1, -1, np.int64)
        found[:-1][counts == 1] = self.values.values
        return found

    @cached_property
    def drawable(self) -> np.ndarray:
        """Which values have enough samples to be drawn, bool (values,)."""
        draw = self.policy.draw
        assert draw is not None
        sizes = np.bincount(self.values.values, minlength=self.values.names)
        return sizes >= (1 if draw.replacement and not self.policy.distinct else draw.each)
