"""`gaussian_blur` of torchvision on bytes, to the bit, in a fraction of the time.

torchvision convolves three planes. oneDNN computes sixteen at once, and leaves thirteen places empty. Here each plane
is cut into strips, which fill them: every value is the same sum in the same order. Whether that holds for an image of
some size, with the versions and the processor at hand, is tried on floats, before they are rounded.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from torch.nn.functional import conv2d, pad
from torchvision.transforms.v2 import functional as F  # noqa: N812  (torchvision's own convention)

_PLACES = 16
_LEAST = 48
"""Rows or columns below which cutting costs as much as it spares."""
_KNOWN = 256
"""Sizes of images about which it is remembered whether strips, or loops, give the same sums."""

Shape = tuple[int, int, int, int, int, int]
"""Channels of an image, how many of them differ, height and width, width and height of the kernel."""
Sums = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Of an image uint8 (C, H, W) and weights (h, w) the weighted sums, float32 (C, H, W)."""
_holds: dict[tuple[Sums, Shape], bool | None] = {}


def blurred(image: torch.Tensor, kernel_size: list[int], sigma: float, sums: Sums | None = None) -> torch.Tensor:
    """What `gaussian_blur_image(image, kernel_size, [sigma, sigma])` makes of uint8 (C, H, W): uint8 (C, H, W). By
    `sums`, or in strips, where that gives torchvision's."""
    across, down = kernel_size
    sums = sums or in_strips
    channels, height, width = image.shape
    planes = 1 if image.stride(0) == 0 else channels  # what was made grey has one plane, three times
    shape = (channels, planes, height, width, across, down)
    if not _fits(shape, sums):
        return F.gaussian_blur_image(image, kernel_size, [sigma, sigma])
    values = sums(image[:planes], weights_of(across, down, sigma)).numpy()
    made = np.empty(image.shape, np.uint8)
    np.copyto(made, np.rint(values, out=values), casting="unsafe")
    return torch.from_numpy(made)


def _fits(shape: Shape, sums: Sums) -> bool:
    """Whether sums have been found to be torchvision's for images of a shape. It is tried at the second image of the
    shape: those that come once are not worth it."""
    channels, _, height, width, across, down = shape
    if channels not in (1, 3) or min(height, width) < max(_LEAST, across, down):
        return False
    key = (sums, shape)
    holds = _holds.get(key)
    if holds is not None:
        return holds
    if key in _holds:
        holds = _tried(shape, sums)
    elif len(_holds) >= _KNOWN:
        return False
    _holds[key] = holds
    return bool(holds)


def _tried(shape: Shape, sums: Sums) -> bool:
    channels, planes, height, width, across, down = shape
    image = torch.arange(planes * height * width, dtype=torch.int32).mul(40503).bitwise_right_shift(7).to(torch.uint8)
    image = image.view(planes, height, width)
    edges = [across // 2, across // 2, down // 2, down // 2]
    whole = pad(image.expand(1, channels, height, width).float(), edges, mode="reflect")
    for sigma in (across / 12, across / 4):
        weights = weights_of(across, down, sigma)
        expected = conv2d(whole, weights.expand(channels, 1, down, across), groups=channels)[0]
        if not torch.equal(expected, sums(image, weights).expand(expected.shape)):
            return False
    return True


def weights_of(across: int, down: int, sigma: float) -> torch.Tensor:
    """`_get_gaussian_kernel2d`: float32 (down, across)."""
    one = torch.softmax(_points(across).div(sigma).pow_(2).neg_(), 0)
    other = one if down == across else torch.softmax(_points(down).div(sigma).pow_(2).neg_(), 0)
    return other.unsqueeze(-1) * one


@lru_cache(maxsize=64)
def _points(size: int) -> torch.Tensor:
    reach = (size - 1) / (2.0 * math.sqrt(2.0))
    return torch.linspace(-reach, reach, size, dtype=torch.float32)


def in_strips(image: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """The weighted sums, float32 (C, H, W)."""
    (channels, height, width), (down, across) = image.shape, weights.shape
    rows, strips = _rows(channels, height, down)
    cut = image.contiguous().numpy().reshape(-1, width).take(rows, 0)
    left, end = across // 2, across // 2 + width
    wide = np.empty((len(cut), width + across - 1), np.float32)
    wide[:, left:end] = cut
    if left:
        wide[:, :left] = wide[:, 2 * left : left : -1]
        wide[:, end:] = wide[:, end - 2 : end - 2 - left : -1]
    lanes = torch.from_numpy(wide).view(1, _PLACES, -1, wide.shape[1])
    sums = conv2d(lanes, weights.expand(_PLACES, 1, down, across), groups=_PLACES)
    return sums[0, : channels * strips].view(channels, -1, width)[:, :height]


@lru_cache(maxsize=64)
def _rows(channels: int, height: int, down: int) -> tuple[np.ndarray, int]:
    """Which rows of the planes, one below the other, the strips hold with the edges that the kernel needs, those
    reflected that would be outside; and how many strips a plane is cut into."""
    strips = _PLACES // channels
    tall = -(-height // strips)
    inside = np.abs(np.arange(-(down // 2), tall + down // 2) + np.arange(strips)[:, None] * tall)
    inside = (height - 1 - np.abs(height - 1 - inside)).clip(0)  # below the image there is nothing to be kept
    rows = (inside + np.arange(channels)[:, None, None] * height).reshape(-1)
    return np.pad(rows, (0, _PLACES * inside.shape[1] - len(rows))), strips
