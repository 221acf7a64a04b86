"""Metadata in flat arrays: what groups, splits and policies are decided from, for millions of samples.

Each column lives in torch tensors, because those move into shared memory when a worker process is spawned instead of
being copied; NumPy sees the same bytes. Forked workers never write to them, so nothing is copied there either.
"""

from __future__ import annotations

import operator
from array import array
from collections.abc import Iterable, Iterator, Sequence
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


_BLOCK = 256
"""Strings whose beginnings are counted from the first of them: most need two bytes each then, not eight."""
_PIECE = 256 * _BLOCK
"""Strings that are looked at together."""


@frozen(eq=False)
class TextColumn:
    """One string a sample, kept as one UTF-8 buffer without what all of them begin and end with."""

    _bytes: torch.Tensor
    _within: torch.Tensor
    """Where each string begins in its block, and where the last one ends (n + 1,): int64, or 16 bits without a sign."""
    _blocks: torch.Tensor
    """Where each block begins, int64."""
    _around: tuple[bytes, bytes]
    """What is before and after each string."""

    @classmethod
    def of(cls, texts: Iterable[str]) -> TextColumn:
        """The column of some strings."""
        data, lengths, common = bytearray(), array("q"), Common()
        for text in texts:
            encoded = text.encode("utf-8", "surrogateescape")
            data += encoded
            lengths.append(len(encoded))
            common.add(encoded)
        given = np.array(lengths, np.int64)
        return cls.joined(common.without(np.frombuffer(data, np.uint8), given), given, common)

    @classmethod
    def joined(cls, data: np.ndarray, lengths: np.ndarray, common: Common) -> TextColumn:
        """The column of strings one after the other, uint8: `data` without what is `common` to them, `lengths` integers
        (n,) with it. The arrays are not copied; whoever gives them leaves them alone afterwards."""

        def part(first: int) -> np.ndarray:
            """Bytes of the strings of some blocks, one row each."""
            own = np.zeros(min(_PIECE, len(lengths) - first + _BLOCK) // _BLOCK * _BLOCK, np.int64)
            given = lengths[first : first + len(own)]
            np.subtract(given, common.length, out=own[: len(given)])
            return own.reshape(-1, _BLOCK)

        pieces = range(0, len(lengths) + 1, _PIECE)
        totals = np.concatenate([part(first).sum(1) for first in pieces])
        within = np.empty(len(lengths) + 1, np.uint16 if totals.max() < 1 << 16 else np.int64)
        for first in pieces:
            sizes = part(first)
            within[first : first + _PIECE] = (np.cumsum(sizes, 1) - sizes).ravel()[: len(within) - first]
        blocks = np.cumsum(totals) - totals
        signed = within.view(np.int16) if within.dtype == np.uint16 else within  # older versions of torch lack uint16
        data = np.require(data, requirements="W")
        return cls(torch.from_numpy(data), torch.from_numpy(signed), torch.from_numpy(blocks), common.around)

    def __len__(self) -> int:
        return len(self._within) - 1

    def __getitem__(self, index: int) -> str:
        index = operator.index(index)
        index += len(self) if index < 0 else 0
        if not 0 <= index < len(self):
            raise IndexError(f"place {index} of {len(self)} texts")
        begins, blocks = self._begins, self._blocks.numpy()
        block, place = divmod(index, _BLOCK)
        start, end = int(blocks[block]), int(blocks[block + (place == _BLOCK - 1)])
        start, end = start + int(begins[index]), end + int(begins[index + 1])
        before, after = self._around
        return (before + self._bytes.numpy()[start:end].tobytes() + after).decode("utf-8", "surrogateescape")

    def __iter__(self) -> Iterator[str]:
        data, (before, after), blocks = self._bytes.numpy(), self._around, self._blocks.numpy()
        for first in range(0, len(self), _PIECE):
            begins = self._begins[first : first + _PIECE + 1]
            of = np.repeat(blocks[first // _BLOCK : first // _BLOCK + _PIECE // _BLOCK + 1], _BLOCK)[: len(begins)]
            edges = (begins + of).tolist()
            part = data[edges[0] : edges[-1]].tobytes()
            for start, end in pairwise(edges):
                text = before + part[start - edges[0] : end - edges[0]] + after
                yield text.decode("utf-8", "surrogateescape")

    @property
    def _begins(self) -> np.ndarray:
        found = self._within.numpy()
        return found.view(np.uint16) if found.dtype == np.int16 else found

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        """All that it is made of: equal for equal strings, and for no others."""
        around = (np.frombuffer(part, np.uint8) for part in self._around)
        return (*around, self._bytes.numpy(), self._begins, self._blocks.numpy())

    def tolist(self) -> list[str]:
        """Every string; for what has to look at all of them at once."""
        return list(self)


class Common:
    """What strings, as UTF-8, begin and end with, all of them."""

    def __init__(self) -> None:
        self._before: bytes | None = None
        self._after, self._shortest = b"", 0

    @property
    def around(self) -> tuple[bytes, bytes]:
        """The beginning and the end; a string that has nothing else has both."""
        before = (self._before or b"")[: self._shortest]
        after = self._after[max(0, len(self._after) + len(before) - self._shortest) :]
        return before, after

    @property
    def length(self) -> int:
        """Bytes of both."""
        return sum(map(len, self.around))

    def add(self, text: bytes) -> None:
        """One more string."""
        if self._before is None:
            self._before, self._after, self._shortest = text, text, len(text)
        if not text.startswith(self._before):
            self._before = text[: _alike(text, self._before)]
        if not text.endswith(self._after):
            self._after = text[len(text) - _alike(text[::-1], self._after[::-1]) :]
        self._shortest = min(self._shortest, len(text))

    def shorten(self, length: int) -> None:
        """One more string that has so many bytes; that it begins and ends alike is known."""
        self._shortest = min(self._shortest, length)

    def without(self, data: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Strings one after the other, uint8, of these lengths, integers (n,), without both."""
        before, after = map(len, self.around)
        if not before and not after:
            return data
        ends = np.cumsum(lengths, dtype=np.int64)
        kept = np.ones(len(data), bool)
        for place in range(before):
            kept[ends - lengths + place] = False
        for place in range(1, after + 1):
            kept[ends - place] = False
        return data[kept]


def _alike(one: bytes, other: bytes) -> int:
    """How many bytes two strings begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (mine, theirs) in pairs if mine != theirs), min(len(one), len(other)))


AnyColumn = Column | RaggedColumn | TextColumn


def arrays(column: AnyColumn) -> tuple[np.ndarray, ...]:
    """What a column is made of, for whoever compares two: its values and, where it has them, where each sample's
    begin."""
    if isinstance(column, Column):
        return (column.values,)
    if isinstance(column, TextColumn):
        return column.arrays
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
