"""Randomness by key, and the caller's generators."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch

from feedline.runtime.randomness import seeded, undisturbed


def drawn() -> list[float]:
    """A number from each global generator."""
    return [float(torch.rand(1)), np.random.normal(), random.gauss(0, 1)]


def test_a_key_gives_the_same_numbers_and_leaves_the_callers_alone() -> None:
    """Also the second half of a pair of normal numbers, which NumPy and `random` keep for the next call."""
    torch.manual_seed(1)
    np.random.seed(1)
    random.seed(1)
    drawn()
    states: Any = torch.get_rng_state(), np.random.get_state(), random.getstate()
    expected = drawn()
    torch.set_rng_state(states[0])
    np.random.set_state(states[1])
    random.setstate(states[2])
    with seeded(7):
        once = drawn()
    with undisturbed():
        with seeded(7):
            again = drawn()
        with seeded(8):
            other = drawn()
    assert once == again
    assert not set(once) & set(other)
    assert expected == drawn()


def test_generators_are_put_back_after_an_exception() -> None:
    """Also in a block within a block, which leaves it to the outer one."""
    torch.manual_seed(1)
    expected = torch.get_rng_state()
    for _ in range(2):
        try:
            with undisturbed(), seeded(7):
                drawn()
                raise KeyError
        except KeyError:
            pass
        assert torch.equal(expected, torch.get_rng_state())
