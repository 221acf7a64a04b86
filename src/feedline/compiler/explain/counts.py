"""What opened data adds to a page: numbers, class names, and what it says of the samples' types."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from feedline.compiler.sample_types.initial import Facts


@frozen
class LoaderCounts:
    """One loader's data. `lengths` and `rests` have an item for the policy and one for each of its stages."""

    samples: int
    lengths: tuple[int, ...]
    """Batches in the first epoch of each."""
    rests: tuple[int, ...]
    """Samples outside the groups whose count is exact."""
    facts: Facts
    workers: int
    cache: str | None = None
    """What its cache will keep, and how much that is; None where it keeps nothing."""


@frozen
class Counts:
    """A program's data. A part is called as in the language: `photos.train[2]`."""

    samples: Mapping[str, int] = field(factory=dict)
    """By dataset and by part."""
    classes: Mapping[str, tuple[str, ...]] = field(factory=dict)
    """Class names by dataset, where it has them."""
    groups: Mapping[str, Mapping[str, int]] = field(factory=dict)
    """By group, then by dataset and part as in `samples`."""
    facts: Mapping[str, Facts] = field(factory=dict)
    """By dataset, of all its samples."""
    loaders: Mapping[str, LoaderCounts] = field(factory=dict)
