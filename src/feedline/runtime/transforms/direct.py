"""Common steps without torchvision's dispatch: the same numbers drawn in the same order, and the same kernel called.

For a sample with one image and no boxes or masks, which is what most are, and, by `direct_objects.py`, for detection
samples; any other takes torchvision's own way. A step is taken only after a trial: it must give the bits that
torchvision's class gives, on planes and on pixels as a decoder lays them out, with the versions installed here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from attrs import field, frozen
from torchvision import tv_tensors
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F  # noqa: N812  (torchvision's own convention)

from feedline.runtime.draws import below, exact, exponential, hits, uniform
from feedline.runtime.randomness import seeded
from feedline.runtime.sources.base import Sample
from feedline.runtime.sources.images import in_planes
from feedline.runtime.sources.masks import in_rows
from feedline.runtime.transforms.combine import AnyStep
from feedline.runtime.transforms.direct_objects import DirectSanitize, moved
from feedline.runtime.transforms.fields import is_visual, unwrap
from feedline.runtime.transforms.steps import Sanitize, Step, TorchvisionStep

Kernel = Callable[[Any, torch.Tensor], torch.Tensor]
"""What a transform makes of an image (..., C, H, W)."""


@frozen(eq=False)
class DirectStep(TorchvisionStep):
    """A step of torchvision that knows a shorter way for a single image, and for one with boxes and masks."""

    direct: Kernel = field(kw_only=True)

    @property
    def takes_words(self) -> bool:
        """Unless the numbers of a crop would be rounded twice."""
        crop: Any = self.transform
        return type(crop) is not v2.RandomResizedCrop or (exact(*crop.scale) and exact(*crop._log_ratio.tolist()))

    def _run(self, sample: Sample, /) -> Sample:
        visual = [name for name, value in sample.items() if is_visual(value)]
        if len(visual) != 1 or type(image := sample[visual[0]]) is not tv_tensors.Image:
            together = moved(self.transform, sample, visual)
            return TorchvisionStep._run(self, sample) if together is None else together
        return {**sample, visual[0]: tv_tensors.Image(self.direct(self.transform, image.as_subclass(torch.Tensor)))}


@frozen(eq=False)
class Planes(Step):
    """Images as planes, one colour after the other: what every step gets in the chain as written."""

    @property
    def takes_words(self) -> bool:
        """It draws nothing."""
        return True

    def _run(self, sample: Sample, /) -> Sample:
        return {name: planes(value) for name, value in sample.items()}


def planes(value: Any) -> Any:
    """An image laid out as planes, masks row by row; anything else as it is."""
    if type(value) is tv_tensors.Mask:
        return tv_tensors.Mask(in_rows(value.as_subclass(torch.Tensor)))
    if type(value) is tv_tensors.Image and (laid := in_planes(plain := value.as_subclass(torch.Tensor))) is not plain:
        return tv_tensors.Image(laid)
    return value


def directly(step: AnyStep) -> AnyStep:
    """The step the short way, if it has one that holds here; else as it is."""
    if isinstance(step, Sanitize) and isinstance(step.transform, v2.SanitizeBoundingBoxes):
        short = DirectSanitize(step.name, step.span, step.random, transform=step.transform, kind=step.kind)
        return short if _holds(step, short) else step
    if not isinstance(step, TorchvisionStep) or (kernel := _KERNELS.get(type(step.transform))) is None:
        return step
    if isinstance(step.transform, v2.RandomCrop) and (step.transform.padding or step.transform.pad_if_needed):
        return step
    if 1 in (getattr(step.transform, "size", None) or ()):
        return step  # of pixels as they are decoded, torch's kernel fails to make an image of 1 x 1
    short = DirectStep(step.name, step.span, step.random, transform=step.transform, direct=kernel)
    return short if _holds(step, short) else step


@frozen
class Region:
    """A part of an image, in pixels."""

    top: int
    left: int
    height: int
    width: int


def region_of(transform: v2.RandomResizedCrop, height: int, width: int) -> Region:
    """`RandomResizedCrop.make_params` for an image of this size."""
    low, high = transform._log_ratio.tolist()
    for _ in range(10):
        area = height * width * uniform(*transform.scale)
        ratio = exponential(uniform(low, high))
        w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < w <= width and 0 < h <= height:
            top, left = below(height - h + 1), below(width - w + 1)
            return Region(top, left, h, w)
    return central(height, width, transform.ratio)


def cut(transform: Any, image: torch.Tensor, region: Region) -> torch.Tensor:
    """A part of an image (..., H, W), resized as `RandomResizedCrop` or `Resize` does it."""
    bottom, right = region.top + region.height, region.left + region.width
    part = image[..., region.top : bottom, region.left : right]
    how = {"max_size": transform.max_size} if isinstance(transform, v2.Resize) else {}
    return F.resize_image(
        part, transform.size, interpolation=transform.interpolation, antialias=transform.antialias, **how
    )


def _resized_crop(transform: Any, image: torch.Tensor) -> torch.Tensor:
    return cut(transform, image, region_of(transform, *image.shape[-2:]))


def central(height: int, width: int, ratio: Sequence[float]) -> Region:
    """What `RandomResizedCrop` falls back to: the largest part in the middle whose aspect is allowed."""
    h, w = height, width
    if width / height < min(ratio):
        h = round(w / min(ratio))
    elif width / height > max(ratio):
        w = round(h * max(ratio))
    return Region((height - h) // 2, (width - w) // 2, h, w)


def _resize(transform: Any, image: torch.Tensor) -> torch.Tensor:
    return cut(transform, image, Region(0, 0, *image.shape[-2:]))


def _random_crop(transform: Any, image: torch.Tensor) -> torch.Tensor:
    (height, width), (high, wide) = image.shape[-2:], transform.size
    if height < high or width < wide:
        return transform(image)  # says so
    top = below(height - high + 1) if height > high else 0
    left = below(width - wide + 1) if width > wide else 0
    return image[..., top : top + high, left : left + wide]


def _centre_crop(transform: Any, image: torch.Tensor) -> torch.Tensor:
    return F.center_crop_image(image, transform.size)


def _mirror(transform: Any, image: torch.Tensor) -> torch.Tensor:
    return image.flip(-1) if hits(transform.p) else image


def _upside_down(transform: Any, image: torch.Tensor) -> torch.Tensor:
    return image.flip(-2) if hits(transform.p) else image


_KERNELS: dict[type, Kernel] = {
    v2.RandomResizedCrop: _resized_crop,
    v2.Resize: _resize,
    v2.RandomCrop: _random_crop,
    v2.CenterCrop: _centre_crop,
    v2.RandomHorizontalFlip: _mirror,
    v2.RandomVerticalFlip: _upside_down,
}


def _holds(step: Step, short: Step) -> bool:
    """Whether the short way gives the bits of the long one: on small samples, both layouts, two keys if it draws."""
    transform: Any = getattr(step, "transform", None)
    # A crop needs an image that it can be cut from, at more than one place.
    high, wide = transform.size if type(transform) is v2.RandomCrop else (0, 0)  # pyright: ignore[reportGeneralTypeIssues]  (always a pair)
    height, width = max(37, high + 8), max(53, wide + 8)
    plain, mixed = _trial(height, width), _trial(height, width, as_decoded=True)
    samples = [(plain, plain), (plain, mixed)]
    if not isinstance(step, Sanitize):
        samples += [({"image": one["image"]}, {"image": other["image"]}) for one, other in samples]
    keys = (1, 2) if step.random else (1,)
    try:
        return all(_same(_run(step, before, key), _run(short, given, key)) for key in keys for before, given in samples)
    except Exception:  # whatever a version of torchvision without these kernels raises, the class says it better
        return False


def _trial(height: int, width: int, as_decoded: bool = False) -> Sample:
    """A sample of three objects, one of which has no width."""
    image = trial_image(height, width)
    masks = image % 2
    if as_decoded:
        image = trial_image(height, width, as_decoded=True)
        masks = masks.transpose(1, 2).contiguous().transpose(1, 2)
    boxes = torch.tensor([[0.3, 2, 17.1, 31], [5, 5, 5, 9], [40, 0, 53, 37]], dtype=torch.float32)
    return {
        "image": tv_tensors.Image(image),
        "boxes": tv_tensors.BoundingBoxes(boxes, format="XYXY", canvas_size=(height, width)),  # pyright: ignore[reportCallIssue]  (the stubs know neither keyword)
        "masks": tv_tensors.Mask(masks),
        "labels": torch.arange(3),
    }


def trial_image(height: int, width: int, as_decoded: bool = False) -> torch.Tensor:
    """An image (3, H, W) whose pixels differ, as planes or as a decoder lays it out."""
    pixels = torch.arange(3 * height * width, dtype=torch.int32).mul(40503).bitwise_right_shift(7).to(torch.uint8)
    image = pixels.reshape(3, height, width)
    return image.permute(1, 2, 0).contiguous().permute(2, 0, 1) if as_decoded else image


def _run(step: Step, sample: Sample, key: int) -> Sample:
    with seeded(key):
        return step(sample, key)


def _same(expected: Sample, actual: Sample) -> bool:
    return expected.keys() == actual.keys() and all(
        type(one) is type(other) and one.dtype == other.dtype and torch.equal(unwrap(one), unwrap(other))
        and getattr(one, "canvas_size", None) == getattr(other, "canvas_size", None)
        for one, other in zip(expected.values(), actual.values(), strict=True)
    )  # fmt: skip
