"""The first step of a chain on JPEGs that are not decoded yet: see `feedline.compiler.passes.scaled_decode`."""

from __future__ import annotations

from typing import Any

import torch
from attrs import frozen
from torchvision import tv_tensors
from torchvision.transforms import v2
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2.functional._geometry import _compute_resized_output_size

from feedline.runtime.sources.base import Sample, UnreadableSample
from feedline.runtime.sources.images import BrokenImage, Undecoded
from feedline.runtime.transforms.combine import Chain, Sequence
from feedline.runtime.transforms.direct import DirectStep, Region, cut, region_of

_SMOOTH = (InterpolationMode.BILINEAR, InterpolationMode.BICUBIC)


@frozen(eq=False)
class ScaledStep(DirectStep):
    """`RandomResizedCrop` or `Resize` that says what it takes of an image before the image is decoded."""

    def __call__(self, sample: Any, key: int) -> Any:
        """The sample after the step. Raises `StepFailed`, and `UnreadableSample` for an image that cannot be
        decoded."""
        image = sample.get("image")
        if not isinstance(image, Undecoded):
            return DirectStep.__call__(self, sample, key)
        try:
            return self._taken(sample, image, key)
        except BrokenImage as error:
            raise UnreadableSample(sample["index"], image.path, str(error)) from None

    def _taken(self, sample: Sample, image: Undecoded, key: int) -> Sample:
        region, size = self._plan(image.height, image.width)
        factor = factor_of(region, size)
        if factor > 1:
            made = part_of(self.transform, image, region, size, factor)
        else:
            made = cut(self.transform, image.decode(), region)
        return {**sample, "image": tv_tensors.Image(made)}

    def _plan(self, height: int, width: int) -> tuple[Region, tuple[int, int]]:
        """What the step takes of an image of this size, drawn if it is random, and the size that becomes of it."""
        transform: Any = self.transform
        if isinstance(transform, v2.RandomResizedCrop):
            size: Any = transform.size
            return region_of(transform, height, width), (size[0], size[1])
        size = _compute_resized_output_size((height, width), size=transform.size, max_size=transform.max_size)
        return Region(0, 0, height, width), (size[0], size[1])


def factor_of(region: Region, size: tuple[int, int]) -> int:
    """How much smaller an image may be decoded of which a region becomes `size` (height, width), and nothing enlarged:
    1, 2, 4 or 8 times."""
    return next((n for n in (8, 4, 2) if region.height >= n * size[0] and region.width >= n * size[1]), 1)


def part_of(transform: Any, image: Undecoded, region: Region, size: tuple[int, int], factor: int) -> torch.Tensor:
    """The region of an image decoded at 1/`factor`, resized as `RandomResizedCrop` and `Resize` do it, nearly: uint8
    (3, *size). Raises `BrokenImage`."""
    box = (region.left, region.top, region.left + region.width, region.top + region.height)
    return image.part(factor, box, size, cubic=transform.interpolation is InterpolationMode.BICUBIC)


def scaled(chain: Chain) -> Chain | None:
    """The chain for images that are not decoded; None where its first step needs them decoded."""
    first, *rest = chain.steps.steps
    if not isinstance(first, DirectStep) or not isinstance(first.transform, v2.RandomResizedCrop | v2.Resize):
        return None
    if first.transform.interpolation not in _SMOOTH or not first.transform.antialias:
        return None
    step = ScaledStep(first.name, first.span, first.random, transform=first.transform, direct=first.direct)
    return Chain(Sequence((step, *rest)))
