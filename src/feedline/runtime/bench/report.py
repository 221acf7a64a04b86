"""What a benchmark of loaders found, as plain values. Free of torch, so that any front can show it."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median, quantiles
from typing import Literal

from attrs import frozen

Kind = Literal["sample", "batch", "delivery"]
"""Whether a stage runs on each sample, on a whole batch, or moves the batch to where it is used."""


@frozen
class Spread:
    """The median of several measurements, and their quartiles."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Of at least one number; the least and the greatest stand for the quartiles of fewer than four."""
        if len(values) < 4:
            return cls(median(values), min(values), max(values))
        low, middle, high = quantiles(values, n=4, method="inclusive")
        return cls(middle, low, high)


@frozen
class StageTime:
    """What one stage of making a batch takes of one core."""

    name: str
    kind: Kind
    milliseconds: float
    """For each sample, whatever the stage runs on."""
    share: float
    """Of all stages together, 0 to 1."""


@frozen
class ProcessUse:
    """What one process, or a thread that makes batches, used while batches were read."""

    name: str
    cpu: float
    """Of one core: 1.0 is one core all the time. More where it has threads."""
    memory: int | None
    """Bytes that are its own, pages shared with other processes left out; None where the system does not say, and of a
    thread, which has none of its own."""
    worker: bool = False
    """Whether it makes batches for the main process."""


@frozen
class Consumer:
    """How a loader and what consumes its batches wait for each other."""

    name: str
    rate: float
    """Samples a second that reach it through the loader."""
    free: float
    """The headspace: samples a second if batches were free, the same ones again and again."""
    waiting: float
    """The share of the time that it waits for the loader, 0 to 1."""


@frozen
class Versus:
    """The loader against another that reads the same data, measured in turns."""

    name: str
    rate: Spread | None
    """Samples a second of the other; None where there is none, and `note` says why."""
    ratio: Spread | None
    """How many times as fast the loader is."""
    note: str = ""


@frozen
class Prefix:
    """The deterministic front of a chain: what a cache would keep."""

    steps: tuple[str, ...]
    """The names of its steps; none where only decoding comes before the first random step."""
    share: float
    """Of all stages together: reading, decoding and those steps."""
    size: int
    """Bytes for all samples of the loader, estimated from some."""


@frozen
class Stages:
    """Where the time of a batch goes, stage by stage, with one core and nothing beside it."""

    times: tuple[StageTime, ...]
    prefix: Prefix | None
    """None where nothing could be kept: the first step is random and pixels are in memory anyway."""

    @property
    def milliseconds(self) -> float:
        """For each sample, all stages together."""
        return sum(stage.milliseconds for stage in self.times)


@frozen
class Trial:
    """One setting that `--tune` tried."""

    workers: int
    kind: str
    """`process` or `thread`; `none` without workers."""
    rate: Spread


@frozen
class Tuning:
    """What `--tune` tried and what it advises."""

    trials: tuple[Trial, ...]
    best: Trial | None
    """The file's own setting, unless another was clearly faster; None where too few batches were read to say."""
    diff: str
    """A unified diff of the file; empty where it says the best already."""
    note: str = ""


@frozen
class LoaderBench:
    """What was measured of one loader."""

    name: str
    unit: Literal["images", "samples"]
    batch: int
    workers: int
    kind: str
    """`process` or `thread`; `none` without workers."""
    cores: int
    samples: int
    """Of the loader's data."""
    batches: int
    """That were read."""
    load: float
    """The machine's load average before: how many processes wanted to compute. 0 where the system does not say."""
    rate: Spread
    """Samples a second over windows of equally many batches, the start of epochs left out."""
    filling: float | None
    """Samples a second of the epoch before, in which the loader's cache was filled; None where it has no cache."""
    overall: float
    """Samples a second from nothing to the end, the start of workers included."""
    first: float
    """Seconds from nothing to the first batch."""
    again: float | None
    """Seconds to the first batch of later epochs, the median; None where there was one epoch."""
    delivery: float
    """Samples a second if making a batch took no time: one batch through the loader's delivery."""
    uses: tuple[ProcessUse, ...]
    passes: tuple[str, ...]
    """What the plan's passes did, in words."""
    consumer: Consumer | None = None
    versus: tuple[Versus, ...] = ()
    stages: Stages | None = None
    tuning: Tuning | None = None
    few: bool = False
    """Whether fewer batches were asked for than show how workers do."""
    advice: str = ""


@frozen
class BenchReport:
    """What was measured of a file's loaders."""

    path: str
    loaders: tuple[LoaderBench, ...]
