"""Batch memory that is used again: touching fresh pages costs ten times what filling pages in use does.

A piece is handed out again only when nobody else holds it. That is read off its reference count: a tensor made of a
NumPy array holds the array for as long as the tensor, or anything that shares its memory, is alive.
"""

from __future__ import annotations

import sys
from collections import deque

import numpy as np
import torch

_KEPT, _SHAPES = 6, 16
"""Pieces kept of one shape, and shapes; a training loop holds one or two batches, a prefetching one some more."""


def _count(array: np.ndarray) -> int:
    return sys.getrefcount(array)


def _alone() -> int:
    """What `_count` says in this Python of an array that one local variable holds, as in `Memory.array`."""
    piece = np.empty(0)
    return _count(piece)


_ALONE = _alone()


class Memory:
    """Recycled arrays and tensors. Safe to use from several threads; a copy in another process starts empty.

    `fill`: what a new piece holds, for users who put back what they change of it; else a piece holds anything."""

    def __init__(self, fill: int | None = None) -> None:
        self._fill = fill
        self.kept = _KEPT
        """Pieces kept of one shape."""
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
        for _ in range(len(pieces)):
            try:
                piece = pieces.popleft()  # while it is out of the queue no other thread can take it
            except IndexError:
                break
            free = _count(piece) == _ALONE
            pieces.append(piece)
            if free:
                return piece
        piece = np.empty(shape, dtype) if self._fill is None else np.full(shape, self._fill, dtype)
        if len(pieces) < self.kept:
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
