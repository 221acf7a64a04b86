"""`force at most k G per n`: how a limited group is spread over the batches, and what of it does not come."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from policies import force, policy

from feedline.compiler import ir
from feedline.runtime.sampling import BatchPlan, Populations
from feedline.runtime.sampling.at_most import Limits
from feedline.runtime.sampling.populations import Positions


def limited(*limits: int, batch: int = 8, **options: Any) -> ir.Policy:
    """A policy with `at most` for groups a, b, ..."""
    lines = [force(name, limit, bound="at most") for name, limit in zip("abc", limits, strict=False)]
    return policy(batch, *lines, **options)


def whole(plan: BatchPlan, epoch: int = 0) -> np.ndarray:
    """All batches of an epoch."""
    return plan.batches(epoch, 0, plan.length(epoch))


def counts(rows: np.ndarray, group: Positions) -> list[int]:
    """How many of a group each batch holds."""
    return np.isin(rows, group).sum(axis=1).tolist()


def test_one_pass_brings_everything_once() -> None:
    """A group within its limit is spread evenly, and one pass is as long as without the limit."""
    plan = BatchPlan(limited(2), Populations(84, {"a": range(16)}))
    rows = whole(plan)
    assert plan.length() == 11
    assert sorted(rows[rows >= 0].tolist()) == list(range(84))
    assert set(counts(rows, range(16))) == {1, 2}


def test_what_is_over_the_limit_does_not_come() -> None:
    """A group too large for its limit fills it in every batch, and the pass is as long as the others need."""
    plan = BatchPlan(limited(1), Populations(90, {"a": range(50)}))
    rows = whole(plan)
    assert plan.length() == 6  # 40 others, 7 a batch
    assert counts(rows, range(50)) == [1] * 6
    assert set(range(50, 90)) <= set(rows.reshape(-1).tolist())
    assert not np.array_equal(np.sort(rows[rows < 50]), np.sort(whole(plan, 1)[whole(plan, 1) < 50]))


@pytest.mark.parametrize(("last", "length", "holes"), [("keep", 6, 2), ("drop", 5, 0), ("pad", 6, 0)])
def test_the_last_batch(last: str, length: int, holes: int) -> None:
    """`last` means what it always means; padding keeps to the limit and repeats nothing in the batch."""
    plan = BatchPlan(limited(1, last=last), Populations(90, {"a": range(50)}))
    rows = whole(plan)
    assert (length, holes) == (plan.length(), int((rows < 0).sum()))
    assert counts(rows, range(50)) == [1] * length
    assert all(len(set(row)) == len(row) for row in (row[row >= 0].tolist() for row in rows))


def test_at_least_and_at_most_of_one_group() -> None:
    """`at least 1` and `at most 3`: the forced place counts, so the rest brings two at most."""
    lines = force("a", 1, bound="at least"), force("a", 3, bound="at most")
    rows = whole(BatchPlan(policy(8, *lines, distinct=True), Populations(100, {"a": range(60)})))
    assert set(counts(rows, range(60))) == {3}
    assert set(range(60, 100)) <= set(rows.reshape(-1).tolist())


def test_a_limited_group_never_fills_the_places_of_another() -> None:
    """Samples of both groups are left to the rest, where the limit sees them."""
    lines = force("b", 2, bound="at least"), force("a", 1, bound="at most")
    plan = BatchPlan(policy(8, *lines), Populations(200, {"a": range(20), "b": range(10, 60)}))
    assert max(counts(whole(plan), range(20))) == 1


def test_several_limited_groups_leave_room_for_each_other() -> None:
    """Groups that fill every place together: no batch owes more than it has places."""
    plan = BatchPlan(limited(5, 5, 5), Populations(80, {"a": range(30), "b": range(30, 55), "c": range(55, 80)}))
    rows = whole(plan)
    assert sorted(rows.reshape(-1).tolist()) == list(range(80))
    assert [set(counts(rows, group)) for group in (range(30), range(30, 55), range(55, 80))] == [{3}, {2, 3}, {2, 3}]


def test_a_long_epoch_is_made_of_whole_passes() -> None:
    """`epoch 30 batches`: every batch full, every pass brings each sample, and no batch holds one twice."""
    plan = BatchPlan(limited(2, epoch=("batches", "rest", 30)), Populations(75, {"a": range(15)}))
    rows = whole(plan)
    assert (30, True) == (plan.length(), bool((rows >= 0).all()))
    assert all(set(rows[start : start + 10].reshape(-1).tolist()) == set(range(75)) for start in (0, 10, 20))
    assert all(len(set(row)) == 8 for row in rows.tolist())


def test_draws_with_replacement_keep_to_the_limit() -> None:
    """`rest with replacement`: draws, but never more of the group than its limit; with `distinct` all different."""
    chosen = limited(1, rest_replacement=True, distinct=True, batch=4, epoch=("batches", "rest", 500))
    rows = whole(BatchPlan(chosen, Populations(9, {"a": range(3)})))
    assert set(counts(rows, range(3))) == {1}
    assert all(len(set(row)) == 4 for row in rows.tolist())
    assert set(rows.reshape(-1).tolist()) == set(range(9))


def test_order_sequential_keeps_the_order() -> None:
    """`order sequential`: within the free samples and within the group the order of the data, in each batch too."""
    rows = whole(BatchPlan(limited(1, order="sequential", places="first"), Populations(40, {"a": range(5)})))
    assert rows[rows >= 5].tolist() == list(range(5, 40))
    assert rows[rows < 5].tolist() == list(range(5))
    assert np.array_equal(rows, np.sort(rows, axis=1))


def test_overlapping_limits_are_refused() -> None:
    """Groups that share samples could not both be counted."""
    with pytest.raises(ValueError, match="share samples"):
        BatchPlan(limited(1, 1), Populations(50, {"a": range(10), "b": range(9, 20)}))
    with pytest.raises(ValueError, match="there are no others"):
        BatchPlan(limited(1), Populations(50, {"a": range(50)}))


def test_a_billion_samples_with_a_limit() -> None:
    """Nothing grows with the number of batches: a block deep inside the epoch is as quick as the first."""
    plan = BatchPlan(limited(1), Populations(10**9, {"a": range(10**7, 2 * 10**7)}))
    rows = plan.batches(0, 10**8, 10**8 + 64)
    assert max(counts(rows, range(10**7, 2 * 10**7))) == 1
    assert len(set(rows.reshape(-1).tolist())) == 64 * 8


@st.composite
def cases(draw: st.DrawFn) -> BatchPlan:
    """Up to three limited groups beside others, in any epoch and any order."""
    sizes = draw(st.lists(st.integers(0, 30), min_size=1, max_size=3))
    free, batch = draw(st.integers(0, 50)), draw(st.integers(1, 9))
    assume(free + sum(sizes))
    limits = [draw(st.integers(1, 4)) for _ in sizes]
    long = st.tuples(st.sampled_from(["batches", "samples"]), st.just("rest"), st.integers(1, 50))
    bounds = np.cumsum([0, *sizes]).tolist()
    groups = {name: range(low, high) for name, low, high in zip("abc", bounds, bounds[1:], strict=False)}
    chosen = limited(
        *limits,
        batch=batch,
        epoch=draw(st.just(()) | long),
        last=draw(st.sampled_from(["keep", "drop", "pad"])),
        order=draw(st.sampled_from(["shuffled", "sequential"])),
        rest_replacement=draw(st.booleans()),
        seed=draw(st.integers(0, 99)),
    )
    try:
        return BatchPlan(chosen, Populations(bounds[-1] + free, groups))
    except ValueError:
        assume(False)
        raise


@given(cases(), st.integers(0, 2), st.data())
def test_limits_hold_in_every_batch_of_any_block(plan: BatchPlan, epoch: int, data: st.DataObject) -> None:
    """At most k of each group, only the last batch short, and any block is a slice of the whole."""
    rows = whole(plan, epoch)
    for line in plan.policy.forces:
        assert max(counts(rows, plan.populations.groups[line.group]), default=0) <= line.count
    assert (rows[:-1] >= 0).all()
    assert plan.policy.last == "keep" or (rows >= 0).all()
    start = data.draw(st.integers(0, len(rows)))
    stop = data.draw(st.integers(start, len(rows)))
    again = BatchPlan(plan.policy, plan.populations)
    assert rows[start:stop].tolist() == again.batches(epoch, start, stop).tolist()


@given(
    st.integers(1, 10),
    st.integers(0, 60),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 5)), min_size=1, max_size=3),
    st.integers(0, 10**6),
)
def test_a_pass_brings_all_that_fits(places: int, free: int, groups: list[tuple[int, int]], phase: int) -> None:
    """Every free sample comes once, of each group all or as many as its limit lets in, and only the last batch is
    short."""
    sizes, most = zip(*groups, strict=True)
    try:
        limits = Limits(places, free, sizes, most)
    except ValueError:
        assume(False)
        raise
    assume(limits.batches)
    rows = limits.counts(phase, 0, limits.batches, False)
    assert rows.min() >= 0
    assert (*(min(size, limit * limits.batches) for size, limit in groups), free) == tuple(rows.sum(axis=0).tolist())
    assert (rows[:, :-1] <= np.array(most)).all()
    assert (rows.sum(axis=1)[:-1] == places).all()
    assert 1 <= rows[-1].sum() <= places
    padded = limits.counts(phase, limits.batches - 1, limits.batches, True)
    assert places == padded.sum()
    assert (padded[:, :-1] <= np.array(most)).all()
