"""One sample as bytes and back: a header of plain JSON, and the tensors behind it as they lie in memory. No pickle.

What comes back equals what went in to the bit, with the same types (`tv_tensors` and what they carry), dtypes and, as
kernels may choose by it, the same order of the axes in memory. What an axis only repeats (the colours of a grey image)
is there once, and repeated again.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from math import prod
from mmap import mmap
from typing import Any

import numpy as np
import torch
from torchvision import tv_tensors

from feedline.runtime.sources.base import Sample
from feedline.runtime.transforms.direct import planes

_HEAD = struct.Struct("<8s16sI4x")  # magic, the sample's digest, length of the JSON text
_MAGIC = b"feedrec1"
_ALIGNED = 64
_PIECE = 512
"""Words of 8 bytes."""
_PLAIN = (bool, int, float, str, type(None))
_WITH = {"BoundingBoxes": ("format", "canvas_size", "clamping_mode"), "KeyPoints": ("canvas_size",)}
"""What a kind of tensor carries beside its values; older versions of torchvision lack some of it."""
_LENT = ("Image", "Video")
"""What may be a view of the file; everything else is small."""


Room = Callable[[int], torch.Tensor]
"""Gives so many bytes, uint8."""


def _room(size: int) -> torch.Tensor:
    return torch.empty(size, dtype=torch.uint8)


class NotKept(Exception):
    """A sample with a field that has no form in a cache; the text says which."""


def pack(sample: Sample, digest: bytes, flat: bool = False, room: Room = _room) -> tuple[memoryview, Sample]:
    """The record of a sample, a multiple of 64 bytes, in memory that `room` gives, and the sample. With `flat` its
    images are laid out as planes, masks row by row, and those images are views of the record: one copy, not two. Raises
    `NotKept`."""
    if flat:
        sample = {name: planes(value) if type(value) is tv_tensors.Mask else value for name, value in sample.items()}
    fields: list[list[Any]] = []
    laid: list[tuple[str, int, torch.Tensor]] = []
    end = 0
    for name, value in sample.items():
        if type(value) in _PLAIN:
            fields.append([name, "", value])
            continue
        kind = type(value).__name__
        if not isinstance(value, torch.Tensor) or kind not in _KINDS:
            raise NotKept(f"its field `{name}` is a {kind}")
        more = {key: _as_json(getattr(value, key)) for key in _WITH.get(kind, ()) if hasattr(value, key)}
        plain = value.as_subclass(torch.Tensor)
        plain = plain.detach() if plain.requires_grad else plain
        shape, order = list(plain.shape), list(range(plain.ndim))
        if not (flat and kind == "Image"):
            plain = once(plain)
            order.sort(key=[-step for step in plain.stride()].__getitem__)
            plain = plain.permute(order)
        fields.append([name, kind, str(plain.dtype)[len("torch.") :], list(plain.shape), order, shape, end, more])
        laid.append((name, end, plain))
        end += _rounded(plain.nbytes)
    text = json.dumps(fields, separators=(",", ":")).encode()
    start = _rounded(_HEAD.size + len(text))
    record = room(start + end)
    content = record.numpy().data
    content[: _HEAD.size + len(text)] = _HEAD.pack(_MAGIC, digest, len(text)) + text
    made = sample
    for name, at, plain in laid:
        copy = record[start + at : start + at + plain.nbytes].view(plain.dtype).view(plain.shape).copy_(plain)
        if flat and type(sample[name]) is tv_tensors.Image:
            made = {**made, name: copy.as_subclass(tv_tensors.Image)}
    return content, made


def once(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor of which each axis that only repeats the same memory, as `expand` makes it, has length 1."""
    for axis, step in enumerate(tensor.stride()):
        if not step and tensor.shape[axis] > 1:
            tensor = tensor.narrow(axis, 0, 1)
    return tensor


def checksum(record: memoryview | mmap, offset: int, length: int) -> int:
    """32 bits of a record: of the sums of its pieces of 4 KB, which take a fifth of the time that all of it would."""
    words = np.frombuffer(record, np.uint64, length // 8, offset)
    whole = len(words) // _PIECE * _PIECE
    sums = words[:whole].reshape(-1, _PIECE).sum(1)
    return zlib.crc32(words[whole:].tobytes(), zlib.crc32(sums.tobytes()))


def unpack(buffer: mmap | memoryview, offset: int, digest: bytes, lend: bool) -> Sample | None:
    """The sample whose record begins at `offset`; None where that is not its record.

    `lend`: images are views of `buffer`, for whoever writes into none of them."""
    magic, found, length = _HEAD.unpack_from(buffer, offset)
    if magic != _MAGIC or found != digest:
        return None
    start = offset + _HEAD.size
    fields = _fields(bytes(buffer[start : start + length]))
    start = offset + _rounded(_HEAD.size + length)
    sample: Sample = {}
    for name, kind, *rest in fields:
        sample[name] = _tensor(buffer, start, kind, lend, *rest) if kind else rest[0]
    return sample


@lru_cache(maxsize=1024)
def _fields(text: bytes) -> list[list[Any]]:
    """To be read only: the headers of many samples are equal."""
    return json.loads(text)


def _tensor(
    buffer: mmap | memoryview, start: int, kind: str, lend: bool, dtype: str, shape: Sequence[int],
    order: Sequence[int], whole: Sequence[int], at: int, more: dict[str, Any],
) -> torch.Tensor:  # fmt: skip
    of, count = getattr(torch, dtype), prod(shape)
    if not count:
        flat = torch.empty(0, dtype=of)
    elif lend and kind in _LENT and of.itemsize == 1:
        flat = torch.frombuffer(buffer, dtype=of, count=count, offset=start + at)
    else:
        flat = torch.frombuffer(bytearray(buffer[start + at : start + at + count * of.itemsize]), dtype=of)
    laid = flat.view(shape)
    if order != sorted(order):
        laid = laid.permute([order.index(axis) for axis in range(len(order))])
    if laid.shape != torch.Size(whole):
        laid = laid.expand(whole)
    if not more:
        return laid if kind == "Tensor" else laid.as_subclass(_KINDS[kind])
    return _KINDS[kind](laid, **{**more, "canvas_size": tuple(more["canvas_size"])})


def _rounded(size: int) -> int:
    return size + -size % _ALIGNED


def _as_json(value: Any) -> Any:
    return value.name if isinstance(value, tv_tensors.BoundingBoxFormat) else value


_KINDS: dict[str, Any] = {
    "Tensor": torch.Tensor,
    **{
        name: getattr(tv_tensors, name)
        for name in ("Image", "Video", "Mask", "BoundingBoxes", "KeyPoints")
        if hasattr(tv_tensors, name)
    },
}
