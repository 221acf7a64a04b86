"""What one batch of a loader holds, from the plan and the metadata: nothing is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import frozen

from feedline.runtime.columns import AnyColumn, RaggedColumn, TextColumn
from feedline.runtime.guarantees import meters
from feedline.runtime.sampling.populations import Positions

if TYPE_CHECKING:
    from feedline.runtime.loader import Loader

_CLASSES = ("label", "category", "labels")
"""Where the class of a sample stands, in the order in which they are looked for."""


@frozen
class Place:
    """One place of a batch: the sample's position in the loader's data, its index in the whole dataset, what a message
    calls it, its class (several where it has several), and the groups that it is in."""

    place: int
    position: int
    index: int
    file: str
    label: str | None
    groups: tuple[str, ...]


@frozen
class Held:
    """A promise of every batch, and what this one holds."""

    group: str
    promised: str
    count: int
    kept: bool


@frozen
class BatchView:
    """One batch of one epoch of a loader."""

    loader: str
    epoch: int
    number: int
    length: int
    """Batches in the epoch."""
    stage: str
    """The policy that the epoch follows, where it changes by epoch: `from epoch 10`; else empty."""
    places: tuple[Place, ...]
    held: tuple[Held, ...]


def view_batch(loader: Loader, groups: Mapping[str, Positions], epoch: int, number: int) -> BatchView:
    """Batch `number` of an epoch. `groups` are the positions of each group, by name.

    Raises IndexError for a batch that the epoch does not have."""
    plan: Any = loader.plan
    row = plan.batches(epoch, number, number + 1)[0]
    positions = row[row >= 0]
    held = [
        Held(meter.promise.group, meter.promise.text, count, meter.promise.kept(count, len(positions)))
        for meter in meters(plan.promises(), plan.populations)
        if meter.promise.holds_in(epoch)
        for count in (meter.count(positions),)
    ]
    stages = [stage.epoch for stage in plan.policy.stages if stage.epoch <= epoch]
    first = f"before epoch {plan.policy.stages[0].epoch}" if plan.policy.stages else ""
    return BatchView(
        loader=loader.name,
        epoch=epoch,
        number=number,
        length=plan.length(epoch),
        stage=f"from epoch {stages[-1]}" if stages else first,
        places=tuple(_place(loader, groups, place, int(at)) for place, at in enumerate(positions)),
        held=tuple(held),
    )


def _place(loader: Loader, groups: Mapping[str, Positions], place: int, position: int) -> Place:
    dataset: Any = loader.dataset
    index = dataset.dataset_index(position)
    inside = tuple(name for name, members in groups.items() if np.isin(position, members))
    label = _label(dataset.source.columns, dataset.source.classes, index)
    return Place(place, position, index, dataset.describe(position), label, inside)


def _label(columns: Mapping[str, AnyColumn], classes: tuple[str, ...] | None, index: int) -> str | None:
    """The class of a sample in words; `-` for annotations that are none."""
    name = next((name for name in _CLASSES if name in columns), None)
    if name is None:
        return None
    column = columns[name]
    if isinstance(column, TextColumn):
        return column[index]
    codes = np.unique(column.of(index)) if isinstance(column, RaggedColumn) else column.values[index : index + 1]
    names = column.names if column.names is not None else classes
    return ", ".join(_name(code, names) for code in codes.tolist()) or "-"


def _name(code: Any, names: tuple[str, ...] | None) -> str:
    return names[code] if names is not None and isinstance(code, int) and 0 <= code < len(names) else str(code)
