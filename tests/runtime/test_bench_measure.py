"""Timing of batches, by a clock that only moves when the test says so."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from attrs import define

from feedline.runtime.bench.hand import of_hand
from feedline.runtime.bench.measure import WINDOWS, Budget, Timing, in_turns, measure
from feedline.runtime.bench.replay import of_loader
from feedline.runtime.bench.report import Spread


@define
class Watch:
    """A clock that is moved by hand."""

    now: float = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now


@define
class Epochs:
    """Epochs of `length` batches of 10 samples: `start` seconds to the first, `each` to any other."""

    watch: Watch
    length: int
    start: float = 0.0
    each: float = 1.0
    begun: int = 0

    def __call__(self) -> Iterator[tuple[Any, int]]:
        """One epoch."""
        self.begun += 1
        for number in range(self.length):
            self.watch.now += self.each if number else self.start
            yield f"batch {number}", 10


def timed(length: int, budget: Budget, start: float = 0.0, each: float = 1.0, **more: Any) -> tuple[Timing, Epochs]:
    """A measurement of such epochs."""
    watch = Watch()
    epochs = Epochs(watch, length, start, each)
    return measure(epochs, budget, clock=watch, **more), epochs


def test_the_first_batch_is_no_part_of_the_rate() -> None:
    """The start of workers is told apart."""
    timing, _ = timed(100, Budget(batches=41), start=60.0, each=0.5)
    assert [60.0] == timing.starts
    assert Spread(20.0, 20.0, 20.0) == timing.rate
    assert WINDOWS == len(timing.rates)
    assert (41, 410, 80.0) == (timing.batches, timing.samples, timing.seconds)


def test_so_many_batches() -> None:
    """A number of batches goes on over the ends of epochs."""
    timing, epochs = timed(4, Budget(batches=10))
    assert (10, 3) == (timing.batches, epochs.begun)


def test_so_many_seconds_count_from_the_first_batch() -> None:
    """Workers that start slowly do not use the time up."""
    timing, _ = timed(1000, Budget(seconds=20.0), start=500.0)
    assert 21 == timing.batches


def test_short_epochs_are_measured_whole() -> None:
    """Where several epochs come to their end the rate is that of epochs, starts included."""
    timing, _ = timed(5, Budget(batches=20), start=6.0)
    assert [5.0] * 3 == timing.rates  # the fourth ends with the measurement
    assert 5.0 == timing.mean


def test_batches_that_were_ready_do_not_count() -> None:
    """What workers had made before they were asked would say that they are faster than they are."""
    watch = Watch()

    def epoch() -> Iterator[tuple[Any, int]]:
        for number in range(30):
            watch.now += 0.0 if 0 < number <= 4 else 2.0
            yield None, 10

    timing = measure(epoch, Budget(batches=30), clock=watch, ramp=4)
    assert 24 == len(timing.steady)  # as many bursts as are whole
    assert Spread(5.0, 5.0, 5.0) == timing.rate


@pytest.mark.parametrize("batches", [1, 14, 20, 100])
def test_workers_that_hand_over_in_bursts(batches: int) -> None:
    """Two that end together: a batch on its own would seem to take no time, or twice its time."""
    watch = Watch()

    def epoch() -> Iterator[tuple[Any, int]]:
        for number in range(200):
            watch.now += 2.0 * (number % 2)
            yield None, 10

    timing = measure(epoch, Budget(batches=batches), clock=watch, ramp=4)
    assert Spread(10.0, 10.0, 10.0) == timing.rate
    assert 10.0 == timing.mean
    assert max(batches, 9) == timing.batches


def test_the_rest_of_an_epoch_that_is_short_beside_the_ramp() -> None:
    """Two batches behind those that were ready prove nothing: whole epochs count then, however few were asked for."""
    watch = Watch()

    def epoch() -> Iterator[tuple[Any, int]]:
        for number in range(7):
            watch.now += 0.0 if number else 7.0
            yield None, 10

    timing = measure(epoch, Budget(batches=8), clock=watch, ramp=4)
    assert (21, [10.0] * 3, 1.0) == (timing.batches, timing.rates, timing.waiting)


@pytest.mark.parametrize(("batches", "few"), [(None, False), (20, True), (200, False)])
def test_few_batches(batches: int | None, few: bool) -> None:
    """Some seconds are always enough."""
    assert few == Budget(batches).few


def test_workers_are_started_deaf_to_ctrl_c() -> None:
    """As in a run: the process itself hears it again once they have."""
    before, during = signal.getsignal(signal.SIGINT), []

    class Starting:
        multiprocessing_context = multiprocessing.get_context("spawn")

        def __iter__(self) -> Iterator[Any]:
            during.append(signal.getsignal(signal.SIGINT))
            return iter(())

    for subject in (of_loader(Starting()), of_hand(Starting(), None)):  # pyright: ignore[reportArgumentType]  # no loaders
        assert [] == list(subject())
        assert before == signal.getsignal(signal.SIGINT)
    assert [signal.SIG_IGN] * 2 == during


def test_a_consumer_that_is_slower_does_not_wait() -> None:
    """Who waits for whom is read off the time spent in each."""
    watch = Watch()

    def slow(batch: Any) -> None:
        watch.now += 3.0

    timing = measure(Epochs(watch, 100, start=1.0), Budget(batches=11), slow, clock=watch)
    assert 0.25 == timing.waiting
    assert (11.0, 33.0) == (timing.waited, timing.worked)
    assert 2.5 == timing.mean


def test_no_batch_is_held_while_the_next_is_made() -> None:
    """Else memory that a loader could use again would not be free."""
    import weakref

    class Batch:
        pass

    last: list[weakref.ref[Batch]] = []

    def epoch() -> Iterator[tuple[Any, int]]:
        for _ in range(3):
            assert not last or last[-1]() is None
            batch = Batch()
            last.append(weakref.ref(batch))
            item = (batch, 1)
            del batch
            yield item
            del item

    assert 6 == measure(epoch, Budget(batches=6)).batches


def test_no_batches_at_all() -> None:
    """An empty epoch ends the measurement."""
    timing, _ = timed(0, Budget(batches=3))
    assert (0, [0.0]) == (timing.batches, timing.rates)


def test_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every subject is measured once a round; the round before does not count."""
    order: list[str] = []

    def subject(name: str) -> Any:
        def epoch() -> Iterator[tuple[Any, int]]:
            order.append(name)
            yield from [(None, 1)] * 5

        return epoch

    rates = in_turns({"a": subject("a"), "b": subject("b")}, Budget(batches=5), rounds=2)
    assert ["a", "b"] * 3 == order
    assert {"a": 2, "b": 2} == {name: len(values) for name, values in rates.items()}
