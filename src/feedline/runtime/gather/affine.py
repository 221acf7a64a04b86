"""`RandomAffine` and `RandomRotation` of many samples: their draws, their matrices, and one `grid_sample` for a batch.

torchvision's arithmetic in its order: matrices in 64 bits, their angles by `math` as there (NumPy's tangent differs in
the last bit), grids in 32 bits. A grid is a product of matrices there, whose bits depend on the library that
multiplies; it is multiplied out here where a trial shows that this gives the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from attrs import evolve, field, frozen
from torchvision import tv_tensors
from torchvision.transforms import v2
from torchvision.transforms.v2 import InterpolationMode

from feedline.runtime.gather import draws
from feedline.runtime.gather.geometry import NotGathered, Rows
from feedline.runtime.memory import Memory
from feedline.runtime.randomness import seeded, undisturbed
from feedline.runtime.threads import one_thread

_TRIED = 24
"""Samples of a trial."""


@frozen(eq=False)
class Turns(Rows):
    """Where the pixels of some samples come from: `theta` float32 (n, 2, 3), which takes the place of a pixel, (x, y,
    1) from the image's middle, to its source, -1 to 1 in the image; `quarters` int64 (n,), how many quarter turns to
    the left an image is rotated by instead, or -1."""

    theta: np.ndarray
    quarters: np.ndarray


@frozen(eq=False)
class Warp:
    """One such step on images uint8 (C, `height`, `width`); what comes from outside becomes `fill`. Can be pickled."""

    transform: Any
    channels: int
    height: int
    width: int
    fill: int
    spread: bool = True
    """Whether grids are multiplied out, not made by `torch.bmm` one by one."""
    outputs: int = field(init=False)
    """How many numbers are drawn for each sample."""
    _places: np.ndarray = field(init=False)
    """The places of the pixels of an image, as torchvision counts them: float32 (H, W, 3)."""

    def __attrs_post_init__(self) -> None:
        how, count = self.transform, 1
        if isinstance(how, v2.RandomAffine):
            count += 2 * (how.translate is not None) + (how.scale is not None)
            count += len(_pairs(how.shear))
        places = torch.ones(self.height, self.width, 3)
        for axis, side in enumerate((self.width, self.height)):
            line = torch.linspace((1.0 - side) * 0.5, (side - 1.0) * 0.5, steps=side)
            places[..., axis] = line if axis == 0 else line[:, None]
        object.__setattr__(self, "outputs", count)
        object.__setattr__(self, "_places", places.numpy())

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of what it makes."""
        return self.height, self.width

    @property
    def smooth(self) -> bool:
        """Whether pixels are mixed: such a step does not give the same after another arithmetic on them."""
        return self.transform.interpolation is InterpolationMode.BILINEAR

    # ---- what is drawn

    def places(self, drawn: np.ndarray) -> Turns:
        """The moves of samples, from their numbers uint32 (`outputs`, n): as `make_params` reads them."""
        how, numbers = self.transform, iter(drawn)
        none = np.zeros(drawn.shape[1])
        angle = draws.between(next(numbers), *how.degrees)
        if isinstance(how, v2.RandomRotation):
            angle %= 360
            whole = (angle % 90 == 0) & ((angle % 180 == 0) | (self.height == self.width)) & (how.center is None)
            quarters = np.where(whole, angle // 90, -1).astype(np.int64)
            return Turns(self._theta(-angle, (none, none), none + 1, (none, none)), quarters)
        shift, scale, shear = [none, none], none + 1, [none, none]
        if how.translate is not None:
            for axis, most in enumerate((how.translate[0] * self.width, how.translate[1] * self.height)):
                shift[axis] = np.rint(draws.between(next(numbers), -most, most)) + 0.0  # no -0
        if how.scale is not None:
            scale = draws.between(next(numbers), *how.scale)
        for axis, part in enumerate(_pairs(how.shear)):
            shear[axis] = draws.between(next(numbers), *part)
        return Turns(self._theta(angle, shift, scale, shear), np.full(len(none), -1))

    def _theta(self, angle: np.ndarray, shift: Any, scale: np.ndarray, shear: Any) -> np.ndarray:
        """torchvision's `_get_inverse_affine_matrix` and what `_affine_grid` makes of it."""
        centre = self.transform.center
        sides = (self.width, self.height)
        cx, cy = (0.0, 0.0) if centre is None else (float(c) - s * 0.5 for c, s in zip(centre, sides, strict=True))
        rot, sx, sy = (degrees * (math.pi / 180) for degrees in (angle, *shear))
        cos_sy, tan_sx = _each(math.cos, sy), _each(math.tan, sx)
        a = _each(math.cos, rot - sy) / cos_sy
        b = -(a * tan_sx + _each(math.sin, rot))
        c = _each(math.sin, rot - sy) / cos_sy
        d = _each(math.cos, rot) - c * tan_sx
        rows = [[d / scale, -b / scale], [-c / scale, a / scale]]
        x, y = cx + shift[0], cy + shift[1]
        for row, start in zip(rows, (cx, cy), strict=True):
            row.append(0.0 + (start - row[0] * x - row[1] * y))
        theta = np.ascontiguousarray(np.array(rows).transpose(2, 0, 1), np.float32)
        return theta / np.array([[0.5 * side] for side in sides], np.float32)

    # ---- pixels

    def __call__(self, pixels: np.ndarray, index: np.ndarray, turns: Turns, memory: Memory) -> torch.Tensor:
        """The samples `index` int64 (n,) of `pixels` uint8 (N, C * H * W), moved: uint8 (n, C, H, W) in recycled
        memory."""
        raw = memory.array((len(index), self.channels, self.height, self.width), pixels.dtype)
        pixels.take(index, 0, raw.reshape(len(index), -1), "clip")
        images = torch.from_numpy(raw)
        made = memory.take(tuple(images.shape), torch.uint8)
        floats = memory.take(tuple(images.shape), torch.float32).copy_(images)
        made.copy_(self._sampled(floats, self.grids(turns, memory)))
        for number in np.flatnonzero(turns.quarters >= 0).tolist():
            made[number] = images[number].rot90(int(turns.quarters[number]), (-2, -1))
        return made

    def grids(self, turns: Turns, memory: Memory) -> torch.Tensor:
        """Where each pixel comes from: float32 (n, H, W, 2), not necessarily contiguous."""
        theta, places = torch.from_numpy(turns.theta), torch.from_numpy(self._places)
        if self.spread:
            x, y, one = theta[..., None, None].unbind(2)
            made = memory.take((len(theta), 2, *self.size), torch.float32)
            torch.add(places[:1, :, 0] * x, places[:, :1, 1] * y, out=made).add_(one)
            return made.permute(0, 2, 3, 1)
        made = memory.take((len(theta), *self.size, 2), torch.float32)
        each = theta.transpose(1, 2)  # with the strides of torchvision's matrices, lest another kernel is chosen
        for number in range(len(theta)):
            into = made[number : number + 1].flatten(1, 2)
            torch.bmm(places.view(1, -1, 3), each[number : number + 1], out=into)
        return made

    def _sampled(self, images: torch.Tensor, grids: torch.Tensor) -> torch.Tensor:
        """torchvision's `_apply_grid_transform` on a batch, float32: whole numbers from 0 to 255."""
        how = {"mode": self.transform.interpolation.value, "padding_mode": "zeros", "align_corners": False}
        sample = torch.nn.functional.grid_sample
        if self.smooth:
            inside = torch.ones_like(images[:, :1])
            moved, inside = sample(torch.cat((images, inside), 1), grids, **how).tensor_split((-1,), 1)
            return moved.sub_(self.fill).mul_(inside).add_(self.fill).round_()
        if not self.fill:
            return sample(images, grids, **how)
        # No pixel is 0 then, so what is 0 comes from outside.
        moved = sample(images.add_(1), grids, **how)
        return torch.where(moved == 0, float(self.fill), moved.sub_(1))


def warp_of(transform: Any, channels: int, height: int, width: int, fill: int) -> Warp:
    """The form for whole batches of a transform of torchvision. Raises `NotGathered` where it has none that gives the
    same bits here."""
    if transform.interpolation not in (InterpolationMode.NEAREST, InterpolationMode.BILINEAR):
        raise NotGathered
    if getattr(transform, "expand", False):
        raise NotGathered
    warp = Warp(transform, channels, height, width, fill)
    with one_thread(), undisturbed():
        for tried in (warp, evolve(warp, spread=False)):
            if _holds(tried):
                return tried
    raise NotGathered


def _holds(warp: Warp) -> bool:
    """Whether a batch of different images is what torchvision makes of each."""
    keys = np.arange(_TRIED, dtype=np.uint64)
    turns = warp.places(draws.outputs(keys, warp.outputs))
    area = warp.channels * warp.height * warp.width
    pixels = (np.arange(_TRIED * area, dtype=np.uint32) * 40503 >> 7).astype(np.uint8).reshape(_TRIED, area)
    memory = Memory()
    # Pixels may hide a difference that other draws would show.
    one_by_one = evolve(warp, spread=False).grids(turns, memory)
    if warp.spread and not torch.equal(warp.grids(turns, memory), one_by_one):
        return False
    found = warp(pixels, np.arange(_TRIED), turns, memory)
    images = torch.from_numpy(pixels).view(found.shape)
    try:
        return all(
            torch.equal(moved, _alone(warp.transform, image, key))
            for key, (image, moved) in enumerate(zip(images, found, strict=True))
        )
    except Exception:  # whatever torchvision raises, it is the first sample that says it
        return False


def _alone(transform: Any, image: torch.Tensor, key: int) -> torch.Tensor:
    with seeded(key):
        return transform(tv_tensors.Image(image)).as_subclass(torch.Tensor)


def _pairs(shear: Any) -> list[Any]:
    """The ranges of angles that are drawn from, across and down."""
    return [] if shear is None else [shear[at : at + 2] for at in range(0, len(shear), 2)]


def _each(function: Callable[[float], float], values: np.ndarray) -> np.ndarray:
    if not values.any():
        return np.full(len(values), function(0.0))
    return np.fromiter(map(function, values.tolist()), np.float64, len(values))
