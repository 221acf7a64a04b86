"""Where kept samples lie: a table that says where each is, and one file of records that only ever grows.

Any number of processes read and write at once, without locks. A record is appended in one write, and the row of the
table that points to it is written afterwards; a reader believes a row only if the record at its place names the same
sample, and a record only once its checksum was right. So whatever a process that was killed left behind, a torn row, or
damage to the file reads as a sample that is not kept, and it is made and written again. Two that write the same sample
at once only waste its space.

The table is open addressed by the sample's digest. Memory is a file as well, an anonymous one (`memfd`) that worker
processes open by way of `/proc`, however they were started.
"""

from __future__ import annotations

import errno
import mmap
import os
import struct
import threading
from collections.abc import Callable
from typing import Any

from attrs import define, field

from feedline.runtime.cache.files import ROW
from feedline.runtime.cache.record import checksum, pack, unpack
from feedline.runtime.cache.shared import SharedBytes
from feedline.runtime.sources.base import Sample

_EMPTY = bytes(16)
_UNIT = 64
_PROBES = 64
"""Rows looked at for one sample; the table has twice as many as samples, so that the first mostly is it."""
_FULL, _FAILED = 1, 2
_FLAGS = 64
"""Where the rows' flags begin."""


Identity = tuple[int, int]


def identity(file: int) -> Identity:
    """The device and inode of an open file."""
    found = os.fstat(file)
    return found.st_dev, found.st_ino


def capacity_for(samples: int) -> int:
    """Rows of a table for so many samples: a power of two."""
    return 1 << max(6, (2 * samples).bit_length())


@define(eq=False)
class Opened:
    """The files as one process has them open: an appending one of its own, and maps that grow as the file does."""

    process: int
    table: int
    data: int
    rows: mmap.mmap
    right: Any
    """A flag for each row whose record was right when it was first read."""
    refused: int = 0
    """Why they can only be read, an `errno`."""
    lock: threading.Lock = field(factory=threading.Lock)
    records: mmap.mmap | None = None
    mapped: int = 0

    @property
    def mask(self) -> int:
        """Of the places that a digest may have."""
        return len(self.right) - 1

    def reach(self, end: int) -> bool:
        """Whether the records are mapped up to `end`."""
        if end <= self.mapped:
            return True
        with self.lock:
            size = os.fstat(self.data).st_size
            if self.mapped < end <= size:
                # Private: what is handed out is a tensor, and nobody's mistake may reach the file.
                self.records = mmap.mmap(self.data, size, access=mmap.ACCESS_COPY)
                self.mapped = size
            return end <= self.mapped

    def __del__(self, close: Callable[[int], None] = os.close) -> None:  # `os` may be gone when the interpreter ends
        for descriptor in (self.table, self.data):
            close(descriptor)


class Store:
    """A cache's files. Can be pickled; each process opens them for itself. `same`: the device and inode of each, where
    a path is another file's once that is closed."""

    def __init__(self, table: str, data: str, rows: int, limit: int, same: tuple[Identity, Identity] | None = None):
        self._paths, self._same = (table, data), same
        self._limit = limit
        """Bytes that the records may take."""
        self._flags = SharedBytes(_FLAGS + rows)
        """What the processes of this run tell each other: why nothing is written any more, with which `errno`, and a
        flag for each row whose record was right when one of them read it first."""
        self._opened: Opened | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_opened": None}

    def get(self, digest: bytes, lend: bool) -> Sample | None:
        """The sample kept under a digest, None where there is none. See `record.unpack` for `lend`."""
        files = self._files()
        if files is None:
            return None
        slot, row = self._find(files, digest)
        if slot < 0 or row[0] == _EMPTY:
            return None
        _, offset, units, expected = row
        length = units * _UNIT
        if not length or not files.reach(offset + length):
            return None
        records = files.records
        assert records is not None
        if not files.right[slot]:
            if checksum(records, offset, length) != expected:
                return None
            files.right[slot] = 1
        try:
            return unpack(records, offset, digest, lend)
        except (ValueError, TypeError, KeyError, AttributeError, struct.error, RuntimeError):
            return None  # a record of another time under a row that was checked before the file changed

    def put(self, digest: bytes, sample: Sample, flat: bool = False, lend: bool = False) -> Sample | None:
        """Keep a sample, unless there is no room, and give it back as `record.pack` does; None where it was not tried.
        Nobody else sees the images, whatever `lend` says. Raises `NotKept` for one that has no form here."""
        files = self._files()
        if files is not None and files.refused:
            self._stop(_FAILED, files.refused)
        if files is None or self._flags.view[0] or self._find(files, digest)[0] < 0:
            return None
        record, made = pack(sample, digest, flat)
        length = len(record)
        right = checksum(record, 0, length)  # while it is in the processor's cache
        try:
            with files.lock:
                offset = self._append(files, record)
            slot = -1 if offset is None else self._find(files, digest)[0]
            if slot >= 0:
                files.right[slot] = 0
                row = ROW.pack(digest, offset, length // _UNIT, right)
                os.pwrite(files.table, row, slot * ROW.size)
        except OSError as error:
            self._stop(_FAILED, error.errno or 0)
        return made

    def _append(self, files: Opened, record: memoryview) -> int | None:
        """Where the record was written; None where it was not, and nothing will be any more."""
        if os.fstat(files.data).st_size + len(record) > self._limit:
            self._stop(_FULL, 0)
            return None
        written = os.write(files.data, record)
        if written < len(record):  # the disk became full on the way: the next write says so
            os.write(files.data, record[written:])
            return None
        return os.lseek(files.data, 0, os.SEEK_CUR) - written

    def _find(self, files: Opened, digest: bytes) -> tuple[int, tuple[bytes, int, int, int]]:
        """The row of a digest, or the empty one for it; -1 where all that are looked at are others'."""
        slot = int.from_bytes(digest[:8], "little") & files.mask
        for _ in range(_PROBES):
            row = ROW.unpack_from(files.rows, slot * ROW.size)
            if row[0] == digest or row[0] == _EMPTY:
                return slot, row
            slot = (slot + 1) & files.mask
        return -1, (_EMPTY, 0, 0, 0)

    def _stop(self, why: int, number: int) -> None:
        if not self._flags.view[0]:
            self._flags.view[1] = min(number, 255)
            self._flags.view[0] = why

    @property
    def stopped(self) -> str | None:
        """Why nothing more is written in this run, in words."""
        why, number = self._flags.view[0], self._flags.view[1]
        if not why:
            return None
        return "it has taken all that it may" if why == _FULL else os.strerror(number).lower()

    def _files(self) -> Opened | None:
        opened = self._opened
        # Not those of the parent process: a file that two share has one position for both.
        if opened is None or opened.process != os.getpid():
            opened = self._opened = self._open()
        return opened

    def _open(self) -> Opened | None:
        try:
            return self._opened_as(os.O_RDWR)
        except OSError as error:
            why = error.errno or errno.EIO
        try:
            return self._opened_as(os.O_RDONLY, why)  # of a folder that others fill
        except OSError:
            self._stop(_FAILED, why)
            return None

    def _opened_as(self, mode: int, refused: int = 0) -> Opened:
        table, data = self._paths
        opened: list[int] = []
        try:
            mode |= os.O_CLOEXEC | os.O_NONBLOCK  # what is there now may be a pipe
            opened.append(os.open(table, mode))
            opened.append(os.open(data, mode | os.O_APPEND))
            if self._same is not None and self._same != tuple(map(identity, opened)):
                raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
            size = os.fstat(opened[0]).st_size
            rows = mmap.mmap(opened[0], size, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            for descriptor in opened:
                os.close(descriptor)
            raise OSError(getattr(error, "errno", None) or errno.EIO, str(error)) from None
        right = self._flags.view[_FLAGS:]
        if size // ROW.size != len(right):  # grown since for a larger loader: every row is elsewhere
            right = bytearray(size // ROW.size)
        return Opened(os.getpid(), opened[0], opened[1], rows, right, refused)
