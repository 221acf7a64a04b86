"""A run of neighbouring batches on its way through the checks."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from attrs import field, frozen

from feedline.runtime.verify.facts import Facts


@frozen(eq=False)
class Block:
    """Batches `start` on of an epoch of `length` batches. `rows` int64 (batches, places), -1 for no sample.

    `first` are the same batches with their forced samples in front."""

    facts: Facts
    epoch: int
    start: int
    length: int
    rows: np.ndarray
    first: np.ndarray
    _members: dict[str, np.ndarray] = field(factory=dict, init=False, repr=False)

    @cached_property
    def sizes(self) -> np.ndarray:
        """Samples in each batch."""
        return (self.rows >= 0).sum(axis=1)

    @cached_property
    def flat(self) -> np.ndarray:
        """The samples of all batches in order."""
        return self.rows[self.rows >= 0]

    def members(self, group: str, mask: np.ndarray | None = None) -> np.ndarray:
        """How many of a group each batch holds; `mask` is its members, where the facts do not know the group."""
        if group not in self._members:
            self._members[group] = (self.facts.mask(group) if mask is None else mask)[self.rows].sum(axis=1)
        return self._members[group]

    def places(self, columns: slice | None) -> np.ndarray:
        """All places (None), or those at some columns of the batches with the forced samples in front."""
        return self.rows if columns is None else self.first[:, columns]
