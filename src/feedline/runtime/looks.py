"""What opened data tells the checker of a loader's samples: sizes from the headers of some files, columns, classes."""

from __future__ import annotations

import numpy as np

from feedline.compiler.sample_types.initial import Facts
from feedline.compiler.sample_types.model import Dim, Field, Number, Ragged, Role, Text
from feedline.runtime.columns import AnyColumn, RaggedColumn, TextColumn
from feedline.runtime.data import Bound, PartSource
from feedline.runtime.sources import images
from feedline.runtime.sources.base import Source
from feedline.runtime.sources.concat import ConcatSource
from feedline.runtime.sources.metadata import ImageFiles
from feedline.runtime.sources.table import TableSource

_LOOKED_AT = 48
"""Files whose header is read. Two that differ prove that sizes do; equal ones prove nothing of the others."""


def facts_of(bound: Bound, indices: np.ndarray) -> Facts:
    """The facts of the samples at `indices` of a data set. No pixel is decoded."""
    source = bound.source
    chosen = np.unique(np.linspace(0, len(indices) - 1, min(len(indices), _LOOKED_AT)).astype(np.int64))
    looked_at = [(int(index), size) for index in indices[chosen] if (size := _size(source, int(index))) is not None]
    sizes = {size: index for index, size in reversed(looked_at)}
    widths, heights = [width for width, _ in sizes], [height for _, height in sizes]
    role = source.role
    return Facts(
        heights=(min(heights), max(heights)) if sizes else None,
        widths=(min(widths), max(widths)) if sizes else None,
        classes=None if source.classes is None else len(source.classes),
        complete=len(looked_at) == len(indices),
        columns=_columns(source, indices) if isinstance(source, TableSource) else {},
        role=Role(role.data, role.targets, role.detection),
        examples=_examples(source, sizes),
    )


def _examples(source: Source, sizes: dict[images.Size, int]) -> tuple[str, ...]:
    """Two samples of differing size."""
    if len(sizes) < 2:
        return ()
    return tuple(f"{height} x {width}: {source.describe(sizes[width, height])}" for width, height in list(sizes)[-2:])


def _size(source: Source, index: int) -> images.Size | None:
    """Width and height of one sample's image file, None where it has none or it is broken."""
    if isinstance(source, ConcatSource):
        which, position = source.place(index)
        return _size(source.sources[which], position)
    if isinstance(source, PartSource):
        return _size(source.sources[0], int(source.indices[index]))
    files = getattr(source, "files", None)
    if not isinstance(files, ImageFiles):
        return None
    try:
        return images.size(files.path(index), files.options.exif)
    except images.BrokenImage:
        return None


def _columns(source: TableSource, indices: np.ndarray) -> dict[str, Field]:
    return {name: _column(source.columns[name], indices, name == "label") for name in source.fields}


def _column(column: AnyColumn, indices: np.ndarray, is_label: bool) -> Field:
    if isinstance(column, TextColumn):
        return Text()
    if isinstance(column, RaggedColumn):
        lengths = np.diff(column.offsets)[indices]
        low, high = int(lengths.min()), int(lengths.max())
        kind = column.values.dtype
        return Ragged("float32" if kind.kind == "f" else kind.name, Dim(low, high, low != high))
    if column.names is not None:
        return Number("int64", classes=len(column.names)) if is_label else Text()
    # A single value reaches the chain as a Python number.
    return Number({"b": "bool", "f": "float32"}.get(column.values.dtype.kind, "int64"))
