"""How much a cache will take, said before it is made, and how much it may take."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch
from torchvision import tv_tensors

from feedline.runtime.columns import Column
from feedline.runtime.data import PartSource
from feedline.runtime.sources import images
from feedline.runtime.sources.base import Source
from feedline.runtime.sources.concat import ConcatSource
from feedline.runtime.sources.metadata import Columns, ImageFiles
from feedline.runtime.threads import one_thread
from feedline.runtime.transforms import Chain, StepFailed

GB = 1_000_000_000
_SHARE = 0.5
"""Of what is free, without `gb`."""
_LOOKED_AT = 24
"""Images whose headers are read for the estimate, spread over the data."""
_RECORD = 256
"""Bytes of a record beside its image, more or less."""


def estimated_bytes(source: Source, indices: np.ndarray, prefix: Chain) -> int:
    """What samples will take after the steps `prefix`: the sizes of a few images, as their headers say, are put through
    the steps as blank images. No pixel is read."""
    chosen = indices[np.unique(np.linspace(0, len(indices) - 1, _LOOKED_AT).astype(np.int64))]
    known = [found for found in (_size(source, int(index)) for index in chosen) if found is not None]
    if not known:
        return 0
    with one_thread():
        each = {found: _bytes_after(*found, prefix) for found in set(known)}
    return round(sum(each[found] for found in known) / len(known) * len(indices))


def allowed_disk(folder: str, gb: float | None) -> int:
    """Bytes that the files in a folder may take: as the user says, else half of what is free there."""
    if gb is not None:
        return int(gb * GB)
    place = Path(folder)
    while not place.exists() and place != place.parent:
        place = place.parent
    found = os.statvfs(place)
    return int(found.f_bavail * found.f_frsize * _SHARE)


def allowed_memory(gb: float | None) -> int:
    """Bytes that a cache in memory may take: as the user says, else half of what is free."""
    return int(gb * GB) if gb is not None else int(free_memory() * _SHARE)


def free_memory() -> int:
    """Bytes that this machine, and the control group that this process is in, can still give."""
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for line in _lines("/proc/meminfo"):
        if line.startswith("MemAvailable:"):
            free = int(line.split()[1]) * 1024
    group = Path("/sys/fs/cgroup")
    most, now = (next(iter(_lines(group / name)), "max") for name in ("memory.max", "memory.current"))
    return min(free, int(most) - int(now)) if most.isdigit() and now.isdigit() else free


def amount(size: float) -> str:
    """Bytes for people: `1.2 GB`."""
    for unit, name in ((GB, "GB"), (1_000_000, "MB")):
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{max(1, round(size / 1000))} kB"


def _lines(path: str | Path) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def _size(source: Source, index: int) -> tuple[int, int, int] | None:
    """Channels, height and width of an image before the chain; None where its header cannot be read."""
    if isinstance(source, PartSource):
        return _size(source.sources[0], int(source.indices[index]))
    if isinstance(source, ConcatSource):
        which, position = source.place(index)
        return _size(source.sources[which], position)
    files = getattr(source, "files", None)
    if not isinstance(files, ImageFiles):
        return None
    channels = {"L": 1, "RGBA": 4}.get(files.options.mode, 3)
    known = source.columns.ready if isinstance(source.columns, Columns) else {}
    sides = [known.get(name) for name in ("height", "width")]
    if all(isinstance(side, Column) for side in sides):
        height, width = (int(side.values[index]) for side in sides if isinstance(side, Column))
        return channels, height, width
    try:
        width, height = images.size(files.path(index), files.options.exif)
    except images.BrokenImage:
        return None
    return channels, height, width


def _bytes_after(channels: int, height: int, width: int, prefix: Chain) -> int:
    blank = tv_tensors.Image(torch.zeros(channels, height, width, dtype=torch.uint8))
    boxes = tv_tensors.BoundingBoxes(torch.zeros(0, 4), format="XYXY", canvas_size=(height, width))  # pyright: ignore[reportCallIssue]  (the stubs know neither keyword)
    try:
        after = prefix({"image": blank, "boxes": boxes, "labels": torch.zeros(0, dtype=torch.int64)}, 0)["image"]
    except StepFailed:
        after = blank  # a step that needs more than an image
    return after.numel() + _RECORD
