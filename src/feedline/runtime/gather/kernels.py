"""The loops of `jit.py`. Importing this imports Numba; what it compiles is kept on disk for the next process."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

# A division by zero gives infinity, as torch's does; Numba's own check for it would keep it from using vectors.
_compiled: Any = numba.njit(nogil=True, error_model="numpy", cache=True)


@_compiled
def _values(plane: Any, times: Any, over: Any, mean: Any, std: Any, out: Any) -> None:
    for place in range(len(out)):
        out[place] = (np.float32(plane[place]) * times / over - mean) / std


@_compiled
def scale(pixels: Any, times: Any, over: Any, mean: Any, std: Any, out: Any) -> None:
    """`out` float32 (n, C, P) from `pixels` uint8 (n, C, P)."""
    for number in range(len(out)):
        for channel in range(out.shape[1]):
            _values(pixels[number, channel], times, over, mean[channel], std[channel], out[number, channel])


@_compiled
def scale_windows(
    pixels: Any, sides: Any, tops: Any, lefts: Any, mirrors: Any, fill: Any,
    times: Any, over: Any, mean: Any, std: Any, plane: Any, out: Any,
) -> None:  # fmt: skip
    """The same of windows: `sides` are the heights and widths of image and window, `plane` uint8 (h * w) is room."""
    height, width, high, wide = sides
    for number in range(len(out)):
        top, left, mirror = tops[number], lefts[number], mirrors[number]
        low, end = max(0, -left), min(wide, width - left)
        first, last = max(0, -top), min(high, height - top)
        if end - low < wide or last - first < high:
            plane[:] = fill
        for channel in range(out.shape[1]):
            image = pixels[number, channel]
            for row in range(first, last):
                # Unsigned: a negative place would count from the end, and the test for it keeps Numba from vectors.
                into = np.uint64((high - 1 - row if mirror & 2 else row) * wide)
                of = np.uint64((row + top) * width + left + low)
                if mirror & 1:
                    into += np.uint64(wide - low - 1)
                    for place in range(end - low):
                        plane[into - np.uint64(place)] = image[of + np.uint64(place)]
                else:
                    into += np.uint64(low)
                    for place in range(end - low):
                        plane[into + np.uint64(place)] = image[of + np.uint64(place)]
            _values(plane, times, over, mean[channel], std[channel], out[number, channel])
