"""Timing of anything that yields batches: how soon the first is there, how fast the others come, who waits for whom."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from attrs import define, field, frozen

from feedline.runtime.bench.report import Spread

WINDOWS = 20
"""Stretches of equally many batches, each with a rate of its own."""
_LEAST = 4
"""Batches behind the ramp that are timed in any case."""
_EPOCHS = 3
"""So many whole epochs are what is measured, rather than stretches of them: then their starts matter."""

Clock = Callable[[], float]


Subject = Callable[[], Iterator[tuple[Any, int]]]
"""What is timed: each call is one epoch, every item a batch and its number of samples."""


@frozen
class Budget:
    """How long to measure: so many batches, or as many as come in so many seconds after the very first."""

    batches: int | None = None
    seconds: float = 5.0


@define
class Timing:
    """What one measurement found."""

    samples: int = 0
    batches: int = 0
    seconds: float = 0.0
    """From nothing to the end."""
    starts: list[float] = field(factory=list)
    """From the beginning of each epoch to its first batch."""
    steady: list[tuple[int, float]] = field(factory=list)
    """Samples and seconds of every batch that is not the first of its epoch, its consumption included."""
    epochs: list[tuple[int, float]] = field(factory=list)
    """Samples and seconds of every epoch that came to its end, its start included."""
    waited: float = 0.0
    """Seconds spent waiting for steady batches."""
    worked: float = 0.0
    """Seconds spent consuming batches."""

    @property
    def rates(self) -> list[float]:
        """Samples a second, at least one number: of whole epochs where there are several, else of windows."""
        if len(self.epochs) >= _EPOCHS or not self.steady:
            return [samples / max(taken, 1e-9) for samples, taken in self.epochs] or [0.0]
        count = min(WINDOWS, len(self.steady))
        edges = [len(self.steady) * number // count for number in range(count + 1)]
        windows = [self.steady[low:high] for low, high in pairwise(edges)]
        return [sum(n for n, _ in some) / max(sum(taken for _, taken in some), 1e-9) for some in windows]

    @property
    def rate(self) -> Spread:
        """Samples a second."""
        return Spread.of(self.rates)

    @property
    def mean(self) -> float:
        """Samples a second, of all that `rates` is made of together: of a short measurement its windows say little."""
        parts = self.epochs if len(self.epochs) >= _EPOCHS or not self.steady else self.steady
        return sum(samples for samples, _ in parts) / max(sum(taken for _, taken in parts), 1e-9)

    @property
    def waiting(self) -> float:
        """The share of the time that the consumer waited, the starts of epochs left out."""
        whole = sum(taken for _, taken in self.steady)
        return self.waited / whole if whole else 0.0


def measure(
    subject: Subject,
    budget: Budget,
    consume: Callable[[Any], object] | None = None,
    on_batch: Callable[[], object] | None = None,
    clock: Clock = time.perf_counter,
    ramp: int = 0,
) -> Timing:
    """Read epochs until the budget is spent. No batch is held on to while the next is made.

    `consume` is handed every batch, as a training loop would be. `ramp`: batches after the first of an epoch that
    workers may have had ready before; they count as part of its start where the epoch goes on behind them, and time
    alone never ends the measurement before."""
    timing = Timing()
    begin, since = clock(), None

    def spent(batches: int) -> bool:
        nonlocal since
        since = clock() if since is None else since
        if budget.batches is not None:
            return batches >= budget.batches
        return batches > ramp + _LEAST and clock() - since >= budget.seconds

    while not timing.batches or not spent(timing.batches):
        before = timing.batches
        _epoch(subject, spent, consume, on_batch, clock, timing, ramp)
        if timing.batches == before:
            break  # an epoch without a batch
    timing.seconds = clock() - begin
    return timing


def _epoch(
    subject: Subject,
    spent: Callable[[int], bool],
    consume: Callable[[Any], object] | None,
    on_batch: Callable[[], object] | None,
    clock: Clock,
    timing: Timing,
    ramp: int,
) -> None:
    asked = started = clock()
    batches = iter(subject())
    early: list[tuple[int, float, float]] = []
    count = samples = 0
    while (item := next(batches, None)) is not None:
        batch, size = item
        came = clock()
        if consume is not None:
            consume(batch)
        del batch, item
        done = clock()
        samples += size
        timing.worked += done - came
        if count == 0:
            timing.starts.append(came - asked)
        elif count <= ramp:
            early.append((size, done - asked, came - asked))
        else:
            early.clear()
            timing.steady.append((size, done - asked))
            timing.waited += came - asked
        count += 1
        if on_batch is not None:
            on_batch()
        if spent(timing.batches + count):
            break
        asked = clock()
    else:
        timing.epochs.append((samples, clock() - started))
    timing.batches, timing.samples = timing.batches + count, timing.samples + samples
    # Of an epoch as short as the ramp every batch counts.
    timing.steady += [(size, taken) for size, taken, _ in early]
    timing.waited += sum(waited for _, _, waited in early)


def in_turns(subjects: dict[str, Subject], budget: Budget, rounds: int, ramp: int = 0) -> dict[str, list[float]]:
    """The rate of each in every round; a round measures them one after the other, so that a busy moment of the machine
    meets all. The first round, in which files are first read, does not count."""
    rates: dict[str, list[float]] = {name: [] for name in subjects}
    for counted in range(rounds + 1):
        for name, subject in subjects.items():
            rate = measure(subject, budget, ramp=ramp).mean
            if counted:
                rates[name].append(rate)
    return rates
