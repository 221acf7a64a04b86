"""Colours and blur without torchvision's dispatch, and with fewer passes over the pixels: the same numbers drawn in the
same order, the same bits. As in `direct.py` a step is taken only after a trial. It wants images as planes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from attrs import field, frozen
from torchvision import tv_tensors
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F  # noqa: N812  (torchvision's own convention)

from feedline.runtime.draws import exact, hits, in_floats, order, uniform
from feedline.runtime.randomness import seeded
from feedline.runtime.sources.base import Sample
from feedline.runtime.threads import one_thread
from feedline.runtime.transforms import blur, colour_jit
from feedline.runtime.transforms.fields import only_image
from feedline.runtime.transforms.hue import adjusted_hue
from feedline.runtime.transforms.steps import Step, TorchvisionStep

Kernel = Callable[[Any, torch.Tensor], torch.Tensor]
"""What a transform makes of an image, uint8 (C, H, W)."""

_KEYS = 6
"""Draws that are tried before a step is taken."""


@frozen(eq=False)
class ColourStep(TorchvisionStep):
    """A step of torchvision that knows a shorter way for a single image of bytes."""

    direct: Kernel = field(kw_only=True)

    @property
    def takes_words(self) -> bool:
        """Unless the numbers of a jitter or a blur would be rounded twice."""
        return all(exact(*ends) for ends in _ranges(self.transform) if ends is not None)

    @property
    def blur(self) -> blur.Blur | None:
        """How it blurs an image, if it is a blur: `blur.all_blurred` does that to several."""
        return _BLURS.get(self.direct)

    def _run(self, sample: Sample, /) -> Sample:
        if (found := only_image(sample)) is None or not in_floats():
            return TorchvisionStep._run(self, sample)
        name, image = found
        return {**sample, name: self.direct(self.transform, image).as_subclass(tv_tensors.Image)}


def _ranges(transform: Any) -> tuple[Any, ...]:
    """What a step draws from, in the order it draws; None where it does not draw."""
    if isinstance(transform, v2.ColorJitter):
        return (transform.brightness, transform.contrast, transform.saturation, transform.hue)
    return (transform.sigma,) if isinstance(transform, v2.GaussianBlur) else ()


def in_colour(step: Step) -> Step:
    """The step the short way, if it has one that holds here; else as it is."""
    from feedline.runtime.gather import jit  # which imports this package

    if type(step) is not TorchvisionStep:
        return step
    for kernels in (_COMPILED, _KERNELS):
        kernel = kernels.get(type(step.transform))
        if kernel is not None and (kernels is _KERNELS or jit.available()):
            short = ColourStep(step.name, step.span, step.random, transform=step.transform, direct=kernel)
            if _holds(step, short):
                return short
    return step


Change = Callable[[torch.Tensor, float], torch.Tensor]


def _jitter(transform: Any, image: torch.Tensor) -> torch.Tensor:
    return _changed(transform, image, _CHANGES)


def _jitter_compiled(transform: Any, image: torch.Tensor) -> torch.Tensor:
    return _changed(transform, image, colour_jit.CHANGES)


def _changed(transform: Any, image: torch.Tensor, changes: tuple[Change, ...]) -> torch.Tensor:
    if image.shape[0] != 3 or not image.is_contiguous():
        changes = _OF_TORCHVISION
    numbers = order(4)
    factors = [None if ends is None else uniform(*ends) for ends in _ranges(transform)]
    for number in numbers:
        if (factor := factors[number]) is not None:
            image = changes[number](image, factor)
    return image


def _brightness(image: torch.Tensor, factor: float) -> torch.Tensor:
    return _as_bytes(image.float().mul_(factor), factor)


def _contrast(image: torch.Tensor, factor: float) -> torch.Tensor:
    values = image.float()
    return _blended(values, _grey_of(values).mean(dim=(-3, -2, -1), keepdim=True), factor)


def _saturation(image: torch.Tensor, factor: float) -> torch.Tensor:
    values = image.float()
    return _blended(values, _grey_of(values), factor)


def _hue(image: torch.Tensor, factor: float) -> torch.Tensor:
    return torch.from_numpy(adjusted_hue(image.numpy(), factor))


def _grey_of(values: torch.Tensor) -> torch.Tensor:
    red, green, blue = values
    return red.mul(0.2989).add_(green, alpha=0.587).add_(blue, alpha=0.114).floor_().unsqueeze(0)


def _blended(values: torch.Tensor, other: torch.Tensor, ratio: float) -> torch.Tensor:
    return _as_bytes(values.mul_(ratio).add_(other, alpha=1.0 - ratio), ratio)


def _as_bytes(values: torch.Tensor, ratio: float) -> torch.Tensor:
    """`ratio`: what the bytes were multiplied by; up to 1 none of them has left the range, but by a rounding."""
    values = values if ratio <= 1.0 else values.clamp_(0, 255)
    made = np.empty(values.shape, np.uint8)  # NumPy casts three times as fast as torch
    np.copyto(made, values.numpy(), casting="unsafe")
    return torch.from_numpy(made)


def _grey(transform: Any, image: torch.Tensor) -> torch.Tensor:
    if not hits(transform.p):
        return image
    return F.rgb_to_grayscale_image(image, image.shape[0])


def _blur(transform: Any, image: torch.Tensor) -> torch.Tensor:
    return blur.blurred(image, transform.kernel_size, sigma_of(transform))


def _blur_compiled(transform: Any, image: torch.Tensor) -> torch.Tensor:
    return colour_jit.blurred(image, transform.kernel_size, sigma_of(transform))


def sigma_of(transform: Any) -> float:
    """What a `GaussianBlur` draws."""
    return uniform(*transform.sigma)


_CHANGES = (_brightness, _contrast, _saturation, _hue)
_OF_TORCHVISION: tuple[Change, ...] = (
    F.adjust_brightness_image, F.adjust_contrast_image, F.adjust_saturation_image, F.adjust_hue_image,
)  # fmt: skip
_KERNELS: dict[type, Kernel] = {v2.ColorJitter: _jitter, v2.RandomGrayscale: _grey, v2.GaussianBlur: _blur}
_BLURS: dict[Kernel, blur.Blur] = {_blur: blur.blurred, _blur_compiled: colour_jit.blurred}
_COMPILED: dict[type, Kernel] = {v2.ColorJitter: _jitter_compiled, v2.GaussianBlur: _blur_compiled}


def _holds(step: Step, short: Step) -> bool:
    """Whether the short way gives the bits of the long one, on small images of one and of three colours."""
    pixels = torch.arange(3 * 48 * 53, dtype=torch.int32).mul(40503).bitwise_right_shift(7).to(torch.uint8)
    image = pixels.view(3, 48, 53)
    try:
        trials = [(part, key) for part in (image, image[:1]) for key in range(_KEYS)]
        with one_thread():
            return all(_after(step, *trial).equal(_after(short, *trial)) for trial in trials)
    except Exception:  # whatever a version of torchvision without these kernels raises, the class says it better
        return False


def _after(step: Step, image: torch.Tensor, key: int) -> torch.Tensor:
    with seeded(key):
        return step({"image": tv_tensors.Image(image)}, key)["image"].as_subclass(torch.Tensor)
