"""The paragraph of advice: what is said, and what is not said where it would be wrong."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from feedline.runtime.bench.advice import Circumstances, advise
from feedline.runtime.bench.report import (
    Consumer,
    LoaderBench,
    Prefix,
    ProcessUse,
    Spread,
    Stages,
    StageTime,
    Trial,
    Tuning,
)

PLAIN = Circumstances(cache="off", persistent=False, gathered=False, saved_by_fast=0.0, free_memory=8_000_000_000)
TIMES = (
    StageTime("read", "sample", 0.1, 0.05),
    StageTime("decode", "sample", 1.2, 0.60),
    StageTime("RandomCrop", "sample", 0.3, 0.15),
    StageTime("collate", "batch", 0.4, 0.20),
)
STAGES = Stages(TIMES, Prefix(("Resize",), 0.65, 3_000_000_000))


def bench(**changes: Any) -> LoaderBench:
    """A loader of 500 images a second without workers, half a minute an epoch, on two cores."""
    plain = LoaderBench(
        name="train", unit="images", batch=50, workers=0, kind="none", cores=2, samples=15_000, batches=50, load=0.1,
        rate=Spread(500.0, 490.0, 510.0), filling=None, overall=450.0, first=0.3, again=None, delivery=50_000.0,
        uses=(ProcessUse("main process", 1.0, None),), passes=(),
    )  # fmt: skip
    return evolve(plain, **changes)


def working(workers: int, cpu: float, **changes: Any) -> LoaderBench:
    """The same with workers that compute so much of the time."""
    uses = tuple(ProcessUse(f"worker {number}", cpu, 10**8, worker=True) for number in range(workers))
    return bench(workers=workers, kind="process", uses=uses, **changes)


def test_without_a_consumer_the_step_that_never_waits() -> None:
    """A threshold, because nothing consumes."""
    assert "longer than 100 ms for a batch of 50 never waits" in advise(bench(), PLAIN)


def test_a_loader_that_is_ample_is_left_alone() -> None:
    """The consumer is the limit: nothing else is worth a word."""
    consumer = Consumer("the training step", 16.0, 16.5, 0.01)
    said = advise(bench(consumer=consumer, stages=STAGES), PLAIN)
    assert "The loader is 30 times as fast as the training step, which waits 1% of its time" in said
    assert "cache" not in said
    assert "num_workers" not in said


def test_a_consumer_that_waits() -> None:
    """What it gets, and what it would get."""
    said = advise(bench(consumer=Consumer("the training step", 480.0, 2000.0, 0.8)), PLAIN)
    assert "The training step waits for the loader 80% of the time: it gets 480 images/s and would reach 2,000" in said


def test_a_cache_by_its_size() -> None:
    """What it would keep, what it takes, what it saves."""
    said = advise(bench(stages=STAGES), PLAIN)
    assert "Decoding takes 60% of the work of a batch." in said
    assert "`cache = memory` would keep the images after `Resize` in 3.0 GB and save up to 65% of the work" in said


def test_a_cache_that_does_not_fit() -> None:
    """On disk then."""
    said = advise(bench(stages=STAGES), evolve(PLAIN, free_memory=4_000_000_000))
    assert '`cache = disk("folder")` would keep' in said
    assert "more than half of the 4.0 GB that is free" in said


def test_no_cache_is_advised_twice() -> None:
    """Nor where there is little to save."""
    assert "would keep" not in advise(bench(stages=STAGES), evolve(PLAIN, cache="memory"))
    small = Stages(TIMES, Prefix((), 0.1, 1000))
    assert "would keep" not in advise(bench(stages=small), PLAIN)


def test_workers_where_there_are_none() -> None:
    """Only where an epoch is long beside their start, and something is left to do for them."""
    assert "`num_workers = 2` would use the others" in advise(bench(), PLAIN)
    assert "num_workers" not in advise(bench(samples=1000), PLAIN)
    assert "num_workers" not in advise(bench(cores=1), PLAIN)
    assert "num_workers" not in advise(bench(), evolve(PLAIN, gathered=True))


def test_no_more_workers_than_cores() -> None:
    """Two that compute all the time on two cores are enough."""
    assert "2 workers on 2 cores: more do not help." in advise(working(2, 0.95), PLAIN)
    assert "`num_workers = 8` would use them" in advise(working(2, 0.95, cores=8), PLAIN)


def test_workers_that_wait() -> None:
    """They do not need a core."""
    assert "Its workers compute 20% of the time" in advise(working(2, 0.2), PLAIN)


def test_delivery_as_the_limit() -> None:
    """More workers would not help then."""
    said = advise(working(2, 0.9, delivery=600.0), PLAIN)
    assert "nearly as fast as they can be handed over" in said
    assert "more do not help" not in said


def test_workers_that_start_every_epoch() -> None:
    """Where that is a good part of it."""
    assert "`persistent_workers = true` keeps them" in advise(working(2, 0.9, again=5.0), PLAIN)
    assert "persistent" not in advise(working(2, 0.9, again=0.1), PLAIN)
    assert "persistent" not in advise(working(2, 0.9, again=5.0), evolve(PLAIN, persistent=True))


def test_threads_cannot_be_kept() -> None:
    """The option would turn them into processes."""
    assert "persistent" not in advise(evolve(working(2, 0.9, again=5.0), kind="thread"), PLAIN)


def test_what_nobody_saw_of_workers_is_not_said() -> None:
    """The main process's use is not that of a worker."""
    threads = bench(workers=1, kind="thread", uses=(ProcessUse("main process", 0.9, None),))
    assert "compute" not in advise(threads, PLAIN)
    seen = ProcessUse("worker 0", 0.45, None, worker=True)
    assert "Its workers compute 45% of the time" in advise(evolve(threads, uses=(*threads.uses, seen)), PLAIN)


def test_few_batches_are_no_ground_for_advice_on_workers() -> None:
    """Chance would decide."""
    said = advise(working(2, 0.95, again=5.0, batches=20, few=True, stages=STAGES), PLAIN)
    assert "20 batches are too few to advise on workers by: leave `--batches` out." in said
    assert "would keep the images" in said
    assert "2 workers" not in said
    assert "persistent" not in said


@pytest.mark.parametrize(
    ("workers", "expected"),
    [(0, "Nothing that was tried is clearly faster than the single process of the file."), (2, "2 processes are")],
)
def test_what_was_tried_goes_before_what_is_guessed(workers: int, expected: str) -> None:
    """With `--tune` the advice on workers is what was measured."""
    best = Trial(workers, "process" if workers else "none", Spread(900.0, 900.0, 900.0))
    said = advise(bench(tuning=Tuning((best,), best, "")), PLAIN)
    assert expected in said
    assert "would use the others" not in said


def test_a_busy_machine_is_said_first() -> None:
    """Its numbers are not what they would be."""
    assert advise(bench(load=7.6), PLAIN).startswith("Other work kept this machine busy (load average 7.6 on 2 cores")


def test_scaled_decoding_where_it_would_apply() -> None:
    """With what it was seen to save, and the warning that pixels differ."""
    said = advise(bench(stages=STAGES), evolve(PLAIN, saved_by_fast=0.28))
    assert "`optimize = fast` would save 28% of the work" in said
    assert "optimize" not in advise(bench(stages=STAGES), evolve(PLAIN, saved_by_fast=0.02))
    assert "optimize" not in advise(bench(stages=STAGES), PLAIN)


def test_reading_needs_no_files() -> None:
    """A set that is made up, or in memory, has none."""
    stages = Stages((StageTime("read", "sample", 0.8, 0.8), StageTime("collate", "batch", 0.2, 0.2)), None)
    assert "Reading takes 80% of the work of a batch." in advise(bench(stages=stages), PLAIN)
