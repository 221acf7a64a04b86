"""The same as `windows.py` and `pixels.py` in one pass over the pixels, compiled by Numba where that is installed.

The extra `jit` installs it. A batch is made plane by plane, in a core's own cache, once its samples have been copied
together: from where they lie one by one, loops are slower than `memcpy` by as much. The arithmetic is the same in the
same order: Numba rounds as torch does as long as it is not told that it may be fast.
"""

from __future__ import annotations

import importlib.util
from functools import cache

import numpy as np
from attrs import frozen

from feedline.runtime.gather.geometry import Geometry, Places
from feedline.runtime.gather.pixels import Pixels
from feedline.runtime.memory import Memory

_FLOAT32 = np.dtype(np.float32)


@frozen(eq=False)
class Compiled:
    """One chain. Can be pickled."""

    geometry: Geometry
    scale: tuple[np.float32, np.float32]
    """What a byte is multiplied by, then divided by: one of them is 1, which changes nothing."""
    mean: np.ndarray
    std: np.ndarray
    """float32 (C,): subtracted, then divided by; 0 and 1 where there is nothing to do."""

    @classmethod
    def of(cls, geometry: Geometry, pixels: Pixels) -> Compiled | None:
        """None where Numba is not installed, or where the pixels are treated in another way than by scaling, then
        `Normalize`."""
        if not available() or not pixels.floats:
            return None
        operations = [*pixels.operations]
        scale, one = (np.float32(1), np.float32(1)), np.ones((), np.float32)
        if operations and operations[0][0] != "subtract":
            name, by = operations.pop(0)
            scale = (np.float32(by), scale[1]) if name == "multiply" else (scale[0], np.float32(by))
        operations = operations or [("subtract", one * 0), ("divide", one)]
        if [name for name, _ in operations] != ["subtract", "divide"]:
            return None
        mean, std = (np.broadcast_to(by.reshape(-1), pixels.channels).copy() for _, by in operations)
        return cls(geometry, scale, mean, std)

    def __call__(self, raw: np.ndarray, places: Places | None, memory: Memory) -> np.ndarray:
        """float32 (n, C, h, w) in recycled memory, from samples uint8 (n, C, H, W)."""
        from feedline.runtime.gather import kernels

        shape = self.geometry
        out = memory.array((len(raw), shape.channels, *shape.size), _FLOAT32)
        images, planes = (array.reshape(len(raw), shape.channels, -1) for array in (raw, out))
        if places is None:
            kernels.scale(images, *self.scale, self.mean, self.std, planes)
            return out
        plane = np.empty(planes.shape[2], np.uint8)
        sides = (shape.height, shape.width, *shape.size)
        where = places.top, places.left, places.mirror, np.uint8(shape.fill)
        kernels.scale_windows(images, sides, *where, *self.scale, self.mean, self.std, plane, planes)
        return out


@cache
def available() -> bool:
    """Whether Numba is installed. It is imported, half a second, only where a loader gathers."""
    return importlib.util.find_spec("numba") is not None
