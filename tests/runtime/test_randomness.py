"""Randomness by key, and the caller's generators."""

from __future__ import annotations

import os
import random
import threading
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


def test_threads_of_the_callers_wait_for_each_other() -> None:
    """Each draws from its own key, and the generators are put back once both are done."""
    expected: list[list[float]] = []
    for key in (7, 8):
        with seeded(key):
            expected.append([number for _ in range(50) for number in drawn()])
    states: Any = torch.get_rng_state(), str(np.random.get_state()), random.getstate()
    found: dict[int, list[float]] = {}
    together = threading.Barrier(2)

    def draw(key: int) -> None:
        together.wait()
        with seeded(key):
            found[key] = [number for _ in range(50) for number in drawn()]

    threads = [threading.Thread(target=draw, args=(key,)) for key in (7, 8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert expected == [found[7], found[8]]
    assert torch.equal(states[0], torch.get_rng_state())
    assert states[1:] == (str(np.random.get_state()), random.getstate())


def test_a_forked_process_does_not_wait_for_a_thread_that_it_lacks() -> None:
    """One that was forked while another thread drew."""
    drawing, done = threading.Event(), threading.Event()

    def draw() -> None:
        with seeded(7):
            drawing.set()
            done.wait()

    thread = threading.Thread(target=draw)
    thread.start()
    drawing.wait()
    child = os.fork()
    if child == 0:
        free = threading.Thread(target=lambda: drawn_with(8), daemon=True)
        free.start()
        free.join(20)
        os._exit(int(free.is_alive()))
    _, status = os.waitpid(child, 0)
    done.set()
    thread.join()
    assert 0 == status


def drawn_with(key: int) -> list[float]:
    """A number from each global generator, after seeding."""
    with seeded(key):
        return drawn()
