"""Batches are made with one torch thread, and the caller's setting comes back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

import feedline

TEXT = """
dataset d = FakeData(size=8, image_size=(3, 8, 8))
loader train from d { transform { ThreadCount(); ToTensor() }; sample { batch 4 } }
"""


@pytest.fixture
def threads() -> Iterator[int]:
    """A number of threads set by the caller."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield 2
    torch.set_num_threads(before)


def test_a_chain_in_the_main_process_runs_with_one_thread(threads: int) -> None:
    """As it would in a worker."""
    seen: list[int] = []

    @feedline.transform("ThreadCount")
    def count(image: torch.Tensor) -> torch.Tensor:
        seen.append(torch.get_num_threads())
        return image

    list(feedline.compile(TEXT).train)
    assert ({1}, threads) == (set(seen), torch.get_num_threads())


def test_the_callers_threads_come_back_after_a_failure(threads: int) -> None:
    """Also where a step raises."""

    @feedline.transform("ThreadCount")
    def fail(image: torch.Tensor) -> torch.Tensor:
        raise ValueError("no")

    with pytest.raises(feedline.LoadError):
        list(feedline.compile(TEXT).train)
    assert threads == torch.get_num_threads()
