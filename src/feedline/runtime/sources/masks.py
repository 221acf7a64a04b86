"""Segmentations of COCO files as masks. pycocotools turns polygons into run lengths, and trusts what it is given: what
would make it hang (coordinates without bounds) is refused here first, as are run lengths that do not cover the image.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

_FAR = 1e6
"""Coordinates beyond this are no pixels of any image; pycocotools walks along a polygon pixel by pixel."""


def is_segmentation(value: Any) -> bool:
    """Whether a JSON value is a list of polygons or a run-length encoding, compressed or not."""
    if isinstance(value, dict):
        size, counts = value.get("size"), value.get("counts")
        sized = isinstance(size, list) and len(size) == 2 and all(type(side) is int and side > 0 for side in size)
        return sized and (isinstance(counts, str) or (isinstance(counts, list) and all(map(_is_count, counts))))
    return isinstance(value, list) and all(map(_is_polygon, value))


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_polygon(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) >= 6
        and len(value) % 2 == 0
        and all(type(number) in (int, float) and -_FAR < number < _FAR for number in value)
    )


def runs_of(segmentation: Any, frame: tuple[int, int]) -> np.ndarray:
    """The run lengths int64 (r,) of a segmentation on a picture of `frame` (height, width): of zeros first, then of
    ones, in turns, column by column. Raises ValueError for run lengths that do not fit it."""
    height, width = frame
    if not segmentation:
        return np.array([height * width], np.int64)
    if isinstance(segmentation, list):
        from pycocotools import mask  # 170 ms to import, and most files need no masks

        merged: Any = mask.merge(mask.frPyObjects(segmentation, height, width))
        runs = run_lengths(merged["counts"])
    elif segmentation["size"] != [height, width]:
        raise ValueError("it is {1} x {0}, the image {3} x {2}".format(*segmentation["size"], height, width))
    elif isinstance(counts := segmentation["counts"], str):
        runs = run_lengths(counts.encode())
    elif max(counts, default=0) > height * width:
        raise ValueError(_NOT_COVERED)
    else:
        runs = np.array(counts, np.int64)
    if (runs < 0).any() or runs.sum() != height * width:
        raise ValueError(_NOT_COVERED)
    return runs


_NOT_COVERED = "its run lengths do not cover the image"


def drawn(masks: Sequence[np.ndarray], frame: tuple[int, int]) -> torch.Tensor:
    """Run lengths that each cover a picture of `frame` (height, width), as masks uint8 (N, H, W). In memory each mask
    lies column by column, as its runs do."""
    if not masks:
        return torch.zeros((0, *frame), dtype=torch.uint8)
    values = np.concatenate([np.arange(len(runs)) & 1 for runs in masks]).astype(np.uint8)
    # At once, and twenty times faster than `pycocotools.mask.decode`.
    pixels = np.repeat(values, np.concatenate(masks)).reshape(len(masks), frame[1], frame[0])
    return torch.from_numpy(pixels).transpose(1, 2)


def in_rows(masks: torch.Tensor) -> torch.Tensor:
    """Masks (N, H, W) laid out row by row, as everything else expects them."""
    if masks.is_contiguous():
        return masks
    rows = torch.empty(masks.shape, dtype=masks.dtype)
    for mask, row in zip(masks, rows, strict=True):
        row.copy_(mask)  # in two dimensions torch turns blocks that fit into the cache
    return rows


_LONGEST = 7
"""Letters of a number: 35 bits, longer than a run of any image."""


def run_lengths(text: bytes) -> np.ndarray:
    """The run lengths int64 (r,) in COCO's compressed text: groups of five bits, the least first, from the third on as
    differences to the run before the last. Raises ValueError for what is no such text."""
    letters = np.frombuffer(text, np.uint8)
    bits = letters.astype(np.int64) - 48
    wrong = (bits < 0) | (bits > 63)
    if wrong.any():
        raise ValueError(f"{chr(letters[wrong.argmax()])!r} is no letter of compressed run lengths")
    last = np.flatnonzero(bits < 32)
    if not len(last) or last[-1] != len(bits) - 1:
        raise ValueError("its run lengths end in the middle of a number" if len(bits) else "it has no run lengths")
    first = np.append(0, last[:-1] + 1)
    lengths = last - first + 1
    if lengths.max() > _LONGEST:
        raise ValueError("one of its run lengths is longer than any image")
    shifts = 5 * (np.arange(len(bits)) - np.repeat(first, lengths))
    runs = np.add.reduceat((bits & 31) << shifts, first)
    runs -= np.where(bits[last] & 16, 1 << 5 * lengths, 0)
    runs[1::2] = np.cumsum(runs[1::2])
    runs[2::2] = np.cumsum(runs[2::2])
    return runs
