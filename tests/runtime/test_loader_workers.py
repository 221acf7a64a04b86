"""What a training loop sees when workers die, send what cannot be sent, or run the user's own random code."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import get_worker_info

import feedline
from feedline.compiler import registry

WORKERS = 'num_workers = 2; multiprocessing_context = "fork"'


class Rows:
    """Eight samples; `make` gives the features of one."""

    def __init__(self, make: Callable[[int], Any]):
        self.make = make

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"features": self.make(index)}


@pytest.fixture
def rows() -> Iterator[Callable[..., feedline.Loader]]:
    """A loader of samples that a function makes, in batches of two."""

    def make(function: Callable[[int], Any], options: str = "", dataset: str = "d") -> feedline.Loader:
        feedline.dataset("TestRows")(lambda: Rows(function))
        text = f"dataset d = TestRows()\ndataset e = d + d\nloader train from {dataset} {{\n"
        return feedline.compile(f"{text}  sample {{ batch 2 }}\n  {options}\n}}\n").train

    yield make
    registry.unregister("dataset", "TestRows")


def number(index: int) -> torch.Tensor:
    """Features that say which sample it is."""
    return torch.tensor([float(index)])


def noise(index: int) -> torch.Tensor:
    """Features from all three global generators."""
    return torch.tensor([float(torch.rand(1)), np.random.rand(), random.random()])


def test_a_killed_worker_is_reported_and_the_next_epoch_runs(rows: Callable[..., feedline.Loader]) -> None:
    """One diagnostic at `num_workers`, no bare RuntimeError; persistent workers are started anew."""
    armed = [True]

    def killed(index: int) -> torch.Tensor:
        if armed and get_worker_info() is not None:
            time.sleep(1)  # until the main process waits for the batch
            os.kill(os.getpid(), signal.SIGKILL)
        return number(index)

    loader = rows(killed, 'num_workers = 1; multiprocessing_context = "fork"; persistent_workers = true')
    with pytest.raises(feedline.LoadError) as caught:
        list(loader)
    assert ("FL555", 5) == (caught.value.diagnostics[0].code, caught.value.diagnostics[0].line)
    del caught
    armed.clear()
    assert 4 == len(list(loader))


@pytest.mark.parametrize(
    ("make", "said"),
    [(lambda index: lambda: index, "a function that"), (lambda index: number(index).requires_grad_() * 2, "detach")],
    ids=["unpicklable", "autograd"],
)
def test_what_a_worker_cannot_send_is_reported(
    rows: Callable[..., feedline.Loader], make: Callable[[int], Any], said: str
) -> None:
    """A DataLoader would wait for such a batch for ever."""
    with pytest.raises(feedline.LoadError) as caught:
        list(rows(make, f"{WORKERS}; collate list"))
    assert ("FL551", 3) == (caught.value.diagnostics[0].code, caught.value.diagnostics[0].line)
    assert said in caught.value.diagnostics[0].message


def test_persistent_workers_serve_one_iterator(rows: Callable[..., feedline.Loader]) -> None:
    """The older of two iterators says so instead of taking the newer one's batches."""
    loader = rows(number, f"{WORKERS}; persistent_workers = true")
    older = iter(loader)
    next(older)
    newer = iter(loader)
    with pytest.raises(RuntimeError, match="one at a time"):
        next(older)
    assert [0, 1, 2, 3] == [loader.current and loader.current.number for _ in newer]


def test_leaving_an_epoch_early_ends_it(rows: Callable[..., feedline.Loader]) -> None:
    """After `break` persistent workers go on with the next epoch, none of the old one's batches among it."""
    loader = rows(number, f"{WORKERS}; persistent_workers = true")
    for _ in loader:
        break
    seen = [loader.current and (loader.current.epoch, loader.current.number) for _ in loader]
    assert [(1, number) for number in range(4)] == seen


@pytest.mark.parametrize("dataset", ["d", "e"])
def test_random_numbers_of_the_users_dataset_are_keyed(rows: Callable[..., feedline.Loader], dataset: str) -> None:
    """Samples of code that draws from the global generators, alone or concatenated, are the same for any number of
    workers and new in every epoch, and the caller's generators stay as they were."""
    random.seed(1)
    torch.manual_seed(1)
    np.random.seed(1)
    alone, helped = rows(noise, dataset=dataset), rows(noise, WORKERS, dataset)
    before = torch.get_rng_state(), str(np.random.get_state(legacy=False)), random.getstate()
    first, second = ([batch.tolist() for batch in alone] for _ in range(2))
    after = torch.get_rng_state(), str(np.random.get_state(legacy=False)), random.getstate()
    assert torch.equal(before[0], after[0])
    assert before[1:] == after[1:]
    assert [first, second] == [[batch.tolist() for batch in helped] for _ in range(2)]
    assert first != second


def test_random_numbers_of_the_users_collate_function_are_keyed(
    rows: Callable[..., feedline.Loader], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As those of a dataset."""
    from feedline.runtime.collate import Collator

    def loader(options: str = "") -> feedline.Loader:
        made = rows(number, options)
        collator: Collator = made.dataset._collator  # pyright: ignore[reportAttributeAccessIssue]  (our own dataset)
        monkeypatch.setattr(collator, "_user", lambda samples: torch.stack(samples) + torch.rand(1))
        return made

    torch.manual_seed(1)
    before = torch.get_rng_state()
    alone, helped = ([batch.tolist() for batch in loader(options)] for options in ("", WORKERS))
    assert alone == helped
    assert torch.equal(before, torch.get_rng_state())


def test_batch_size_is_that_of_the_policy(rows: Callable[..., feedline.Loader]) -> None:
    """Where a loop asks a loader or its batch sampler, as it may ask a DataLoader that was given `batch_size`."""
    loader = rows(number)
    sampler: Any = loader.batch_sampler
    assert (2, 2, False) == (loader.batch_size, sampler.batch_size, sampler.drop_last)


def test_an_exception_that_cannot_be_pickled_is_reported(rows: Callable[..., feedline.Loader]) -> None:
    """The failure travels, the exception stays in the worker."""

    @feedline.transform("TestOddly")
    def fail(sample: dict[str, Any]) -> dict[str, Any]:
        raise ValueError("odd", lambda: sample)

    try:
        loader = rows(number, f"transform {{ TestOddly() }}; {WORKERS}; timeout = 5")
    finally:
        registry.unregister("transform", "TestOddly")
    with pytest.raises(feedline.LoadError) as caught:
        list(loader)
    assert "FL211" == caught.value.diagnostics[0].code
