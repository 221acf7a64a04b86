"""Memory is used again only after everything that looks at it is gone."""

import gc
import sys
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from feedline.runtime import memory as memory_module
from feedline.runtime.memory import Memory

SIZES = (1, 1000, 20_000, 2_000_000)  # floats: as NumPy gives them, and as maps of pages, beyond 4 MB too


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "look",
    [
        lambda array: array[len(array) // 2 :],
        lambda array: array.view(np.uint8),
        lambda array: array.reshape(1, -1)[0],
        memoryview,
        torch.from_numpy,
        lambda array: torch.from_numpy(array)[1:],
        lambda array: torch.from_numpy(array[:1]).numpy(),
        lambda array: torch.from_dlpack(torch.from_numpy(array)),
    ],
    ids=["slice", "view", "row", "memoryview", "tensor", "part of a tensor", "array of a tensor", "DLPack"],
)
def test_what_is_looked_at_is_not_given_away(size: int, look: Callable[[np.ndarray], Any]) -> None:
    """However it is looked at; and once nobody looks it is."""
    memory = Memory()
    array = memory.array((size,), np.dtype(np.float32))
    place, seen = array.ctypes.data, look(array)
    del array
    assert memory.array((size,), np.dtype(np.float32)).ctypes.data != place
    del seen
    gc.collect()
    taken = [memory.array((size,), np.dtype(np.float32)) for _ in range(2)]
    assert place in [each.ctypes.data for each in taken]


def test_tensors_that_are_held_are_told_from_those_that_are_not() -> None:
    """Through any view; and a piece that was given up early stays its holder's own."""
    memory = Memory()
    held = [memory.take((3, 4), torch.float32) for _ in range(20)]
    assert len({tensor.data_ptr() for tensor in held}) == 20
    view, where = held[0].view(-1)[2:3], held[0].data_ptr()
    held.clear()
    held = [memory.take((3, 4), torch.float32) for _ in range(20)]
    assert where not in {tensor.data_ptr() for tensor in held}
    del held, view
    held = [memory.take((3, 4), torch.float32) for _ in range(20)]
    assert where in {tensor.data_ptr() for tensor in held}


def test_what_was_used_last_is_used_first() -> None:
    """A loop that holds a batch while the next is made goes to and fro between two pieces, however many there are."""
    memory = Memory()
    held = [memory.take((3, 4), torch.float32) for _ in range(5)]
    del held
    seen, batch = set[int](), None
    for _ in range(10):
        batch = memory.take((3, 4), torch.float32)
        seen.add(batch.data_ptr())
    assert len(seen) == 2


def test_large_pieces_begin_where_a_line_of_the_processors_cache_does() -> None:
    """Of any type."""
    memory = Memory()
    for size in (70_000, 3_000_000):
        assert all(memory.take((size,), kind).data_ptr() % 64 == 0 for kind in (torch.uint8, torch.float32))


def test_a_free_piece_is_found_soon_however_many_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a thousand that are held and let go in turn, as images are that lie in batches."""
    looks = 0

    def counted(piece: object) -> int:
        nonlocal looks
        looks += 1
        return sys.getrefcount(piece)

    monkeypatch.setattr(memory_module, "getrefcount", counted)
    monkeypatch.setattr(memory_module, "_ALONE", memory_module._alone())
    memory = Memory()
    memory.kept = 1000
    held = deque(memory.array((4,), np.dtype(np.uint8)) for _ in range(1000))
    looks, places = 0, {piece.ctypes.data for piece in held}
    for _ in range(100):
        held.popleft()
        held.append(memory.array((4,), np.dtype(np.uint8)))
    assert {piece.ctypes.data for piece in held} == places
    assert looks < 1000


def test_where_no_pages_can_be_mapped_numpy_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have some, or raises MemoryError."""

    def refused(*_: object, **__: object) -> None:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(memory_module.mmap, "mmap", refused)
    assert Memory().array((100_000,), np.dtype(np.float32)).shape == (100_000,)
