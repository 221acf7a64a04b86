"""What a split has taken away: classes of the data set that have no sample in the part which a loader reads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from feedline.compiler import ir
from feedline.dsl.diagnostics import Reporter
from feedline.dsl.rules.feasibility import AbsentClass
from feedline.runtime.columns import AnyColumn, RaggedColumn, TextColumn, take
from feedline.runtime.sampling.check.case import SHOWN, counted, listed
from feedline.runtime.sources.base import Source
from feedline.runtime.sources.metadata import Columns

_FIELDS = ("label", "category")
"""The fields that hold a sample's class, or its annotations' classes."""


def warn_absent_classes(
    data: ir.DataRef, split: ir.Split, source: Source, indices: np.ndarray, reporter: Reporter
) -> None:
    """Warn of classes of a data set without a sample among `indices`, the part `data` of it that a loader reads.

    Nothing is said where the split divides by that very field, nor of a field that only reading files could tell."""
    part = f"{data.dataset}.{data.part}" + (f"[{data.fold}]" * (data.fold is not None))
    for name in _FIELDS:
        column = source.columns[name] if _at_hand(source, name) else None
        if column is None or isinstance(column, TextColumn) or column.names is None or _divides(split, name):
            continue
        names, before, after = column.names, _samples_by_class(column, None), _samples_by_class(column, indices)
        absent = np.flatnonzero((before > 0) & (after == 0))
        if not len(absent):
            continue
        many = f"{len(absent):,} of {int((before > 0).sum()):,} classes have" if len(absent) > 1 else "a class has"
        stratified = split.stratified_by == name
        reporter.report(
            AbsentClass, data.span, f"{many} no sample in `{part}`: {_named(names, absent)}",
            label=f"`{name}` without samples here",
            notes=[f"in the whole of `{data.dataset}`: {counted(names, before, absent)}"],
            help=None if stratified or split.kind == "values" else f"split `{split.dataset}` `stratified by {name}`",
        )  # fmt: skip


def _at_hand(source: Source, field: str) -> bool:
    """Whether a column is there without a look into files, which a warning is not worth."""
    columns, inner = source.columns, getattr(source, "sources", ())
    if inner:
        return field in columns and all(_at_hand(item, field) for item in inner)
    return field in (columns.ready if isinstance(columns, Columns) else columns)


def _divides(split: ir.Split, field: str) -> bool:
    """Whether the parts are made of the field's values, so that what is absent is meant to be."""
    return split.kind == "values" and split.by == field


def _samples_by_class(column: AnyColumn, indices: np.ndarray | None) -> np.ndarray:
    """How many of the samples at `indices` (None: of all) have each class, int64 (classes,); none without classes."""
    if indices is not None:
        return _samples_by_class(take(column, indices), None)
    if isinstance(column, TextColumn) or column.names is None:
        return np.empty(0, np.int64)
    codes = column.values
    if isinstance(column, RaggedColumn):
        owners = np.repeat(np.arange(len(column)), np.diff(column.offsets))
        codes = np.unique(np.stack([owners, codes]), axis=1)[1]
    return np.bincount(codes[codes >= 0], minlength=len(column.names))


def _named(names: Sequence[str], codes: np.ndarray) -> str:
    """The first few of the classes `codes`, and how many more there are."""
    first = [names[int(code)] for code in codes[:SHOWN]]
    if len(codes) <= SHOWN:
        return listed(first)
    return ", ".join(f"`{name}`" for name in first) + f" and {len(codes) - SHOWN:,} more"
