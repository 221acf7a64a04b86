"""Windows of a batch's images, cut and mirrored, without a Python loop over samples.

The samples are moved together in the order of how they are mirrored, so that each kind is mirrored by one call, and
the window of a mirrored image is the mirrored window. Then each plane of a window is one run of bytes that begins
somewhere: what it has too much at the ends of its rows is skipped. What lies outside of the image is filled afterwards
where a window is as wide as the image, its rows then being without a gap; else the images have a margin around them.
"""

from __future__ import annotations

import numpy as np
import torch
from attrs import field, frozen

from feedline.runtime.gather.geometry import Geometry, Places
from feedline.runtime.memory import Memory

_ALONG: tuple[tuple[int, ...], ...] = ((), (3,), (2,), (2, 3))
"""The dimensions along which a sample of `Places.mirror` is mirrored."""
_LARGEST = 1 << 22
"""Bytes that the masks of all windows may have together."""


@frozen(eq=False)
class Windows:
    """The windows of one geometry. Can be pickled."""

    geometry: Geometry
    _masks: torch.Tensor | None = field(init=False)
    """For every place that a window may have, the bytes of it that are inside of the image: 255 there, else 0."""
    _canvases: Memory = field(init=False)
    """Images with a margin around them. Only what lies inside of it is ever written."""

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_masks", _masks(self.geometry))
        object.__setattr__(self, "_canvases", Memory(self.geometry.fill))

    def __reduce__(self) -> tuple[type[Windows], tuple[Geometry]]:
        return Windows, (self.geometry,)

    def __call__(self, pixels: np.ndarray, index: np.ndarray, places: Places, memory: Memory) -> torch.Tensor:
        """The windows of the samples `index` int64 (n,) of `pixels` uint8 (N, C * H * W): uint8 (n, C, h, w), not
        necessarily contiguous, in recycled memory."""
        shape, (high, wide) = self.geometry, self.geometry.size
        order = np.argsort(places.mirror, kind="stable")
        ends = np.cumsum(np.bincount(places.mirror, minlength=4)).tolist()
        flat, pitch, first = self._side_by_side(pixels, index[order], ends, memory)
        plane = pitch * (shape.height if self._masks is not None else shape.height + 2 * shape.margin[0])
        top = np.where(places.mirror & 2, shape.height - high - places.top, places.top)
        left = np.where(places.mirror & 1, shape.width - wide - places.left, places.left)
        start = np.empty(len(index), np.int64)
        start[order] = np.arange(len(index))
        start = start * (shape.channels * plane) + top * pitch + left + first
        starts = torch.from_numpy((start[:, None] + np.arange(shape.channels) * plane).ravel())
        length = (high - 1) * pitch + wide
        runs = flat.as_strided((flat.numel() - length + 1, length), (1, 1))
        cut = torch.index_select(runs, 0, starts, out=memory.take((len(starts), length), torch.uint8))
        if self._masks is not None and any(shape.margin):
            self._fill(cut, top, left)
        strides = (shape.channels * length, length, pitch, 1)
        return cut.as_strided((len(index), shape.channels, high, wide), strides)

    def _side_by_side(
        self, pixels: np.ndarray, index: np.ndarray, ends: list[int], memory: Memory
    ) -> tuple[torch.Tensor, int, int]:
        """The images one after the other, mirrored, those of each kind up to one of `ends`: all bytes as (n,), those
        from a row to the next, and those before the first image."""
        shape, (down, across) = self.geometry, self.geometry.margin
        before = down * shape.width + across if self._masks is not None else 0
        raw = memory.array((pixels.shape[1] * len(index) + 2 * before,), pixels.dtype)
        moved = raw[before : len(raw) - before].reshape(len(index), -1)
        pixels.take(index, 0, moved, "clip")
        images = torch.from_numpy(moved).view(len(index), shape.channels, shape.height, shape.width)
        canvas = into = images
        if self._masks is None:
            high, wide = shape.height + 2 * down, shape.width + 2 * across
            canvas = self._canvases.take((len(index), shape.channels, high, wide), torch.uint8)
            into = canvas[:, :, down : down + shape.height, across : across + shape.width]
        for along, low, end in zip(_ALONG, (0, *ends), ends, strict=False):
            if low < end and (along or into is not images):
                into[low:end].copy_(images[low:end].flip(along) if along else images[low:end])
        if self._masks is not None:
            return torch.from_numpy(raw), shape.width, before
        return canvas.view(-1), canvas.shape[3], down * canvas.shape[3] + across

    def _fill(self, cut: torch.Tensor, top: np.ndarray, left: np.ndarray) -> None:
        assert self._masks is not None
        shape, (down, across) = self.geometry, self.geometry.margin
        lefts = shape.width - shape.size[1] + 2 * across + 1
        mask = torch.index_select(self._masks, 0, torch.from_numpy((top + down) * lefts + left + across))[:, None]
        words = cut.view(self._masks.dtype).view(len(mask), shape.channels, -1)
        torch.bitwise_and(words, mask, out=words)
        if shape.fill:
            # The byte in each byte of a word; where the mask has ones the word is what it was.
            fill = torch.full((8,), shape.fill, dtype=torch.uint8).view(self._masks.dtype)[0]
            words |= ~mask & fill


def _masks(shape: Geometry) -> torch.Tensor | None:
    """(places, h * w / 8) int64, or (places, h * w) uint8 where 8 does not divide; None where windows are narrower or
    wider than the image, or too large."""
    if shape.size[1] != shape.width:
        return None
    inside = []
    for axis, side in enumerate((shape.height, shape.width)):
        starts = np.arange(-shape.margin[axis], side - shape.size[axis] + shape.margin[axis] + 1)
        places = starts[:, None] + np.arange(shape.size[axis])
        inside.append((places >= 0) & (places < side))
    down, across = inside
    if down.size * across.size > _LARGEST:
        return None
    bytes_ = (down[:, None, :, None] & across[None, :, None, :]).reshape(len(down) * len(across), -1) * np.uint8(255)
    found = torch.from_numpy(bytes_)
    return found.view(torch.int64) if found.shape[1] % 8 == 0 else found
