"""Counting what a loader delivered, on small loaders that lie, fall short, or keep their word."""

import multiprocessing
import os
import signal
from collections.abc import Iterator, Mapping
from types import SimpleNamespace as Space
from typing import Any

import numpy as np
import pytest
import torch
from attrs import define, field, frozen

from feedline.runtime.report import BatchPart, BrokenBatch, GroupCount, RunReport
from feedline.runtime.run import describe, run_loader
from feedline.runtime.sampling.promises import Promise

IMAGES = Space(source=Space(role=Space(data=("image",))))
THREE = Promise("defects", "exactly 3 of 8", 3, 3)


@frozen
class Info:
    """Which batch it is."""

    epoch: int
    number: int
    positions: tuple[int, ...]
    places: range = range(0)


@frozen
class Plan:
    """Promises alone."""

    given: tuple[Promise, ...] = ()

    def promises(self, ranks: int) -> tuple[Promise, ...]:
        """As given."""
        return self.given


@frozen
class Populations:
    """Groups alone."""

    groups: Mapping[str, Any] = field(factory=dict)


@define
class Fake:
    """Delivers the given rows of positions, and says that `length` batches come."""

    rows: list[list[int]]
    length: int = -1
    plan: Plan = field(factory=Plan)
    populations: Populations = field(factory=Populations)
    name: str = "train"
    replaced: int = 0
    current: Info | None = None
    epoch: int = 0
    asked: int = 0
    dataset: Any = IMAGES

    def __len__(self) -> int:
        return len(self.rows) if self.length < 0 else self.length

    def __iter__(self) -> Iterator[Any]:
        for number, row in enumerate(self.rows):
            self.asked += 1
            self.current = Info(self.epoch, number, tuple(row))
            yield torch.zeros(len(row), 3), torch.zeros(len(row), dtype=torch.int64)
        self.epoch += 1


def _forced(rows: list[list[int]], members: Any = range(10)) -> Any:
    return Fake(rows, plan=Plan((THREE,)), populations=Populations({"defects": members}))


GOOD = [0, 3, 9, 10, 11, 12, 13, 14]


def test_counts_samples_batches_and_epochs() -> None:
    """Everything that came, over all epochs."""
    report = run_loader(Fake([[0, 1], [2, 3], [4]]), epochs=2)
    assert (2, 10, 6, 6) == (report.epochs, report.samples, report.batches, report.announced)
    assert report.kept


@pytest.mark.parametrize("members", [range(10), np.arange(10), np.array([0, 3, 9])], ids=["range", "array", "holes"])
def test_kept_promise(members: Any) -> None:
    """Three of eight in every batch, whatever form the group's positions have."""
    report = run_loader(_forced([GOOD, GOOD], members))
    assert (GroupCount("defects", "exactly 3 of 8", 3, 3, 0, None),) == report.groups
    assert report.kept


def test_broken_promise_names_the_first_batch() -> None:
    """The smallest and largest count, how many batches broke the promise, and the first of them."""
    report = run_loader(_forced([GOOD, [10] * 8, [0] * 8, GOOD]))
    assert (GroupCount("defects", "exactly 3 of 8", 0, 8, 2, BrokenBatch(0, 1, 0)),) == report.groups
    assert not report.kept
    assert not RunReport("a.pipe", (report,)).kept


def test_short_batch_owes_its_group_in_full() -> None:
    """A last batch of three defects alone keeps the promise."""
    assert run_loader(_forced([GOOD, [0, 1, 2]])).kept


def test_group_without_promise_is_counted() -> None:
    """A group that the policy only weighs is counted, and nothing is promised of it."""
    loader: Any = Fake([[0, 1, 5]], populations=Populations({"rare": np.array([1, 5]), "none": np.array([], np.int64)}))
    expected = (GroupCount("rare", None, 2, 2, 0, None), GroupCount("none", None, 0, 0, 0, None))
    assert expected == run_loader(loader).groups


def test_samples_without_an_image_are_called_samples() -> None:
    """Rows of a table are no images."""
    table = Space(source=Space(role=Space(data=("features",))))
    units = [run_loader(loader).unit for loader in (Fake([[0]]), Fake([[0]], dataset=table))]
    assert ["images", "samples"] == units


@pytest.mark.parametrize("length", [1, 3])
def test_wrong_length_is_a_broken_promise(length: int) -> None:
    """`len(loader)` must be the batches that come."""
    assert not run_loader(Fake([[0], [1]], length)).kept


def test_limit_asks_for_no_more_than_needed() -> None:
    """With `batches` the rest of an epoch is never made, and what was asked for is what was announced."""
    loader: Any = Fake([[0], [1], [2], [3]])
    report = run_loader(loader, batches=2)
    assert (2, 2, 2) == (report.batches, report.announced, loader.asked)
    assert report.kept


def test_no_batches() -> None:
    """Nothing came: no minimum, no structure, no speed, and no promise broken."""
    report = run_loader(_forced([]))
    assert (GroupCount("defects", "exactly 3 of 8", None, None, 0, None),) == report.groups
    assert (0, (), 0.0, True) == (report.samples, report.structure, report.samples_per_second, report.kept)


def test_on_batch_is_told_every_batch() -> None:
    """A progress bar hears of each batch and its size."""
    heard: list[int] = []
    run_loader(Fake([[0, 1], [2]]), on_batch=heard.append)
    assert [2, 1] == heard


def test_structure_of_a_detection_batch() -> None:
    """Tuples by place, lists item by item, dicts by key; sizes that differ are open."""
    targets = [{"boxes": torch.zeros(n, 4), "name": "a"} for n in (2, 0)]
    expected = (
        BatchPart("batch[0]", "uint8", (2, 3, 8, 8)),
        BatchPart("batch[1]", "list", (2,)),
        BatchPart('batch[1][*]["boxes"]', "float32", (None, 4)),
        BatchPart('batch[1][*]["name"]', "str", None),
    )
    assert expected == describe((torch.zeros(2, 3, 8, 8, dtype=torch.uint8), targets))


def test_structure_of_a_list_of_unlike_items() -> None:
    """Different dtypes are all named; different numbers of dimensions have no common shape."""
    batch = [torch.zeros(3), np.zeros((3, 3), np.int64), torch.zeros(2)]
    expected = (BatchPart("batch", "list", (3,)), BatchPart("batch[*]", "float32 or int64", None))
    assert expected == describe(batch)


def test_workers_are_started_deaf_to_ctrl_c() -> None:
    """Ctrl-C is this process's to handle: ignored while workers start, and as before once they have."""
    before, during = signal.getsignal(signal.SIGINT), []

    class Starting(Fake):
        multiprocessing_context = multiprocessing.get_context("spawn")

        def __iter__(self) -> Iterator[Any]:
            during.append(signal.getsignal(signal.SIGINT))
            return iter(())

    run_loader(Starting([]))
    assert [signal.SIG_IGN] == during
    assert before == signal.getsignal(signal.SIGINT)


def test_ctrl_c_while_workers_are_forked_counts_when_they_are() -> None:
    """A forked process does not hear it; this one does, once all are there."""
    status: list[int] = []

    class Starting(Fake):
        multiprocessing_context = multiprocessing.get_context("fork")

        def __iter__(self) -> Iterator[Any]:
            child = os.fork()
            if not child:
                try:
                    signal.raise_signal(signal.SIGINT)
                    os._exit(7)
                finally:
                    os._exit(8)
            signal.raise_signal(signal.SIGINT)
            status.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
            return iter(())

    with pytest.raises(KeyboardInterrupt):
        run_loader(Starting([]))
    assert [7] == status
