"""`gaussian_blur` of torchvision on bytes, to the bit, in a fraction of the time.

torchvision convolves three planes. oneDNN computes sixteen at once, and leaves thirteen places empty. Here each plane
is cut into strips, which fill them: every value is the same sum in the same order. Whether that holds for an image of
some size, with the versions and the processor at hand, is tried on floats, before they are rounded.
"""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

import numpy as np
import torch
from torch.nn.functional import conv2d, pad
from torchvision.transforms.v2 import functional as F  # noqa: N812  (torchvision's own convention)

_PLACES = 16
_WHOLE = 1 << 14
"""Pixels of a plane from which on strips are faster than whole planes: of those sixteen would be a megabyte."""
_LEAST = 48
"""Rows or columns below which cutting costs as much as it spares."""
_KNOWN = 256
"""Sizes of images about which it is remembered whether strips, or loops, give the same sums."""

Shape = tuple[int, int, int, int, int, int]
"""Channels of an image, how many of them differ, height and width, width and height of the kernel."""
Sums = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Of an image uint8 (C, H, W) and weights (h, w) the weighted sums, float32 (C, H, W)."""
Blur = Callable[[torch.Tensor, list[int], float], torch.Tensor]
"""`blurred`, or what makes the same."""
_holds: dict[tuple[Sums | None, Shape], bool | None] = {}
"""With None for `in_lanes`."""


class Room(threading.local):
    """Memory for floats, kept for the next image of the thread."""

    floats = np.empty(0, np.float32)

    def take(self, *shape: int) -> np.ndarray:
        """float32 of a shape, with anything in it."""
        size = math.prod(shape)
        if len(self.floats) < size:
            self.floats = np.empty(size, np.float32)
        return self.floats[:size].reshape(shape)


_room = Room()


def blurred(image: torch.Tensor, kernel_size: list[int], sigma: float, sums: Sums | None = None) -> torch.Tensor:
    """What `gaussian_blur_image(image, kernel_size, [sigma, sigma])` makes of uint8 (C, H, W): uint8 (C, H, W). By
    `sums`, or in strips, where that gives torchvision's."""
    across, down = kernel_size
    sums = sums or in_strips
    channels, height, width = image.shape
    planes = _planes(image)
    if not _fits((channels, len(planes), height, width, across, down), sums):
        return F.gaussian_blur_image(image, kernel_size, [sigma, sigma])
    return _rounded(sums(planes, weights_of(across, down, sigma)).numpy(), image.shape)


def all_blurred(
    images: Sequence[torch.Tensor], kernel_size: list[int], sigmas: Sequence[float], one: Blur = blurred
) -> list[torch.Tensor]:
    """`blurred` of each of several images: as many in one convolution as there are places for their planes, where that
    gives torchvision's sums and they are small; else each by `one`."""
    across, down = kernel_size
    shapes: dict[tuple[int, ...], list[int]] = {}
    for place, image in enumerate(images):
        shapes.setdefault(tuple(image.shape), []).append(place)
    made = list(images)
    for shape, places in shapes.items():
        if len(places) == 1 or not _fits_lanes(shape, across, down):
            for place in places:
                made[place] = one(images[place], kernel_size, sigmas[place])
            continue
        for part in _parts(places, images):
            sums = in_lanes([_planes(images[place]) for place in part], across, down, [sigmas[place] for place in part])
            for place, values in zip(part, sums, strict=True):
                made[place] = _rounded(values, shape)
    return made


def _planes(image: torch.Tensor) -> torch.Tensor:
    """Those of its planes that differ: what was made grey has one, three times."""
    return image[:1] if image.stride(0) == 0 else image


def _rounded(values: np.ndarray, shape: tuple[int, ...]) -> torch.Tensor:
    """Bytes of a shape; the values, which may be of fewer planes, are changed."""
    made = np.empty(shape, np.uint8)
    np.copyto(made, np.rint(values, out=values), casting="unsafe")
    return torch.from_numpy(made)


def _parts(places: Sequence[int], images: Sequence[torch.Tensor]) -> Iterator[list[int]]:
    """The places of images that have, together, no more planes than a convolution takes."""
    part, taken = list[int](), 0
    for place in places:
        taken += (planes := len(_planes(images[place])))
        if taken > _PLACES:
            yield part
            part, taken = [], planes
        part.append(place)
    yield part


def _fits_lanes(shape: tuple[int, ...], across: int, down: int) -> bool:
    """Whether the sums of `in_lanes` are torchvision's for images of a shape."""
    channels, height, width = shape
    if channels != 3 or min(height, width) < max(across, down) or height * width >= _WHOLE:
        return False
    key = (channels, channels, height, width, across, down)
    return _known((None, key), lambda: _lanes_tried(key), at_once=True)


def _lanes_tried(shape: Shape) -> bool:
    channels, planes, height, width, across, down = shape
    image = _noise(planes, height, width)
    sigmas = [across / (12, 4)[place % 2] for place in range(_PLACES // planes)]
    made = in_lanes([image] * len(sigmas), across, down, sigmas)
    expected = [_expected(image, channels, weights_of(across, down, sigma)).numpy() for sigma in sigmas[:2]]
    return all(np.array_equal(values, expected[place % 2]) for place, values in enumerate(made))


def _fits(shape: Shape, sums: Sums) -> bool:
    """Whether sums have been found to be torchvision's for images of a shape. It is tried at the second image of the
    shape: those that come once are not worth it."""
    channels, _, height, width, across, down = shape
    if channels not in (1, 3) or min(height, width) < max(_LEAST, across, down):
        return False
    return _known((sums, shape), lambda: _tried(shape, sums), at_once=False)


def _known(key: tuple[Sums | None, Shape], trial: Callable[[], bool], at_once: bool) -> bool:
    """What a trial says, which is remembered; false at the first question, if it is not to be tried `at_once`."""
    if (holds := _holds.get(key)) is None:
        if key not in _holds and len(_holds) >= _KNOWN:
            return False
        holds = _holds[key] = trial() if at_once or key in _holds else None
    return bool(holds)


def _tried(shape: Shape, sums: Sums) -> bool:
    channels, planes, height, width, across, down = shape
    image = _noise(planes, height, width)
    for sigma in (across / 12, across / 4):
        weights = weights_of(across, down, sigma)
        expected = _expected(image, channels, weights)
        if not torch.equal(expected, sums(image, weights).expand(expected.shape)):
            return False
    return True


def _noise(*shape: int) -> torch.Tensor:
    values = torch.arange(math.prod(shape), dtype=torch.int32).mul(40503).bitwise_right_shift(7)
    return values.to(torch.uint8).view(shape)


def _expected(image: torch.Tensor, channels: int, weights: torch.Tensor) -> torch.Tensor:
    """torchvision's sums of an image whose planes are repeated to `channels`."""
    down, across = weights.shape
    edges = [across // 2, across // 2, down // 2, down // 2]
    whole = pad(image.expand(1, channels, *image.shape[1:]).float(), edges, mode="reflect")
    return conv2d(whole, weights.expand(channels, 1, down, across), groups=channels)[0]


def weights_of(across: int, down: int, sigma: float | torch.Tensor) -> torch.Tensor:
    """`_get_gaussian_kernel2d`: float32 (down, across); for sigmas (n, 1) (n, down, across)."""
    one = torch.softmax(_points(across).div(sigma).pow_(2).neg_(), -1)
    other = one if down == across else torch.softmax(_points(down).div(sigma).pow_(2).neg_(), -1)
    return other.unsqueeze(-1) * one.unsqueeze(-2)


@lru_cache(maxsize=64)
def _points(size: int) -> torch.Tensor:
    reach = (size - 1) / (2.0 * math.sqrt(2.0))
    return torch.linspace(-reach, reach, size, dtype=torch.float32)


def in_strips(image: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """The weighted sums, float32 (C, H, W)."""
    (channels, height, width), (down, across) = image.shape, weights.shape
    rows, strips = _rows(channels, height, down)
    cut = image.contiguous().numpy().reshape(-1, width).take(rows, 0)
    left = across // 2
    wide = np.empty((len(cut), width + across - 1), np.float32)
    wide[:, left : left + width] = cut
    _reflect(wide.T, left)
    lanes = torch.from_numpy(wide).view(1, _PLACES, -1, wide.shape[1])
    sums = conv2d(lanes, weights.expand(_PLACES, 1, down, across), groups=_PLACES)
    return sums[0, : channels * strips].view(channels, -1, width)[:, :height]


def in_lanes(images: Sequence[torch.Tensor], across: int, down: int, sigmas: Sequence[float]) -> list[np.ndarray]:
    """The weighted sums of images of one size, float32 (C, H, W) each, by one convolution."""
    height, width = images[0].shape[1:]
    top, left = down // 2, across // 2
    weights = weights_of(across, down, torch.tensor(sigmas, dtype=torch.float32).unsqueeze(-1))
    wide = _room.take(_PLACES, height + down - 1, width + across - 1)
    kernels = torch.zeros((_PLACES, 1, down, across))
    ends = [0, *itertools.accumulate(map(len, images))]
    for image, each, begin, end in zip(images, weights, ends, ends[1:], strict=False):
        wide[begin:end, top : top + height, left : left + width] = image.numpy()
        kernels[begin:end] = each
    _reflect(wide[:, top : top + height].transpose(2, 0, 1), left)
    _reflect(wide.transpose(1, 0, 2), top)
    sums = conv2d(torch.from_numpy(wide)[None], kernels, groups=_PLACES)[0].numpy()
    return [sums[begin:end] for begin, end in itertools.pairwise(ends)]


def _reflect(rows: np.ndarray, edge: int) -> None:
    """Fill the first and the last `edge` rows with those beside them, the other way round."""
    if edge:
        rows[:edge] = rows[2 * edge : edge : -1]
        rows[-edge:] = rows[-edge - 2 : -2 * edge - 2 : -1]


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
