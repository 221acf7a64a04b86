"""What a page is made of. Every value stands in it as the language writes it; counts are None without `--data`."""

from __future__ import annotations

from typing import Any, Literal

from attrs import asdict, frozen

FORMAT_VERSION = 1
"""Of the JSON of a page. It grows when a field changes or goes; a new field does not change it."""

Kind = Literal["step", "maybe", "one of", "shuffled", "views", "on"]


@frozen
class Setting:
    """Anything with a value. `default`: the file does not set it, or sets what it is anyway."""

    name: str
    value: str
    default: bool


@frozen
class Param:
    """A parameter and where its value came from: `default`, `command line`, `params file` or `caller`. `where` is the
    path of the file, as it was given."""

    name: str
    type: str
    value: str
    origin: str
    where: str | None


@frozen
class FieldType:
    """One field of a sample. Several `types` where some samples have one and some another; none where nothing is
    known."""

    name: str
    types: tuple[str, ...]


@frozen
class SampleType:
    """A sample at one point. `complete` is False where it may have fields that are not listed; with no field at all,
    nothing is known."""

    fields: tuple[FieldType, ...]
    complete: bool


@frozen
class Part:
    """A part of a dataset. `name` is what follows the dataset's (`train[0]`); `size` is as it was asked for."""

    name: str
    size: str
    samples: int | None


@frozen
class Dataset:
    """`source` is the call, or the sum that it is the concatenation of; `split` says how it is divided."""

    name: str
    source: str
    settings: tuple[Setting, ...]
    sample: SampleType
    split: str | None
    parts: tuple[Part, ...]
    samples: int | None
    classes: tuple[str, ...] | None


@frozen
class GroupCount:
    """How many of the samples of a dataset or a part (`of`) are in a group."""

    of: str
    samples: int
    whole: int

    @property
    def share(self) -> float:
        """From 0 to 1."""
        return self.samples / self.whole if self.whole else 0.0


@frozen
class Group:
    """A named subset and the condition that makes it."""

    name: str
    dataset: str
    condition: str
    counts: tuple[GroupCount, ...]


@frozen
class Step:
    """One step of a chain, the sample after it, and which of the sample's fields it changed.

    `sample` is None inside `shuffled` and `on`, where it depends on the order or is but one field. `defaults` are the
    arguments that were left out. `chains` are those inside `maybe`, `one of`, `shuffled`, `views` and `on`, with the
    types on the way."""

    kind: Kind
    text: str
    defaults: tuple[Setting, ...]
    sample: SampleType | None
    changed: tuple[str, ...]
    chains: tuple[Chain, ...]


@frozen
class Chain:
    """A chain within a step; the title tells it from the step's other ones."""

    title: str
    steps: tuple[Step, ...]


@frozen
class Line:
    """One thing that a policy says. `guarantee` is the row of docs/guarantees.md that promises it, if one does."""

    topic: str
    text: str
    default: bool
    guarantee: str | None


@frozen
class Policy:
    """A policy, or a stage of one, from its epoch on. `batches` are those of its first epoch. `statements` say the same
    in the language, every default written out."""

    from_epoch: int
    batch_size: int
    batches: int | None
    lines: tuple[Line, ...]
    statements: tuple[str, ...]


@frozen
class BatchPart:
    """What a batch holds, by how Python reaches it; `[*]` stands for every item of a list. In `shape` None is a size
    that differs or is not known; dtype or shape are None where nothing is known of them."""

    path: str
    dtype: str | None
    shape: tuple[int | None, ...] | None


@frozen
class Pass:
    """A pass that changed how the loader runs, and what it did."""

    name: str
    text: str


@frozen
class Workers:
    """Who makes the batches; where `count` is 0 it is the main process, and `kind` None. `auto`: the file leaves the
    number to the machine, and this is what it is on this one."""

    count: int
    kind: Literal["thread", "process"] | None
    auto: bool


@frozen
class Loader:
    """One loader from data to batch."""

    name: str
    data: str
    samples: int | None
    sample: SampleType
    """As it is read."""
    steps: tuple[Step, ...]
    batch_steps: tuple[Step, ...]
    policies: tuple[Policy, ...]
    collate: Setting
    batch: tuple[BatchPart, ...]
    settings: tuple[Setting, ...]
    """`on error` and every option."""
    workers: Workers
    plan: tuple[Pass, ...]
    """How it runs faster than written, with the same values."""


@frozen
class Page:
    """A whole file. `folder` is what its relative paths start from; `data`: the data was opened."""

    path: str
    folder: str
    data: bool
    params: tuple[Param, ...]
    datasets: tuple[Dataset, ...]
    groups: tuple[Group, ...]
    loaders: tuple[Loader, ...]


def to_json(page: Page) -> dict[str, Any]:
    """The page as plain values, ready for `json`."""
    return asdict(page)
