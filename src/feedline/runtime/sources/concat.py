"""`dataset all = a + b`: several sources one after the other.

Fields that all of them have become the columns. Classes are put together by name: the first source keeps its numbers,
names that it lacks follow, and the labels of the others are renumbered. Category ids of detection sources keep their
values unless two sources use one id for different names; then the later source's are renumbered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from attrs import frozen

from feedline.runtime.columns import AnyColumn, Column, RaggedColumn, TextColumn
from feedline.runtime.sources.base import BadData, Role, Sample, Source, UnreadableSample
from feedline.runtime.sources.metadata import Columns, some


@frozen(eq=False)
class ConcatSource:
    """Sources one after the other."""

    sources: tuple[Source, ...]
    columns: Columns
    classes: tuple[str, ...] | None
    role: Role
    starts: np.ndarray
    """The first position of each source, and the length of all: int64 (number of sources + 1,)."""
    numbers: tuple[dict[int, int], ...]
    """For each source the labels that change, old to new."""

    def __len__(self) -> int:
        return int(self.starts[-1])

    def place(self, index: int) -> tuple[int, int]:
        """Which source a sample is of, and its position there."""
        which = int(np.searchsorted(self.starts, index, side="right")) - 1
        return which, int(index - self.starts[which])

    def describe(self, index: int) -> str:
        """What the sample's own source calls it."""
        which, position = self.place(index)
        return self.sources[which].describe(position)

    def read(self, index: int) -> Sample:
        """The sample of its own source, its label renumbered."""
        which, position = self.place(index)
        try:
            sample = self.sources[which].read(position)
        except UnreadableSample as error:
            raise UnreadableSample(int(index), error.where, error.why) from None
        changed = self.numbers[which]
        if changed and "label" in sample:
            sample["label"] = changed.get(sample["label"], sample["label"])
        if changed and "labels" in sample:
            labels = [changed.get(label, label) for label in sample["labels"].tolist()]
            sample["labels"] = torch.tensor(labels, dtype=torch.int64)
        return sample


def join(sources: Sequence[Source]) -> Source:
    """One source of several with the same fields. Raises `BadData`."""
    first = sources[0]
    for number, source in enumerate(sources[1:], 2):
        if (source.role.data, source.role.targets, source.role.detection) != (
            first.role.data,
            first.role.targets,
            first.role.detection,
        ):
            raise BadData(
                "the datasets do not hold the same fields",
                rule="FL613",
                notes=(f"the first gives {_fields(first.role)}", f"number {number} gives {_fields(source.role)}"),
                help="only datasets whose samples fit in one batch can be put together",
            )
    classes, numbers = _merge_categories(sources) if first.role.detection else _merge_classes(sources)
    common = [name for name in first.columns if all(name in source.columns for source in sources[1:])]
    later: dict[str, Callable[[], dict[str, AnyColumn]]] = {
        name: partial(_column, tuple(sources), name, classes, numbers) for name in common
    }
    starts = np.concatenate([[0], np.cumsum([len(source) for source in sources])]).astype(np.int64)
    fixed = first.role.fixed_size and len({_size(source) for source in sources}) == 1
    role = Role(first.role.data, first.role.targets, first.role.detection, fixed)
    return ConcatSource(tuple(sources), Columns({}, later), classes, role, starts, numbers)


def _size(source: Source) -> tuple[int, ...]:
    columns = [source.columns[name] for name in ("width", "height") if name in source.columns]
    return tuple(int(column.values[0]) for column in columns if isinstance(column, Column))


def _fields(role: Role) -> str:
    return some([*role.data, *(("boxes", "labels") if role.detection else role.targets)])


def _merge_classes(sources: Sequence[Source]) -> tuple[tuple[str, ...] | None, tuple[dict[int, int], ...]]:
    """Class names of all, and how each source's labels change."""
    unnamed = [source for source in sources if source.classes is None]
    merged = tuple(dict.fromkeys(name for source in sources for name in source.classes or ()))
    if len(unnamed) == len(sources):
        return None, ({},) * len(sources)
    for source in unnamed:
        label = source.columns.get("label")
        if isinstance(label, Column) and label.values.dtype.kind in "iu" and label.values.max() < len(merged):
            continue
        raise BadData(
            "some of the datasets name their classes, and the labels of another are not numbers of these",
            rule="FL613",
            notes=(f"the classes are {some(merged)}",),
        )
    code = {name: number for number, name in enumerate(merged)}
    return merged, tuple(
        {old: code[name] for old, name in enumerate(source.classes or ()) if code[name] != old} for source in sources
    )


def _merge_categories(sources: Sequence[Source]) -> tuple[tuple[str, ...] | None, tuple[dict[int, int], ...]]:
    """Category names of all, and how each source's category ids change."""
    name_of: dict[int, str] = {}
    numbers: list[dict[int, int]] = []
    for source in sources:
        changed: dict[int, int] = {}
        for number, name in _categories(source).items():
            known = next((other for other, its_name in name_of.items() if its_name == name), None)
            if known is None:
                known = number if number not in name_of else max(name_of) + 1
                name_of[known] = name
            if known != number:
                changed[number] = known
        numbers.append(changed)
    named = [source.classes for source in sources if source.classes is not None]
    return tuple(dict.fromkeys(name for names in named for name in names)) if named else None, tuple(numbers)


def _categories(source: Source) -> dict[int, str]:
    """Category id to name, of the categories that occur."""
    labels, codes = source.columns.get("labels"), source.columns.get("category")
    if not isinstance(labels, RaggedColumn) or not isinstance(codes, RaggedColumn) or codes.names is None:
        return {}
    found, places = np.unique(labels.values, return_index=True)
    return {int(label): codes.names[codes.values[place]] for label, place in zip(found, places, strict=True)}


def _column(
    sources: tuple[Source, ...], name: str, classes: tuple[str, ...] | None, numbers: tuple[dict[int, int], ...]
) -> dict[str, AnyColumn]:
    columns = [source.columns[name] for source in sources]
    if name in ("label", "labels") and any(numbers):
        columns = [_renumber(column, changed, classes) for column, changed in zip(columns, numbers, strict=True)]
    if all(isinstance(column, RaggedColumn) for column in columns):
        return {name: _join_ragged([column for column in columns if isinstance(column, RaggedColumn)])}
    flat = [column for column in columns if isinstance(column, Column)]
    if len(flat) == len(columns) and len({column.names is None for column in flat}) == 1:
        names, values = _join_codes(flat)
        return {name: Column(values, names)}
    return {name: TextColumn.of(text for column in columns for text in _texts(column, name))}


def _renumber(column: AnyColumn, changed: dict[int, int], classes: tuple[str, ...] | None) -> AnyColumn:
    if isinstance(column, TextColumn):
        return column
    values = column.values.copy()
    for old, new in changed.items():
        values[column.values == old] = new
    if isinstance(column, RaggedColumn):
        return RaggedColumn(values, column.offsets, column.names)
    return Column(values, classes)


def _join_codes(columns: Sequence[Column | RaggedColumn]) -> tuple[tuple[str, ...] | None, np.ndarray]:
    """Values one after the other; codes of different vocabularies become codes of their union."""
    names = tuple(dict.fromkeys(name for column in columns for name in column.names or ()))
    if not names:
        return None, np.concatenate([column.values for column in columns])
    code = {name: number for number, name in enumerate(names)}
    parts = []
    for column in columns:
        table = np.array([*(code[name] for name in column.names or names), -1], np.int64)
        parts.append(table[column.values])  # the last entry is for -1, no label
    return names, np.concatenate(parts)


def _join_ragged(columns: Sequence[RaggedColumn]) -> RaggedColumn:
    names, values = _join_codes(columns)
    lengths = np.concatenate([np.diff(column.offsets) for column in columns])
    return RaggedColumn(values, np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64), names)


def _texts(column: AnyColumn, name: str) -> list[str]:
    if isinstance(column, TextColumn):
        return column.tolist()
    if isinstance(column, Column) and column.names is not None:
        return [column.names[code] for code in column.values]
    raise BadData(f"the field `{name}` is text in one dataset and something else in another", rule="FL613")
