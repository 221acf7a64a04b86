"""Turns in very many small populations at once: each value of `draw`, each bucket of a forced group.

Every segment is used up in a shuffled order before any of it comes again, then reshuffled, as `streams.Turns` does it
for one population; here thousands of them advance together, without a loop over them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np
from attrs import frozen

from feedline.runtime.sampling.populations import Members
from feedline.runtime.sampling.shuffles import random_words
from feedline.runtime.sampling.streams import Turns

_LARGE = 2**13
"""Segments of more members than this are few, and each gets a stream of its own."""
_CHUNK = 2**20
"""Random words made at once."""
_STEP = np.uint64(0x9E3779B97F4A7C15)


@frozen(eq=False)
class SegmentTurns:
    """Segment s has members 0 to `sizes[s]` - 1 and gives `count` of them, all different, each time it has its turn;
    no size is below `count`. `shuffled` false: in order, over and over."""

    sizes: np.ndarray
    count: int
    key: int
    shuffled: bool = True

    @cached_property
    def _keys(self) -> np.ndarray:
        """A random word a segment."""
        return random_words(self.key, 0, len(self.sizes), 1)[:, 0]

    def table(self, first: int, last: int) -> np.ndarray:
        """What each segment gives at its times `first` to `last` - 1, int32 (segments, last - first, count)."""
        begin, end = first * self.count, last * self.count
        result = np.empty((len(self.sizes), end - begin), np.int32)
        if not self.shuffled:
            result[:] = np.arange(begin, end) % self.sizes[:, None]
        else:
            for segment in np.flatnonzero(self.sizes > _LARGE).tolist():
                turns = Turns(Members.of(range(int(self.sizes[segment]))), self.count, self.key, segment)
                result[segment] = turns.take(0, begin, end)
            for width, segments in self._chunks(begin, end):
                result[segments] = self._rows(segments, width, begin, end)
        return result.reshape(len(self.sizes), last - first, self.count)

    def _chunks(self, begin: int, end: int) -> Iterator[tuple[int, np.ndarray]]:
        """Segments of about the same size, few enough for their shuffles to fit in `_CHUNK` words; and the next power
        of two."""
        small = np.flatnonzero(self.sizes <= _LARGE)
        powers = np.ceil(np.log2(self.sizes[small])).astype(np.int64)
        for power in np.unique(powers).tolist():
            segments, width = small[powers == power], 1 << power
            origins, ends = self._shuffles_needed(self.sizes[segments], begin, end)
            words = np.cumsum(ends - origins) * width
            cuts = np.flatnonzero(np.diff(words // _CHUNK)) + 1
            yield from ((width, part) for part in np.split(segments, cuts))

    def _shuffles_needed(self, sizes: np.ndarray, begin: int, end: int) -> tuple[np.ndarray, np.ndarray]:
        """The numbers of the first shuffle, and of the one after the last, that items `begin` to `end` - 1 take.

        One more in front puts the first seam right. In a small population that one has been rearranged itself: then
        from where a batch starts with a shuffle."""
        first = begin // sizes
        cycles = self.count // np.gcd(sizes, self.count)
        chained = sizes < 2 * self.count - 1
        return np.where(chained, first - first % cycles, np.maximum(first - 1, 0)), -(-end // sizes)

    def _rows(self, segments: np.ndarray, width: int, begin: int, end: int) -> np.ndarray:
        """Items `begin` to `end` - 1 of some segments of at most `width` members, int64 (segments, end - begin)."""
        sizes = self.sizes[segments]
        origins, ends = self._shuffles_needed(sizes, begin, end)
        of = np.repeat(np.arange(len(segments)), ends - origins)
        before = np.cumsum(ends - origins) - (ends - origins)
        numbers = np.arange(len(of)) - before[of] + origins[of]
        rows = _shuffles(self._keys[segments][of], numbers, sizes[of], width)
        self._mend(rows, numbers, sizes[of], numbers > origins[of])
        items = np.arange(begin, end)
        shuffle, place = np.divmod(items, sizes[:, None])
        return rows[shuffle + (before - origins)[:, None], place]

    def _mend(self, rows: np.ndarray, numbers: np.ndarray, sizes: np.ndarray, follows: np.ndarray) -> None:
        """Put the seams of the rows that follow another shuffle of their segment right, in place."""
        seams = numbers * sizes % self.count
        seamed = follows & (seams > 0)
        chained = sizes < 2 * self.count - 1
        alone = np.flatnonzero(seamed & ~chained)
        _mend_seams(rows, alone, seams[alone], sizes[alone], self.count)
        steps = np.where(seamed & chained, numbers % (self.count // np.gcd(sizes, self.count)), 0)
        for step in range(1, int(steps.max(initial=0)) + 1):
            some = np.flatnonzero(steps == step)
            _mend_seams(rows, some, seams[some], sizes[some], self.count)


def _shuffles(keys: np.ndarray, numbers: np.ndarray, sizes: np.ndarray, width: int) -> np.ndarray:
    """Shuffle number `numbers[i]` of range(sizes[i]) under `keys[i]`, int16 (rows, width); what lies behind the size
    is of no meaning.

    As `shuffles.shuffles`, with words of SplitMix64 (Steele, Lea & Flood, 2014), which needs no generator a row.
    """
    with np.errstate(over="ignore"):
        starts = _mixed(keys + numbers.astype(np.uint64) * _STEP)
        words = _mixed(starts[:, None] + np.arange(1, width + 1, dtype=np.uint64) * _STEP)
    lowest = np.uint64(width - 1)
    words &= ~lowest
    words |= np.arange(width, dtype=np.uint64)
    words[np.arange(width) >= sizes[:, None]] = np.iinfo(np.uint64).max
    words.sort(axis=1)
    return (words & lowest).astype(np.int16)


def _mixed(words: np.ndarray) -> np.ndarray:
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def _mend_seams(rows: np.ndarray, later: np.ndarray, seams: np.ndarray, sizes: np.ndarray, count: int) -> None:
    """Rearrange the first `count` items of each row in `later`, in place, so that those which share a turn with the
    last `seams[i]` items of the row before differ from them."""
    heads = rows[later, :count]
    column = np.arange(count)
    tails = np.take_along_axis(rows[later - 1], sizes[:, None] - count + column, axis=1)
    taken = np.zeros((len(later), rows.shape[1]), bool)
    np.put_along_axis(taken, tails.astype(np.int64), column >= (count - seams)[:, None], axis=1)
    heads_taken = np.take_along_axis(taken, heads.astype(np.int64), axis=1)
    # The first `count - seam` free ones go to the front, the others behind in their order.
    free = ~heads_taken
    behind = heads_taken | (np.cumsum(free, axis=1) > (count - seams)[:, None])
    order = np.argsort(behind, axis=1, kind="stable")
    rows[later, :count] = np.take_along_axis(heads, order, axis=1)
