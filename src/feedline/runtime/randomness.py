"""Randomness by key: every random number is a pure function of what it is for, never of what came before."""

from __future__ import annotations

import hashlib
import os
import random
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import numpy as np
import torch

from feedline.runtime.draws import below, by_words, generator, hits, order, uniform


def derive_key(seed: int, purpose: str, *numbers: int) -> int:
    """A 64-bit key for (seed, purpose, numbers). A hash, so seed 0 epoch 1 and seed 1 epoch 0 share nothing."""
    words = struct.pack(f"<{1 + len(numbers)}q", *(_signed(number) for number in (seed, *numbers)))
    digest = hashlib.blake2b(words, digest_size=8, person=purpose.encode()[:16])
    return int.from_bytes(digest.digest(), "little")


def _signed(number: int) -> int:
    return (number + 2**63) % 2**64 - 2**63


_turn = threading.Lock()
"""The generators are the process's: one thread at a time draws from them."""
_here = threading.local()
"""`open`: whether a block of `undisturbed` is, so that what is inside it need not put the generators back."""


def _new_turn() -> None:
    global _turn
    _turn = threading.Lock()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_new_turn)  # who held it may be a thread that the child does not have


@contextmanager
def undisturbed() -> Iterator[None]:
    """After the block torch, NumPy and `random` are as the caller left them. `seeded` is ten times cheaper inside.

    Other threads that come here wait meanwhile, except those with a generator of their own."""
    if getattr(_here, "open", False) or generator() is not None:
        yield
        return
    with _turn:
        torch_state, numpy_state, python_state = torch.get_rng_state(), np.random.get_state(), random.getstate()
        _here.open = True
        try:
            yield
        finally:
            _here.open = False
            torch.set_rng_state(torch_state)
            np.random.set_state(numpy_state)
            random.setstate(python_state)


@contextmanager
def seeded(key: int) -> Iterator[None]:
    """Inside the block torch, NumPy and `random` draw from `key`; afterwards they are as the caller left them.

    Inside another block, its own or `undisturbed`, they are so when the outermost ends. In a thread with a generator of
    its own that one draws from `key`, and nothing else is touched: only torchvision's steps run there."""
    own = generator()
    if own is not None:
        own.manual_seed(key % 2**63)
        yield
        return
    with undisturbed():
        torch.default_generator.manual_seed(key % 2**63)
        np.random.seed(key % 2**32)
        random.seed(key)
        yield


@lru_cache(maxsize=1)
def words_hold() -> bool:
    """Whether `by_words` gives what `seeded` gives, with the version of torch installed here."""

    def drawn() -> list[float]:
        made: list[float] = []
        for low, high in ((0.2, 1.8), (-0.2, 0.2), (0.1, 2.0), (0.0, 1.0)) * 2:  # more than `words` draws at once
            made += (uniform(low, high), hits(0.5), below(405), *order(4))
        return made

    for key in range(24):
        with seeded(key):
            expected = drawn()
        with by_words(key):
            if drawn() != expected:
                return False
    return True


# ---- the key of each sample: dear to hash one by one, so the epoch is hashed and its places are mixed in (splitmix64)

_STEP, _FIRST, _SECOND, _MASK = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 2**64 - 1


@lru_cache(maxsize=64)
def _epoch_key(seed: int, purpose: str, epoch: int) -> int:
    return derive_key(seed, purpose, epoch)


def sample_key(seed: int, purpose: str, epoch: int, place: int) -> int:
    """The 64-bit key of one place of an epoch (Steele et al., splitmix64, seeded by the hash of the epoch)."""
    mixed = _epoch_key(seed, purpose, epoch) + (place + 1) * _STEP & _MASK
    mixed = (mixed ^ mixed >> 30) * _FIRST & _MASK
    mixed = (mixed ^ mixed >> 27) * _SECOND & _MASK
    return mixed ^ mixed >> 31


def sample_keys(seed: int, purpose: str, epoch: int, places: np.ndarray) -> np.ndarray:
    """`sample_key` of many places at once: integers (n,) to uint64 (n,)."""
    mixed = (places.astype(np.uint64) + np.uint64(1)) * np.uint64(_STEP)
    mixed += np.uint64(_epoch_key(seed, purpose, epoch))
    mixed = (mixed ^ mixed >> np.uint64(30)) * np.uint64(_FIRST)
    mixed = (mixed ^ mixed >> np.uint64(27)) * np.uint64(_SECOND)
    return mixed ^ mixed >> np.uint64(31)
