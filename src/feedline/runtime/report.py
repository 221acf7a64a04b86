"""What a run of loaders delivered, as plain values. Free of torch, so that any front can show it."""

from __future__ import annotations

from typing import Literal

from attrs import frozen


@frozen
class BrokenBatch:
    """A batch that did not hold what was promised."""

    epoch: int
    number: int
    count: int


@frozen
class GroupCount:
    """How many samples of one group the batches held. `minimum` and `maximum` are None where no batch came."""

    group: str
    promised: str | None
    """In words (`exactly 3 of 8`); None for a group that is counted but promised nothing."""
    minimum: int | None
    maximum: int | None
    broken: int
    """The number of batches that did not keep the promise."""
    first_broken: BrokenBatch | None

    @property
    def kept(self) -> bool:
        """Whether every batch held what was promised."""
        return not self.broken


@frozen
class BatchPart:
    """One tensor (or other value) of a batch. `path` is how to reach it in Python, `[*]` standing for every item of a
    list; `shape` has None where the items differ, and is None for what has no shape."""

    path: str
    dtype: str
    shape: tuple[int | None, ...] | None


@frozen
class LoaderReport:
    """What one loader delivered. `seconds` is wall time of the whole iteration, the start of workers included."""

    name: str
    epochs: int
    samples: int
    batches: int
    announced: int
    """The batches that `len(loader)` said would come."""
    replaced: int
    seconds: float
    unit: Literal["images", "samples"]
    """What a sample is called: an image where the loader's samples have one."""
    groups: tuple[GroupCount, ...]
    structure: tuple[BatchPart, ...]
    """Of the first batch."""

    @property
    def samples_per_second(self) -> float:
        """Samples delivered by second of wall time; 0 where none came."""
        return self.samples / self.seconds if self.samples else 0.0

    @property
    def kept(self) -> bool:
        """Whether every promise was kept, the number of batches included."""
        return self.batches == self.announced and all(group.kept for group in self.groups)


@frozen
class RunReport:
    """What a run of a file's loaders delivered."""

    path: str
    loaders: tuple[LoaderReport, ...]

    @property
    def kept(self) -> bool:
        """Whether every loader kept every promise."""
        return all(loader.kept for loader in self.loaders)
