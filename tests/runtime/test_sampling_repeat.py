"""`repeat factor`: fractions of a copy rounded without bias, the repeated list shuffled, its copies kept apart."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedline.runtime.sampling import repeat as module
from feedline.runtime.sampling.populations import Members
from feedline.runtime.sampling.repeat import Repeats, dealing_order

FACTORS = st.lists(st.one_of(st.just(1.0), st.floats(1.0, 4.0)), min_size=1, max_size=40)


def repeats(factors: list[float] | np.ndarray, count: int = 4, **options: bool) -> Repeats:
    """The stream of samples 0 to len - 1."""
    return Repeats(Members.of(range(len(factors))), np.array(factors, np.float64), count, 7, 0, **options)


@settings(max_examples=60)
@given(FACTORS, st.integers(1, 8), st.booleans(), st.booleans(), st.integers(0, 9))
def test_copies_are_floor_or_ceil(factors: list[float], count: int, shuffled: bool, distinct: bool, epoch: int) -> None:
    """In every list each sample stands floor or ceil of its factor times, in all floor or ceil of the sum."""
    stream = repeats(factors, count, shuffled=shuffled, distinct=distinct)
    listed = stream.take(epoch, 0, stream.total(epoch))
    copies = np.bincount(listed, minlength=len(factors))
    assert ((copies == np.floor(factors)) | (copies == np.ceil(factors))).all()
    assert abs(len(listed) - sum(factors)) < 1 + 1e-9
    assert copies.tolist() == stream.counts(epoch).tolist()


@settings(max_examples=60)
@given(FACTORS, st.integers(1, 8), st.booleans(), st.integers(0, 200), st.integers(0, 60))
def test_any_part_equals_the_slice_of_the_whole(
    factors: list[float], count: int, distinct: bool, first: int, length: int
) -> None:
    """Also over the ends of lists, and every further list holds floor or ceil copies again."""
    stream = repeats(factors, count, distinct=distinct)
    whole = repeats(factors, count, distinct=distinct).take(2, 0, 300)
    assert stream.take(2, first, first + length).tolist() == whole[first : first + length].tolist()


def test_copies_are_the_factor_in_expectation() -> None:
    """Over 4,000 epochs the mean number of copies is the factor: within five standard errors, each at most 0.5 /
    sqrt(4,000)."""
    factors = np.concatenate([np.ones(20), np.random.default_rng(0).uniform(1, 3, 20)])
    stream = repeats(factors)
    mean = np.mean([stream.counts(epoch) for epoch in range(4000)], axis=0)
    assert np.abs(mean - factors).max() < 5 * 0.5 / np.sqrt(4000)
    assert mean[:20].tolist() == [1.0] * 20


def test_further_lists_of_an_epoch_are_unbiased_too() -> None:
    """An epoch longer than one list goes on with lists that are rounded on their own, without bias."""
    stream = repeats([1.25, 1.5, 1.1, 1.0, 2.75])
    mean = np.mean([stream.counts(epoch, 3) for epoch in range(4000)], axis=0)
    assert np.abs(mean - [1.25, 1.5, 1.1, 1.0, 2.75]).max() < 5 * 0.5 / np.sqrt(4000)


def test_neighbours_are_not_rounded_together() -> None:
    """Who gets the extra copy is drawn anew each epoch: two of four halves, every pair of them equally often."""
    stream = repeats([1.5, 1.5, 1.5, 1.5])
    pairs = [tuple(np.flatnonzero(stream.counts(epoch) == 2)) for epoch in range(3000)]
    counts = np.unique(np.array(pairs), axis=0, return_counts=True)[1]
    # Chi-squared of 5 degrees: 20.5 is exceeded once in 1,000 times.
    assert (len(counts), ((counts - 500.0) ** 2 / 500.0).sum() < 20.5) == (6, True)


def test_order_is_uniform() -> None:
    """Each of three samples, one of them doubled, comes first in proportion to its copies."""
    stream = repeats([1.0, 2.0, 1.0])
    first = np.bincount([int(stream.take(epoch, 0, 1)[0]) for epoch in range(3000)])
    expected = 3000 * np.array([0.25, 0.5, 0.25])
    # Chi-squared of 2 degrees: 13.8 is exceeded once in 1,000 times.
    assert ((first - expected) ** 2 / expected).sum() < 13.8


@settings(max_examples=60)
@given(st.lists(st.floats(1.0, 4.0), min_size=20, max_size=60), st.integers(1, 4), st.integers(0, 5))
def test_distinct_deals_copies_to_different_batches(factors: list[float], count: int, epoch: int) -> None:
    """No batch of one list holds a sample twice where there are as many full batches as copies."""
    stream = repeats(factors, count, distinct=True)
    for low in range(0, stream.total(epoch), count):
        batch = stream.take(epoch, low, min(low + count, stream.total(epoch))).tolist()
        assert len({*batch}) == len(batch)


def test_in_order_the_second_copies_follow_the_first() -> None:
    """`order sequential`: everyone once, then those that come twice, and so on."""
    assert repeats([1, 3, 1, 2], shuffled=False).take(0, 0, 7).tolist() == [0, 1, 2, 3, 1, 3, 1]


def test_other_positions_and_draws() -> None:
    """Members need not be all positions; what stands in for a copy is drawn by factor."""
    stream = Repeats(Members.of(np.array([2, 5])), np.array([9.0, 9, 3, 9, 9, 1]), 1000, 0, 0)
    assert np.bincount(stream.take(0, 0, 4)).tolist() == [0, 0, 3, 0, 0, 1]
    fresh = np.bincount(stream.redraw(0, 0, 0, 10).reshape(-1), minlength=6)
    assert abs(fresh[2] - 7500) < 5 * np.sqrt(10_000 * 0.75 * 0.25)


def test_long_lists_are_shuffled_without_a_shuffle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the limit a Feistel network gives the order: still every copy, and any part on its own."""
    monkeypatch.setattr(module, "UNIFORM_LIMIT", 64)
    stream = repeats([1.5] * 100)
    listed = stream.take(0, 0, stream.total(0))
    assert np.bincount(listed).tolist() == stream.counts(0).tolist()
    assert (stream.take(0, 30, 70).tolist(), listed.tolist() != sorted(listed)) == (listed[30:70].tolist(), True)


def test_dealing_order() -> None:
    """The first place of every batch, then the second: two runs of 5 and 3 in batches of 2; a run that starts late."""
    assert dealing_order(np.array([5, 3]), 2).tolist() == [0, 2, 4, 1, 3, 5, 7, 6]
    assert dealing_order(np.array([5]), 3, 2).tolist() == [1, 4, 2, 0, 3]
