"""What is only expected: how often a sample comes, against the formula of docs/guarantees.md.

Chi-squared tests with fixed seeds; a right engine fails one under another seed with probability
`chi_squared.FALSE_ALARM`.
"""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from chi_squared import assert_even, assert_shares
from policies import AT, force, policy

from feedline.compiler import ir
from feedline.dsl.diagnostics import Reporter
from feedline.runtime.columns import Column
from feedline.runtime.sampling import BatchPlan, Populations, weighted_draws
from feedline.runtime.sampling.populations import Classes
from feedline.runtime.sampling.weights import weights_of

WEIGHTS = ir.Weights("column", "w", span=AT)


def drawn(chosen: ir.Policy, people: Populations, epochs: int = 1) -> np.ndarray:
    """All samples of some epochs, batch by batch; shorter last batches keep their -1."""
    plan = BatchPlan(chosen, people)
    return np.concatenate([plan.batches(epoch, 0, plan.length(epoch)) for epoch in range(epochs)])


def long(batch: int, *forces: ir.Force, count: int = 20_000, **options: Any) -> ir.Policy:
    """A policy with many batches an epoch."""
    return policy(batch, *forces, epoch=("batches", "rest", count), **options)


def test_draws_with_replacement() -> None:
    """[with-replacement, rest-with-replacement] Each of G, and each of R, as often as the others; two places of a batch
    know nothing of each other."""
    people = Populations(19, {"a": np.arange(7)})
    rows = drawn(long(5, force("a", 2, replacement=True), rest_replacement=True, places="first"), people)
    assert_even(np.bincount(rows[:, :2].reshape(-1), minlength=7))
    assert_even(np.bincount(rows[:, 2:].reshape(-1) - 7, minlength=12))
    assert_even(np.bincount(rows[:, 0] * 7 + rows[:, 1], minlength=49))
    assert_even(np.bincount(rows[:-1, 1] * 7 + rows[1:, 0], minlength=49))


def test_weighted_frequencies() -> None:
    """[weight-column] In proportion to the weights, over epochs."""
    weights = np.array([0.5, 0.0, 3.0, 1.0, 1e-3, 40.0, 1.0])
    counts = np.bincount(drawn(long(4, weights=WEIGHTS), Populations(7, weights=weights), 4).reshape(-1), minlength=7)
    assert counts[1] == 0
    some = weights > 0
    assert_shares(counts[some], weights[some])


def test_weighted_frequencies_beside_forced_groups() -> None:
    """[weights-beside-force] In the rest's places by the weights of the rest, whatever the group weighs."""
    people = Populations(9, {"a": np.array([0, 4])}, np.array([1000.0, 1, 2, 3, 1000, 4, 5, 6, 0.5]))
    rows = drawn(long(5, force("a", 2), weights=WEIGHTS, places="first"), people)
    rest = [1, 2, 3, 5, 6, 7, 8]
    assert people.weights is not None
    assert_shares(np.bincount(rows[:, 2:].reshape(-1), minlength=9)[rest], people.weights[rest])


def test_balanced_frequencies() -> None:
    """[balance] Each class as often as the others, and each sample of a class."""
    labels = np.repeat([0, 1, 2], [1, 9, 90])
    balance = ir.Weights("balance", "label", span=AT)
    weights = weights_of(balance, {}, {"label": Column(labels)}, np.arange(100), Reporter())
    rows = drawn(long(10, weights=balance), Populations(100, weights=weights))
    assert_even(np.bincount(labels[rows.reshape(-1)]))
    for label in (1, 2):
        assert_even(np.bincount(rows[labels[rows] == label] - (labels == label).argmax()))


def test_more_categories_than_float32_can_tell_apart() -> None:
    """[weight-column] 2^24 + 1 weights, the upper half half as heavy: it comes a third of the time. With float32 sums,
    which stop growing there, it never would. And the last one comes when it weighs."""
    size, chosen = 2**24 + 1, long(100, count=100, weights=WEIGHTS)
    weights = np.where(np.arange(size) < size // 2, 1.0, 0.5)
    found = drawn(chosen, Populations(size, weights=weights)).reshape(-1)
    assert_shares(np.bincount(found * 20 // size, minlength=20), np.repeat([1.0, 0.5], 10))
    weights[-1] = weights[:-1].sum()
    last = drawn(chosen, Populations(size, weights=weights)).reshape(-1) == size - 1
    assert_even(np.bincount(last, minlength=2))


@pytest.mark.slow
def test_fifty_million_weights() -> None:
    """[weight-column] 5 x 10^7 weights of two kinds, in proportion."""
    size = 50_000_000
    weights = np.where(np.arange(size) % 2, 3.0, 1.0)
    found = drawn(long(100, count=200, weights=WEIGHTS), Populations(size, weights=weights)).reshape(-1)
    assert_shares(np.bincount(found % 2), np.array([1.0, 3.0]))
    assert_even(np.bincount(found * 20 // size, minlength=20))


def test_fractions_at_the_edges() -> None:
    """[weight-column] The lowest fraction takes the first that weighs anything, the highest the last; never a 0."""
    weights = np.array([0.0, 2.0, 0.0, 1.0, 0.0])
    assert [1, 1, 3, 3] == weighted_draws(weights, np.array([0.0, 0.6, 0.7, 1 - 2**-53])).tolist()


def test_repeat_factors_are_expectations() -> None:
    """[repeat-factor] Over epochs each sample comes r times on average, rounded up as often as its fraction says."""
    factors = np.array([1.0, 1.25, 1.5, 2.75, 3.0, 1.1])
    repeat = ir.RepeatFactor(0.1, "f", span=AT)
    epochs = 4000
    plan = BatchPlan(policy(1, repeat=repeat, order="shuffled"), Populations(6, factors=factors))
    counts = np.zeros((epochs, 6), np.int64)
    for epoch in range(epochs):
        counts[epoch] = np.bincount(plan.batches(epoch, 0, plan.length(epoch)).reshape(-1), minlength=6)
    up = (counts > np.floor(factors)).sum(axis=0)
    fraction = factors - np.floor(factors)
    assert (up[fraction == 0] == 0).all()
    for number in np.flatnonzero(fraction):
        assert_shares(np.array([up[number], epochs - up[number]]), np.array([fraction[number], 1 - fraction[number]]))


def test_repeated_samples_are_shuffled() -> None:
    """[repeat-factor, order-shuffled] Where the copies stand is even."""
    factors = np.array([2.0, 1.0, 1.0, 2.0])
    plan = BatchPlan(
        policy(1, repeat=ir.RepeatFactor(0.1, "f", span=AT), order="shuffled"), Populations(4, factors=factors)
    )
    orders = np.array([plan.batches(epoch, 0, 6).reshape(-1) for epoch in range(4000)])
    for item in (0, 1):
        assert_even(np.bincount(np.nonzero(orders == item)[1], minlength=6))


def classes(*sizes: int) -> Classes:
    """Classes of these sizes, one after the other."""
    offsets = np.cumsum([0, *sizes]).astype(np.int64)
    return Classes([f"class {number}" for number in range(len(sizes))], offsets, np.arange(sum(sizes)))


def test_drawn_values_and_samples_are_even() -> None:
    """[draw, draw-with-replacement] Every pair of values meets as often, and a value's samples come as often."""
    sizes = (3, 4, 5, 3)
    label = np.repeat(np.arange(4), sizes)
    for again in (False, True):
        chosen = policy(4, draw=ir.Draw(2, "f", 2, again, span=AT), epoch=("batches", "rest", 12_000), order="shuffled")
        rows = drawn(chosen, Populations(15, classes=classes(*sizes)))
        pairs = Counter(tuple(sorted(set(label[row].tolist()))) for row in rows)
        assert_even(np.array([pairs[one, other] for one in range(4) for other in range(one + 1, 4)]))
        for value in range(4):
            assert_even(np.bincount(rows[label[rows] == value] - (label == value).argmax()))


def test_mixed_draws_are_even() -> None:
    """[mix-with-replacement] Each sample of a part as often as its others."""
    parts = ir.MixPart("a", 3, span=AT), ir.MixPart("b", 1, span=AT)
    chosen = policy(6, mix=ir.Mix(parts, True, span=AT), epoch=("batches", "rest", 6000), order="shuffled")
    rows = drawn(chosen, Populations(12, {"a": np.arange(5), "b": np.arange(5, 12)})).reshape(-1)
    assert_even(np.bincount(rows[rows < 5]))
    assert_even(np.bincount(rows[rows >= 5] - 5))


def test_limited_samples_are_spread_without_favour() -> None:
    """[force-at-most] Which batches hold one more of a limited group is another matter each epoch; the group's samples
    come to each batch equally often."""
    plan = BatchPlan(policy(4, force("a", 2, bound="at most"), seed=3), Populations(24, {"a": np.arange(8)}))
    counts = np.zeros(plan.length(), np.int64)
    first = np.zeros(plan.length(), np.int64)
    for epoch in range(3000):
        rows = plan.batches(epoch, 0, plan.length())
        counts += (rows < 8).sum(axis=1)
        first += (rows == 0).any(axis=1)
    assert_even(counts)
    assert_even(first)


def test_what_at_least_brings_by_chance() -> None:
    """[force-at-least] Beside its own places a group comes as often as its share of the rest."""
    people = Populations(40, {"a": np.arange(10)})
    rows = drawn(policy(5, force("a", 1, bound="at least"), places="first"), people, 400)
    assert (rows >= 0).all()
    counts = (rows[:, 1:] < 10).sum(axis=1)
    assert 400 * 10 == counts.sum()  # one pass an epoch: exactly so over an epoch, by chance in a batch
    assert_even(np.bincount(np.nonzero(rows[:, 1:] < 10)[1], minlength=4))
