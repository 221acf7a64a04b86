"""Bound data: the datasets of a program opened, their groups and parts decided. Nothing is decoded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

import numpy as np
from attrs import define, field, frozen

from feedline.compiler import ir
from feedline.dsl.diagnostics import Reporter
from feedline.dsl.rules.sampling import EmptyGroup
from feedline.runtime.columns import AnyColumn, Column, take
from feedline.runtime.groups import evaluate
from feedline.runtime.sources import bind_source, concatenate, report_bad_data
from feedline.runtime.sources.base import BadData, Role, Sample, Source
from feedline.runtime.splits import split_parts

T = TypeVar("T")


class TakenColumns(Mapping[str, AnyColumn]):
    """The columns of some samples of a source; each is taken when it is first asked for."""

    def __init__(self, columns: Mapping[str, AnyColumn], indices: np.ndarray):
        self._columns, self._indices = columns, indices
        self._taken: dict[str, AnyColumn] = {}

    def __getitem__(self, name: str) -> AnyColumn:
        if name not in self._taken:
            self._taken[name] = take(self._columns[name], self._indices)
        return self._taken[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)


class Indexed(Mapping[str, AnyColumn]):
    """A source's columns with `index`, the position of each sample, beside them."""

    def __init__(self, source: Source):
        self._columns, self._size = source.columns, len(source)

    def __getitem__(self, name: str) -> AnyColumn:
        if name == "index":
            return Column(np.arange(self._size))
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        yield from (name for name in self._columns if name != "index")
        yield "index"

    def __len__(self) -> int:
        return sum(1 for _ in self)


class PartSource:
    """Some samples of a source as a source of their own; what concatenations of parts are made of."""

    def __init__(self, source: Source, indices: np.ndarray):
        self.sources = (source,)
        self._indices = Column(indices)
        self.columns: Mapping[str, AnyColumn] = TakenColumns(source.columns, indices)
        self.classes: tuple[str, ...] | None = source.classes
        self.role: Role = source.role

    def __len__(self) -> int:
        return len(self._indices)

    @property
    def indices(self) -> np.ndarray:
        """Which samples of the source these are, int64 (m,)."""
        return self._indices.values

    def read(self, index: int) -> Sample:
        """The sample at a position of the part."""
        return self.sources[0].read(int(self._indices.values[index]))

    def describe(self, index: int) -> str:
        """What a message calls the sample at a position of the part."""
        return self.sources[0].describe(int(self._indices.values[index]))


@frozen(eq=False)
class Bound:
    """A dataset that is open. `columns` hold the metadata, `index` included."""

    source: Source
    columns: Mapping[str, AnyColumn]

    def __len__(self) -> int:
        return len(self.source)


@define(eq=False)
class BoundData:
    """Everything about the data that a program names, opened and decided on demand, each thing once.

    None (for a dataset, a group, a part) means that a diagnostic has been reported.
    """

    program: ir.Program
    reporter: Reporter
    allow_python: bool = False
    _datasets: dict[str, Bound | None] = field(factory=dict)
    _groups: dict[str, np.ndarray | None] = field(factory=dict)
    _splits: dict[str, dict[tuple[str, int | None], np.ndarray] | None] = field(factory=dict)

    def dataset(self, name: str) -> Bound | None:
        """The dataset of a declaration, opened."""
        if name not in self._datasets:
            declaration = self._declared(name)
            source = self._open(declaration)
            self._datasets[name] = None if source is None else Bound(source, Indexed(source))
        return self._datasets[name]

    def _open(self, declaration: ir.Dataset) -> Source | None:
        if declaration.source is not None:
            return bind_source(
                declaration.source,
                self.reporter,
                allow_python=self.allow_python,
                folder_parts=self._folder_parts(declaration.name),
                tolerant=self._tolerant(declaration.name),
            )
        sources: list[Source] = []
        for reference in declaration.concat:
            bound, indices = self.dataset(reference.dataset), self.indices(reference)
            if bound is None or indices is None:
                return None
            whole = reference.part is None
            sources.append(bound.source if whole else PartSource(bound.source, indices))
        return concatenate(sources, self.reporter, declaration.span)

    def _folder_parts(self, dataset: str) -> tuple[str, ...] | None:
        """The folders that a `split ... by folder` names, so that a folder source looks for classes inside each."""
        split = self._split_of(dataset)
        if split is None or split.kind != "values" or split.by != "folder":
            return None
        values = [part.value for part in split.parts]
        flat = [item for value in values for item in (value if isinstance(value, tuple) else (value,))]
        return tuple(str(item) for item in flat)

    def _tolerant(self, dataset: str) -> bool:
        """Whether every loader that reads a dataset can do without one of its files."""
        readers = [loader for loader in self.program.loaders if dataset in self._read_by(loader.data.dataset)]
        return bool(readers) and all(loader.on_error.mode != "fail" for loader in readers)

    def _read_by(self, name: str) -> set[str]:
        """A dataset and those it is a concatenation of."""
        declaration = self._declared(name)
        return {name}.union(*(self._read_by(reference.dataset) for reference in declaration.concat))

    def _split_of(self, dataset: str) -> ir.Split | None:
        return next((split for split in self.program.splits if split.dataset == dataset), None)

    def group(self, name: str) -> np.ndarray | None:
        """The membership of a group, a bool for every sample of its dataset."""
        if name not in self._groups:
            group = next(item for item in self.program.groups if item.name == name)
            bound = self.dataset(group.dataset)
            self._groups[name] = None if bound is None else self._members(group, bound)
        return self._groups[name]

    def _members(self, group: ir.Group, bound: Bound) -> np.ndarray | None:
        mask = self.decide(
            group.dataset,
            lambda: evaluate(
                group.predicate,
                bound.columns,
                len(bound),
                self._mask,
                self.reporter,
                lambda data: self._from(group.dataset, data),
            ),
        )
        if mask is None or mask.any():
            return mask
        self._report_empty(group, len(bound))
        return None

    def decide(self, dataset: str, compute: Callable[[], T]) -> T | None:
        """What `compute` finds in the columns of a dataset. Some are read on first use, from every file's header: one
        that cannot be read is reported."""
        try:
            return compute()
        except BadData as fault:
            source = self._first_source(dataset)
            report_bad_data(fault, source, self.reporter)
            return None

    def _first_source(self, dataset: str) -> ir.SourceCall:
        declaration = self._declared(dataset)
        return declaration.source or self._first_source(declaration.concat[0].dataset)

    def _mask(self, name: str) -> np.ndarray:
        mask = self.group(name)
        if mask is not None:
            return mask
        dataset = next(item.dataset for item in self.program.groups if item.name == name)
        bound = self.dataset(dataset)
        return np.zeros(0 if bound is None else len(bound), bool)

    def _from(self, dataset: str, data: ir.DataRef) -> np.ndarray:
        """Which samples of a dataset come from `data`, one of those that it is made of with `+`."""
        declaration = self._declared(dataset)
        masks: list[np.ndarray] = [np.zeros(0, bool)]
        for reference in declaration.concat:
            indices = self.indices(reference)
            size = 0 if indices is None else len(indices)
            if reference == data or (data.part is None and reference.dataset == data.dataset):
                masks.append(np.ones(size, bool))
            elif indices is None or not self._declared(reference.dataset).concat:
                masks.append(np.zeros(size, bool))
            else:
                masks.append(self._from(reference.dataset, data)[indices])
        return np.concatenate(masks)

    def _declared(self, name: str) -> ir.Dataset:
        return next(item for item in self.program.datasets if item.name == name)

    def _report_empty(self, group: ir.Group, size: int) -> None:
        self.reporter.report(
            EmptyGroup,
            group.span,
            f"no sample of `{group.dataset}` is in group `{group.name}`",
            label=f"0 of {size:,} samples",
        )

    def parts(self, dataset: str) -> dict[tuple[str, int | None], np.ndarray] | None:
        """The parts of a dataset by (name, fold), sorted indices each; empty for a dataset that is not split."""
        if dataset not in self._splits:
            split, bound = self._split_of(dataset), self.dataset(dataset)
            if split is None or bound is None:
                self._splits[dataset] = None if bound is None else {}
            else:
                self._splits[dataset] = self.decide(
                    dataset, lambda: split_parts(split, bound.columns, len(bound), self._mask, self.reporter)
                )
        return self._splits[dataset]

    def indices(self, reference: ir.DataRef) -> np.ndarray | None:
        """The indices, into the whole dataset, of what a reference names: int64, or int32 for all of it."""
        bound = self.dataset(reference.dataset)
        if bound is None:
            return None
        if reference.part is None:
            return np.arange(len(bound), dtype=np.int32 if len(bound) < 1 << 31 else np.int64)
        parts = self.parts(reference.dataset)
        return None if parts is None else parts[reference.part, reference.fold]
