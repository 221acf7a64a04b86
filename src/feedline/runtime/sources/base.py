"""What every source of samples offers, and the failures it may report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from attrs import frozen

from feedline.runtime.columns import AnyColumn

Sample = dict[str, Any]
"""A record of named fields. `image` is a `tv_tensors.Image` uint8 (C, H, W) or a PIL image; `boxes` a
`tv_tensors.BoundingBoxes` (N, 4) XYXY float32; `masks` and `mask` `tv_tensors.Mask`; `labels` an int64 tensor (N,);
`label` an int (or a float for regression); `features` a float32 tensor; everything else a tensor, number or string."""


@frozen
class Role:
    """What a batch is made of when the file does not say: `data` first, then `targets`.

    ("image",) + ("label",) gives (images, labels). A detection source has `detection` true: the targets become one dict
    a sample with torchvision's keys. No data field at all: the sample as a dict."""

    data: tuple[str, ...]
    targets: tuple[str, ...] = ()
    detection: bool = False
    fixed_size: bool = False
    """Every image has the same size before any transform, as in MNIST."""


@runtime_checkable
class Source(Protocol):
    """A map-style source. The index is a position, 0 to len - 1; ids of the data are fields, never indices."""

    @property
    def columns(self) -> Mapping[str, AnyColumn]:
        """Metadata by field, each of length len(self). A field of the annotations is a RaggedColumn."""
        ...

    @property
    def classes(self) -> tuple[str, ...] | None:
        """Class names by number, where the data has them."""
        ...

    @property
    def role(self) -> Role:
        """What a batch is made of when the file does not say."""
        ...

    def __len__(self) -> int: ...

    def read(self, index: int) -> Sample:
        """The sample at a position. Raises `UnreadableSample` for data that is missing or broken."""
        ...

    def describe(self, index: int) -> str:
        """What a message calls this sample: its file, or the source's name and the index."""
        ...


def runs_user_code(source: Source) -> bool:
    """Whether reading a sample runs code of the user's own, which may draw random numbers.

    A source made of others has them as `sources`."""
    if not type(source).__module__.startswith("feedline."):
        return True
    return getattr(source, "user_code", False) or any(map(runs_user_code, getattr(source, "sources", ())))


class BadData(Exception):
    """Data that cannot be bound: a missing file, a broken annotation file. Becomes a diagnostic on the dataset.

    `help` and `notes` go into it as they are; `argument` names the argument to point at, where one is to blame."""

    def __init__(
        self,
        message: str,
        *,
        rule: str = "FL601",
        help: str | None = None,
        notes: tuple[str, ...] = (),
        argument: str | None = None,
    ):
        super().__init__(message)
        self.message, self.rule, self.help, self.notes, self.argument = message, rule, help, notes, argument


def hidden_column(name: str, of: str, means: str) -> BadData:
    """The warning of a column whose name means something else."""
    message = f"the column `{name}` of {of} is not used: `{name}` is {means}"
    return BadData(message, rule="FL617", help="rename the column to use it", argument="path")


class UnreadableSample(Exception):
    """One sample that cannot be read. Survives pickling between processes."""

    def __init__(self, index: int, where: str, why: str):
        super().__init__(index, where, why)
        self.index, self.where, self.why = index, where, why

    def __str__(self) -> str:
        return f"sample {self.index} ({self.where}) cannot be read: {self.why}"
