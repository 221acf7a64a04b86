"""The batch sampler: what a DataLoader gets, what each rank takes, where an iteration starts."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from policies import force, policy

import feedline
from feedline.compiler import ir
from feedline.runtime.failures import PipelineFailure
from feedline.runtime.keys import BatchIndices, RankIndices
from feedline.runtime.sampler import PlanSampler
from feedline.runtime.sampling import BatchPlan, Populations


def sampler(size: int, chosen: ir.Policy, rank: int = 0, world: int = 1) -> PlanSampler:
    """A sampler over `size` samples, the first five of which are in group `g`."""
    return PlanSampler(BatchPlan(chosen, Populations(size, {"g": np.arange(min(size, 5))})), (rank, world))


def shares(size: int, world: int, **options: Any) -> list[list[list[int]]]:
    """What each rank takes of shared batches of four in order."""
    chosen = policy(4, across_ranks=True, **options)
    return [[list(batch) for batch in sampler(size, chosen, rank, world)] for rank in range(world)]


def test_batches_are_the_plans_in_lists_of_int() -> None:
    """Over many blocks, the short last batch included, with their numbers."""
    made = sampler(60_003, policy(8, force("g", 3)))
    found: list[Any] = list(made)
    rows = made.plan.batches(0, 0, made.plan.length(0))
    assert [[place for place in row if place >= 0] for row in rows.tolist()] == found
    assert list(range(len(made))) == [batch.number for batch in found]
    assert {0} == {batch.epoch for batch in found}
    assert {int} == {type(position) for batch in found for position in batch}


@pytest.mark.parametrize("world", [1, 2, 3, 600, 5000])
def test_every_rank_takes_its_own_numbers(world: int) -> None:
    """Whatever the number of ranks does to the size of the blocks."""
    rank = world // 2
    found: list[Any] = list(sampler(40_000, policy(8), rank, world))
    assert list(range(rank, 5000 // world * world, world)) == [batch.number for batch in found]
    assert all(list(range(batch.number * 8, batch.number * 8 + 8)) == batch for batch in found)


def test_uneven_pad_goes_on_with_the_epochs_beginning() -> None:
    """Seven batches for three ranks: two of them get one again."""
    found: list[list[Any]] = [list(sampler(7, policy(1, uneven="pad"), rank, 3)) for rank in range(3)]
    assert [[0, 3, 6], [1, 4, 0], [2, 5, 1]] == [[batch.number for batch in each] for each in found]


def test_ranks_share_the_places_of_a_batch() -> None:
    """Every other place each, and the places are the global batch's."""
    assert [[[0, 2], [4, 6]], [[1, 3], [5, 7]]] == shares(8, 2)
    batch: Any = next(iter(sampler(8, policy(4, across_ranks=True), 1, 2)))
    assert [1, 3] == list(batch.places())


@pytest.mark.parametrize(
    ("size", "uneven", "expected"),
    [
        (9, "drop", [[[0, 2], [4, 6]], [[1, 3], [5, 7]]]),
        (9, "pad", [[[0, 2], [4, 6], [8]], [[1, 3], [5, 7], [8]]]),
        (11, "drop", [[[0, 2], [4, 6], [8, 10]], [[1, 3], [5, 7], [9]]]),
    ],
)
def test_a_short_last_batch_gives_every_rank_a_sample(size: int, uneven: str, expected: Any) -> None:
    """Or is left out, or filled from its own front."""
    assert expected == shares(size, 2, uneven=uneven)
    length = {len(sampler(size, policy(4, across_ranks=True, uneven=uneven), rank, 2)) for rank in range(2)}
    assert {len(expected[0])} == length


def test_a_batch_that_the_ranks_cannot_share_is_refused() -> None:
    """With numbers that would do; when a file is compiled, where the ranks are known by then."""
    with pytest.raises(PipelineFailure) as caught:
        iter(sampler(8, policy(4, across_ranks=True), 0, 3))
    assert "FL567" == caught.value.failure.code
    text = "loader train from d { sample { batch 4 across ranks } }\n"
    with pytest.raises(feedline.CompileError) as refused:
        feedline.compile(f"dataset d = FakeData(size=20)\n{text}", rank=0, world_size=3)
    (found,) = (item for item in refused.value.diagnostics if item.severity == "error")
    assert "FL567" == found.code
    assert "3 or 6" in (found.help or "")


def test_ranks_that_leave_out_a_batch_or_all_are_told() -> None:
    """When a file is compiled; where the ranks are known later, an iteration without a batch is an error."""
    text = "dataset d = FakeData(size=23)\nloader train from d { sample { batch 8 across ranks; order shuffled } }\n"
    with pytest.warns(feedline.FeedlineWarning) as caught:
        feedline.compile(text, rank=0, world_size=8)
    messages = [str(item.message) for item in caught]
    assert any(
        "[FL568]: 8 ranks leave out the last batch of an epoch: it has 7 samples" in message for message in messages
    )
    few = text.replace(" across ranks", "")
    with pytest.raises(feedline.CompileError) as refused:
        feedline.compile(few, rank=0, world_size=4)
    assert ["FL569"] == [item.code for item in refused.value.diagnostics if item.severity == "error"]
    loader: Any = feedline.compile(few).train
    loader.sampler.ranks = (0, 4)
    with pytest.raises(feedline.LoadError, match="an epoch has 3 batches, fewer than 4 ranks"):
        next(iter(loader))


def test_ranks_that_get_none_of_a_stage_are_told() -> None:
    """A stage's epochs may be too short for ranks that the first ones have batches for."""
    text = """
dataset d = FakeData(size=26)
loader train from d { sample { batch 8; order shuffled; from epoch 2 { batch 8; epoch 3 batches; order shuffled } } }
"""
    with pytest.raises(feedline.CompileError) as refused:
        feedline.compile(text, rank=0, world_size=4)
    (found,) = (item for item in refused.value.diagnostics if item.severity == "error")
    assert ("FL569", "an epoch has 3 batches, fewer than 4 ranks") == (found.code, found.message.partition(":")[0])
    loader: Any = feedline.compile(text).train
    loader.sampler.ranks = (0, 4)
    assert 1 == len(list(loader.sampler))
    loader.sampler.set_epoch(2)
    with pytest.raises(feedline.LoadError, match="an epoch has 3 batches, fewer than 4 ranks"):
        next(iter(loader))


def test_a_start_skips_global_batches() -> None:
    """The ranks share what is left."""
    for rank in range(3):
        made = sampler(100, policy(5), rank, 3)
        made.go_to(0, 7)
        found: list[Any] = list(made)
        assert list(range(7 + rank, 19, 3)) == [batch.number for batch in found]
        assert 6 == len(made)


@pytest.mark.parametrize("kind", [BatchIndices, RankIndices])
def test_indices_stay_small_and_whole_when_pickled(kind: type[BatchIndices]) -> None:
    """What a DataLoader sends to its workers."""
    batch: Any = kind(range(10**6, 10**6 + 8))
    batch.epoch, batch.number = 3, 1234
    if isinstance(batch, RankIndices):
        batch.rank, batch.world = 1, 4
    data = pickle.dumps(batch)
    again = pickle.loads(data)
    assert (kind, list(batch), 3, 1234) == (type(again), list(again), again.epoch, again.number)
    assert batch.places() == again.places()
    assert len(data) < 250


def test_an_epoch_that_is_set_again_keeps_its_start() -> None:
    """Any other starts at its beginning."""
    made = sampler(100, policy(5))
    made.go_to(2, 7)
    made.set_epoch(2)
    assert (2, 7) == (made.epoch, made.start)
    made.set_epoch(3)
    assert (3, 0) == (made.epoch, made.start)


def test_more_ranks_than_batches_get_none() -> None:
    """The same on every rank, so that none waits for another."""
    assert [0, 0, 0] == [len(list(sampler(10, policy(5), rank, 3))) for rank in range(3)]
