"""A chain of a random crop and flips on JPEGs that are not decoded yet: see `feedline.compiler.passes.draw_first`.

Beside decoding and resizing, what a sample costs are calls: each of torch's takes ten times as long as it does by
itself, because decoding a picture throws out of the processor's cache all that the call needs. So there is one for all
that is drawn, one for the decoding, one for the resizing, and one that mirrors, lays out in planes and puts away.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from attrs import evolve, field, frozen
from torchvision import tv_tensors
from torchvision.transforms import v2
from torchvision.transforms.v2 import InterpolationMode

from feedline.runtime.draws import between, exponential, share, words
from feedline.runtime.memory import Memory
from feedline.runtime.sources.base import Sample, UnreadableSample
from feedline.runtime.sources.images import BrokenImage, Undecoded
from feedline.runtime.transforms.combine import Chain, Sequence
from feedline.runtime.transforms.direct import DirectStep, Planes, Region, central, cut, trial_image
from feedline.runtime.transforms.scaled import factor_of, part_of
from feedline.runtime.transforms.steps import Step

_FLIPS = {v2.RandomHorizontalFlip: 1, v2.RandomVerticalFlip: 0}
_MOST = 8
"""Flips in a chain: more would need more words than are drawn at once."""


@frozen(eq=False)
class DrawnStep(Step):
    """`RandomResizedCrop` and the flips after it, on one image and nothing else that has its size."""

    crop: v2.RandomResizedCrop = field(kw_only=True)
    size: tuple[int, int] = field(kw_only=True)
    """Height and width of what it makes."""
    flips: tuple[tuple[int, float], ...] = field(kw_only=True)
    """Each flip's axis of (H, W) and its probability, a float32."""
    otherwise: Chain = field(kw_only=True)
    """The same chain for a picture that is decoded already."""
    scaled: bool = field(default=False, kw_only=True)
    """Whether a picture that is shrunk may be decoded smaller."""
    memory: Memory = field(factory=Memory, kw_only=True)
    """Where the images lie until they are in a batch."""

    @property
    def draws(self) -> bool:
        """No: it draws from generators of its own."""
        return False

    def __call__(self, sample: Sample, key: int) -> Sample:
        """The sample after the steps, its image in planes. Raises `UnreadableSample` for one that cannot be decoded."""
        image = sample["image"]
        if not isinstance(image, Undecoded):
            return self.otherwise(sample, key)
        try:
            made = self.made(image, key)
        except BrokenImage as error:
            raise UnreadableSample(sample["index"], image.path, str(error)) from None
        return {**sample, "image": made.as_subclass(tv_tensors.Image)}

    def made(self, image: Any, key: int) -> torch.Tensor:
        """What becomes of an `Undecoded`, or of what decodes like one: uint8 (3, H, W)."""
        drawn = iter(words(key))
        region = _region(self.crop, image.height, image.width, drawn)
        mirror = [1, 1]
        for axis, chance in self.flips:
            if share(next(drawn)) < chance:
                mirror[axis] = -mirror[axis]
        factor = factor_of(region, self.size) if self.scaled else 1
        if factor == 1:
            part = self._resized(image.decode(), region)
        else:
            part = part_of(self.crop, image, region, self.size, factor)
        planes = self.memory.array((3, *self.size), _BYTE)
        np.copyto(planes, part.numpy()[:, :: mirror[0], :: mirror[1]])
        return torch.from_numpy(planes)

    def _resized(self, image: torch.Tensor, region: Region) -> torch.Tensor:
        """The region of an image in the size of the crop; what it lies in is used again by the same thread."""
        size = self.size
        window = image[:, region.top : region.top + region.height, region.left : region.left + region.width]
        if window.shape[1:] == size:
            return window
        if self.crop.interpolation is not InterpolationMode.BILINEAR or not self.crop.antialias:
            return cut(self.crop, image, region)
        room = _room.of(*size)
        torch.ops.aten._upsample_bilinear2d_aa.out(window[None], size, False, None, None, out=room)
        return room[0]


_BYTE = np.dtype(np.uint8)


class _Room(threading.local):
    """A thread's memory for one resized image, colours side by side."""

    tensor = torch.empty(0)

    def of(self, height: int, width: int) -> torch.Tensor:
        """(1, 3, `height`, `width`)"""
        if self.tensor.shape[2:] != (height, width):
            self.tensor = torch.empty((1, height, width, 3), dtype=torch.uint8).permute(0, 3, 1, 2)
        return self.tensor


_room = _Room()


def _region(crop: v2.RandomResizedCrop, height: int, width: int, drawn: Iterator[int]) -> Region:
    """`RandomResizedCrop.make_params` for an image of this size, from the words that it would draw."""
    least, most = (float(np.float32(bound)) for bound in crop.scale)
    low, high = crop._log_ratio.tolist()
    for _ in range(10):
        area = height * width * between(next(drawn), least, most)
        ratio = exponential(between(next(drawn), low, high))
        w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < w <= width and 0 < h <= height:
            return Region(next(drawn) % (height - h + 1), next(drawn) % (width - w + 1), h, w)
    return central(height, width, crop.ratio)


def drawn_first(chain: Chain, scaled: bool) -> Chain | None:
    """The chain for images that are not decoded; None where it is not of this kind, or does not give the bits that its
    steps give, with the versions installed here."""
    first, *rest = (step for step in chain.steps.steps if not isinstance(step, Planes))
    if not isinstance(first, DirectStep) or not isinstance(first.transform, v2.RandomResizedCrop) or len(rest) > _MOST:
        return None
    flips: list[tuple[int, float]] = []
    for step in rest:
        flip: Any = step.transform if isinstance(step, DirectStep) else None
        if type(flip) not in _FLIPS:
            return None
        flips.append((_FLIPS[type(flip)], float(np.float32(flip.p))))
    name = ", ".join(step.name for step in (first, *rest))  # pyright: ignore[reportAttributeAccessIssue]  (DirectSteps)
    crop = first.transform
    size: Any = crop.size
    made = DrawnStep(name, first.span, crop=crop, size=tuple(size), flips=tuple(flips), otherwise=chain, scaled=scaled)
    return Chain(Sequence((made,))) if _holds(made) else None


@frozen
class _Trial:
    """An image that decodes like an `Undecoded`."""

    height: int
    width: int

    def decode(self) -> torch.Tensor:
        """Colours side by side."""
        return trial_image(self.height, self.width, as_decoded=True)


def _holds(step: DrawnStep) -> bool:
    """Whether the step makes what its chain makes: of small and of wide images, for a few keys."""
    step = evolve(step, scaled=False)
    trials = [(_Trial(height, width), key) for height, width in ((37, 53), (90, 61), (20, 170)) for key in range(1, 6)]
    try:
        return all(
            torch.equal(
                step.made(trial, key), step.otherwise({"image": tv_tensors.Image(trial.decode())}, key)["image"]
            )
            for trial, key in trials
        )
    except Exception:  # whatever a version of torch without these kernels raises, the chain as it was says it better
        return False
