"""`ImageFolder`: a folder a class. Positions and class numbers are torchvision's: classes and files in sorted order.

For `split ... by folder` the classes are one level further down (`root/train/ant/1.jpg`): the source then holds the
folders that the split names and no others, and every one of them must have the same classes.

Files that are no images by their ending, folders whose name starts with a dot, and folders that a `cache` has made are
passed over.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from attrs import field, frozen
from torchvision.datasets.folder import IMG_EXTENSIONS

from feedline.dsl.suggest import did_you_mean
from feedline.runtime.cache.files import is_own
from feedline.runtime.columns import AnyColumn, Column, TextColumn
from feedline.runtime.sources.base import BadData, Role, Sample
from feedline.runtime.sources.binding import Binding
from feedline.runtime.sources.images import ImageOptions
from feedline.runtime.sources.metadata import Columns, ImageFiles, folder, plural, some


@frozen(eq=False)
class LabelledFiles:
    """Image files with a class each. `label` is an int64 code into `classes`."""

    files: ImageFiles
    columns: Columns
    classes: tuple[str, ...] | None
    role: Role = field(factory=lambda: Role(("image",), ("label",)))

    def __len__(self) -> int:
        return len(self.files)

    def describe(self, index: int) -> str:
        """The image file."""
        return self.files.path(index)

    def read(self, index: int) -> Sample:
        """image and label."""
        label = self.columns["label"]
        assert isinstance(label, Column)
        return {"image": self.files.decode(index).image, "label": int(label.values[index])}


def labelled_files(
    root: str, names: Sequence[str], labels: Sequence[int], classes: Sequence[str] | None, options: ImageOptions
) -> LabelledFiles:
    """A source of files (relative to `root`, forward slashes) whose classes are known."""
    files = ImageFiles(root, TextColumn.of(names), options)
    firsts = [name.partition("/")[0] if "/" in name else "" for name in names]
    folders = sorted(set(firsts))
    code = {name: number for number, name in enumerate(folders)}
    ready: dict[str, AnyColumn] = {
        "label": Column(np.array(labels, np.int64), None if classes is None else tuple(classes)),
        "path": files.paths,
        "folder": Column(np.array([code[name] for name in firsts], np.int64), tuple(folders)),
    }
    return LabelledFiles(files, Columns(ready, files.size_columns()), None if classes is None else tuple(classes))


def bind(binding: Binding) -> LabelledFiles:
    """`ImageFolder(root, allow_empty=false)` and `DatasetFolder` with its `extensions`. Raises `BadData`."""
    root = folder(binding.args["root"])
    endings = tuple(str(ending).lower() for ending in binding.get("extensions", IMG_EXTENSIONS))
    allow_empty = bool(binding.get("allow_empty", False))
    parts = binding.folder_parts
    places = [os.path.join(root, part) for part in _existing_parts(root, parts)] if parts else [root]
    classes = _agreed_classes(places)
    names: list[str] = []
    labels: list[int] = []
    for place in places:
        empty = []
        for label, class_name in enumerate(classes):
            found = list(_files(os.path.join(place, class_name), endings))
            names += [path[len(root) :].lstrip(os.sep).replace(os.sep, "/") for path in found]
            labels += [label] * len(found)
            if not found:
                empty.append(class_name)
        if empty and not allow_empty:
            raise _empty_classes(place, empty, endings)
    if not names:
        raise BadData(f"there is no image below `{root}`", rule="FL607", argument="root")
    return labelled_files(root, names, labels, classes, binding.image_options())


def _subfolders(place: str) -> list[str]:
    folders = (entry for entry in os.scandir(place) if entry.is_dir() and not entry.name.startswith("."))
    return sorted(entry.name for entry in folders if not is_own(entry.path))


def _existing_parts(root: str, parts: tuple[str, ...]) -> tuple[str, ...]:
    present = _subfolders(root)
    for part in parts:
        if part not in present:
            listing = f"it has {some(present)}" if present else "it has no folders"
            raise BadData(
                f"the split names the folder `{part}`, which is not in `{root}`",
                notes=(listing,),
                help=did_you_mean(part, present),
                argument="root",
            )
    return parts


def _agreed_classes(places: list[str]) -> list[str]:
    """The class folders, the same in every place."""
    found = [_subfolders(place) for place in places]
    for place, classes in zip(places, found, strict=True):
        if not classes:
            raise BadData(
                f"`{place}` holds no class folders",
                rule="FL607",
                help="images of one class go into one folder (`root/ant/1.jpg`); "
                'for unlabelled images use `Files("**/*.jpg", root=...)`',
                argument="root",
            )
    every = sorted(set().union(*found))
    lacking = [
        f"`{place}` has no {some([name for name in every if name not in classes])}"
        for place, classes in zip(places, found, strict=True)
        if classes != every
    ]
    if lacking:
        raise BadData(
            "the folders of the split do not hold the same classes",
            rule="FL615",
            notes=tuple(lacking),
            help="give every part the same class folders",
            argument="root",
        )
    return every


def _empty_classes(place: str, empty: list[str], endings: tuple[str, ...]) -> BadData:
    return BadData(
        f"{plural(len(empty), 'class folder')} in `{place}` without an image: {some(empty)}",
        rule="FL607",
        notes=(f"endings of images are {', '.join(endings)}",),
        help="remove the empty folders, or say `allow_empty=true`",
        argument="root",
    )


def _files(place: str, endings: tuple[str, ...]) -> Iterable[str]:
    """Files with one of the endings below a folder, links followed, in torchvision's order."""
    walked = []
    for parent, folders, files in os.walk(place, followlinks=True):
        # A link to a folder above would be walked over and over.
        folders[:] = [name for name in folders if not _loops(parent, name)]
        walked.append((parent, files))
    for parent, files in sorted(walked):
        yield from (f"{parent}{os.sep}{name}" for name in sorted(files) if name.lower().endswith(endings))


def _loops(parent: str, name: str) -> bool:
    path = os.path.join(parent, name)
    return os.path.islink(path) and Path(parent).resolve().is_relative_to(os.path.realpath(path))
