"""The numbers that torch draws for each of many samples, each from a generator seeded with the sample's own key.

torch's generator is MT19937 (Matsumoto and Nishimura 1998), seeded with the low 32 bits of the key. Output k of a
fresh one needs only words k, k + 1 and k + 397 of its state, and the state's words follow each other by a recurrence:
four operations a word, on thousands of samples at once.
"""

from __future__ import annotations

import numpy as np

MOST = 624 - 397 - 1
"""Outputs that can be had of one sample: later ones need words that the generator has already replaced."""

_WORD = np.uint32
_FAR = 397


def outputs(keys: np.ndarray, count: int) -> np.ndarray:
    """The first `count` 32-bit outputs of generators seeded with `keys` uint64 (n,): uint32 (count, n)."""
    word = (keys & np.uint64(0xFFFFFFFF)).astype(_WORD)
    near, far = np.empty((count + 1, len(word)), _WORD), np.empty((count, len(word)), _WORD)
    near[0] = word
    shifted = np.empty_like(word)
    for number in range(1, _FAR + count):
        np.right_shift(word, _WORD(30), shifted)
        np.bitwise_xor(word, shifted, word)
        np.multiply(word, _WORD(1812433253), word)
        np.add(word, _WORD(number), word)
        if number <= count:
            near[number] = word
        if number >= _FAR:
            far[number - _FAR] = word
    this, following = near[:-1], near[1:]
    mixed = (this & _WORD(0x80000000)) | (following & _WORD(0x7FFFFFFF))
    found = far ^ (mixed >> _WORD(1)) ^ np.where(following & _WORD(1), _WORD(0x9908B0DF), _WORD(0))
    found ^= found >> _WORD(11)
    found ^= (found << _WORD(7)) & _WORD(0x9D2C5680)
    found ^= (found << _WORD(15)) & _WORD(0xEFC60000)
    found ^= found >> _WORD(18)
    return found


def uniform(output: np.ndarray) -> np.ndarray:
    """What `torch.rand(1)` makes of an output: float32 (n,) in [0, 1), 24 bits of it."""
    return (output & _WORD(0xFFFFFF)).astype(np.float32) * np.float32(2.0**-24)


def between(output: np.ndarray, low: float, high: float) -> np.ndarray:
    """What `torch.empty(1).uniform_(low, high)` makes of an output: float64 (n,) of float32 values."""
    first, last = np.float32(low), np.float32(high)
    part = (output & _WORD(0xFFFFFF)).astype(np.float64) * 2.0**-24
    return (part * np.float64(last - first) + np.float64(first)).astype(np.float32).astype(np.float64)


def below(output: np.ndarray, limit: int) -> np.ndarray:
    """What `torch.randint(0, limit, (1,))` makes of an output: int64 (n,); `limit` is below 2^28."""
    return (output % _WORD(limit)).astype(np.int64)
