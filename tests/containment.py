"""Whether a real sample is one that a sample type allows."""

from __future__ import annotations

from typing import Any

import numpy as np
import PIL.Image
import torch
from torchvision import tv_tensors

from feedline.compiler.sample_types.model import Boxes, Dim, Field, Image, Mask, Number, Sample, Text, Tuple, Types


def excluded(types: Types, sample: dict[str, Any]) -> list[str] | None:
    """Why no alternative allows a sample, one line each; None where one does."""
    reasons = [_sample(alternative, sample) for alternative in types]
    return None if None in reasons else [reason for reason in reasons if reason]


def _sample(type_: Sample, sample: dict[str, Any]) -> str | None:
    for name, field in type_.fields:
        if name not in sample:
            return f"`{name}` is not there"
        reason = _field(field, sample[name])
        if reason:
            return f"`{name}`: {reason}"
    extra = sample.keys() - dict(type_.fields).keys()
    return f"{extra} too" if extra and not type_.open else None


def _field(type_: Field, value: Any) -> str | None:
    match type_:
        case Image():
            return _image(type_, value)
        case Boxes():
            return _boxes(type_, value)
        case Mask(objects=objects):
            good = isinstance(value, tv_tensors.Mask) and (value.ndim == 3 or not objects)
            return None if good else f"no such mask: {type(value).__name__}"
        case Number(dtype=dtype, shape=shape):
            value = value if isinstance(value, torch.Tensor) else torch.tensor(value)
            found = str(value.dtype).removeprefix("torch.")
            if shape is not None and (
                len(shape) != value.ndim or any(n not in (None, m) for n, m in zip(shape, value.shape, strict=True))
            ):
                return f"shape {tuple(value.shape)}, not {shape}"
            return None if dtype in (None, found) else f"{found}, not {dtype}"
        case Tuple(items=items):
            if not isinstance(value, tuple | list) or len(value) != len(items):
                return f"no tuple of {len(items)}"
            return next((reason for pair in zip(items, value, strict=True) if (reason := _field(*pair))), None)
        case Text():
            return None if isinstance(value, str) else "no text"
        case _:
            return None


def _image(type_: Image, value: Any) -> str | None:
    pil = isinstance(value, PIL.Image.Image)
    if type_.backend not in (None, "pil" if pil else "tensor"):
        return f"{type(value).__name__}, not {type_.backend}"
    if type_.wrapped and not isinstance(value, tv_tensors.Image | PIL.Image.Image):
        return f"a bare {type(value).__name__}"
    if pil:
        channels, (width, height), pixels = len(value.getbands()), value.size, np.asarray(value)
        dtype = "uint8"
    else:
        channels, height, width = value.shape[-3:]
        dtype, pixels = str(value.dtype).removeprefix("torch."), value.to(torch.float64).numpy()
    if type_.channels not in (None, channels):
        return f"{channels} channels, not {type_.channels}"
    if type_.dtype not in (None, dtype):
        return f"{dtype}, not {type_.dtype}"
    for name, side, size in (("height", type_.height, height), ("width", type_.width, width)):
        if not _within(side, size):
            return f"{name} {size} outside {side}"
    return _values(type_, pixels)


def _within(side: Dim, size: int) -> bool:
    return side.low <= size and (side.high is None or size <= side.high)


def _values(type_: Image, pixels: np.ndarray) -> str | None:
    low, high = float(pixels.min()), float(pixels.max())
    slack = 1e-2 if type_.dtype in ("float16", "bfloat16") else 1e-4
    slack *= max(1.0, abs(type_.low or 0), abs(type_.high or 0))
    if type_.low is not None and low < type_.low - slack:
        return f"a value of {low:g} below {type_.low:g}"
    if type_.high is not None and high > type_.high + slack:
        return f"a value of {high:g} above {type_.high:g}"
    return None


def _boxes(type_: Boxes, value: Any) -> str | None:
    if not isinstance(value, tv_tensors.BoundingBoxes):
        return f"{type(value).__name__}, not boxes"
    if type_.format not in (None, value.format.value):
        return f"{value.format.value}, not {type_.format}"
    if type_.may_be_empty_sized is False and value.format.value in ("XYXY", "XYWH", "CXCYWH"):
        corners = value[:, 2:] - value[:, :2] if value.format.value == "XYXY" else value[:, 2:]
        if bool((corners <= 0).any()):
            return "a box without area"
    return None
