"""`mix A a, B b per n`: the shares of every batch, over a period, and what each part brings."""

from fractions import Fraction
from math import ceil, floor, gcd
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from policies import AT, policy

from feedline.compiler import ir
from feedline.runtime.sampling import BatchPlan, Populations
from feedline.runtime.sampling.dealing import Deal


def mix(batch: int, *shares: int, replacement: bool = False, **options: Any) -> ir.Policy:
    """A policy with `mix` of groups a, b, ..."""
    parts = tuple(ir.MixPart(name, share, span=AT) for name, share in zip("abcd", shares, strict=False))
    options.setdefault("order", "shuffled")
    return policy(batch, mix=ir.Mix(parts, replacement, span=AT), **options)


def people(*sizes: int) -> Populations:
    """Groups a, b, ... of these sizes, one after the other, and five samples in none."""
    bounds = np.cumsum([0, *sizes]).tolist()
    groups = {name: range(low, high) for name, low, high in zip("abcd", bounds, bounds[1:], strict=False)}
    return Populations(bounds[-1] + 5, groups)


def whole(plan: BatchPlan, epoch: int = 0) -> np.ndarray:
    """All batches of an epoch."""
    return plan.batches(epoch, 0, plan.length(epoch))


def test_shares_in_every_batch() -> None:
    """3 to 1 in batches of 8 is 6 and 2 in every one; 3 to 1 in batches of 6 alternates."""
    rows = whole(BatchPlan(mix(8, 3, 1), people(60, 10)))
    assert (rows < 60).sum(axis=1).tolist() == [6] * 10
    rows = whole(BatchPlan(mix(6, 3, 1), people(60, 10)))
    assert sorted((rows[:2] < 60).sum(axis=1).tolist()) == [4, 5]
    assert rows.max() < 70


@pytest.mark.parametrize(("last", "over", "length"), [("keep", "rest", 4), ("drop", "rest", 3), ("pad", "b", 5)])
def test_the_epoch_is_one_pass_over_a_part(last: str, over: str, length: int) -> None:
    """By default over the first part named; its batches are always full."""
    plan = BatchPlan(mix(8, 3, 1, last=last, epoch=("pass", over)), people(20, 9))
    assert (length, True) == (plan.length(), bool((whole(plan) >= 0).all()))


def test_no_batch_after_the_last_of_the_part() -> None:
    """An epoch ends with the last sample of its part, though the schedule's period goes on."""
    rows = whole(BatchPlan(mix(1, 1, 3), people(5, 20)))
    assert (rows[-1, 0] < 5, 5) == (True, int((rows < 5).sum()))


@pytest.mark.parametrize(("last", "length"), [("keep", 4), ("drop", 3)])
def test_an_epoch_of_samples_has_full_batches(last: str, length: int) -> None:
    """`epoch 30 samples` in batches of 8: rounded to full batches by `last`."""
    plan = BatchPlan(mix(8, 3, 1, last=last, epoch=("samples", "rest", 30)), people(20, 9))
    assert (length, True) == (plan.length(), bool((whole(plan) >= 0).all()))


def test_parts_take_turns_of_their_own() -> None:
    """Without replacement a part is used up before any of it comes again, and never twice within a batch."""
    rows = whole(BatchPlan(mix(6, 3, 1, epoch=("batches", "rest", 200)), people(11, 3)))
    for low, high in [(0, 11), (11, 14)]:
        own = rows[(rows >= low) & (rows < high)]
        turns = own[: len(own) // (high - low) * (high - low)].reshape(-1, high - low)
        assert (np.sort(turns, axis=1) == np.arange(low, high)).all()
    assert all(len(set(row)) == 6 for row in rows.tolist())


def test_order_sequential() -> None:
    """Each part in the order of the data, over and over."""
    rows = whole(BatchPlan(mix(4, 1, 1, order="sequential"), people(6, 4)))
    assert rows.tolist() == [[0, 1, 6, 7], [2, 3, 8, 9], [4, 5, 6, 7]]


def test_distinct_draws() -> None:
    """`with replacement distinct`: no draw twice within a batch, and all pairs equally often."""
    chosen = mix(4, 1, 1, replacement=True, distinct=True, epoch=("batches", "rest", 6000))
    rows = whole(BatchPlan(chosen, people(4, 3)))
    assert all(len(set(row)) == 4 for row in rows.tolist())
    found = np.bincount(rows[:, 0] * 4 + rows[:, 1], minlength=16).reshape(4, 4)[~np.eye(4, dtype=bool)]
    assert ((found - 500) ** 2 / 500).sum() < 52  # 11 degrees of freedom


def test_a_part_too_small_is_refused() -> None:
    """Without replacement a part must fill its places in one batch."""
    with pytest.raises(ValueError, match="2 samples cannot fill 3 places"):
        BatchPlan(mix(6, 1, 1), people(10, 2))
    assert BatchPlan(mix(6, 1, 1, replacement=True), people(10, 2)).length() == 4


def test_parts_of_a_billion() -> None:
    """A block deep inside the epoch, from parts that are no lists."""
    plan = BatchPlan(mix(8, 2, 1), people(10**9, 10**6))
    rows = plan.batches(0, 10**8, 10**8 + 60)
    assert (rows < 10**9).sum() == 320
    assert len(set(rows.reshape(-1).tolist())) == 480


@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=4),
    st.integers(1, 13),
    st.booleans(),
    st.integers(0, 50),
    st.data(),
)
def test_every_block_is_a_slice_of_the_schedule(
    shares: list[int], batch: int, replacement: bool, seed: int, data: st.DataObject
) -> None:
    """Floor or ceil of each share in every batch, exact over every period, and any block alone is the same."""
    sizes = [data.draw(st.integers(batch, 40)) for _ in shares]
    epoch = ("batches", "rest", 60)
    chosen = mix(batch, *shares, replacement=replacement, epoch=epoch, seed=seed, places="first")
    rows = whole(BatchPlan(chosen, people(*sizes)))
    period = sum(shares) // gcd(*shares)
    for share, low, size in zip(shares, np.cumsum([0, *sizes]).tolist(), sizes, strict=False):
        exact = Fraction(batch * share, sum(shares))
        counts = ((rows >= low) & (rows < low + size)).sum(axis=1)
        assert set(counts.tolist()) <= {floor(exact), ceil(exact)}
        assert all(exact * period == counts[at : at + period].sum() for at in range(0, 60 - period + 1, period))
        assert max(abs(int(got) - exact * at) for at, got in enumerate(np.cumsum(counts), 1)) < 2
    start = data.draw(st.integers(0, 60))
    stop = data.draw(st.integers(start, 60))
    assert rows[start:stop].tolist() == BatchPlan(chosen, people(*sizes)).batches(0, start, stop).tolist()


@given(st.integers(1, 30), st.lists(st.integers(0, 50), min_size=1, max_size=4), st.integers(0, 29), st.data())
def test_dealing_in_closed_form(batches: int, sizes: list[int], phase: int, data: st.DataObject) -> None:
    """What came before a batch is the sum of the batches before it, and all comes in the end."""
    sizes[-1] += -sum(sizes) % batches
    deal = Deal(batches, tuple(sizes), phase % batches)
    counts, batch = deal.counts(0, batches), data.draw(st.integers(0, batches))
    assert sizes == counts.sum(axis=0).tolist()
    assert counts[:batch].sum(axis=0).tolist() == deal.before(batch)
    assert len(set(counts.sum(axis=1).tolist())) == 1
