"""`adjust_hue` of torchvision on bytes, to the bit, with a quarter of the work.

torchvision turns all three colours to hue, saturation and value in floats, and back. But of the greatest and the least
colour of a pixel the way there and back makes the same bytes again: only the one in the middle is computed, and the
three change places. What is left of the arithmetic is torchvision's, in the same order and dtype. That this gives its
bits was seen for all 2^24 colours; `direct_colour.py` tries it with the versions installed.
"""

from __future__ import annotations

import threading

import numpy as np
from attrs import field, frozen

_PIXELS = 16384
"""Computed at once: what is needed for them stays in a core's cache."""
_FROM_BYTE, _TO_BYTE, _SIXTH, _SIX = (np.float32(x) for x in (1 / 255, 255 + 1 - 1e-3, 1 / 6, 6))
_ONE, _1, _2, _4 = np.int8(1), *(np.uint8(x) for x in (1, 2, 4))


def adjusted_hue(image: np.ndarray, factor: float) -> np.ndarray:
    """What `adjust_hue_image(image, factor)` makes of uint8 (3, H, W): uint8 (3, H, W)."""
    made = np.empty(image.shape, np.uint8)
    pixels, out = image.reshape(3, -1), made.reshape(3, -1)
    count = pixels.shape[1]
    step = -(-count // max(1, -(-count // _PIXELS)))
    for start in range(0, count, max(1, step)):
        part = slice(start, start + step)
        _turn(pixels[:, part], np.float32(factor), out[:, part])
    return made


@frozen(eq=False)
class _Room:
    """Memory for one block."""

    bytes: np.ndarray = field(factory=lambda: np.empty((9, _PIXELS), np.uint8))
    floats: np.ndarray = field(factory=lambda: np.empty((5, _PIXELS), np.float32))
    tiny: np.ndarray = field(factory=lambda: np.full(_PIXELS, 1e-9, np.float32))


class _Rooms(threading.local):
    room: _Room | None = None


_rooms = _Rooms()


def _turn(pixels: np.ndarray, factor: np.float32, out: np.ndarray) -> None:
    """One block: uint8 (3, n) to `out`, uint8 (3, n)."""
    room = _rooms.room = _rooms.room or _Room()
    count = pixels.shape[1]
    most, least, middle, offset, apart, sextant, made, one, two = room.bytes[:, :count]
    value, range_, hue, saturation, spare = room.floats[:, :count]
    tiny = room.tiny[:count]
    _sorted(pixels, most, least, middle)
    np.multiply(most, _FROM_BYTE, out=value)
    np.multiply(least, _FROM_BYTE, out=range_)
    np.multiply(middle, _FROM_BYTE, out=hue)
    np.subtract(value, hue, out=hue)
    np.subtract(value, range_, out=range_)
    # Grey pixels have nothing above what is divided by: 0 comes out of it, whatever it is.
    np.maximum(value, tiny, out=saturation)
    np.divide(range_, saturation, out=saturation)
    np.maximum(range_, tiny, out=range_)
    np.divide(hue, range_, out=hue)
    _sextants(pixels, most, offset, apart, (one, two, made))
    # (x + offset) - 1, or (1 + offset) - x where the least colour comes first.
    np.add(offset, apart, out=offset)
    np.multiply(hue, _sign(apart, one), out=hue)
    np.add(hue, offset, out=hue)
    np.add(hue, np.subtract(apart.view(np.int8), _ONE, out=one.view(np.int8)), out=hue)
    np.multiply(hue, _SIXTH, out=hue)
    np.add(hue, _ONE, out=hue)
    np.subtract(hue, np.floor(hue, out=spare), out=hue)
    np.add(hue, factor, out=hue)
    np.subtract(hue, np.floor(hue, out=spare), out=hue)
    np.multiply(hue, _SIX, out=hue)
    np.subtract(hue, np.floor(hue, out=spare), out=hue)
    np.copyto(sextant, spare, casting="unsafe")
    # 1 - s * f in the odd sextants, s * f + (1 - s) in the even ones.
    np.multiply(saturation, hue, out=hue)
    np.bitwise_and(sextant, _1, out=one)
    np.multiply(saturation, np.bitwise_xor(one, _1, out=two), out=saturation)
    np.subtract(_ONE, saturation, out=saturation)
    np.multiply(hue, _sign(one, two), out=hue)
    np.add(hue, saturation, out=hue)
    np.multiply(hue, value, out=hue)
    np.multiply(hue, _TO_BYTE, out=hue)
    np.copyto(made, hue, casting="unsafe")
    _placed(sextant, (most, made, least), (one, two, middle, offset, apart), out)


def _sign(flags: np.ndarray, out: np.ndarray) -> np.ndarray:
    """-1 where a flag is 1, else 1: int8."""
    np.add(flags, flags, out=out)
    return np.subtract(_ONE, out.view(np.int8), out=out.view(np.int8))


def _sorted(pixels: np.ndarray, most: np.ndarray, least: np.ndarray, middle: np.ndarray) -> None:
    red, green, blue = pixels
    np.maximum(np.maximum(red, green, out=most), blue, out=most)
    np.minimum(np.minimum(red, green, out=least), blue, out=least)
    np.bitwise_xor(red, green, out=middle)
    for other in (blue, most, least):
        np.bitwise_xor(middle, other, out=middle)


def _sextants(
    pixels: np.ndarray, most: np.ndarray, offset: np.ndarray, first: np.ndarray, room: tuple[np.ndarray, ...]
) -> None:
    """`offset`: 0, 2, 4 where the greatest colour is red, else green, else blue. `first`: whether of the two others
    the one that the offset counts from is the least."""
    red, green, blue = pixels
    one, two, three = (part.view(bool) for part in room)
    np.not_equal(red, most, out=one)
    np.not_equal(green, most, out=two)
    np.logical_and(one, two, out=two)
    np.add(room[0], room[1], out=offset)
    np.add(offset, offset, out=offset)
    np.greater_equal(red, green, out=one)
    np.less(green, blue, out=two)
    np.greater(blue, red, out=three)
    np.bitwise_xor(room[0], room[1], out=first)
    np.bitwise_xor(first, room[2], out=first)


def _placed(sextant: np.ndarray, values: tuple[np.ndarray, ...], room: tuple[np.ndarray, ...], out: np.ndarray) -> None:
    """Red, green and blue from the greatest, the middle and the least: by sextant v m p, m v p, p v m, p m v, m p v,
    v p m, and the first again for 6. Without a branch: x ^ ((x ^ y) * flag) is y where the flag is 1."""
    (v, m, p), (half, rounded, flag, vm, mp) = values, room
    red, green, blue = out
    is_ = flag.view(bool)
    np.bitwise_xor(v, m, out=vm)
    np.bitwise_xor(m, p, out=mp)
    np.right_shift(sextant, _1, out=half)
    np.right_shift(np.add(sextant, _1, out=rounded), _1, out=rounded)
    np.equal(half, _2, out=is_)
    np.bitwise_xor(m, np.multiply(flag, mp, out=flag), out=green)
    np.equal(rounded, _1, out=is_)
    np.bitwise_xor(green, np.multiply(flag, vm, out=flag), out=green)
    np.equal(sextant, _1, out=is_)
    np.bitwise_or(is_, np.equal(sextant, _4, out=rounded.view(bool)), out=is_)
    np.bitwise_xor(v, np.multiply(flag, vm, out=flag), out=red)
    np.equal(half, _1, out=is_)
    np.multiply(flag, np.bitwise_xor(v, p, out=rounded), out=flag)
    np.bitwise_xor(red, flag, out=red)
    np.bitwise_xor(vm, p, out=blue)  # all three, of which two are placed
    np.bitwise_xor(blue, green, out=blue)
    np.bitwise_xor(blue, red, out=blue)
