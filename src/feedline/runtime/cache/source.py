"""A source whose samples are kept: what `Plan.prefix` and `Plan.cache` become."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from attrs import frozen

from feedline.runtime.cache.budget import amount
from feedline.runtime.cache.key import Digest
from feedline.runtime.cache.own import OwnMemory
from feedline.runtime.cache.record import NotKept
from feedline.runtime.cache.store import Store
from feedline.runtime.sources import images
from feedline.runtime.sources.base import Sample, Source
from feedline.runtime.transforms import Chain
from feedline.runtime.transforms.direct import planes


@frozen
class Size:
    """What a cache will take, before it is made."""

    loader: str
    where: str
    """`memory`, or the folder."""
    samples: int
    size: int
    """Bytes, all in all."""
    there: int
    """Bytes that the folder has already."""

    @property
    def text(self) -> str:
        """For people."""
        have = f"; {amount(self.there)} are there" if self.there else ""
        where = "memory" if self.where == "memory" else f"`{self.where}`"
        return f"{self.samples:,} samples in {where}: about {amount(self.size)}{have}"


class Owned:
    """Anonymous files that stay open as long as somebody in the process that made them holds on to this."""

    def __init__(self, files: tuple[int, ...]):
        self._files, self._process = files, os.getpid()

    def __getstate__(self) -> tuple[()]:
        return ()

    def __setstate__(self, state: tuple[()]) -> None:
        self._files, self._process = (), 0

    def __del__(self, close: Callable[[int], None] = os.close, here: Callable[[], int] = os.getpid) -> None:
        if self._files and self._process == here():  # `os` may be gone when the interpreter ends
            for file in self._files:
                close(file)


class KeptSamples:
    """Samples after the first steps of a chain, each computed once and then kept. Can be pickled.

    `as_decoded`: the steps take images as a decoder lays them out. `flat`: what they make has yet to be laid out as
    planes. `lend`: the images of a batch may be views of the
    files, because nothing after these steps writes into them."""

    def __init__(
        self,
        source: Source,
        steps: Chain,
        as_decoded: bool,
        flat: bool,
        digest: Digest,
        open: Callable[[bool], tuple[Store | OwnMemory, Owned | None]],
        lend: bool,
        size: Size,
    ):
        self.size = size
        self._source, self._steps, self._digest = source, steps, digest
        self._as_decoded, self._flat = as_decoded, flat
        self._open, self._lend = open, lend
        self._store: Store | OwnMemory | None = None
        self._owned: Owned | None = None
        self._process = 0
        """The process that opened the files; of a copy, none."""
        self._refused: str | None = None
        self._said = False

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_process": 0}

    def prepare(self, alone: bool = False) -> None:
        """Open the files, so that worker processes started afterwards share what this one knows of them. `alone`: there
        will be none, and what is kept in memory needs no file. A copy opens its own: those of the loader that it was
        copied from may end with it."""
        if self._process == os.getpid() or self._refused is not None:
            return
        try:
            self._store, self._owned = self._open(alone)
            self._process = os.getpid()
        except OSError as error:
            self._refused = (error.strerror or str(error)).lower()

    def news(self) -> str | None:
        """Why nothing more is kept in this run, the first time that this is asked after it is so."""
        why = self._refused or (None if self._store is None else self._store.stopped)
        if why is None or self._said:
            return None
        self._said = True
        return why

    def through(self, index: int, rest: Callable[[Sample], Sample], lend: bool = False) -> Sample:
        """What `rest` makes of the sample at an index of the source after the steps. Raises what the source, a step or
        `rest` raises. With `lend` images may be views of the files, if the chain behind allows it."""
        if self._store is None:
            self.prepare()
        store, digest = self._store, self._digest(index)
        found = None if store is None or digest is None else store.get(digest, lend and self._lend)
        if found is not None:
            return rest(found)
        with images.layout(self._as_decoded):
            whole = self._source.read(index)
        sample, made = self._steps(whole, 0), None
        if store is not None and digest is not None:
            with suppress(NotKept):
                made = store.put(digest, sample, self._flat, lend and self._lend)
        if made is None:
            made = {name: planes(value) for name, value in sample.items()} if self._flat else sample
        return rest(made)
