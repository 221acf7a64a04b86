"""Colours and blur in one pass over the pixels a step, compiled by Numba where that is installed (the extra `jit`).

Each value is computed by the operations of torchvision, in their order; what torch adds with a factor is rounded once
there, and here. The mean of an image is torch's own: it depends on the order in which torch adds.
"""

from __future__ import annotations

import numpy as np
import torch

from feedline.runtime.transforms import blur

_WORK = 1 << 20
"""Pixels of a plane times weights, above which `blur.py` is as fast."""


_grey, _padded = blur.Room(), blur.Room()


def _brightness(image: torch.Tensor, factor: float) -> torch.Tensor:
    from feedline.runtime.transforms import colour_loops

    pixels = image.numpy()
    made = np.empty(pixels.shape, np.uint8)
    colour_loops.brightness(pixels.reshape(-1), np.float32(factor), made.reshape(-1))
    return torch.from_numpy(made)


def _contrast(image: torch.Tensor, factor: float) -> torch.Tensor:
    from feedline.runtime.transforms import colour_loops

    grey = _grey.take(1, *image.shape[1:])
    colour_loops.grey(image.numpy().reshape(3, -1), grey.reshape(-1))
    mean = torch.from_numpy(grey).mean(dim=(-3, -2, -1), keepdim=True)
    return _blended(image, mean.numpy().reshape(-1), factor)


def _saturation(image: torch.Tensor, factor: float) -> torch.Tensor:
    from feedline.runtime.transforms import colour_loops

    grey = _grey.take(image[0].numel())
    colour_loops.grey(image.numpy().reshape(3, -1), grey)
    return _blended(image, grey, factor)


def _blended(image: torch.Tensor, other: np.ndarray, ratio: float) -> torch.Tensor:
    from feedline.runtime.transforms import colour_loops

    pixels = image.numpy()
    made = np.empty(pixels.shape, np.uint8)
    for plane, into in zip(pixels, made, strict=True):
        colour_loops.blended(plane.reshape(-1), other, np.float32(ratio), np.float32(1.0 - ratio), into.reshape(-1))
    return torch.from_numpy(made)


def _hue(image: torch.Tensor, factor: float) -> torch.Tensor:
    from feedline.runtime.transforms import colour_loops

    pixels = image.numpy()
    made = np.empty(pixels.shape, np.uint8)
    colour_loops.hue(pixels.reshape(3, -1), np.float32(factor), made.reshape(3, -1))
    return torch.from_numpy(made)


CHANGES = (_brightness, _contrast, _saturation, _hue)
"""`adjust_brightness_image` and so on for uint8 (3, H, W) in planes, and a factor that torchvision takes."""


def blurred(image: torch.Tensor, kernel_size: list[int], sigma: float) -> torch.Tensor:
    """What `gaussian_blur_image(image, kernel_size, [sigma, sigma])` makes of uint8 (C, H, W): uint8 (C, H, W)."""
    work = image[0].numel() * kernel_size[0] * kernel_size[1]
    return blur.blurred(image, kernel_size, sigma, _sums if work <= _WORK else None)


def _sums(image: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    from feedline.runtime.transforms import colour_loops

    (channels, height, width), (down, across) = image.shape, weights.shape
    padded = _padded.take(height + down - 1, width + across - 1)
    made = np.empty((channels, height, width), np.float32)
    colour_loops.weighted_sums(image.contiguous().numpy(), weights.numpy(), padded, made)
    return torch.from_numpy(made)
