"""`on error replace`: what stands in for a sample that cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch

import feedline
from feedline.compiler import registry

BROKEN = (1, 4)


class Rows:
    """Six samples, two of them broken. Four are in group `a` by their column, three have a weight."""

    def __init__(self) -> None:
        self.columns = {"group": np.array([1, 1, 1, 1, 0, 0]), "weight": np.array([0.0, 3.0, 1.0, 0.0, 2.0, 0.0])}

    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        if index in BROKEN:
            raise OSError("broken")
        return {"features": torch.tensor(index)}


@pytest.fixture
def batches() -> Iterator[Callable[[str], list[list[int]]]]:
    """The samples of each batch of an epoch under a policy."""
    feedline.dataset("TestBroken")(Rows)

    def make(policy: str, epochs: int = 1, weights: list[float] | None = None, options: str = "") -> list[list[int]]:
        text = f"dataset d = TestBroken()\ngroup a = d where group == 1\nloader train from d {{ sample {{ {policy} }}\n"
        loader: Any = feedline.compile(f"{text}on error replace; {options} }}\n").train
        if weights is not None:
            list(loader)  # workers that stay have begun
            loader.sampler.set_weights(weights)
        return [batch.tolist() for _ in range(epochs) for batch in loader]

    yield make
    registry.unregister("dataset", "TestBroken")


def test_a_batch_of_everything_holds_a_sample_twice(batches: Callable[..., list[list[int]]]) -> None:
    """Nothing is left that the batch does not hold, so that one of it stands in."""
    (batch,) = batches("batch 6")
    assert 6 == len(batch)
    assert {0, 2, 3, 5} == set(batch)


def test_distinct_is_kept(batches: Callable[..., list[list[int]]]) -> None:
    """There nothing may stand in, and the batch fails."""
    with pytest.raises(feedline.LoadError) as caught:
        batches("batch 6; distinct")
    assert "FL612" == caught.value.diagnostics[0].code


def test_the_group_is_kept_where_all_of_it_is_in_the_batch(batches: Callable[..., list[list[int]]]) -> None:
    """Four of the group in every batch, although one of the four is broken."""
    for batch in batches("force 4 a per 5 without replacement; epoch 4 batches"):
        assert 4 == sum(index < 4 for index in batch)


def test_weights_are_kept(batches: Callable[..., list[list[int]]]) -> None:
    """A sample of weight 0 never comes, not even in place of another."""
    assert {2} == {index for batch in batches("batch 2; weight by weight", 5) for index in batch}


WORKERS = 'num_workers = 2; worker_kind = process; multiprocessing_context = "fork"; persistent_workers ='


@pytest.mark.parametrize("options", ["", f"{WORKERS} true", f"{WORKERS} false"])
def test_weights_from_python_reach_workers(batches: Callable[..., list[list[int]]], options: str) -> None:
    """Those that stay, too: nothing of weight 0 stands in, and by weight the others come alike for all."""
    weights = [0, 1, 0, 2, 1, 1]
    policy = "batch 3; weight by { rest 1 }; seed 5"
    found = batches(policy, 3, weights, options)
    assert {3, 5} == {index for batch in found for index in batch}
    assert batches(policy, 3, weights) == found


def test_a_stage_says_distinct_for_its_epochs(batches: Callable[..., list[list[int]]]) -> None:
    """Epoch 0 repeats a sample where none is left; epoch 1 must not."""
    policy = "batch 5; from epoch 1 { batch 5; distinct; epoch 1 batches }"
    assert [5, 1] == [len(batch) for batch in batches(policy)]
    with pytest.raises(feedline.LoadError) as caught:
        batches(policy, 2)
    assert "FL612" == caught.value.diagnostics[0].code
    assert any("no other sample" in note for note in caught.value.diagnostics[0].notes)
