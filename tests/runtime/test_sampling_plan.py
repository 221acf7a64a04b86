"""Batch plans by example; the guarantees over random policies are in tests/properties/test_sampling.py."""

import pickle

import numpy as np
import pytest
from policies import AT, force, policy

from feedline.compiler import ir
from feedline.runtime.sampling import BatchPlan, Members, Populations, rank_batches
from feedline.runtime.sampling.streams import cumulative, weighted


def batches(plan: BatchPlan, epoch: int = 0) -> list[list[int]]:
    """One epoch as lists."""
    return plan.batches(epoch, 0, plan.length(epoch)).tolist()


def test_the_default_is_data_loaders() -> None:
    """Without anything said: in order, the last batch short."""
    assert batches(BatchPlan(policy(4), Populations(10))) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, -1, -1]]


def test_last_drop() -> None:
    """`last drop` leaves the short batch out."""
    assert batches(BatchPlan(policy(4, last="drop"), Populations(10))) == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_last_pad_continues_with_the_next_epoch() -> None:
    """`last pad` fills the last batch from the front of the next epoch's order."""
    plan = BatchPlan(policy(4, last="pad", order="shuffled"), Populations(10))
    assert batches(plan, 3)[-1][2:] == batches(plan, 4)[0][:2]


def test_last_pad_of_less_than_a_batch() -> None:
    """Where one epoch is not enough to fill a batch, the epochs after the next go on."""
    plan = BatchPlan(policy(7, last="pad", order="shuffled"), Populations(3))
    orders = [plan.batches(epoch, 0, 1)[0, :3].tolist() for epoch in range(3)]
    assert batches(plan) == [[*orders[0], *orders[1], orders[2][0]]]


def test_last_pad_distinct_skips_what_the_batch_holds() -> None:
    """With `distinct`, padding passes over what the last batch holds already."""
    plan = BatchPlan(policy(4, last="pad", order="shuffled", distinct=True), Populations(5))
    for epoch in range(20):
        tail, front = batches(plan, epoch)[1], batches(plan, epoch + 1)
        rest = [item for row in front for item in row if item != tail[0]]
        assert tail[1:] == rest[:3]


def test_places_first() -> None:
    """`places forced first`: the forced samples stand in front, in the order of the lines."""
    people = Populations(20, {"a": [3], "b": [5, 7, 9]})
    plan = BatchPlan(policy(4, force("a", 1), force("b", 2), places="first"), people)
    rows = plan.batches(0, 0, plan.length())
    assert set(rows[:, 0].tolist()) == {3}
    assert set(rows[:, 1:3].reshape(-1).tolist()) == {5, 7, 9}


def test_places_shuffled_reach_every_place() -> None:
    """By default a forced sample may stand anywhere in its batch, equally often."""
    plan = BatchPlan(policy(4, force("a", 1, replacement=True)), Populations(40_001, {"a": [7]}))
    places = np.nonzero(plan.batches(0, 0, 10_000) == 7)[1]
    counts = np.bincount(places, minlength=4)
    assert ((counts - 2500) ** 2 / 2500).sum() < 30  # 3 degrees of freedom


def test_forced_counts_hold_in_the_short_batch() -> None:
    """`last keep` shortens the last batch in the rest's places only."""
    plan = BatchPlan(policy(5, force("a", 2)), Populations(10, {"a": [0, 1, 2]}))
    last = batches(plan)[-1]
    assert last[3:] == [-1, -1]
    assert len([item for item in last if item in (0, 1, 2)]) == 2


@pytest.mark.parametrize(("last", "length", "filled"), [("keep", 3, 2), ("drop", 2, 4), ("pad", 3, 4)])
def test_epoch_of_samples(last: str, length: int, filled: int) -> None:
    """`epoch 10 samples` in batches of 4: what is no whole batch follows the `last` rule."""
    plan = BatchPlan(policy(4, epoch=("samples", "rest", 10), last=last), Populations(100))
    assert plan.length() == length
    assert sum(item >= 0 for item in batches(plan)[-1]) == filled


def test_epoch_of_samples_never_shortens_forced_places() -> None:
    """`epoch 9 samples` with 3 forced of 4: the last batch still holds 3."""
    plan = BatchPlan(policy(4, force("a", 3), epoch=("samples", "rest", 9)), Populations(100, {"a": range(10)}))
    assert [sum(item >= 0 for item in row) for row in batches(plan)] == [4, 4, 3]


def test_epoch_over_a_group() -> None:
    """`epoch one pass over G` ends when each of G has had its turn; its batches are full."""
    plan = BatchPlan(policy(4, force("a", 3), epoch=("pass", "a")), Populations(100, {"a": range(10)}))
    rows = batches(plan)
    assert plan.length() == 4
    assert {item for row in rows for item in row if item < 10} == set(range(10))
    assert all(-1 not in row for row in rows)


def test_a_long_epoch_starts_the_rest_again() -> None:
    """An epoch of more batches than the rest has samples for: the rest is used up before any of it repeats."""
    plan = BatchPlan(policy(4, epoch=("batches", "rest", 10), order="shuffled"), Populations(8))
    flat = [item for row in batches(plan) for item in row]
    assert all(sorted(flat[start : start + 8]) == list(range(8)) for start in range(0, 40, 8))


def test_at_least_never_takes_from_an_exact_group() -> None:
    """A sample of a group with an exact count is not drawn for an `at least` group, or the count would not be exact."""
    groups = {"exact": range(5), "loose": range(3, 10)}
    plan = BatchPlan(policy(6, force("exact", 2), force("loose", 2, bound="at least")), Populations(50, groups))
    rows = plan.batches(0, 0, plan.length())
    assert set(np.isin(rows, range(5)).sum(axis=1).tolist()) == {2}


def test_at_least_distinct_where_the_group_is_in_the_rest() -> None:
    """A group of one, forced and distinct: in the batch where it has its turn in the rest another sample fills the
    place."""
    plan = BatchPlan(policy(3, force("a", 1, bound="at least"), distinct=True), Populations(12, {"a": [4]}))
    rows = batches(plan)
    assert all(4 in row and len(set(row)) == 3 for row in rows)


def test_asking_again_gives_the_same() -> None:
    """What `distinct` changes in a batch never reaches the shuffle that the batch was cut from."""
    chosen = policy(40, force("a", 20, bound="at least"), distinct=True, places="first")
    people = Populations(3010, {"a": range(3000)})
    plan = BatchPlan(chosen, people)
    once = batches(plan)
    assert batches(plan) == once
    assert batches(BatchPlan(chosen, people)) == once


@pytest.mark.parametrize("size", [5, 3000, 5_000_000])
def test_no_repeat_across_the_seam(size: int) -> None:
    """Where one shuffle of a group ends within a batch, the next begins with other samples: small, kept and huge
    groups."""
    group = range(10, 10 + size)
    chosen = policy(4, force("a", 3), epoch=("batches", "rest", 4 * size))
    plan = BatchPlan(chosen, Populations(size + 10, {"a": group}))
    for seam in [number * size // 3 for number in range(1, 12)]:
        row = plan.batches(1, seam, seam + 1)[0]
        assert len(set(row[row >= 10].tolist())) == 3


def test_a_billion_samples_need_no_list() -> None:
    """The index side of 10^9 samples is small, with a forced group too."""
    group = np.arange(0, 10**9, 10**6)
    plan = BatchPlan(policy(8, force("a", 3)), Populations(10**9, {"a": group}))
    rows = plan.batches(0, 0, 64)
    assert (np.isin(rows, group).sum(axis=1) == 3).all()
    assert len(set(rows[~np.isin(rows, group)].tolist())) == 64 * 5
    assert plan.length() == -(-(10**9 - 1000) // 5)
    assert len(pickle.dumps(plan)) < 100_000


def test_a_plan_is_pickled_without_its_shuffles() -> None:
    """What can be computed again does not travel, and what arrives gives the same batches."""
    plan = BatchPlan(policy(8, order="shuffled"), Populations(1_000_000))
    rows = plan.batches(2, 5, 9).tolist()
    assert len(pickle.dumps(plan)) < 2000
    assert pickle.loads(pickle.dumps(plan)).batches(2, 5, 9).tolist() == rows


def test_batches_outside_the_epoch() -> None:
    """There is no batch before the first or after the last."""
    plan = BatchPlan(policy(4), Populations(10))
    with pytest.raises(IndexError, match="of an epoch of 3"):
        plan.batches(0, 0, 4)


def test_impossible_plans_are_refused() -> None:
    """A plan over populations that cannot keep the policy is a ValueError, not a wrong batch."""
    with pytest.raises(ValueError, match="cannot fill 3 places"):
        BatchPlan(policy(8, force("a", 3)), Populations(10, {"a": [1, 2]}))
    with pytest.raises(ValueError, match="cannot fill 5 places"):
        BatchPlan(policy(8, force("a", 3)), Populations(3, {"a": [0, 1, 2]}))


def test_weighted_frequencies() -> None:
    """Draws come in proportion to their weights; a weight of 0 never."""
    weights = np.array([1.0, 0.0, 3.0, 6.0, 0.0])
    chosen = policy(50, weights=ir.Weights("column", "w", span=AT), epoch=("batches", "rest", 1000))
    counts = np.bincount(BatchPlan(chosen, Populations(5, {}, weights)).batches(0, 0, 1000).reshape(-1), minlength=5)
    expected = 50_000 * weights[weights > 0] / 10
    assert (counts[weights == 0] == 0).all()
    assert ((counts[weights > 0] - expected) ** 2 / expected).sum() < 25  # 2 degrees of freedom


def test_a_draw_of_zero_skips_what_has_no_weight() -> None:
    """The smallest fraction falls on the first sample with a weight, the largest on the last."""
    sums = cumulative(np.array([0.0, 2.0, 0.0, 2.0, 0.0]))
    assert weighted(sums, np.array([0.0, 0.5, np.nextafter(1.0, 0.0)])).tolist() == [1, 3, 3]


def test_weights_beyond_the_limit_of_torch() -> None:
    """More than 2^24 weighted samples: the upper half is drawn as often as the lower."""
    size = 2**24 + 2
    chosen = policy(1000, weights=ir.Weights("column", "w", span=AT))
    rows = BatchPlan(chosen, Populations(size, {}, np.ones(size))).batches(0, 0, 20)
    assert 9500 < (rows >= size // 2).sum() < 10_500


def test_draws_with_replacement_are_uniform_and_independent() -> None:
    """`with replacement`: every ordered pair of draws is as frequent as any other."""
    chosen = policy(2, force("a", 2, replacement=True), epoch=("batches", "rest", 20_000))
    rows = BatchPlan(chosen, Populations(4, {"a": range(4)})).batches(0, 0, 20_000)
    counts = np.bincount(rows[:, 0] * 4 + rows[:, 1], minlength=16)
    assert ((counts - 1250) ** 2 / 1250).sum() < 60  # 15 degrees of freedom


def test_distinct_draws_are_uniform() -> None:
    """`distinct` draws with replacement: every pair of different samples is as frequent as any other."""
    chosen = policy(2, force("a", 2, replacement=True), epoch=("batches", "rest", 12_000), distinct=True)
    rows = BatchPlan(chosen, Populations(4, {"a": range(4)})).batches(0, 0, 12_000)
    counts = np.bincount(rows[:, 0] * 4 + rows[:, 1], minlength=16).reshape(4, 4)
    assert (np.diag(counts) == 0).all()
    assert ((counts[~np.eye(4, dtype=bool)] - 1000) ** 2 / 1000).sum() < 52  # 11 degrees of freedom


def test_pinned_batches() -> None:
    """The batches of a seed are the same on every machine: a change here breaks every saved run."""
    plan = BatchPlan(policy(8, force("a", 3, replacement=True), seed=7), Populations(600, {"a": range(0, 600, 33)}))
    assert plan.batches(0, 0, 1).tolist() == [[202, 147, 499, 31, 160, 429, 0, 396]]
    huge = BatchPlan(policy(4, order="shuffled"), Populations(10**9))
    assert huge.batches(5, 12, 13).tolist() == [[304359902, 950863269, 894216856, 945967693]]


def test_members() -> None:
    """Sets of positions: membership, rank and complement without lists."""
    some = Members.of(np.array([2, 3, 7]))
    assert some.at(np.arange(3)).tolist() == [2, 3, 7]
    assert some.outside(9).at(np.arange(6)).tolist() == [0, 1, 4, 5, 6, 8]
    assert some.without(Members.of(range(3, 5)), 9).first(9) == [2, 7]
    assert len(Members.of(np.empty(0, np.int64)).outside(10**12)) == 10**12
    assert Members.union([some, Members.of(range(0, 3)), Members.of(range(7, 7))]).first(9) == [0, 1, 2, 3, 7]


def test_rank_batches_beyond_the_end() -> None:
    """`uneven pad` goes on at the epoch's beginning, `drop` leaves the last batches out; one rank takes all."""
    assert list(rank_batches(7, 1, 2)) == [1, 3, 5]
    assert list(rank_batches(7, 1, 2, "pad")) == [1, 3, 5, 7]
    assert list(rank_batches(7, 0, 1)) == list(range(7))
    with pytest.raises(ValueError, match="rank 2 is not one of 2"):
        rank_batches(7, 2, 2)


def test_padding_distinct_needs_a_batch_of_samples() -> None:
    """Nothing could fill the last batch without a repeat, so the plan says so at once instead of looking for ever."""
    with pytest.raises(ValueError, match="3 samples cannot fill 8 places"):
        BatchPlan(policy(8, last="pad", distinct=True), Populations(3))
