"""What a loader does for training frameworks, without them: epochs said late, and refusals to be taken apart."""

from __future__ import annotations

import copy
from itertools import islice
from typing import Any

import pytest
from torch.utils.data import BatchSampler, DataLoader, DistributedSampler, SequentialSampler

import feedline

TEXT = """
dataset d = FakeData(size=20, image_size=(3, 8, 8))
loader train from d { transform { ToTensor() }; sample { batch 4; order shuffled } }
"""


def _loader(options: str = "") -> Any:
    return feedline.compile(TEXT.replace("sample {", options + "sample {")).train


def _next(loader: Any, iterator: Any) -> tuple[int, int]:
    next(iterator)
    return loader.current.epoch, loader.current.number


@pytest.mark.parametrize("options", ["", "num_workers = 1;", "num_workers = 1; persistent_workers = true;"])
def test_an_epoch_said_before_the_first_batch_counts(options: str) -> None:
    """Lightning makes the iterator first; what follows is the next epoch, and all of each."""
    loader = _loader(options)
    iterator = iter(loader)
    loader.sampler.set_epoch(3)
    assert [(3, number) for number in range(5)] == [_next(loader, iterator) for _ in range(5)]
    assert (4, 0) == _next(loader, iter(loader))


def test_an_epoch_said_after_the_first_batch_is_the_next_ones() -> None:
    """The one under way goes on."""
    loader = _loader()
    iterator = iter(loader)
    next(iterator)
    loader.sampler.set_epoch(7)
    assert (0, 1) == _next(loader, iterator)
    assert (7, 0) == _next(loader, iter(loader))


@pytest.mark.parametrize(("said", "expected"), [((0, 1), [(2, 3), (3, 0)]), ((2, 3), [(2, 3), (3, 0)])])
def test_epochs_said_after_a_state_was_loaded(said: tuple[int, int], expected: list[tuple[int, int]]) -> None:
    """A framework that counts from 0 is counted on from the state's epoch; one that knows it is taken at its word."""
    saved, loader, found = _loader(), _loader(), []
    saved.set_epoch(2)
    assert 3 == len(list(islice(saved, 3)))
    loader.load_state_dict(saved.state_dict())
    for epoch in said:
        loader.sampler.set_epoch(epoch)
        found.append(_next(loader, iter(loader)))
    assert expected == found


def test_the_loaders_own_set_epoch_means_what_it_says() -> None:
    """Also after a state of a later epoch was loaded."""
    saved, loader = _loader(), _loader()
    saved.set_epoch(2)
    assert 3 == len(list(islice(saved, 3)))
    loader.load_state_dict(saved.state_dict())
    loader.set_epoch(0)
    assert (0, 0) == _next(loader, iter(loader))


@pytest.mark.parametrize("epoch", [0, 1])
def test_after_going_back_the_state_is_where_the_loader_goes_on(epoch: int) -> None:
    """The epoch that was left is begun anew, in this process and in the next."""
    loader, again = _loader(), _loader()
    loader.set_epoch(epoch)
    assert 2 == len(list(islice(loader, 2)))
    loader.set_epoch(epoch)
    again.load_state_dict(loader.state_dict())
    assert [(epoch, 0)] * 2 == [_next(made, iter(made)) for made in (loader, again)]


def test_a_loop_that_says_each_epoch_goes_on_in_the_middle_of_one() -> None:
    """The epoch that comes after a state was loaded keeps its place, and so does what is saved before it begins."""
    saved, again, found = _loader(), _loader(), []
    saved.set_epoch(1)
    assert 3 == len(list(islice(saved, 3)))
    again.load_state_dict(saved.state_dict())
    for epoch in (1, 2):
        again.set_epoch(epoch)
        state = again.state_dict()
        found.append((state["epoch"], state["batch"]))
        found += [(again.current.epoch, again.current.number) for _ in again]
    assert [(1, 3), (1, 3), (1, 4), (2, 0), *((2, number) for number in range(5))] == found


@pytest.mark.parametrize(
    ("policy", "drops"),
    [("last drop", True), ("last keep", False), ("last pad", False), ("last drop; from epoch 1 { last keep }", False)],
)
def test_drop_last_says_what_the_policy_does(policy: str, drops: bool) -> None:
    """Of a loader and of its sampler; DataLoader itself would say False beside a `batch_sampler`."""
    text = TEXT.replace("batch 4;", f"batch 3; {policy};")
    loader = feedline.compile(text).train
    assert (drops, drops) == (loader.drop_last, loader.sampler.drop_last)  # pyright: ignore[reportAttributeAccessIssue]  (a PlanSampler)


def test_the_sampler_is_one_that_frameworks_leave_alone() -> None:
    """A `DistributedSampler` to those who look for one; the loader's state is one that Accelerate saves."""
    loader = _loader()
    assert isinstance(loader.sampler, DistributedSampler)
    assert loader.sampler is loader.batch_sampler
    assert (loader._is_accelerate_prepared, loader.use_stateful_dataloader) == (True, True)


@pytest.mark.parametrize("use", [list, len, lambda batch: batch[0], lambda batch: batch.to("cpu")])
@pytest.mark.parametrize("workers", [0, 1])
def test_another_dataloader_around_its_parts_is_refused(use: Any, workers: int) -> None:
    """Whatever is done first with what comes says so."""
    loader = _loader()
    around: Any = DataLoader(
        loader.dataset, batch_sampler=loader.batch_sampler, collate_fn=loader.collate_fn, num_workers=workers
    )
    batch = next(iter(around))
    with pytest.raises(feedline.LoadError, match="FL573"):
        use(batch)
    assert type(batch) is type(copy.copy(batch))


def test_another_order_is_refused() -> None:
    """As Lightning's `overfit_batches` would put in: a sampler of the loader's class around another."""
    loader = _loader()
    kind: Any = type(loader.batch_sampler)
    with pytest.raises(feedline.LoadError, match="FL573"):
        kind(SequentialSampler(loader.dataset), batch_size=4, drop_last=False)
    assert not isinstance(loader.batch_sampler, BatchSampler)
