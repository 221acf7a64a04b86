"""`draw C FIELD with M each`: so many values in every batch, so many samples of each, all in turns."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policies import AT, policy

from feedline.compiler import ir
from feedline.runtime.sampling import draw as module
from feedline.runtime.sampling.draw import DrawComposer, drawable
from feedline.runtime.sampling.populations import Classes, Populations


def classes(*members: list[int]) -> Classes:
    """Classes of some positions each."""
    offsets = np.cumsum([0, *(len(item) for item in members)])
    positions = np.array([position for item in members for position in item], np.int64)
    return Classes([f"c{number}" for number in range(len(members))], offsets, positions)


def sized(*sizes: int) -> Classes:
    """Classes of so many samples each, one after the other."""
    ends = np.cumsum(sizes).tolist()
    return classes(*(list(range(end - size, end)) for size, end in zip(sizes, ends, strict=True)))


def composer(count: int, each: int, found: Classes, *, replacement: bool = False, **options: Any) -> DrawComposer:
    """The composer of a `draw` policy over these classes."""
    chosen = policy(count * each, draw=ir.Draw(count, "label", each, replacement, span=AT), order="shuffled", **options)
    return DrawComposer(chosen, Populations(int(found.members.max()) + 1, classes=found))


def drawn(block: np.ndarray, found: Classes, each: int) -> np.ndarray:
    """The class of each run of `each` places, (batches, C), for classes that share no sample."""
    owner = np.empty(int(found.members.max()) + 1, np.int64)
    owner[found.members] = np.repeat(np.arange(len(found.names)), np.diff(found.offsets))
    of = owner[block].reshape(len(block), -1, each)
    assert (of == of[:, :, :1]).all()
    return of[:, :, 0]


@st.composite
def cases(draw: st.DrawFn) -> tuple[int, int, list[int]]:
    """(C, M, class sizes): enough classes, sizes around M that it does not divide."""
    each = draw(st.integers(1, 7))
    sizes = draw(st.lists(st.integers(each, 3 * each + 2), min_size=1, max_size=9))
    return draw(st.integers(1, len(sizes))), each, sizes


@settings(max_examples=60)
@given(cases(), st.integers(0, 3), st.sampled_from([64, 2**17]))
def test_every_batch_and_every_turn(case: tuple[int, int, list[int]], epoch: int, window: int) -> None:
    """C values with M different samples each; every value once before any again; every sample of a value likewise."""
    count, each, sizes = case
    found = sized(*sizes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_WINDOW", window)
        plan = composer(count, each, found, epoch=("batches", "rest", 200))
        block = plan.block(epoch, 0, 200)
        assert [plan.block(epoch, low, high).tolist() for low, high in ((0, 1), (57, 60), (130, 200))] == [
            block[low:high].tolist() for low, high in ((0, 1), (57, 60), (130, 200))
        ]
    values = drawn(block, found, each)
    assert [len({*row}) for row in block.tolist()] == [count * each] * 200
    assert [len({*row}) for row in values.tolist()] == [count] * 200
    turns = values.reshape(-1)
    rounds = turns[: len(turns) // len(sizes) * len(sizes)].reshape(-1, len(sizes))
    assert (np.sort(rounds, axis=1) == np.arange(len(sizes))).all()
    samples = block.reshape(-1, each)
    for number, size in enumerate(sizes):
        stream = samples[turns == number].reshape(-1)
        rounds = stream[: len(stream) // size * size].reshape(-1, size)
        assert (np.sort(rounds, axis=1) == np.arange(size) + found.offsets[number]).all()


def test_large_and_small_classes_together() -> None:
    """A class of more samples than are put in order side by side comes in turns, too."""
    found = sized(9000, 5, 40)
    block = composer(3, 4, found, epoch=("batches", "rest", 2300)).block(0, 0, 2300)
    large = block[block < 9000]
    assert (len(large), len(np.unique(large[:9000]))) == (9200, 9000)


def test_small_values_are_never_drawn() -> None:
    """Without replacement a value needs M samples; with it one is enough."""
    found = sized(3, 4, 5, 1)
    assert drawable(composer(2, 4, found).policy, found).tolist() == [1, 2]
    assert drawable(composer(2, 4, found, replacement=True).policy, found).tolist() == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="2 classes cannot fill a batch of 3"):
        composer(3, 4, found)


def test_draws_with_replacement() -> None:
    """Values still come in turns, their samples are independent draws: even, and a value of one sample repeats it."""
    found = sized(1, 2, 8)
    block = composer(3, 8, found, replacement=True, epoch=("batches", "rest", 3000)).block(0, 0, 3000)
    counts = np.bincount(block.reshape(-1), minlength=11)
    assert np.sort(drawn(block, found, 8), axis=1).tolist() == [[0, 1, 2]] * 3000
    assert counts[0] == 24_000
    # Each count is binomial with p = 1/2 or 1/8: five standard deviations.
    assert (np.abs(counts[1:3] - 12_000) < 5 * np.sqrt(6_000)).all()
    assert (np.abs(counts[3:] - 3_000) < 5 * np.sqrt(2_625)).all()


def test_first_places_are_even() -> None:
    """The order within a value is uniform: each of its samples comes first equally often over many epochs."""
    plan = composer(2, 2, sized(5, 3))
    first = np.array([np.sort(plan.block(epoch, 0, 1)[0])[0] for epoch in range(3000)])
    pairs = np.bincount(first, minlength=5)[:4]
    # The smaller of two of five: 4, 3, 2, 1 tenths; chi-squared of 3 degrees, 16.3 is exceeded once in 1,000 times.
    expected = 3000 * np.array([0.4, 0.3, 0.2, 0.1])
    assert ((pairs - expected) ** 2 / expected).sum() < 16.3


@pytest.mark.parametrize(("last", "expected"), [("drop", 2), ("keep", 3), ("pad", 3)])
def test_an_epoch_is_as_long_as_the_data(last: str, expected: int) -> None:
    """As many batches as hold the number of samples, all of them full."""
    plan = composer(2, 2, sized(5, 6), last=last)
    assert (plan.length(0), plan.block(0, 0, expected).min() >= 0) == (expected, True)


def test_epochs_and_seeds_differ() -> None:
    """Another epoch and another seed draw others."""
    found = sized(50, 50)
    blocks = [composer(2, 5, found, seed=seed).block(epoch, 0, 10).tolist() for seed, epoch in ((0, 0), (0, 1), (1, 0))]
    assert blocks[0] != blocks[1] != blocks[2] != blocks[0]


@settings(max_examples=50)
@given(
    st.lists(st.sets(st.integers(0, 30), min_size=1), min_size=1, max_size=8),
    st.integers(1, 4), st.integers(1, 4), st.booleans(),
)  # fmt: skip
def test_distinct_over_several_values_a_sample(
    members: list[set[int]], count: int, each: int, replacement: bool
) -> None:
    """A sample of several values stands in a batch once with `distinct`; each value drawn still has its M."""
    found = classes(*(sorted(item) for item in members))
    chosen = policy(count * each, draw=ir.Draw(count, "f", each, replacement, span=AT), distinct=True)
    allowed = drawable(chosen, found).tolist()
    if len(allowed) < count:
        return
    for row in DrawComposer(chosen, Populations(31, classes=found)).block(0, 0, 4).tolist():
        parts = [{*row[start : start + each]} for start in range(0, len(row), each)]
        assert len({*row}) == len(row)
        assert all(any(part <= members[number] for number in allowed) for part in parts)


def test_a_hundred_thousand_values() -> None:
    """Many small values are put in order together."""
    found = Classes([""] * 100_000, np.arange(0, 500_001, 5), np.arange(500_000, dtype=np.int32))
    block = composer(8, 4, found).block(0, 0, 15_625)
    values = block.reshape(-1, 4) // 5
    assert (values == values[:, :1]).all()
    assert np.bincount(values[:, 0]).max() - np.bincount(values[:, 0]).min() <= 1
