"""The peer: the sampler that people write by hand for "3 of a group in every 8", as tutorials and forum answers do.

An endless generator of indices for each group, one `next` for each place, `random.shuffle` for each batch. With no
group it is a plain shuffle made the same way.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence


def endless(indices: Sequence[int]) -> Iterator[int]:
    """The indices in a shuffled order, and again in a new one, for ever."""
    pool = list(indices)
    while True:
        random.shuffle(pool)
        yield from pool


class GeneratorSampler:
    """A batch sampler: lists of int, `forced` places of each from the group and the others from the rest."""

    def __init__(self, group: Sequence[int], rest: Sequence[int], forced: int, batch: int):
        self.group, self.rest, self.forced, self.batch = group, rest, forced, batch

    def __iter__(self) -> Iterator[list[int]]:
        special, others = endless(self.group), endless(self.rest)
        for _ in range(len(self)):
            batch = [next(special) for _ in range(self.forced)]
            batch += [next(others) for _ in range(self.batch - self.forced)]
            random.shuffle(batch)
            yield batch

    def __len__(self) -> int:
        return len(self.rest) // (self.batch - self.forced)
