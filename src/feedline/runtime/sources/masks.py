"""Segmentations of COCO files as masks, by pycocotools, which trusts what it is given.

So what would make it hang (coordinates without bounds) or return uninitialised memory (run lengths that do not cover
the image) is refused here first.
"""

from __future__ import annotations

from typing import Any

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


def decode_mask(segmentation: Any, frame: tuple[int, int]) -> torch.Tensor:
    """uint8 (H, W) on a picture of `frame` (height, width). Raises ValueError for run lengths that do not fit it."""
    from pycocotools import mask  # 170 ms to import, and most files need no masks

    if not segmentation:
        return torch.zeros(frame, dtype=torch.uint8)
    if isinstance(segmentation, list):
        return torch.from_numpy(mask.decode(mask.merge(mask.frPyObjects(segmentation, *frame))))
    height, width = segmentation["size"]
    if (height, width) != frame:
        raise ValueError(f"it is {width} x {height}, the image {frame[1]} x {frame[0]}")
    counts = segmentation["counts"]
    runs = run_lengths(counts) if isinstance(counts, str) else counts
    if any(run < 0 for run in runs) or sum(runs) != height * width:
        raise ValueError("its run lengths do not cover the image")
    encoded: Any = {"size": [height, width], "counts": runs}
    return torch.from_numpy(mask.decode(mask.frPyObjects(encoded, height, width)))


def run_lengths(text: str) -> list[int]:
    """The run lengths in COCO's compressed text: groups of five bits, the least first, from the third on as differences
    to the run before the last. Raises ValueError for what is no such text."""
    runs: list[int] = []
    value = shift = 0
    for letter in text:
        bits = ord(letter) - 48
        if not 0 <= bits < 64:
            raise ValueError(f"{letter!r} is no letter of compressed run lengths")
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits & 0x20:
            continue
        if bits & 0x10:
            value -= 1 << shift
        runs.append(value + runs[-2] if len(runs) > 2 else value)
        value = shift = 0
    if shift:
        raise ValueError("its run lengths end in the middle of a number")
    return runs
