"""The same as `windows.py` and `pixels.py` in one pass over the pixels, compiled by Numba where that is installed.

The extra `jit` installs it. A batch is made plane by plane, in a core's own cache, once its samples have been copied
together: from where they lie one by one, loops are slower than `memcpy` by as much. The arithmetic is the same in the
same order: Numba rounds as torch does as long as it is not told that it may be fast.
"""

from __future__ import annotations

import importlib
import importlib.util
import warnings
from functools import cache

import numpy as np
from attrs import frozen
from torch.utils.data import get_worker_info

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
        """None where Numba cannot be used, or where the pixels are treated in another way than by scaling, then
        `Normalize`."""
        if not pixels.floats or not available():
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
    """Whether Numba can be used. Asking imports it, half a second: only what can be computed with it asks. One that is
    installed but cannot be imported, as after an update of NumPy, is warned of, once: workers say nothing."""
    if importlib.util.find_spec("numba") is None:
        return False
    try:
        importlib.import_module("feedline.runtime.gather.kernels")
    except Exception as error:  # ImportError for NumPy's version, RuntimeError where there is no folder for its code
        if get_worker_info() is None:
            warnings.warn(f"Numba is installed but cannot be used, so all goes on without it: {error}", stacklevel=2)
        return False
    return True
