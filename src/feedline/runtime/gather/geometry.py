"""Flips, crops and padding of many samples: each is a window of its image, mirrored or not.

The steps are followed on the window's edges alone, for thousands of samples at once; `windows.py` moves the pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from attrs import field, fields, frozen
from torchvision.transforms import v2

from feedline.runtime.gather import draws


class NotGathered(Exception):
    """A step, or its arguments, that only sample by sample does right."""


@frozen
class Move:
    """One geometric step on images of a known size: a crop to `height` x `width`, a padding of `sides` (left, right,
    top, bottom), or a flip along `axis` with probability `chance`."""

    kind: str
    height: int = 0
    width: int = 0
    sides: tuple[int, int, int, int] = (0, 0, 0, 0)
    axis: int = 0
    chance: float = 0.0


@frozen(eq=False)
class Rows:
    """What is drawn for some samples: arrays with a row for each."""

    def __getitem__(self, part: slice) -> Self:
        return type(self)(*(getattr(self, name)[part] for name in self._names()))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Those of several, one after the other."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls._names()))

    @classmethod
    def _names(cls) -> list[str]:
        return [attribute.name for attribute in fields(cls)]


@frozen(eq=False)
class Places(Rows):
    """Where the windows of some samples are, in their images: `top` and `left` int64 (n,), which may be outside, and
    `mirror` int64 (n,), 1 for left and right, 2 for up and down, 3 for both; the windows are mirrored once they are
    cut."""

    top: np.ndarray
    left: np.ndarray
    mirror: np.ndarray


def moves_of(transform: Any, height: int, width: int) -> tuple[Move, ...]:
    """What a transform of torchvision does to images of a size. Raises `NotGathered`."""
    match transform:
        case v2.RandomHorizontalFlip() | v2.RandomVerticalFlip():
            axis = 1 if isinstance(transform, v2.RandomHorizontalFlip) else 0
            return (Move("flip", axis=axis, chance=float(transform.p)),)
        case v2.Pad(padding_mode="constant"):
            return (Move("pad", sides=_sides(transform.padding)),)
        case v2.CenterCrop():
            high, wide = _size(transform)
            if high <= height and wide <= width:
                return (Move("centre", high, wide),)
        case v2.RandomCrop(padding_mode="constant", pad_if_needed=False):
            pad = () if transform.padding is None else (Move("pad", sides=_sides(transform.padding, parsed=True)),)
            return (*pad, Move("crop", *_size(transform)))
    raise NotGathered


def _size(transform: Any) -> tuple[int, int]:
    high, wide = transform.size
    return high, wide


def _sides(padding: Any, *, parsed: bool = False) -> tuple[int, int, int, int]:
    """Left, right, top, bottom; `parsed`: as torchvision keeps them, else as they were given."""
    given = (padding,) if isinstance(padding, int) else tuple(padding)
    left, second, third, fourth = {1: given * 4, 2: given * 2, 4: given}[len(given)]
    sides = (left, second, third, fourth) if parsed else (left, third, second, fourth)
    if min(sides) < 0:
        raise NotGathered  # a crop in disguise
    return sides


@frozen(eq=False)
class Geometry:
    """Geometric steps in their order, on images (C, `height`, `width`). Raises `NotGathered` for what does not fit
    the images, or that pads after it has cut. Can be pickled."""

    moves: tuple[Move, ...]
    channels: int
    height: int
    width: int
    fill: int
    size: tuple[int, int] = field(init=False)
    """Height and width of the windows."""
    margin: tuple[int, int] = field(init=False)
    """How far at most a window reaches out of its image: up or down, left or right."""
    outputs: int = field(init=False)
    """How many numbers are drawn for each sample."""

    def __attrs_post_init__(self) -> None:
        high, wide, margin, count, cut = self.height, self.width, [0, 0], 0, False
        for move in self.moves:
            if move.kind == "flip":
                count += 1
            elif move.kind == "pad":
                left, right, top, bottom = move.sides
                if cut:
                    raise NotGathered
                high, wide = high + top + bottom, wide + left + right
                margin = [margin[0] + max(top, bottom), margin[1] + max(left, right)]
            else:
                if move.height > high or move.width > wide:
                    raise NotGathered
                count += (move.kind == "crop") * ((high > move.height) + (wide > move.width))
                high, wide, cut = move.height, move.width, True
        for name, value in (("size", (high, wide)), ("margin", tuple(margin)), ("outputs", count)):
            object.__setattr__(self, name, value)

    def places(self, drawn: np.ndarray) -> Places:
        """The windows of samples, from their numbers uint32 (`outputs`, n): as torchvision reads them, in its order."""
        numbers, size = iter(drawn), [self.height, self.width]
        start = [np.zeros(drawn.shape[1], np.int64) for _ in size]
        mirror = [np.zeros(drawn.shape[1], bool) for _ in size]
        for move in self.moves:
            if move.kind == "flip":
                mirror[move.axis] ^= draws.uniform(next(numbers)) < np.float32(move.chance)
                continue
            for axis, target in enumerate((move.height, move.width)):
                if move.kind == "pad":
                    right, before, after = size[axis], *(move.sides[2:] if axis == 0 else move.sides[:2])
                    start[axis] -= np.where(mirror[axis], after, before)
                    size[axis] = right + before + after
                    continue
                room = size[axis] - target
                if move.kind == "centre":
                    first: Any = round(room / 2.0)
                else:
                    first = draws.below(next(numbers), room + 1) if room else 0
                start[axis] += np.where(mirror[axis], room - first, first)
                size[axis] = target
        return Places(start[0], start[1], mirror[1] + 2 * mirror[0].astype(np.int64))
