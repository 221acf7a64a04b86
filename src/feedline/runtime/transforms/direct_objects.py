"""The short way for samples with boxes and masks beside the image; `direct.py` says when it is taken.

The arithmetic is that of torchvision's kernels, in the same order and dtype, on arrays: of a few boxes, torch spends
far more time on the call than on the numbers. What it is not written for (rotated boxes, other formats, keypoints,
fields of different sizes) is left to torchvision, by giving back None.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from attrs import frozen
from torchvision import tv_tensors
from torchvision.transforms import InterpolationMode, v2
from torchvision.transforms.v2 import functional as F  # noqa: N812  (torchvision's own convention)

from feedline.compiler.catalogue import object_fields
from feedline.runtime.draws import hits
from feedline.runtime.sources.base import Sample
from feedline.runtime.sources.masks import in_rows
from feedline.runtime.transforms.fields import first_of, rewrap, row_fields
from feedline.runtime.transforms.steps import Sanitize

_XYXY = tv_tensors.BoundingBoxFormat.XYXY
_wrap: Callable[..., Any] = tv_tensors.wrap  # its decorator hides its signature from type checkers


def moved(transform: Any, sample: Sample, visual: list[str]) -> Sample | None:
    """The sample after a step that moves its `visual` fields together; None where torchvision has to do it."""
    move = _MOVES.get(type(transform))
    if move is None or not all(_is_plain(sample[name]) for name in visual):
        return None
    return move(transform, sample, visual)


def _is_plain(value: Any) -> bool:
    kind = type(value)
    return kind is tv_tensors.Image or (kind is tv_tensors.Mask and value.ndim == 3) or _are_plain_boxes(value)


def _are_plain_boxes(value: Any) -> bool:
    if type(value) is not tv_tensors.BoundingBoxes or value.format is not _XYXY:
        return False
    return value.dtype == torch.float32 and value.ndim == 2 and len(value) > 0  # NumPy strides what is empty otherwise


def _numbers(boxes: torch.Tensor) -> np.ndarray:
    return boxes.as_subclass(torch.Tensor).numpy()


def _mirror(transform: Any, sample: Sample, visual: list[str]) -> Sample:
    return _flipped(transform, sample, visual, -1)


def _upside_down(transform: Any, sample: Sample, visual: list[str]) -> Sample:
    return _flipped(transform, sample, visual, -2)


def _flipped(transform: Any, sample: Sample, visual: list[str], axis: int) -> Sample:
    if not hits(transform.p):
        return sample
    after = dict(sample)
    for name in visual:
        value = sample[name]
        if type(value) is tv_tensors.BoundingBoxes:
            low, high = (0, 2) if axis == -1 else (1, 3)
            before = _numbers(value)
            made = before.copy()
            made[:, low] = -(before[:, high] - value.canvas_size[axis])
            made[:, high] = -(before[:, low] - value.canvas_size[axis])
            after[name] = _wrap(torch.from_numpy(made), like=value)
        else:
            after[name] = _wrap(value.as_subclass(torch.Tensor).flip(axis), like=value)
    return after


def _resized(transform: Any, sample: Sample, visual: list[str]) -> Sample | None:
    images = [name for name in visual if type(sample[name]) is tv_tensors.Image]
    if len(images) != 1 or len({_size(sample[name]) for name in visual}) > 1:
        return None
    image = sample[images[0]]
    pixels = F.resize_image(
        image.as_subclass(torch.Tensor), transform.size, transform.interpolation, transform.max_size,
        transform.antialias,
    )  # fmt: skip
    old, new = _size(image), (pixels.shape[-2], pixels.shape[-1])
    after = {**sample, images[0]: tv_tensors.Image(pixels)}
    for name in visual:
        value = sample[name]
        if type(value) is tv_tensors.Mask:
            after[name] = tv_tensors.Mask(_resized_masks(value.as_subclass(torch.Tensor), new, transform.interpolation))
        elif type(value) is tv_tensors.BoundingBoxes and new != old:
            ratios = np.array([new[1] / old[1], new[0] / old[0]] * 2, np.float32)
            after[name] = _wrap(torch.from_numpy(_numbers(value) * ratios), like=value, canvas_size=new)
    return after


def _size(value: Any) -> tuple[int, int]:
    return value.canvas_size if type(value) is tv_tensors.BoundingBoxes else (value.shape[-2], value.shape[-1])


def _resized_masks(masks: torch.Tensor, new: tuple[int, int], interpolation: Any) -> torch.Tensor:
    """Masks (N, H, W) at another size, by the nearest pixel: columns first where they lie in columns, then rows."""
    if masks.is_contiguous() or not len(masks):
        return F.resize_mask(masks, list(new), interpolation)
    old = (masks.shape[-2], masks.shape[-1])
    exact = interpolation in (InterpolationMode.NEAREST_EXACT, InterpolationMode.NEAREST_EXACT.value)
    if new == old:
        return masks
    columns = masks.transpose(1, 2).index_select(1, _nearest(old[1], new[1], exact))
    return in_rows(columns.transpose(1, 2)).index_select(1, _nearest(old[0], new[0], exact))


@lru_cache(maxsize=4096)
def _nearest(old: int, new: int, exact: bool) -> torch.Tensor:
    """Which of `old` pixels each of `new` is made of, int64 (new,): what torch's own kernel makes of 0, 1, 2, ..."""
    mode = InterpolationMode.NEAREST_EXACT if exact else InterpolationMode.NEAREST
    ramp = torch.arange(old, dtype=torch.float32).view(1, 1, old)
    return F.resize_image(ramp, [1, new], mode).view(new).to(torch.int64)


_MOVES: dict[type, Callable[[Any, Sample, list[str]], Sample | None]] = {
    v2.Resize: _resized,
    v2.RandomHorizontalFlip: _mirror,
    v2.RandomVerticalFlip: _upside_down,
}


@frozen(eq=False)
class DirectSanitize(Sanitize):
    """`SanitizeBoundingBoxes` on arrays. A sample that keeps all its objects stays as it is."""

    def _run(self, sample: Sample, /) -> Sample:
        anchor = first_of(sample, tv_tensors.BoundingBoxes)
        if anchor is None or not _are_plain_boxes(boxes := sample[anchor]):
            return Sanitize._run(self, sample)
        keep = _valid(_numbers(boxes), boxes.canvas_size, self.transform)
        if keep.all():
            return sample
        kept = torch.from_numpy(np.flatnonzero(keep))
        rows = row_fields(sample, boxes, {"boxes", *object_fields()} | {anchor})
        plain = {name: value.as_subclass(torch.Tensor) for name, value in rows.items()}
        return {**sample, **{name: rewrap(sample[name], value.index_select(0, kept)) for name, value in plain.items()}}


def _valid(boxes: np.ndarray, canvas: tuple[int, int], transform: Any) -> np.ndarray:
    """Which boxes `SanitizeBoundingBoxes` keeps, bool (n,)."""
    height, width = canvas
    left, top, right, bottom = boxes.T
    with np.errstate(invalid="ignore", over="ignore"):
        wide, high = right - left, bottom - top
        large = (wide >= transform.min_size) & (high >= transform.min_size) & (wide * high >= transform.min_area)
    inside = (boxes >= 0).all(1) & (left <= width) & (right <= width) & (top <= height) & (bottom <= height)
    return large & inside
