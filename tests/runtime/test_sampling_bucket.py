"""`bucket by`: every batch of one bucket, every sample once, forced samples near in value."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policies import AT, force, policy

from feedline.compiler import ir
from feedline.runtime.sampling.bucket import BucketComposer
from feedline.runtime.sampling.populations import Populations


def composer(
    batch: int,
    number: int,
    values: list[float] | np.ndarray,
    *forces: ir.Force,
    groups: dict[str, list[int]] | None = None,
    factors: list[float] | None = None,
    **options: Any,
) -> BucketComposer:
    """The composer of a `bucket by` policy over samples with these values."""
    options.setdefault("order", "shuffled")
    repeat = None if factors is None else ir.RepeatFactor(0.5, "f", span=AT)
    chosen = policy(batch, *forces, bucket=ir.Bucket("v", number, span=AT), repeat=repeat, **options)
    positions = {name: np.array(found, np.int64) for name, found in (groups or {}).items()}
    return BucketComposer(
        chosen,
        Populations(
            len(values),
            positions,
            factors=None if factors is None else np.array(factors),
            values=np.array(values, np.float64),
        ),
    )


def batches(plan: BucketComposer, epoch: int = 0) -> np.ndarray:
    """All batches of an epoch."""
    return plan.block(epoch, 0, plan.length(epoch))


VALUES = st.lists(st.integers(0, 12), min_size=1, max_size=60)


@settings(max_examples=80)
@given(VALUES, st.integers(1, 7), st.integers(1, 9), st.sampled_from(["keep", "drop", "pad"]), st.integers(0, 3))
def test_every_sample_once_in_batches_of_one_bucket(
    values: list[int], batch: int, number: int, last: str, epoch: int
) -> None:
    """The buckets are runs of the sorted values; whatever their number, only the last batch may be short."""
    plan = composer(batch, number, np.array(values, float), last=last)
    found = batches(plan, epoch)
    size = len(values)
    assert len(found) == (size // batch if last == "drop" else -(-size // batch))
    assert (found[:-1] >= 0).all()
    own = found.reshape(-1)[:size]
    own = own[own >= 0]
    assert len(np.unique(own)) == len(own) == (size if last != "drop" else size // batch * batch)
    ranges = sorted(
        (min(values[at] for at in row if at >= 0), max(values[at] for at in row if at >= 0)) for row in found.tolist()
    )
    # At most so many different ranges can be told apart as there are buckets: their hulls do not cross.
    buckets = plan._layouts.of(epoch)  # pyright: ignore[reportPrivateUsage]  # which bucket a batch is of shows nowhere else
    assert all(
        any(low <= first and last <= high for low, high in zip(buckets.lows, buckets.highs, strict=True))
        for first, last in ranges
    )
    assert (buckets.highs[:-1] <= buckets.lows[1:]).all()
    assert len(buckets.lows) <= number


@settings(max_examples=50)
@given(VALUES, st.integers(1, 7), st.integers(1, 9), st.integers(0, 20), st.integers(0, 20))
def test_any_block_equals_the_slice_of_the_epoch(
    values: list[int], batch: int, number: int, start: int, count: int
) -> None:
    """Any block on its own, from a plan that has made no other."""
    whole = batches(composer(batch, number, np.array(values, float), last="pad"), 1)
    start, stop = min(start, len(whole)), min(start + count, len(whole))
    again = composer(batch, number, np.array(values, float), last="pad").block(1, start, stop)
    assert again.tolist() == whole[start:stop].tolist()


def test_equal_buckets_by_value() -> None:
    """24 samples in 3 buckets and batches of 4: two batches of each third of the values, in shuffled order."""
    found = batches(composer(4, 3, np.arange(24.0)[::-1].copy()))
    assert sorted((row // 8).tolist() for row in found) == [[third] * 4 for third in (0, 0, 1, 1, 2, 2)]


def test_more_buckets_than_batches() -> None:
    """Then every batch is a bucket: neighbours by value."""
    found = np.sort(batches(composer(4, 100, np.arange(16.0))), axis=1)
    assert sorted(found.tolist()) == np.arange(16).reshape(4, 4).tolist()


def test_equal_values_are_mixed_anew_each_epoch() -> None:
    """Where all values are equal, buckets mean nothing: any two samples can meet."""
    plan = composer(2, 4, np.ones(8))
    partners = {int(row[1 - row.tolist().index(0)]) for e in range(100) for row in batches(plan, e) if 0 in row}
    assert partners == {1, 2, 3, 4, 5, 6, 7}


def test_the_short_batch_is_of_any_bucket() -> None:
    """What is left over is taken from another bucket each epoch, and always comes last."""
    plan = composer(4, 3, np.arange(26.0))
    short = [batches(plan, epoch)[-1] for epoch in range(60)]
    assert {int((row >= 0).sum()) for row in short} == {2}
    assert {int(row[0]) // 9 for row in short} == {0, 1, 2}


def test_sequential_is_ascending() -> None:
    """`order sequential` goes through the values from the smallest, the same way each epoch."""
    found = batches(composer(4, 3, [5, 1, 4, 2, 3, 0], order="sequential"), 3)
    assert found.tolist() == [[5, 1, 3, 4], [2, 0, -1, -1]]


def test_pad_takes_others_of_the_bucket() -> None:
    """The short batch is filled up with samples of its own bucket."""
    plan = composer(4, 2, np.arange(18.0), last="pad", distinct=True)
    for epoch in range(30):
        row = np.sort(batches(plan, epoch)[-1])
        assert (len(np.unique(row)), row.max() - row.min() <= 10) == (4, True)
    assert batches(composer(4, 2, [1.0, 2.0], last="pad")).shape == (1, 4)


@settings(max_examples=60)
@given(
    st.lists(st.integers(0, 9), min_size=24, max_size=50),
    st.integers(1, 6), st.integers(1, 2), st.booleans(), st.booleans(), st.booleans(), st.integers(0, 3),
)  # fmt: skip
def test_forced_counts_hold(
    values: list[int], number: int, count: int, replacement: bool, distinct: bool, repeated: bool, epoch: int
) -> None:
    """Exact and `at least` groups beside buckets, with repeat factors or without; the rest is whole; nothing twice in
    a batch with `distinct`."""
    groups = {"a": [0, 3, 5, 8], "b": [5, 6, 7, 9, 10, 11]}
    forces = force("a", count, replacement=replacement), force("b", 1, bound="at least")
    factors = [1.0 + (at % 3) / 2 for at in range(len(values))] if repeated else None
    plan = composer(6, number, np.array(values, float), *forces, groups=groups, factors=factors, distinct=distinct)
    found = batches(plan, epoch)
    assert (np.isin(found, groups["a"]).sum(axis=1) == count).all()
    assert (np.isin(found, groups["b"]).sum(axis=1) >= 1).all()
    if distinct:
        rows = [[at for at in row if at >= 0] for row in found.tolist()]
        assert [len({*row}) for row in rows] == [len(row) for row in rows]
    rest = found[:, count + 1 :]
    copies = np.bincount(rest[rest >= 0], minlength=len(values))
    outside = np.setdiff1d(np.arange(len(values)), groups["a"])
    if factors is None:
        assert copies[outside].tolist() == [1] * len(outside)
    elif not distinct:
        assert ((copies >= np.floor(factors)) & (copies <= np.ceil(factors)))[outside].all()


def test_forced_samples_are_near_the_bucket() -> None:
    """They come from the bucket's range of values; where it has too few, the nearest join."""
    values = np.arange(40.0)
    groups = {"g": [0, 1, 2, 3, 20, 39]}
    found = batches(composer(4, 3, values, force("g", 2), groups=groups, epoch=()))
    for row in found:
        low, high = row[2:][row[2:] >= 0].min(), row[2:].max()
        expected = {0, 1, 2, 3} if high < 16 else {3, 20} if high < 27 else {20, 39}
        assert ({*row[:2].tolist()} <= expected, low <= high) == (True, True)


def test_forced_turns_run_by_bucket() -> None:
    """Within a bucket a group is used up before any of it comes again."""
    groups = {"g": [0, 1, 2, 15, 16, 17]}
    found = batches(composer(2, 2, np.arange(18.0), force("g", 1), groups=groups))
    for half in (found[found[:, 1] < 9], found[found[:, 1] >= 9]):
        assert np.bincount(half[:, 0], minlength=18).max() == 2
        assert len(np.unique(half[:3, 0])) == 3


def test_forced_draws_stay_in_the_range() -> None:
    """With replacement: independent draws from the samples of the bucket's range."""
    groups = {"g": [*range(0, 100, 2), *range(900, 1000, 2)]}
    found = batches(composer(4, 2, np.arange(1000.0), force("g", 2, replacement=True), groups=groups))
    forced, rest = found[:, :2], found[:, 2:]
    assert ((forced < 500) == (rest[:, :1] < 500)).all()


def test_repeated_samples_keep_their_bucket() -> None:
    """With repeat factors the buckets are of the repeated samples, copies apart with `distinct`; lengths are exact."""
    factors = [3.0 if at >= 30 else 1.25 for at in range(40)]
    plan = composer(4, 3, np.arange(40.0), factors=factors, distinct=True, last="drop")
    for epoch in range(20):
        found = batches(plan, epoch)
        assert [len({*row}) for row in found.tolist()] == [4] * len(found)
        assert len(found) == plan._layouts.total(epoch) // 4  # pyright: ignore[reportPrivateUsage]  # the repeated total
        copies = np.bincount(found.reshape(-1), minlength=40)
        assert copies[30:].sum() >= 27


def test_impossible_policies() -> None:
    """Too few forced samples, or none for the rest."""
    with pytest.raises(ValueError, match="1 samples cannot fill 2 places"):
        composer(4, 2, np.arange(9.0), force("g", 2), groups={"g": [3]})
    with pytest.raises(ValueError, match="no samples for the 3 places"):
        composer(4, 2, np.arange(2.0), force("g", 1), groups={"g": [0, 1]})
