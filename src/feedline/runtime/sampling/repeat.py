"""`repeat factor t by FIELD`: samples of rare values come several times an epoch, fractions of a time included.

A factor of 2.3 means two copies in 70% of the epochs and three in 30%. All factors are rounded together, in a random
order, by one random number an epoch (systematic sampling: Madow, 1949), so that the copies of each sample are
its factor in expectation and the length of an epoch changes by one sample at most.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from attrs import field, frozen

from feedline.runtime.randomness import derive_key
from feedline.runtime.sampling.populations import Members
from feedline.runtime.sampling.shuffles import UNIFORM_LIMIT, Feistel, random_fractions, random_words, shuffles
from feedline.runtime.sampling.streams import Kept, cumulative, spare, weighted


def shuffle_of(size: int, key: int) -> np.ndarray:
    """A shuffle of range(size), int64: a real one up to 2^22 items, a Feistel network's beyond."""
    if size <= UNIFORM_LIMIT:
        return shuffles(key, 0, 1, size)[0]
    return Feistel(size, key).at(np.arange(size))


@frozen(eq=False)
class Repeats:
    """Places filled from a list that holds each member floor(factor) or ceil(factor) times, made anew each epoch and
    shuffled; once it is used up, another one follows.

    `factors` (positions,) float64 >= 1. `shuffled` false: the members in order, then those that come twice, and so on.
    With `distinct` the copies of a sample are dealt to different batches of `count` places; only where a batch reaches
    over the end of the list, or a sample has more copies than there are batches, may two still meet.
    """

    members: Members
    factors: np.ndarray
    count: int
    seed: int
    number: int
    shuffled: bool = True
    distinct: bool = False
    _kept: Kept = field(factory=Kept, init=False, repr=False)

    @cached_property
    def _positions(self) -> np.ndarray:
        positions = self.members.at(np.arange(len(self.members)))
        return positions.astype(np.int32) if len(positions) and positions[-1] < 2**31 else positions

    @cached_property
    def _bits(self) -> int:
        """Fractions are whole numbers of 2^-bits, as fine as their sum allows, so that every sum is exact."""
        return 62 - len(self.members).bit_length()

    @cached_property
    def _split(self) -> tuple[np.ndarray, np.ndarray]:
        """The whole part of each member's factor, int32, and the fraction in units of 2^-bits, int64."""
        factors = self.factors[self._positions]
        whole = np.floor(factors)
        fraction = np.rint((factors - whole) * 2.0**self._bits).astype(np.int64)
        return whole.astype(np.int32) + (fraction >> self._bits).astype(np.int32), fraction & ((1 << self._bits) - 1)

    @cached_property
    def _sums(self) -> tuple[int, int]:
        whole, fraction = self._split
        return int(whole.sum(dtype=np.int64)), int(fraction.sum())

    @cached_property
    def _cumulative(self) -> np.ndarray:
        return cumulative(self.factors[self._positions])

    def total(self, epoch: int) -> int:
        """How many samples the epoch's list holds: floor or ceil of the sum of the factors."""
        return self._begin(epoch, 1)

    def counts(self, epoch: int, turn: int = 0) -> np.ndarray:
        """How often each member, in order, stands in list number `turn` of the epoch, int32 (members,)."""
        whole, fraction = self._split
        some = np.flatnonzero(fraction)
        order = some[shuffle_of(len(some), self._key("repeat order", epoch, turn))]
        offset = (turn * self._sums[1] + self._uniform(epoch)) & ((1 << self._bits) - 1)
        reached = (np.cumsum(fraction[order]) + offset) >> self._bits
        counts = whole.copy()
        counts[order] += np.diff(reached, prepend=0).astype(np.int32)
        return counts

    def take(self, epoch: int, first: int, last: int) -> np.ndarray:
        """Numbers `first` to `last` - 1 of the epoch's lists one after the other, int64 (last - first,)."""
        pieces: list[np.ndarray] = []
        while first < last:
            turn = self._turn(epoch, first)
            begin, end = self._begin(epoch, turn), self._begin(epoch, turn + 1)
            pieces.append(self._piece(epoch, turn, first - begin, min(last, end) - begin))
            first = min(last, end)
        return np.concatenate(pieces) if pieces else np.empty(0, np.int64)

    def block(self, epoch: int, start: int, stop: int) -> np.ndarray:
        """Positions, int64 (stop - start, count), for batches start to stop - 1."""
        return self.take(epoch, start * self.count, stop * self.count).reshape(stop - start, self.count)

    def redraw(self, epoch: int, attempt: int, start: int, stop: int) -> np.ndarray:
        """What may stand in for copies that meet in a batch, int64 (stop - start, count): draws by factor."""
        key = self._key("redraw", epoch, attempt)
        ranks = weighted(self._cumulative, random_fractions(key, start, stop - start, self.count))
        return self._positions[ranks].astype(np.int64)

    def another(self, value: int, present: np.ndarray, fraction: float) -> int | None:
        """A member for the place of `value` that is not `present` (sorted positions); None where all are."""
        return spare(self.members, present, fraction)

    def _key(self, purpose: str, epoch: int, turn: int) -> int:
        return derive_key(self.seed, purpose, epoch, self.number, turn)

    def _uniform(self, epoch: int) -> int:
        """The epoch's one random number, in units of 2^-bits."""
        return int(random_words(self._key("repeat", epoch, 0), 0, 1, 1)[0, 0]) >> (64 - self._bits)

    def _begin(self, epoch: int, turn: int) -> int:
        """Where list number `turn` begins: the sum of the lists before it, rounded by the epoch's random number."""
        whole, fraction = self._sums
        return turn * whole + ((turn * fraction + self._uniform(epoch)) >> self._bits)

    def _turn(self, epoch: int, number: int) -> int:
        """The list that holds `number`: the last one that begins at or before it."""
        whole, fraction = self._sums
        return (((number + 1) << self._bits) - self._uniform(epoch) - 1) // ((whole << self._bits) + fraction)

    def _piece(self, epoch: int, turn: int, first: int, last: int) -> np.ndarray:
        """Items `first` to `last` - 1 of one list as positions, int64."""
        listed, network = self._kept.get((epoch, turn), lambda: self._list(epoch, turn))
        chosen = slice(first, last) if network is None else network.at(np.arange(first, last))
        return listed[chosen].astype(np.int64)

    def _list(self, epoch: int, turn: int) -> tuple[np.ndarray, Feistel | None]:
        """One list, and what shuffles it where it is too long to be shuffled in memory."""
        counts = self.counts(epoch, turn)
        if not self.shuffled:
            copy = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
            return np.repeat(self._positions, counts)[np.argsort(copy, kind="stable")], None
        key = self._key("shuffle", epoch, turn)
        if self.distinct:
            order = shuffle_of(len(counts), key)
            return self._dealt(epoch, turn, np.repeat(self._positions[order], counts[order])), None
        listed = np.repeat(self._positions, counts)
        if len(listed) > UNIFORM_LIMIT:
            return listed, Feistel(len(listed), key)
        return listed[shuffle_of(len(listed), key)], None

    def _dealt(self, epoch: int, turn: int, copies: np.ndarray) -> np.ndarray:
        """The list in which `copies` (those of a sample side by side) are dealt out, one to each batch in turn."""
        begin = self._begin(epoch, turn)
        places = dealing_order(np.array([len(copies)]), self.count, begin % self.count)
        dealt = np.empty_like(copies)
        dealt[places] = copies
        # Copies now stand in neighbouring batches: the order of the full ones is shuffled.
        head = -begin % self.count
        full = (len(copies) - head) // self.count if len(copies) > head else 0
        rows = dealt[head : head + full * self.count].reshape(full, self.count)
        rows[:] = rows[shuffle_of(full, self._key("repeat rows", epoch, turn))]
        return dealt


def dealing_order(sizes: np.ndarray, count: int, offset: int = 0) -> np.ndarray:
    """The places of batches of `count`, int64 (sum of sizes,), in the order of dealing: the first place of every batch
    of the first run of `sizes` (runs,), then the second place of every batch, and so on; then the next run.

    A run starts with a new batch, whose first `offset` places are not its own. As many neighbours in this order as a
    run has full batches are in different batches."""
    runs = np.repeat(np.arange(len(sizes)), sizes)
    place = np.arange(len(runs)) - np.repeat(np.cumsum(sizes) - sizes, sizes) + offset
    return np.lexsort((place // count, place % count, runs))
