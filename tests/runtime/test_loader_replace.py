"""`on error replace`: what stands in for a sample that cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator

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

    def make(policy: str, epochs: int = 1) -> list[list[int]]:
        text = f"dataset d = TestBroken()\ngroup a = d where group == 1\nloader train from d {{ sample {{ {policy} }}\n"
        loader = feedline.compile(f"{text}on error replace }}\n").train
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
