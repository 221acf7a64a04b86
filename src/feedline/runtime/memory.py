"""Batch memory that is used again: touching fresh pages costs ten times what filling pages in use does.

A piece is handed out again only when nobody else holds it. That is read off its reference count: a tensor made of a
NumPy array holds the array for as long as the tensor, or anything that shares its memory, is alive.
"""

from __future__ import annotations

import math
import mmap
from collections import deque
from contextlib import suppress
from sys import getrefcount

import numpy as np
import torch

_KEPT, _SHAPES = 6, 16
"""Pieces kept of one shape, and shapes; a training loop holds one or two batches, a prefetching one some more."""


_LAST = 3
"""How many of the pieces used last are looked at before the one used longest ago."""
_MAPPED = 1 << 16
"""Bytes from which on a piece is a map of pages of its own."""


def _alone() -> int:
    """What is counted in this Python for an array that one local variable holds, as in `Memory.array`."""
    piece = np.empty(0)
    return getrefcount(piece)


_ALONE = _alone()


def _new(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """An array of which every view holds it itself, as `Memory` needs, not something below it.

    It begins where a page does: NumPy's own begin in the middle of a line of the processor's cache, and vectors that
    lie across two lines take half as long again. Its pages are small, where NumPy asks for large ones: those that are
    free a virtual machine may have given back to its host, and to touch them then takes six times as long."""
    size = math.prod(shape) * dtype.itemsize
    if size < _MAPPED or not hasattr(mmap, "MADV_NOHUGEPAGE"):  # not on Linux
        return np.empty(shape, dtype)
    try:
        pages = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except OSError:  # no memory, or no more maps: NumPy finds some or says so
        return np.empty(shape, dtype)
    with suppress(OSError):  # a kernel that has no large pages
        pages.madvise(mmap.MADV_NOHUGEPAGE)
    return np.ndarray(shape, dtype, pages)


def _free(pieces: deque[np.ndarray]) -> np.ndarray | None:
    """A piece that nobody else holds, taken out: while it is out no other thread can take it. First one of those used
    last, which are likely to be in the processor's cache still; then the one that was used longest ago."""
    held = []
    with suppress(IndexError):  # there are no more
        while len(held) < _LAST:
            piece = pieces.pop()
            if getrefcount(piece) == _ALONE:
                pieces.extend(held[::-1])
                return piece
            held.append(piece)
            del piece
    pieces.extend(held[::-1])
    del held
    with suppress(IndexError):
        for _ in range(len(pieces)):
            piece = pieces.popleft()
            if getrefcount(piece) == _ALONE:
                return piece
            pieces.append(piece)
            del piece
    return None


class Memory:
    """Recycled arrays and tensors. Safe to use from several threads; a copy in another process starts empty.

    `fill`: what a new piece holds, for users who put back what they change of it; else a piece holds anything."""

    def __init__(self, fill: int | None = None) -> None:
        self._fill = fill
        self.kept = _KEPT
        """Pieces kept of one shape, give or take one for each thread."""
        self._pieces: dict[tuple[tuple[int, ...], np.dtype], deque[np.ndarray]] = {}

    def __reduce__(self) -> tuple[type[Memory], tuple[int | None]]:
        return Memory, (self._fill,)

    def array(self, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        """An array that nobody else holds."""
        key = (shape, dtype)
        pieces = self._pieces.get(key)
        if pieces is None:
            if len(self._pieces) >= _SHAPES:
                self._pieces.clear()
            pieces = self._pieces[key] = deque()
        if (piece := _free(pieces)) is None:
            piece = _new(shape, dtype)
            if self._fill is not None:
                piece.fill(self._fill)
            if len(pieces) >= self.kept:
                return piece
        pieces.append(piece)
        return piece

    @staticmethod
    def holds(dtype: torch.dtype) -> bool:
        """Whether NumPy has the dtype."""
        return dtype in _NUMPY

    def take(self, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
        """A tensor whose memory nobody else holds."""
        return torch.from_numpy(self.array(shape, _NUMPY[dtype]))


_NUMPY = {
    kind: torch.empty(0, dtype=kind).numpy().dtype
    for kind in (
        *(torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64),
        *(torch.float16, torch.float32, torch.float64, torch.bool),
    )
}
