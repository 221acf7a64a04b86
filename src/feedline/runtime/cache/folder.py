"""A cache's folder on disk: one folder a key, with a header, the table and the records. Or the same in memory.

Every file comes into being under another name and is renamed or linked when it is whole. A header that is damaged or of
another format, a table of the wrong size: the folder is emptied and filled again; processes that still have the old
files open go on with those.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import numpy as np
from attrs import asdict, evolve

from feedline.runtime.cache.files import FILES, HEADER, ROW, SAMPLES, TABLE, Header, read_header
from feedline.runtime.cache.store import Store, capacity_for, identity

_FEWEST = capacity_for(0)


def on_disk(folder: str, header: Header, limit: int) -> Store:
    """The store in a folder, made or opened. Raises OSError where the folder cannot be written or read."""
    place = Path(folder, header.key)
    place.mkdir(parents=True, exist_ok=True)
    known = read_header(place)
    if known is None or known.key != header.key or known.format != header.format:
        _empty(place)
        known = header
    loaders = tuple(dict.fromkeys((*known.loaders, *header.loaders)))
    wanted = evolve(known, loaders=loaders, total=max(known.total, header.total))
    rows = _made_table(place, capacity_for(wanted.total))
    _made(place / SAMPLES, 0)
    with suppress(OSError):  # of a folder that others fill: it can be read
        if wanted != known or not (place / HEADER).exists():
            _replaced(place / HEADER, json.dumps(asdict(wanted), indent=1).encode())
        else:
            os.utime(place / HEADER)  # says when it was last used
    return Store(str(place / TABLE), str(place / SAMPLES), rows, limit)


def in_memory(samples: int, limit: int) -> tuple[Store, tuple[int, int]]:
    """A store in anonymous files, and these: it is there until they are closed."""
    files = _anonymous("feedline-table"), _anonymous("feedline-samples")
    rows = capacity_for(samples)
    os.ftruncate(files[0], rows * ROW.size)
    table, data = (f"/proc/{os.getpid()}/fd/{file}" for file in files)
    return Store(table, data, rows, limit, (identity(files[0]), identity(files[1]))), files


def _anonymous(name: str) -> int:
    # Some builds of Python for old systems know no `memfd_create`.
    if hasattr(os, "memfd_create"):
        return os.memfd_create(name)
    return os.open("/dev/shm", os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)


def size_of(folder: str, key: str) -> int:
    """Bytes that a cache takes already."""
    try:
        return os.stat(Path(folder, key, SAMPLES)).st_size
    except OSError:
        return 0


def _empty(place: Path) -> None:
    for name in FILES:
        (place / name).unlink(missing_ok=True)


def _made_table(place: Path, rows: int) -> int:
    """A table with at least so many rows, and how many it has. One that is too small is copied into a larger one; of a
    size that no table has, it is damaged."""
    table = place / TABLE
    size = table.stat().st_size if table.exists() else 0
    have = size // ROW.size
    damaged = size % ROW.size or have & (have - 1) or have < _FEWEST
    if damaged and table.exists():
        _empty(place)
    if damaged:
        _made(table, rows * ROW.size)
    elif have < rows:
        with suppress(OSError):  # as it is, the table serves as well, for fewer samples
            _replaced(table, _rehashed(np.fromfile(table, np.uint8).reshape(-1, ROW.size), rows))
    return table.stat().st_size // ROW.size


def _rehashed(old: np.ndarray, rows: int) -> bytes:
    new = bytearray(rows * ROW.size)
    for row in old[old[:, :16].any(1)]:
        slot = int.from_bytes(row[:8].tobytes(), "little") & (rows - 1)
        while any(new[slot * ROW.size : slot * ROW.size + 16]):
            slot = (slot + 1) & (rows - 1)
        new[slot * ROW.size : (slot + 1) * ROW.size] = row.tobytes()
    return bytes(new)


def _made(path: Path, size: int) -> None:
    """A file of zeros, unless there is one: several processes may make it at once, and all then use the first's."""
    if path.exists():
        return
    with _beside(path) as (file, name):
        file.truncate(size)
        try:
            os.link(name, path)
        except FileExistsError:
            pass
        except OSError:  # a file system without links
            os.replace(name, path)


def _replaced(path: Path, content: bytes) -> None:
    with _beside(path) as (file, name):
        file.write(content)
        file.flush()
        os.replace(name, path)


@contextmanager
def _beside(path: Path) -> Iterator[tuple[IO[bytes], str]]:
    """A new file beside `path`, gone afterwards unless it was renamed."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o644)
            yield file, name
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)
