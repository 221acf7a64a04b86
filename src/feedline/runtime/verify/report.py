"""What verifying a file's loaders found, as plain values, so that any front can show it."""

from __future__ import annotations

from attrs import frozen


@frozen
class Broken:
    """The first batch (None: a whole epoch, or something larger) that broke a promise, and how, as a sentence."""

    epoch: int
    batch: int | None
    text: str


@frozen
class Row:
    """One promise: over what it holds, how often that was checked, and what broke it."""

    promise: str
    scope: str
    checked: int
    unit: str
    """What was counted: `batches`, `epochs`, `stop points`."""
    broken: int = 0
    first: Broken | None = None

    @property
    def kept(self) -> bool:
        """Whether it held every time."""
        return not self.broken


@frozen
class GroupFacts:
    """How often the samples of a group come, beside what was to be expected and what plain shuffling would have done.

    `expected` and `seen` are samples of the group a batch, on average, as is `plain`. `without` is the share of batches
    that hold none of the group, `plain_without` that share under plain shuffling. `times` are the least, the median and
    the most that one of its samples comes in one epoch. `counts[c]` is the number of batches that hold c of the group,
    `plain_counts[c]` the share of batches that would under plain shuffling.
    """

    group: str
    samples: int
    expected: float | None
    seen: float
    plain: float
    without: float
    plain_without: float
    times: tuple[int, float, int]
    never: int
    """Its samples that no epoch that was looked at brought."""
    counts: tuple[int, ...]
    plain_counts: tuple[float, ...]


@frozen
class Section:
    """One loader, or one stage of a loader whose policy changes by epoch."""

    loader: str
    stage: str
    """`from epoch 10`; empty where there is one policy for all epochs."""
    epochs: tuple[int, ...]
    batch: int
    samples: int
    batches: int
    seconds: float
    """For working out and checking the batches once."""
    rows: tuple[Row, ...]
    groups: tuple[GroupFacts, ...]
    """The last of them is every sample of the loader's data."""
    times: tuple[int, ...]
    """`times[c]` is how often a sample came c times in an epoch."""
    strip: tuple[tuple[int, ...], ...]
    """For each place of the first batches the number of the first of `groups` that its sample is in; -1 in none, -2 no
    sample."""

    @property
    def title(self) -> str:
        """What the tables call it."""
        return f"{self.loader} {self.stage}".strip()

    @property
    def kept(self) -> bool:
        """Whether every promise was kept."""
        return all(row.kept for row in self.rows)


@frozen
class Proof:
    """Everything that verifying a file found."""

    path: str
    sections: tuple[Section, ...]

    @property
    def kept(self) -> bool:
        """Whether every loader keeps every promise."""
        return all(section.kept for section in self.sections)
