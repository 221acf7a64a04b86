"""Weights beside forced groups, and groups of `force k of each`: who may fill the rest, and how often."""

import numpy as np
from attrs import evolve
from policies import AT, force, policy

from feedline.compiler import ir
from feedline.runtime.sampling import BatchPlan, Populations

WEIGHTS = ir.Weights("column", "w", span=AT)


def whole(plan: BatchPlan, epoch: int = 0) -> np.ndarray:
    """All batches of an epoch."""
    return plan.batches(epoch, 0, plan.length(epoch))


def test_the_rest_is_drawn_by_weight() -> None:
    """Forced counts hold; the rest's places take the rest's samples in proportion to their weights."""
    weights = np.array([100.0, 100.0, 1.0, 0.0, 3.0, 6.0])
    chosen = policy(4, force("a", 1), weights=WEIGHTS, places="first", epoch=("batches", "rest", 5000))
    rows = whole(BatchPlan(chosen, Populations(6, {"a": range(2)}, weights)))
    assert set(rows[:, 0].tolist()) == {0, 1}
    counts = np.bincount(rows[:, 1:].reshape(-1), minlength=6)
    assert counts[[0, 1, 3]].tolist() == [0, 0, 0]
    expected = 15_000 * np.array([0.1, 0.3, 0.6])
    assert ((counts[[2, 4, 5]] - expected) ** 2 / expected).sum() < 25  # 2 degrees of freedom


def test_the_epoch_has_as_many_draws_as_the_rest_has_samples() -> None:
    """Ceil(|R| / r) batches, floor with `last drop`; the last one short in the rest's places."""
    people = Populations(50, {"a": range(8)}, np.ones(50))
    chosen = policy(6, force("a", 2), weights=WEIGHTS)
    assert [11, 10, 11] == [BatchPlan(evolve(chosen, last=last), people).length() for last in ("keep", "drop", "pad")]
    assert int((whole(BatchPlan(chosen, people))[-1] >= 0).sum()) == 2 + 2


def test_distinct_weighted_draws_beside_an_at_least_group() -> None:
    """Nearly all weight on one sample: batches are distinct all the same, and nothing without weight comes."""
    weights = np.array([1.0, 1e9, 1.0, 1e-9, 0.0, 1.0])
    lines = (force("a", 1, bound="at least", replacement=True),)
    chosen = policy(4, *lines, weights=WEIGHTS, distinct=True, places="first", epoch=("batches", "rest", 200))
    rows = whole(BatchPlan(chosen, Populations(6, {"a": range(3)}, weights)))
    assert all(len(set(row)) == 4 for row in rows.tolist())
    assert 4 not in rows


def test_weights_of_many_samples_with_most_of_them_forced() -> None:
    """The few of a large data set that are left keep their proportions; no sum is too large to tell them apart."""
    size = 2**24 + 10
    weights = np.full(size, 1e6)
    weights[-4:] = [1.0, 2.0, 3.0, 4.0]
    chosen = policy(11, force("a", 1), weights=WEIGHTS, places="first", epoch=("batches", "rest", 1000))
    rows = BatchPlan(chosen, Populations(size, {"a": range(size - 4)}, weights)).batches(0, 0, 1000)
    counts = np.bincount(rows[:, 1:].reshape(-1) - (size - 4), minlength=4)
    expected = 1000.0 * np.array([1, 2, 3, 4])
    assert ((counts - expected) ** 2 / expected).sum() < 30  # 3 degrees of freedom


def test_exact_counts_of_each_leave_out_what_has_several_values() -> None:
    """A sample of two values comes neither in their places nor in the rest, so the counts are exact."""
    groups = {"x": range(0, 12), "y": range(10, 20)}
    lines = [evolve(force(name, 1), each=True) for name in groups]
    rows = whole(BatchPlan(policy(6, *lines), Populations(60, groups)))
    assert [set(np.isin(rows, groups[name]).sum(axis=1).tolist()) for name in groups] == [{1}, {1}]
    assert not np.isin(rows, [10, 11]).any()


def test_at_least_of_each_keeps_what_has_several_values() -> None:
    """A sample of two values counts for each, and has its turn in the rest."""
    groups = {"x": range(0, 12), "y": range(10, 20)}
    lines = [evolve(force(name, 1, bound="at least"), each=True) for name in groups]
    rows = whole(BatchPlan(policy(6, *lines), Populations(60, groups)))
    assert min(np.isin(rows, groups[name]).sum(axis=1).min() for name in groups) == 1
    assert set(range(60)) <= set(rows.reshape(-1).tolist())
