"""Randomness by key: every random number is a pure function of what it is for, never of what came before."""

from __future__ import annotations

import hashlib
import random
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


def derive_key(seed: int, purpose: str, *numbers: int) -> int:
    """A 64-bit key for (seed, purpose, numbers). A hash, so seed 0 epoch 1 and seed 1 epoch 0 share nothing."""
    words = struct.pack(f"<{1 + len(numbers)}q", *(_signed(number) for number in (seed, *numbers)))
    digest = hashlib.blake2b(words, digest_size=8, person=purpose.encode()[:16])
    return int.from_bytes(digest.digest(), "little")


def _signed(number: int) -> int:
    return (number + 2**63) % 2**64 - 2**63


_undisturbed = False
"""Whether a block of `undisturbed` is open, so that what is inside it need not put the generators back."""


@contextmanager
def undisturbed() -> Iterator[None]:
    """After the block torch, NumPy and `random` are as the caller left them. `seeded` is ten times cheaper inside."""
    global _undisturbed
    if _undisturbed:
        yield
        return
    torch_state, numpy_state, python_state = torch.get_rng_state(), np.random.get_state(), random.getstate()
    _undisturbed = True
    try:
        yield
    finally:
        _undisturbed = False
        torch.set_rng_state(torch_state)
        np.random.set_state(numpy_state)
        random.setstate(python_state)


@contextmanager
def seeded(key: int) -> Iterator[None]:
    """Inside the block torch, NumPy and `random` draw from `key`; afterwards they are as the caller left them.

    Inside another block, its own or `undisturbed`, they are so when the outermost ends."""
    with undisturbed():
        torch.default_generator.manual_seed(key % 2**63)
        np.random.seed(key % 2**32)
        random.seed(key)
        yield
