"""What lies in a folder of caches, for whoever lists or removes them. Free of torch.

A cache is a folder named by its key: a header, a table that says where each sample is, and the records of samples.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from attrs import frozen

FORMAT = 2
"""Of the files; a cache of another is another cache."""

ROW = struct.Struct("<16sQII")
"""One row of the table: digest, offset, length in 64 bytes, checksum."""

HEADER, TABLE, SAMPLES = FILES = "cache.json", "table", "samples"


@frozen
class Header:
    """What a cache is of, for who looks into the folder."""

    key: str
    steps: str
    """The steps whose result is kept, as the file writes them; empty for decoded images."""
    loaders: tuple[str, ...] = ()
    """`file.pipe: loader`, of those that have used it."""
    total: int = 0
    """Samples of the largest loader that has used it."""
    format: int = FORMAT


@frozen
class Listed:
    """One cache of a folder, for `feedline cache ls`."""

    path: str
    header: Header | None
    """None where it cannot be read."""
    kept: int
    size: int
    used: float
    """Seconds since 1970."""


def listed(folder: str) -> Iterator[Listed]:
    """The caches in a folder, by name. Raises OSError where it cannot be read."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        place = Path(entry.path)
        if not entry.is_dir() or not any((place / name).exists() for name in (HEADER, TABLE)):
            continue
        files = [place / name for name in FILES]
        stats = [file.stat() for file in files if file.exists()]
        used = max(stat.st_mtime for stat in stats)
        size = sum(stat.st_blocks * 512 for stat in stats)
        yield Listed(entry.path, read_header(place), _kept(place / TABLE), size, used)


def is_own(folder: str) -> bool:
    """Whether a folder is a cache, or one of caches: never data of the user's."""
    if all(os.path.exists(os.path.join(folder, name)) for name in (HEADER, TABLE)):
        return True
    try:
        with os.scandir(folder) as entries:
            first = next(entries, None)  # it may hold a million images
    except OSError:
        return False
    return first is not None and first.is_dir() and Path(first.path, HEADER).exists()


def remove(path: str) -> None:
    """Remove one cache of those `listed`, and nothing in its folder that is not its own. Raises OSError."""
    for entry in os.scandir(path):
        if any(entry.name == name or entry.name.startswith(f".{name}.") for name in FILES):
            os.unlink(entry.path)
    os.rmdir(path)


def _kept(table: Path) -> int:
    """Rows in use."""
    try:
        rows = np.fromfile(table, np.uint8)
    except OSError:
        return 0
    rows = rows[: len(rows) // ROW.size * ROW.size].reshape(-1, ROW.size)
    return int(rows[:, :16].any(1).sum())


def read_header(place: Path) -> Header | None:
    """The header in a cache's folder, None where there is none that can be read."""
    try:
        values: dict[str, Any] = json.loads((place / HEADER).read_text("utf-8"))
        return Header(**{**values, "loaders": tuple(values["loaders"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None
