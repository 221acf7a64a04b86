"""Samples kept in the memory of one process, for a loader whose workers are its threads, or that has none.

A record is made where it stays: writing it to a file of memory, as processes that share it need, would take longer
than making it. Large pages would be written faster, but the kernel stops everything while it clears room for them.
"""

from __future__ import annotations

import os
import threading

import torch

from feedline.runtime.cache.record import pack, unpack
from feedline.runtime.sources.base import Sample

_PIECE = 64 << 20
"""Bytes asked for at a time: a piece of its own for every record would be more than the kernel keeps account of."""


class _NoRoom(Exception):
    """There is no memory for another record, or none that may be taken."""


class OwnMemory:
    """What `Store` is for processes. A process that it gets into by a fork reads what was there and keeps no more; one
    that it is sent to by pickle has nothing."""

    def __init__(self, limit: int):
        self._limit, self._taken, self._process = limit, 0, os.getpid()
        self._records: dict[bytes, memoryview] = {}
        self._free = torch.empty(0, dtype=torch.uint8)
        self._lock = threading.Lock()
        self.stopped: str | None = None

    def __reduce__(self) -> tuple[type[OwnMemory], tuple[int]]:
        return OwnMemory, (0,)

    def get(self, digest: bytes, lend: bool) -> Sample | None:
        """The sample kept under a digest, None where there is none. See `record.unpack` for `lend`."""
        record = self._records.get(digest)
        return None if record is None else unpack(record, 0, digest, lend)

    def put(self, digest: bytes, sample: Sample, flat: bool = False, lend: bool = False) -> Sample | None:
        """Keep a sample, unless there is no room. With `lend` it is given back as `record.pack` does, for whoever
        writes into none of its images. Raises `NotKept` for one that has no form here."""
        if self.stopped is not None or self._process != os.getpid():
            return None
        try:
            record, made = pack(sample, digest, flat, self._room)
        except _NoRoom:
            self.stopped = "it has taken all that it may"
            return None
        self._records[digest] = record
        return made if lend else None

    def _room(self, size: int) -> torch.Tensor:
        with self._lock:
            if self._taken + size > self._limit:
                raise _NoRoom
            if len(self._free) < size:
                try:
                    self._free = torch.empty(max(size, min(_PIECE, self._limit - self._taken)), dtype=torch.uint8)
                except RuntimeError:  # what torch makes of an allocation that fails
                    raise _NoRoom from None
            found, self._free = self._free[:size], self._free[size:]
            self._taken += size
            return found
