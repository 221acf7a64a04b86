"""Permutations: every item exactly once for every size, each order as likely as any other, and no array of a billion.

The chance that a right engine fails a test here under another seed is `chi_squared.FALSE_ALARM`.
"""

import itertools
import tracemalloc

import numpy as np
import pytest
from chi_squared import assert_even
from hypothesis import given
from hypothesis import strategies as st
from policies import force, policy

from feedline.runtime.sampling import BatchPlan, Populations, streams
from feedline.runtime.sampling.shuffles import UNIFORM_LIMIT, Feistel

SIZES = [1, 2, 3, 7, 65_535, 65_536, 65_537, 262_145, 1_048_577, 4_194_305]


def order_of(size: int, seed: int = 1, epoch: int = 0) -> np.ndarray:
    """A whole epoch's order of `size` samples, as the plan gives it."""
    plan = BatchPlan(policy(512, order="shuffled", seed=seed), Populations(size))
    rows = plan.batches(epoch, 0, plan.length(epoch)).reshape(-1)
    return rows[rows >= 0]


def assert_bijection(items: np.ndarray, size: int) -> None:
    """Each of range(size) once."""
    assert size == len(items)
    assert (0, size - 1) == (items.min(), items.max())
    assert 1 == np.bincount(items, minlength=size).max()


@pytest.mark.parametrize("size", SIZES)
def test_an_epoch_is_a_bijection(size: int) -> None:
    """[rest-without-replacement, order-shuffled] Nothing lost and nothing doubled, with the permutation that the engine
    uses at that size."""
    assert_bijection(order_of(size), size)


@pytest.mark.parametrize("size", SIZES)
def test_the_network_is_a_bijection(size: int) -> None:
    """[rest-without-replacement] The permutation that needs no array of its size, at every size."""
    assert_bijection(Feistel(size, key=1).at(np.arange(size)), size)


@given(st.integers(1, 20_000) | st.sampled_from([2**k + d for k in range(1, 15) for d in (-1, 0, 1)]), st.integers(0))
def test_any_size_is_a_bijection(size: int, key: int) -> None:
    """[rest-without-replacement] Both kinds, at any size, under any key and seed."""
    assert_bijection(Feistel(size, key % 2**64).at(np.arange(size)), size)
    assert_bijection(order_of(size, key % 2**63), size)


@given(st.integers(1, 2**40), st.integers(0, 2**64 - 1), st.data())
def test_no_two_ranks_meet_in_a_network_of_any_size(size: int, key: int, data: st.DataObject) -> None:
    """[rest-without-replacement] Any thousand ranks give a thousand items, all within the size."""
    start = data.draw(st.integers(0, max(size - 1000, 0)))
    items = Feistel(size, key).at(np.arange(start, min(start + 1000, size)))
    assert min(1000, size) == len(set(items.tolist()))
    assert 0 <= items.min() and items.max() < size


@pytest.mark.parametrize("size", [2, 3, 4])
@pytest.mark.parametrize("kept", [0, 2048], ids=["one by one", "many at once"])
def test_all_orders_are_equally_likely(size: int, kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """[order-shuffled] Every one of the n! orders, over seeds and over epochs."""
    monkeypatch.setattr(streams, "_ROWS_LIMIT", kept)
    orders = [tuple(order_of(size, seed, epoch).tolist()) for seed in range(60) for epoch in range(60)]
    assert_even(np.array([orders.count(order) for order in itertools.permutations(range(size))]))


def orders_of(kind: str, size: int, count: int) -> np.ndarray:
    """`count` orders of `size` items (count, size), by the plan or by the network."""
    if kind == "plan":
        return np.array([order_of(size, seed) for seed in range(count)])
    return np.array([Feistel(size, key).at(np.arange(size)) for key in range(count)])


@pytest.mark.parametrize("size", [16, 97])
@pytest.mark.parametrize("kind", ["plan", "network"])
def test_positions_and_pairs_are_even(kind: str, size: int) -> None:
    """[order-shuffled] Every item stands at every position equally often, and each pair of items next to each other,
    at the front, in the middle and at the end. (A well-known loader scatters 2.7 times as much at 16 items.)"""
    orders = orders_of(kind, size, 12 * size * (size - 1) if size < 50 else 9000)
    for item in range(0, size, 5):
        assert_even(np.bincount(np.nonzero(orders == item)[1], minlength=size))
    for position in range(0, size, 5):
        assert_even(np.bincount(orders[:, position], minlength=size))
    if size < 50:
        for place in (0, size // 2 - 1, size - 2):
            pairs = np.bincount(orders[:, place] * size + orders[:, place + 1], minlength=size * size)
            assert_even(pairs[~np.eye(size, dtype=bool).reshape(-1)])


def test_a_large_network_is_even() -> None:
    """[order-shuffled] Beyond the limit of real shuffles: where the first, the middle and the last rank go, the steps
    between neighbours, and how many items stay in place."""
    size = UNIFORM_LIMIT + 1
    ranks = np.array([0, 1, size // 2, size // 2 + 1, size - 2, size - 1])
    items = np.array([Feistel(size, key).at(ranks) for key in range(2000)])
    for column in items.T:
        assert_even(np.bincount(column * 40 // size, minlength=40))
    for left, right in ((0, 1), (2, 3), (4, 5)):
        assert_even(np.bincount((items[:, right] - items[:, left]) % size * 40 // size, minlength=40))
    # The number of items in place has mean 1: above 12 with probability 6e-11.
    assert (Feistel(size, 5).at(np.arange(size)) == np.arange(size)).sum() <= 12


def test_forced_places_are_even() -> None:
    """[places-shuffled] A forced sample stands at each place of the batch with the same chance."""
    plan = BatchPlan(policy(8, force("a", 1), epoch=("batches", "rest", 40_000)), Populations(50, {"a": np.array([3])}))
    places = np.nonzero(plan.batches(0, 0, 40_000) == 3)[1]
    assert 40_000 == len(places)
    assert_even(np.bincount(places, minlength=8))
    assert_even(np.bincount(places[:-1] * 8 + places[1:], minlength=64))


def test_a_group_that_repeats_is_reshuffled_evenly() -> None:
    """[without-replacement] Every shuffle of a small group is a new one, all six orders of three as likely, but for
    what a seam within a batch forbids."""
    plan = BatchPlan(
        policy(4, force("a", 3), epoch=("batches", "rest", 6000), places="first"), Populations(9, {"a": range(3)})
    )
    rows = [tuple(row) for row in plan.batches(0, 0, 6000)[:, :3].tolist()]
    assert_even(np.array([rows.count(order) for order in itertools.permutations(range(3))]))


def test_a_billion_samples_need_little() -> None:
    """[pure] The plan of 10^9 samples, a group of 10^8 forced, any batch of the epoch: below 100 MB, no array of that
    size."""
    people = Populations(10**9, {"a": range(10**8)})
    tracemalloc.start()
    try:
        plan = BatchPlan(policy(8, force("a", 3), distinct=True), people)
        for start in (0, plan.length() // 2, plan.length() - 100):
            assert (100, 8) == plan.batches(0, start, start + 100).shape
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 100_000_000
