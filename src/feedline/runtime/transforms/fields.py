"""Which fields of a sample a step sees, and what it gives back.

torchvision's transforms take any structure and decide by type what they change, with one trap: where a structure has
no image, its first plain tensor is taken for one. So a step is handed only the fields that are images, boxes, masks or
keypoints by their type, all together, because geometry must be the same for all; labels, ids, numbers and texts stay
out of reach. And an image stays an image: whatever plain tensor a step makes of one is wrapped again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import PIL.Image
import torch
from torchvision import tv_tensors

from feedline.runtime.sources.base import Sample

_LEAST_DIMENSIONS = {tv_tensors.Image: 3, tv_tensors.Video: 4, tv_tensors.Mask: 2}


_wrap: Callable[..., Any] = tv_tensors.wrap  # its decorator hides its signature from type checkers
_VISUAL = (tv_tensors.TVTensor, PIL.Image.Image)


def is_visual(value: Any) -> bool:
    """Whether a value is something that geometry moves, or a tuple of such (the crops of `FiveCrop`)."""
    if isinstance(value, list | tuple):
        return bool(value) and all(is_visual(item) for item in value)
    return isinstance(value, _VISUAL)


def only_image(sample: Sample) -> tuple[str, torch.Tensor] | None:
    """The name of the one visual field and the image in it, where it is one of bytes (C, H, W)."""
    names = [name for name, value in sample.items() if is_visual(value)]
    if len(names) != 1 or type(value := sample[names[0]]) is not tv_tensors.Image:
        return None
    plain = value.as_subclass(torch.Tensor)
    return (names[0], plain) if plain.dtype == torch.uint8 and plain.ndim == 3 and plain.numel() else None


def visual_fields(sample: Sample) -> Sample:
    """The fields of a sample that torchvision's transforms may change."""
    return {name: value for name, value in sample.items() if is_visual(value)}


def merge(sample: Sample, before: Sample, after: Sample) -> Sample:
    """The sample with the fields `before` replaced by `after`, each still of its kind."""
    return {**sample, **{name: rewrap(before[name], value) for name, value in after.items()}}


def rewrap(before: Any, after: Any) -> Any:
    """`after`, made of `before` by some step, as the kind of thing that `before` was, where its shape allows."""
    if isinstance(after, tuple | list) and isinstance(before, tuple | list) and len(after) == len(before):
        return type(after)(rewrap(old, new) for old, new in zip(before, after, strict=True))
    if not isinstance(after, torch.Tensor) or isinstance(after, tv_tensors.TVTensor):
        return after
    if isinstance(before, PIL.Image.Image):
        return tv_tensors.Image(after) if after.ndim >= 3 else after
    if not isinstance(before, tv_tensors.TVTensor):
        return after
    least = _LEAST_DIMENSIONS.get(type(before))
    fits = after.ndim >= least if least is not None else after.shape[-1:] == before.shape[-1:]
    return _wrap(after, like=before) if fits else after


def unwrap(value: Any) -> Any:
    """A value as code that knows nothing of `tv_tensors` expects it: a plain tensor, a PIL image, or what it was."""
    if isinstance(value, list | tuple):
        return type(value)(unwrap(item) for item in value)
    return value.as_subclass(torch.Tensor) if isinstance(value, torch.Tensor) else value


def row_fields(sample: Sample, rows: torch.Tensor, names: Iterable[str]) -> Sample:
    """The fields among `names` that have one row for each row of `rows` (boxes, or groups of keypoints)."""
    return {
        name: sample[name]
        for name in names
        if isinstance(sample.get(name), torch.Tensor) and sample[name].shape[:1] == rows.shape[:1]
    }


def first_of(sample: Sample, kind: type[tv_tensors.TVTensor]) -> str | None:
    """The name of the first field of a kind."""
    return next((name for name, value in sample.items() if isinstance(value, kind)), None)


def describe(value: Any) -> str:
    """A value as a message names it: its kind, and its dtype and shape if it has one."""
    if isinstance(value, torch.Tensor):
        kind = "" if type(value) is torch.Tensor else f"{type(value).__name__} "
        return f"{kind}{str(value.dtype).removeprefix('torch.')} {tuple(value.shape)}"
    if isinstance(value, PIL.Image.Image):
        return f"PIL image {value.mode} {value.height}x{value.width}"
    if isinstance(value, tuple):
        return f"({', '.join(describe(item) for item in value)})"
    return type(value).__name__
