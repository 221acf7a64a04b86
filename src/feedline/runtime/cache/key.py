"""What a cache depends on: the key names the folder of one plan prefix, the digest one sample in it.

Both are hashes. The key: the steps in canonical form, and everything whose next version might compute another value.
The digest: which file it was, its size and time (or its content), how its source reads it, and all that its source
knows of it beside (label, boxes, columns), because those are kept with the pixels.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import PIL
import torch
import torchvision

from feedline import __version__
from feedline.compiler.paths import shown_from
from feedline.compiler.plan import Plan
from feedline.compiler.serial import steps_meaning
from feedline.runtime.cache.files import FORMAT
from feedline.runtime.cache.shared import SharedBytes
from feedline.runtime.columns import AnyColumn, RaggedColumn, TextColumn
from feedline.runtime.data import PartSource
from feedline.runtime.sources.base import Source
from feedline.runtime.sources.coco import CocoSource
from feedline.runtime.sources.concat import ConcatSource
from feedline.runtime.sources.files import UnlabelledFiles
from feedline.runtime.sources.folder import LabelledFiles
from feedline.runtime.sources.metadata import ImageFiles
from feedline.runtime.sources.table import TableSource

Digest = Callable[[int], "bytes | None"]
"""The digest of the sample at a position, 16 bytes; None where it has no file now."""

_PIECE = 1 << 20


def key_of(plan: Plan) -> str:
    """Sixteen hexadecimal digits for what is computed of every sample."""
    parts = {
        "format": FORMAT,
        "steps": steps_meaning(plan.chain[: plan.prefix]),
        "scaled": plan.scaled,
        "feedline": __version__,
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "pillow": PIL.__version__,
        # torchvision resizes bytes in whole numbers where the processor has the instructions, else in floats.
        "processor": torch.backends.cpu.get_cpu_capability(),
    }
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def digests(source: Source, folder: str, hashed: bool) -> Digest | None:
    """How the samples of a source are told apart; None for one whose changes cannot be noticed.

    `folder` is the `.pipe` file's: data below it may move with it. `hashed`: by what files hold, not by their time."""
    match source:
        case PartSource(sources=(whole,)):
            inner = digests(whole, folder, hashed)
            return None if inner is None else _Part(inner, source)
        case ConcatSource():
            parts = [digests(part, folder, hashed) for part in source.sources]
            known = tuple(part for part in parts if part is not None)
            return _Joined(source, known) if len(known) == len(parts) else None
        case LabelledFiles() | UnlabelledFiles() | CocoSource() | TableSource() if source.files is not None:
            return _Files(source, source.files, folder, hashed)
        case _:
            return None


class _Part:
    def __init__(self, inner: Digest, source: PartSource):
        self._inner, self._source = inner, source

    def __call__(self, index: int) -> bytes | None:
        return self._inner(int(self._source.indices[index]))


class _Joined:
    """A sample of one of several sources; its labels may be renumbered."""

    def __init__(self, source: ConcatSource, parts: tuple[Digest, ...]):
        self._source, self._parts = source, parts
        self._salts = [repr(sorted(changed.items())).encode() for changed in source.numbers]

    def __call__(self, index: int) -> bytes | None:
        which, position = self._source.place(index)
        found = self._parts[which](position)
        return None if found is None else _hash(found + self._salts[which])


class _Files:
    """A sample with an image file."""

    def __init__(self, source: Any, files: ImageFiles, folder: str, hashed: bool):
        self._files = files
        # Widths and heights come and go with who asks for them, and follow from the file.
        names = sorted(name for name in source.columns.ready if name not in source.columns.later and name != "path")
        self._columns = [source.columns.ready[name] for name in names]
        self._masks: TextColumn | None = getattr(source, "segmentations", None)
        self._features: torch.Tensor | None = getattr(source, "features", None)
        root = "" if hashed else shown_from(files.root, folder)
        # A column may be a field of the sample, or only be there for conditions.
        fields = getattr(source, "fields", ()), self._features is None, self._masks is None
        parts = type(source).__name__, files.options, [*map(_form, names, self._columns)], fields, root
        self._salt = _hash(repr(parts).encode("utf-8", "surrogateescape"))
        self._contents = SharedBytes(16 * len(files)) if hashed else None
        """Each file is read once a run for its content."""

    def __call__(self, index: int) -> bytes | None:
        path = self._files.paths[index]
        place = f"{self._files.root}{os.sep}{path}"
        try:
            if self._contents is not None:
                found = self._content(place, self._contents.view[16 * index : 16 * index + 16])
            else:
                stat = os.stat(place)
                found = b"%d %d" % (stat.st_size, stat.st_mtime_ns)
        except OSError:
            return None
        parts = [self._salt, path.encode("utf-8", "surrogateescape"), found]
        parts += [_value(column, index) for column in self._columns]
        if self._features is not None:
            parts.append(self._features[index].numpy().tobytes())
        if self._masks is not None:
            parts += _texts_of(self._masks, self._columns, index)
        return _hash(b"\0".join(parts))

    @staticmethod
    def _content(place: str, known: Any) -> bytes:
        if not any(known):
            known[:] = _content(place)
        return bytes(known)


def _form(name: str, column: AnyColumn) -> str:
    """A column's name, and the type of its numbers: 0 and 0.0 are the same bytes. Of whole numbers the kind alone, for
    their bits may become more as the data grows."""
    if isinstance(column, TextColumn) or column.names is not None:
        return name
    return f"{name} {'whole' if column.values.dtype.kind in 'iu' else column.values.dtype}"


def _value(column: AnyColumn, index: int) -> bytes:
    if isinstance(column, TextColumn):
        return column[index].encode("utf-8", "surrogateescape")
    if isinstance(column, RaggedColumn):
        values = column.of(index)
        return b"%d %b" % (len(values), _numbers(values))
    value = column.values[index]
    if column.names is None:
        return _numbers(value)
    # A code alone says nothing: its name may have another code once the data grows.
    return f"{value} {column.names[value]}".encode("utf-8", "surrogateescape")


def _numbers(values: Any) -> bytes:
    """An array's or a number's bytes, whole numbers as 64 bits."""
    return (values.astype(values.dtype.kind + "8") if values.dtype.kind in "iu" else values).tobytes()


def _texts_of(texts: TextColumn, columns: list[AnyColumn], index: int) -> list[bytes]:
    """The segmentations of a sample's objects, which are numbered as its boxes are."""
    of = next(column for column in columns if isinstance(column, RaggedColumn))
    found = [texts[at].encode("utf-8", "surrogateescape") for at in range(*of.offsets[index : index + 2].tolist())]
    return [np.array(list(map(len, found)), np.int64).tobytes(), b"".join(found)]


def _content(place: str) -> bytes:
    found = hashlib.blake2b(digest_size=16)
    with open(place, "rb") as file:
        while piece := file.read(_PIECE):
            found.update(piece)
    return found.digest()


def _hash(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()
