"""Random numbers and permutations by counter: any part of them can be asked for without what comes before it.

Everything is made of NumPy's raw Philox words, whose sequence is fixed for good (those of `Generator.permutation` and
its like may change with NumPy's version), and of sorts of distinct integers, which have one result on every machine.
"""

from __future__ import annotations

import math
from functools import cached_property, lru_cache

import numpy as np
from attrs import frozen
from numpy.random import Philox

UNIFORM_LIMIT = 2**22
"""Up to this many items a permutation is a real shuffle; beyond it a keyed Feistel network without an array of its
size."""

_WORDS = 4  # Philox makes its numbers four at a time, and its counter counts those
_ROUNDS = 8
_ROWS, _NARROW = 4096, 64
_PIECE = 1 << 14  # items a Feistel network takes at once: its working arrays then stay in the processor's cache


def random_words(key: int, first: int, rows: int, width: int) -> np.ndarray:
    """Random uint64 (rows, width). Row i is a pure function of key, first + i and width."""
    return _whole_words(key, first, rows, width)[:, :width]


def _whole_words(key: int, first: int, rows: int, width: int) -> np.ndarray:
    """`random_words` with the few at the end of each row that are over: contiguous, so that what follows is fast."""
    blocks = -(-width // _WORDS)
    return Philox(key=key, counter=first * blocks).random_raw(rows * blocks * _WORDS).reshape(rows, blocks * _WORDS)


def random_fractions(key: int, first: int, rows: int, width: int) -> np.ndarray:
    """Random float64 (rows, width) in [0, 1), 53 bits each, by row as `random_words`."""
    words = _whole_words(key, first, rows, width)
    words >>= np.uint64(11)
    fractions = words.view(np.int64).astype(np.float64)  # exact, and faster than from unsigned numbers
    fractions *= 2.0**-53
    return fractions[:, :width]


def random_ranks(key: int, first: int, rows: int, width: int, size: int) -> np.ndarray:
    """Random int64 (rows, width), uniform over range(size), by row as `random_words`."""
    return (random_fractions(key, first, rows, width) * size).astype(np.int64)


def shuffles(key: int, first: int, rows: int, size: int) -> np.ndarray:
    """Uniform shuffles of range(size), int64 (rows, size). Row i is a pure function of key, first + i and size.

    Each item gets a random word with its own number as the lowest bits, and the words are sorted.
    """
    low = np.uint64((1 << max(size - 1, 0).bit_length()) - 1)
    words = random_words(key, first, rows, size)
    words &= ~low
    words |= _columns(size)[:rows] if rows <= _ROWS and size <= _NARROW else np.arange(size, dtype=np.uint64)
    words.sort(axis=1)
    words &= low
    return words.view(np.int64)


@lru_cache(maxsize=8)
def _columns(size: int) -> np.ndarray:
    """The number of its column in each place of (_ROWS, size): NumPy repeats a short row slowly."""
    return np.tile(np.arange(size, dtype=np.uint64), (_ROWS, 1))


@frozen(eq=False)
class Feistel:
    """A permutation of range(size) that is computed item by item: O(sqrt(size)) memory, an exact bijection for every
    size.

    An item is a pair (left, right) of range(a) x range(b) with a * b barely above the size. Each round adds to one
    half, modulo its range, a random function of the other half, kept as a table; that is a bijection whatever the
    function. The few pairs beyond the size are sent through again until they fall inside it (cycle walking), which
    keeps it a bijection.
    """

    size: int
    key: int

    @cached_property
    def _tables(self) -> list[np.ndarray]:
        ranges = self._ranges
        rows = -(-max(ranges) // _WORDS)
        tables = []
        for number in range(_ROUNDS):
            changed, other = ranges[number % 2], ranges[1 - number % 2]
            values = random_ranks(self.key, number * rows, rows, _WORDS, changed).reshape(-1)[:other]
            tables.append(values - changed)  # so that a sum below zero, not one past the range, needs the wrap
        return tables

    @cached_property
    def _ranges(self) -> tuple[int, int]:
        left = math.isqrt(max(self.size - 1, 0)) + 1
        return left, -(-self.size // left)

    def at(self, ranks: np.ndarray) -> np.ndarray:
        """The items at `ranks`, int64 of the same shape (n,)."""
        items = np.empty(len(ranks), np.int64)
        for start in range(0, len(ranks), _PIECE):
            items[start : start + _PIECE] = self._rounds(ranks[start : start + _PIECE])
        outside = np.flatnonzero(items >= self.size)
        while len(outside):
            items[outside] = self._rounds(items[outside])
            outside = outside[items[outside] >= self.size]
        return items

    def _rounds(self, items: np.ndarray) -> np.ndarray:
        ranges = self._ranges
        left = items // ranges[1]  # many times faster than divmod
        right = items - left * ranges[1]
        halves, added = [left, right], np.empty_like(left)
        for number, table in enumerate(self._tables):
            half, other = halves[number % 2], halves[1 - number % 2]
            np.take(table, other, out=added, mode="clip")  # the mode that needs no copy; nothing is out of range
            half += added
            np.add(half, ranges[number % 2], out=added)
            # Of a sum below zero and the sum one range higher, the one that is in range: without its sign it is less.
            np.minimum(half.view(np.uint64), added.view(np.uint64), out=half.view(np.uint64))
        left *= ranges[1]
        left += right
        return left
