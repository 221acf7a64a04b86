"""Metadata in flat arrays: what groups, splits and policies are decided from, for millions of samples.

Each column lives in torch tensors, because those move into shared memory when a worker process is spawned instead of
being copied; NumPy sees the same bytes. Forked workers never write to them, so nothing is copied there either.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import torch
from attrs import field, frozen


def _shared(array: np.ndarray | torch.Tensor) -> torch.Tensor:
    """An array is copied; a tensor is taken as it is, from whoever leaves it alone afterwards."""
    return array if isinstance(array, torch.Tensor) else torch.from_numpy(np.array(array, order="C", copy=True))


@frozen(eq=False)
class Column:
    """One value a sample: `values` (n,), any numeric or bool dtype. With `names`, values are codes into them."""

    _values: torch.Tensor = field(converter=_shared)
    names: tuple[str, ...] | None = None

    @property
    def values(self) -> np.ndarray:
        """(n,), the same bytes as the tensor."""
        return self._values.numpy()

    def __len__(self) -> int:
        return len(self._values)


@frozen(eq=False)
class RaggedColumn:
    """Any number of values a sample: those of sample i are `values[offsets[i]:offsets[i + 1]]`, `offsets` (n + 1,)
    int64. `values` may have further dimensions, as boxes (m, 4) do."""

    _values: torch.Tensor = field(converter=_shared)
    _offsets: torch.Tensor = field(converter=_shared)
    names: tuple[str, ...] | None = None

    @property
    def values(self) -> np.ndarray:
        """All samples' values, one after the other."""
        return self._values.numpy()

    @property
    def offsets(self) -> np.ndarray:
        """Where each sample's values begin, int64 (n + 1,)."""
        return self._offsets.numpy()

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def of(self, index: int) -> np.ndarray:
        """The values of one sample."""
        return self.values[self.offsets[index] : self.offsets[index + 1]]


@frozen(eq=False)
class TextColumn:
    """One string a sample, kept as one UTF-8 buffer with offsets."""

    _bytes: torch.Tensor
    _offsets: torch.Tensor

    @property
    def bytes(self) -> np.ndarray:
        """All strings one after the other, UTF-8, uint8."""
        return self._bytes.numpy()

    @property
    def offsets(self) -> np.ndarray:
        """Where each string begins, int64 (n + 1,)."""
        return self._offsets.numpy()

    @classmethod
    def of(cls, texts: Iterable[str]) -> TextColumn:
        """The column of some strings."""
        data, offsets = bytearray(), array("q", [0])
        for text in texts:
            data += text.encode("utf-8", "surrogateescape")
            offsets.append(len(data))
        return cls(_shared(np.frombuffer(data, np.uint8)), _shared(np.frombuffer(offsets, np.int64)))

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def __getitem__(self, index: int) -> str:
        offsets = self._offsets.numpy()
        return self._bytes.numpy()[offsets[index] : offsets[index + 1]].tobytes().decode("utf-8", "surrogateescape")

    def tolist(self) -> list[str]:
        """Every string; for what has to look at all of them at once."""
        data, offsets = self._bytes.numpy().tobytes(), self._offsets.tolist()
        return [data[start:end].decode("utf-8", "surrogateescape") for start, end in pairwise(offsets)]


AnyColumn = Column | RaggedColumn | TextColumn


def arrays(column: AnyColumn) -> tuple[np.ndarray, ...]:
    """What a column is made of, for whoever compares two: its values and, where it has them, where each sample's
    begin."""
    if isinstance(column, Column):
        return (column.values,)
    if isinstance(column, TextColumn):
        return column.bytes, column.offsets
    return column.values, column.offsets


def take(column: AnyColumn, indices: Sequence[int] | np.ndarray) -> AnyColumn:
    """The column of the samples at `indices`, in that order."""
    indices = np.asarray(indices, np.int64)
    if isinstance(column, Column):
        return Column(column.values[indices], column.names)
    if isinstance(column, TextColumn):
        return TextColumn.of(column[int(index)] for index in indices)
    lengths = np.diff(column.offsets)[indices]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    starts = column.offsets[:-1][indices]
    within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
    return RaggedColumn(column.values[np.repeat(starts, lengths) + within], offsets, column.names)
