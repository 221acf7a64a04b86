"""Columns that are computed when somebody asks, and the checks that many image files share."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from attrs import define, field, frozen

from feedline.runtime.columns import AnyColumn, Column, TextColumn
from feedline.runtime.sources import images
from feedline.runtime.sources.base import BadData, UnreadableSample

_SHOWN = 5


@define(eq=False)
class Columns(Mapping[str, AnyColumn]):
    """Columns by field. `later` maps a field to what computes it, and whatever else comes with it, on first use."""

    ready: dict[str, AnyColumn]
    later: dict[str, Callable[[], dict[str, AnyColumn]]] = field(factory=dict)

    def __getitem__(self, name: str) -> AnyColumn:
        if name not in self.ready and name in self.later:
            self.ready.update(self.later[name]())
        return self.ready[name]

    def __contains__(self, name: object) -> bool:
        return name in self.ready or name in self.later

    def __iter__(self) -> Iterator[str]:
        yield from self.ready
        yield from (name for name in self.later if name not in self.ready)

    def __len__(self) -> int:
        return len(self.ready.keys() | self.later.keys())


@frozen(eq=False)
class ImageFiles:
    """Image files below one root, by position."""

    root: str
    paths: TextColumn
    """Relative to the root, with forward slashes."""
    options: images.ImageOptions

    def __len__(self) -> int:
        return len(self.paths)

    def path(self, index: int) -> str:
        """The file at a position, with its root."""
        return os.path.join(self.root, self.paths[index])  # a Path costs more, a million times an epoch

    def decode(self, index: int) -> images.Decoded:
        """The decoded file at a position. Raises `UnreadableSample`."""
        path = self.path(index)
        try:
            return images.decode(path, self.options)
        except images.BrokenImage as error:
            raise UnreadableSample(int(index), path, str(error)) from None

    def size_columns(self) -> dict[str, Callable[[], dict[str, AnyColumn]]]:
        """`width` and `height`, read from the headers when first asked for."""
        compute = partial(_read_sizes, self.root, self.paths, self.options.exif)
        return {"width": compute, "height": compute}


def decodes_files(source: object) -> bool:
    """Whether a source gets every image from `ImageFiles`, or is made of such sources."""
    parts = getattr(source, "sources", ())
    return all(map(decodes_files, parts)) if parts else isinstance(getattr(source, "files", None), ImageFiles)


def _read_sizes(root: str, paths: TextColumn, exif: bool) -> dict[str, AnyColumn]:
    sizes = np.zeros((len(paths), 2), np.int64)
    broken: list[str] = []
    for index in range(len(paths)):
        try:
            sizes[index] = images.size(Path(root, paths[index]), exif)
        except images.BrokenImage as error:
            broken.append(f"`{paths[index]}`: {error}")
    if broken:
        raise BadData(
            f"the size of {len(broken)} of {len(paths)} images in `{root}` cannot be read",
            rule="FL612",
            notes=tuple(broken[:_SHOWN]),
            help="`width` and `height` are read from the image headers: repair or remove these files",
        )
    return {"width": Column(sizes[:, 0]), "height": Column(sizes[:, 1])}


def some(items: Sequence[object]) -> str:
    """The first few of many, for a message: `a, b, c and 12 more`."""
    shown = ", ".join(f"`{item}`" for item in items[:_SHOWN])
    return shown if len(items) <= _SHOWN else f"{shown} and {len(items) - _SHOWN:,} more"


def plural(count: int, noun: str, many: str | None = None) -> str:
    """`1 image`, `2 images`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {many or noun + 's'}"


def folder(path: object, argument: str = "root") -> str:
    """An existing folder's path, absolute. Raises `BadData`."""
    place = Path(str(path)).expanduser().absolute()
    if not place.exists():
        raise BadData(f"the folder `{place}` does not exist", help=_nearest(place), argument=argument)
    if not place.is_dir():
        raise BadData(f"`{place}` is a file, a folder was expected", argument=argument)
    return str(place)


def data_file(path: object, argument: str) -> Path:
    """An existing file's path, absolute. Raises `BadData`."""
    place = Path(str(path)).expanduser().absolute()
    if not place.exists():
        raise BadData(f"the file `{place}` does not exist", help=_nearest(place), argument=argument)
    if place.is_dir():
        raise BadData(f"`{place}` is a folder, a file was expected", argument=argument)
    return place


def _nearest(place: Path) -> str | None:
    """A name beside the missing one that was probably meant, or the first folder of the path that is missing."""
    from feedline.dsl.suggest import suggest

    parent = place.parent
    if not parent.is_dir():
        while not parent.parent.is_dir():
            parent = parent.parent
        return f"`{parent}` does not exist either"
    try:
        near = suggest(place.name, [entry.name for entry in os.scandir(parent)])
    except OSError:
        return None
    return f"did you mean `{parent / near[0]}`?" if near else None


_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


def escapes(name: str) -> bool:
    """Whether a file name from an annotation file leaves the folder it should be in."""
    if name.startswith(("/", "\\")) or _DRIVE.match(name) or "\0" in name:
        return True
    if ".." not in name:
        return False
    depth = 0
    for part in re.split(r"[\\/]", name):
        depth += {"..": -1, ".": 0, "": 0}.get(part, 1)
        if depth < 0:
            return True
    return False


def missing(root: str, names: Sequence[str] | TextColumn) -> list[int]:
    """Positions of the names that are not below the root: one listing a folder, not one look a file."""
    listings: dict[str, set[str]] = {}
    absent: list[int] = []
    for index, name in enumerate(names):
        parent, _, last = name.rpartition("/")
        if parent not in listings:
            try:
                listings[parent] = {entry.name for entry in os.scandir(Path(root, parent))}
            except OSError:
                listings[parent] = set()
        if last not in listings[parent]:
            absent.append(index)
    # A listing is exact where a file system may not be (case, `./`): ask again about the few that seem to be missing.
    return [index for index in absent if not os.path.exists(os.path.join(root, names[index]))]


def check_names(
    root: str, names: Sequence[str] | TextColumn, listed_in: object, tolerant: bool, warn: Callable[[BadData], None]
):
    """Every name stays below the root and is there. Raises `BadData`, or warns where missing files are tolerated."""
    outside = [name for name in names if escapes(name)]
    if outside:
        raise BadData(
            f"{plural(len(outside), 'file name')} in `{listed_in}` would leave the image folder: {some(outside)}",
            rule="FL604",
            help=f"file names must be relative and stay below `{root}`",
        )
    absent = missing(root, names)
    if not absent:
        return
    everything = len(absent) == len(names)
    count = "none" if everything else f"{len(names) - len(absent):,}"
    fault = BadData(
        f"{plural(len(absent), 'image')} of {len(names):,} listed in `{listed_in}` cannot be found: "
        f"{some([names[index] for index in absent])}",
        rule="FL614" if tolerant else "FL605",
        notes=(f"looked in `{root}`, which has {count} of them",),
        help="the image folder must be the one that the file names start from"
        if everything
        else "restore these files or remove them from the list",
    )
    if not tolerant:
        raise fault
    warn(fault)
