"""How much a cache will take, said before it is made, and how much it may take."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torchvision import tv_tensors

from feedline.runtime.cache.record import once
from feedline.runtime.columns import Column
from feedline.runtime.data import PartSource
from feedline.runtime.sources import images
from feedline.runtime.sources.base import Source
from feedline.runtime.sources.concat import ConcatSource
from feedline.runtime.sources.metadata import Columns, ImageFiles
from feedline.runtime.threads import one_thread
from feedline.runtime.transforms import Chain, StepFailed

GB = 1_000_000_000
SHARE = 0.5
"""Of what is free that a cache may take without `gb`."""
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


def nearest(folder: str) -> str:
    """A folder, or the one that it will be in."""
    while not os.path.exists(folder) and folder != os.path.dirname(folder):
        folder = os.path.dirname(folder)
    return folder


def free_disk(folder: str) -> int:
    """Bytes that are free where a folder is or will be."""
    return shutil.disk_usage(nearest(folder)).free


def free_memory() -> int:
    """Bytes that this machine, and the control groups that this process is in, can still give."""
    known = [line.split()[1] for line in _lines("/proc/meminfo") if line.startswith("MemAvailable:")]
    free = int(known[0]) * 1024 if known else os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    groups = [_free_in(group, old) for group, old in _groups()]
    return max(0, min([free, *(each for each in groups if each is not None)]))


def _groups() -> Iterator[tuple[Path, bool]]:
    """This process's control groups for memory, up to the root, each with whether it is one of version 1."""
    for line in _lines("/proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        root = Path("/sys/fs/cgroup", "memory" if controllers else "")
        inner = Path(path.lstrip("/"))
        yield from ((root / part, bool(controllers)) for part in (inner, *inner.parents))


def _free_in(group: Path, old: bool) -> int | None:
    """What a control group may still take, what it could drop at once included; None without a limit."""
    names = ("memory.limit_in_bytes", "memory.usage_in_bytes") if old else ("memory.max", "memory.current")
    most, now = ("".join(_lines(group / name)[:1]) for name in names)
    if not (most.isdigit() and now.isdigit()):
        return None
    drop = "total_inactive_file " if old else "inactive_file "
    cached = sum(int(line.split()[1]) for line in _lines(group / "memory.stat") if line.startswith(drop))
    return int(most) - int(now) + cached


def amount(size: float) -> str:
    """Bytes for people: `1.2 GB`."""
    if size <= 0:
        return "nothing"
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
    return once(after).numel() + _RECORD
