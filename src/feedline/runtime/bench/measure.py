"""Timing of anything that yields batches: how soon the first is there, how fast the others come, who waits for whom."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from math import ceil
from typing import Any

from attrs import define, field, frozen

from feedline.runtime.bench.report import Spread

WINDOWS = 20
"""At most so many stretches of equally many batches, each with a rate of its own."""
_LEAST = 4
"""At least so many batches are timed in any case, or whole epochs."""
_ENOUGH = 32
"""Batches from which on two loaders can be told apart by their rates."""
_EPOCHS = 3
"""So many whole epochs are what is measured, rather than stretches of them: then their starts matter."""

Clock = Callable[[], float]

Part = tuple[int, float, float]
"""Samples, the seconds that they took, consumption included, and those of them spent waiting."""

Subject = Callable[[], Iterator[tuple[Any, int]]]
"""What is timed: each call is one epoch, every item a batch and its number of samples."""


@frozen
class Budget:
    """How long to measure: so many batches, or as many as come in so many seconds after the very first."""

    batches: int | None = None
    seconds: float = 5.0

    @property
    def few(self) -> bool:
        """Whether so few batches were asked for that chance decides which of two loaders is faster."""
        return self.batches is not None and self.batches < _ENOUGH


@define
class Timing:
    """What one measurement found."""

    ramp: int = 0
    """Batches after the first of an epoch that workers may have had ready before they were asked for. They count in
    whole epochs only. Workers hand over in bursts, so that only stretches of as many batches have a rate."""
    samples: int = 0
    batches: int = 0
    seconds: float = 0.0
    """From nothing to the end."""
    starts: list[float] = field(factory=list)
    """From the beginning of each epoch to its first batch."""
    steady: list[Part] = field(factory=list)
    """Every batch that was not there already."""
    epochs: list[Part] = field(factory=list)
    """Every epoch that came to its end, its start included."""
    waited: float = 0.0
    """Seconds spent waiting for batches, the first of each epoch included."""
    worked: float = 0.0
    """Seconds spent consuming batches."""

    @property
    def burst(self) -> int:
        """The least number of batches that has a rate."""
        return max(self.ramp, 1)

    @property
    def parts(self) -> list[Part]:
        """What rates are made of: whole epochs where there are several or nothing else, else batches."""
        return self.epochs if len(self.epochs) >= _EPOCHS or not self.steady else self.steady

    @property
    def rates(self) -> list[float]:
        """Samples a second of every epoch or of stretches of equally many batches; at least one number."""
        parts, size = self.parts, 1
        if parts is self.steady:
            size = ceil(len(parts) / WINDOWS / self.burst) * self.burst
        return [_rate(parts[low : low + size]) for low in range(0, len(parts) - size + 1, size)] or [0.0]

    @property
    def rate(self) -> Spread:
        """Samples a second."""
        return Spread.of(self.rates)

    @property
    def mean(self) -> float:
        """Samples a second, of all that `rates` is made of together: of a short measurement its windows say little."""
        return _rate(self.parts)

    @property
    def waiting(self) -> float:
        """The share of the same time that the consumer waited."""
        return sum(waited for _, _, waited in self.parts) / max(sum(taken for _, taken, _ in self.parts), 1e-9)


def _rate(parts: list[Part]) -> float:
    return sum(samples for samples, _, _ in parts) / max(sum(taken for _, taken, _ in parts), 1e-9)


def measure(
    subject: Subject,
    budget: Budget,
    consume: Callable[[Any], object] | None = None,
    on_batch: Callable[[], object] | None = None,
    clock: Clock = time.perf_counter,
    ramp: int = 0,
) -> Timing:
    """Read epochs until the budget is spent and there is enough for a rate. No batch is held on to while the next is
    made.

    `consume` is handed every batch, as a training loop would be. `ramp`: as in `Timing`."""
    run = _Measurement(subject, budget, consume, on_batch, clock, Timing(ramp))
    begin = clock()
    while not run.timing.batches or not run.spent():
        before = run.timing.batches
        run.epoch()
        if run.timing.batches == before:
            break  # an epoch without a batch
    run.timing.seconds = clock() - begin
    return run.timing


@define
class _Measurement:
    subject: Subject
    budget: Budget
    consume: Callable[[Any], object] | None
    on_batch: Callable[[], object] | None
    clock: Clock
    timing: Timing
    _since: float | None = None

    def spent(self, count: int = 0, stretch: int = 0) -> bool:
        """Whether to stop, after `count` batches of the epoch under way, the last `stretch` of them steady."""
        timing = self.timing
        if self._since is None:
            self._since = self.clock()
        steady = len(timing.steady) + stretch // timing.burst * timing.burst
        if steady < max(timing.ramp, _LEAST) and len(timing.epochs) < _EPOCHS:
            return False
        if self.budget.batches is not None:
            return timing.batches + count >= self.budget.batches
        return self.clock() - self._since >= self.budget.seconds

    def epoch(self) -> None:
        """Read one, or as much of it as the budget has room for."""
        timing, clock = self.timing, self.clock
        asked = started = clock()
        batches = iter(self.subject())
        stretch: list[Part] = []
        count = samples = 0
        waited = 0.0
        while (item := next(batches, None)) is not None:
            batch, size = item
            came = clock()
            if self.consume is not None:
                self.consume(batch)
            del batch, item
            done = clock()
            if count == 0:
                timing.starts.append(came - asked)
            elif count > timing.ramp:
                stretch.append((size, done - asked, came - asked))
            count, samples, waited = count + 1, samples + size, waited + came - asked
            timing.worked += done - came
            if self.on_batch is not None:
                self.on_batch()
            if self.spent(count, len(stretch)):
                break
            asked = clock()
        else:
            timing.epochs.append((samples, clock() - started, waited))
        timing.batches, timing.samples = timing.batches + count, timing.samples + samples
        timing.waited += waited
        timing.steady += stretch[: len(stretch) // timing.burst * timing.burst]


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
