"""The loops of `colour_jit.py`. Importing this imports Numba; what it compiles is kept on disk for the next process.

Nothing here may be fast at the price of a bit: what torch adds with a factor in one rounding is `_fma`, everything else
is rounded as it is written.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numba import types
from numba.extending import intrinsic

# A division by zero gives infinity, as torch's does; Numba's own check for it would keep it from using vectors.
_compiled: Any = numba.njit(nogil=True, error_model="numpy", cache=True)
_inlined: Any = numba.njit(nogil=True, error_model="numpy", cache=True, inline="always")

_FROM_BYTE, _TO_BYTE, _SIXTH = np.float32(1 / 255), np.float32(255 + 1 - 1e-3), np.float32(1 / 6)
_0, _1, _2, _3, _4, _5, _6 = (np.float32(x) for x in range(7))
_MOST, _TINY = np.float32(255), np.float32(1e-9)
_RED, _GREEN, _BLUE = np.float32(0.2989), np.float32(0.587), np.float32(0.114)


def _one_rounding(context: Any, a: Any, b: Any, c: Any) -> Any:
    """`a * b + c`, rounded once: float32."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fma(*args)

    return types.float32(types.float32, types.float32, types.float32), code


_fma: Any = intrinsic(_one_rounding)  # not as a decorator: type checkers would take it for what it is made of


@_compiled
def brightness(pixels: Any, factor: Any, out: Any) -> None:
    """uint8 (n,) to `out`."""
    for place in range(len(out)):
        out[place] = np.uint8(min(np.float32(pixels[place]) * factor, _MOST))


@_compiled
def grey(pixels: Any, out: Any) -> None:
    """uint8 (3, n) to what torchvision makes of it before it is cut off: float32 (n,)."""
    for place in range(len(out)):
        red, green, blue = np.float32(pixels[0, place]), np.float32(pixels[1, place]), np.float32(pixels[2, place])
        out[place] = np.floor(_fma(blue, _BLUE, _fma(green, _GREEN, red * _RED)))


@_compiled
def blended(pixels: Any, other: Any, ratio: Any, rest: Any, out: Any) -> None:
    """uint8 (n,), and float32 (n,) or (1,), to `out`."""
    alone = other[0]
    if len(other) == 1:
        for place in range(len(out)):
            value = _fma(alone, rest, np.float32(pixels[place]) * ratio)
            out[place] = np.uint8(min(max(value, _0), _MOST))
    else:
        for place in range(len(out)):
            value = _fma(other[place], rest, np.float32(pixels[place]) * ratio)
            out[place] = np.uint8(min(max(value, _0), _MOST))


@_compiled
def hue(pixels: Any, factor: Any, out: Any) -> None:
    """uint8 (3, n) to `out`, as `hue.py` has it."""
    for place in range(out.shape[1]):
        red, green, blue = np.float32(pixels[0, place]), np.float32(pixels[1, place]), np.float32(pixels[2, place])
        most, least = max(max(red, green), blue), min(min(red, green), blue)
        middle = red + green + blue - most - least
        value = most * _FROM_BYTE
        range_ = value - least * _FROM_BYTE
        from_most = (value - middle * _FROM_BYTE) / max(range_, _TINY)
        saturation = range_ / max(value, _TINY)
        offset = _0 if red == most else (_2 if green == most else _4)
        first = (red >= green) ^ (green < blue) ^ (blue > red)
        turn = (offset + _1) - from_most if first else (from_most + offset) - _1
        turn = turn * _SIXTH + _1
        turn = turn - np.floor(turn) + factor
        turn = (turn - np.floor(turn)) * _6
        sextant = np.floor(turn)
        part = saturation * (turn - sextant)
        odd = (sextant == _1) | (sextant == _3) | (sextant == _5)
        made = np.floor((_1 - part if odd else part + (_1 - saturation)) * value * _TO_BYTE)
        one, two, three, four, five = (
            sextant == _1, sextant == _2, sextant == _3, sextant == _4, sextant == _5,
        )  # fmt: skip
        out[0, place] = np.uint8(made if one | four else (least if two | three else most))
        out[1, place] = np.uint8(most if one | two else (least if four | five else made))
        out[2, place] = np.uint8(made if two | five else (most if three | four else least))


@_inlined
def _row(image: Any, weights: Any, row: Any, sums: Any) -> None:
    wide = len(weights[0])
    for down in range(len(weights)):
        line, weight = image[row + down], weights[down]
        across = 0
        while across + 3 <= wide:
            a, b, c = weight[across], weight[across + 1], weight[across + 2]
            one, two, three = line[across:], line[across + 1 :], line[across + 2 :]
            for place in range(len(sums)):
                sums[place] = _fma(c, three[place], _fma(b, two[place], _fma(a, one[place], sums[place])))
            across += 3
        while across < wide:
            a, one = weight[across], line[across:]
            for place in range(len(sums)):
                sums[place] = _fma(a, one[place], sums[place])
            across += 1


@_compiled
def weighted_sums(pixels: Any, weights: Any, image: Any, out: Any) -> None:
    """uint8 (C, H, W) to `out`, float32; `image` is room for one plane of floats with its edges."""
    height, width = pixels.shape[1:]
    top, left = len(weights) // 2, len(weights[0]) // 2
    for channel in range(len(out)):
        for row in range(len(image)):
            inside = height - 1 - abs(height - 1 - abs(row - top))
            line, plane = image[row], pixels[channel, inside]
            for place in range(width):
                line[left + place] = np.float32(plane[place])
            for place in range(left):
                line[place] = np.float32(plane[left - place])
                line[left + width + place] = np.float32(plane[width - 2 - place])
        for row in range(height):
            out[channel, row] = _0
            _row(image, weights, row, out[channel, row])
