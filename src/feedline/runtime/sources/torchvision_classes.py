"""Every map-style dataset of torchvision that no other file of this package knows better.

Two ways. Where the torchvision object knows a file and a class for each sample, both lists are taken from it and the
object is let go of (`FILES`): small to send to workers, decoded as everywhere. Else samples come from the object's own
`__getitem__`, and a row of `ROWS` says which field each of its values becomes.

Some classes list folders in whatever order the file system gives; those are sorted, so that a position means the same
sample on every machine. A label of -1 marks a sample without one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from attrs import define, evolve
from torchvision import tv_tensors
from torchvision.tv_tensors import _dataset_wrapper as wrapper

from feedline.runtime.columns import AnyColumn, Column, RaggedColumn, TextColumn
from feedline.runtime.sources import images
from feedline.runtime.sources.base import BadData, Role, Sample, Source, UnreadableSample
from feedline.runtime.sources.binding import Binding
from feedline.runtime.sources.construct import class_names, construct, failure
from feedline.runtime.sources.folder import labelled_files
from feedline.runtime.sources.metadata import Columns
from feedline.runtime.sources.torchvision_rows import FILES, ROWS, TARGETS, Row

_GREY = ("FER2013", "Omniglot", "PhotoTour")
_DETECTION = {"VOCDetection": wrapper.VOC_DETECTION_CATEGORIES, "Kitti": wrapper.KITTI_CATEGORIES, "WIDERFace": None}


@define(eq=False)
class TorchvisionSource:
    """Samples from a torchvision object's own `__getitem__`."""

    name: str
    columns: Columns
    classes: tuple[str, ...] | None
    role: Role
    _make: Callable[[], Any]
    _values: tuple[tuple[str, str], ...]
    _options: images.ImageOptions
    _size: int
    _reopen: bool
    _object: Any = None

    def __len__(self) -> int:
        return self._size

    def __getstate__(self) -> dict[str, Any]:
        state = {item.name: getattr(self, item.name) for item in self.__attrs_attrs__}  # pyright: ignore[reportAttributeAccessIssue]  (attrs puts it there)
        return {**state, "_object": None} if self._reopen else state

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            object.__setattr__(self, name, value)

    @property
    def dataset(self) -> Any:
        """The torchvision object."""
        if self._object is None:
            self._object = self._make()
        return self._object

    def describe(self, index: int) -> str:
        """The dataset's name and the index."""
        return f"{self.name}[{index}]"

    def read(self, index: int) -> Sample:
        """The fields that the catalogue lists for the class. What a sample lacks (a test part's flow) is left out."""
        try:
            values = self.dataset[int(index)]
            values = values if isinstance(values, tuple) else (values,)
            # Several targets come as a tuple of their own.
            if len(values) == 2 and len(self._values) > 2 and isinstance(values[1], tuple):
                values = (values[0], *values[1])
            return self._sample(values)
        except images.BrokenImage as error:
            raise UnreadableSample(int(index), self.describe(index), str(error)) from None
        except Exception as error:  # broken files make torchvision's classes raise anything
            raise UnreadableSample(int(index), self.describe(index), f"{type(error).__name__}: {error}") from error

    def _sample(self, values: tuple[Any, ...]) -> Sample:
        sample: Sample = {}
        decoded: images.Decoded | None = None
        for (name, kind), value in zip(self._values, values, strict=False):
            if kind == "image":
                adapted = images.adapt(value, self._options)
                sample[name], decoded = adapted.image, decoded or adapted
            elif kind == "label":
                sample[name] = -1 if value is None else int(value)
            elif value is not None:
                sample |= _CONVERT[kind](name, value, decoded)
        return sample


def bind(binding: Binding) -> Source:
    """Any class of torchvision by name. Raises `BadData`."""
    targets = _targets(binding)
    if binding.name in FILES and targets == ["label:label"]:
        return _bind_files(binding)
    row = ROWS.get(binding.name)
    if row is None:
        raise BadData(f"there is no dataset `{binding.name}`", rule="FL611")
    options = binding.image_options("L" if binding.name in _GREY else "RGB")
    loader = partial(_load, options=options)
    dataset = construct(binding, loader=loader)
    _sort(dataset, row.sort)
    values = tuple(_split(item) for item in (*row.values.split()[: 1 if targets else None], *targets))
    if binding.name == "PhotoTour" and binding.get("train", True):
        values = values[:1]
    try:
        size = len(dataset)
    except Exception as error:  # some classes find out only here that a file is missing
        raise failure(binding, error) from error
    classes = tuple(_DETECTION.get(binding.name) or ()) or class_names(dataset)
    columns = _columns(binding.name, dataset, row, classes)
    make = partial(construct, evolve(binding, warn=_quiet), loader=loader, download=False)
    return TorchvisionSource(
        binding.name, columns, classes, _role(binding.name, values), make, values, options, size, row.reopen, dataset
    )


def _quiet(fault: BadData) -> None:
    """A worker that makes the object anew repeats no warning."""


def _load(path: Any, options: images.ImageOptions) -> Any:
    """What torchvision's classes call instead of their default loader."""
    return images.decode(path, options).image


def _split(item: str) -> tuple[str, str]:
    name, _, kind = item.partition(":")
    return name, kind


def _targets(binding: Binding) -> list[str]:
    """The targets that were asked for, as `field:kind`; `label:label` for a class that has no choice."""
    known = TARGETS.get(binding.name)
    if known is None:
        return ["label:label"] if binding.name in FILES else []
    chosen = binding.get("target_type", binding.get("target_types", next(iter(known))))
    chosen = [chosen] if isinstance(chosen, str) else list(chosen)
    # Further ranks of INaturalist's taxonomy are numbers under their own names.
    found = [known.get(name, f"{name}:label") for name in chosen]
    if len(set(found)) == len(found):
        return found
    return [f"{name}:{_split(item)[1]}" for name, item in zip(chosen, found, strict=True)]


def _bind_files(binding: Binding) -> Source:
    dataset = construct(binding)
    files, labels = FILES[binding.name](dataset)
    root = str(Path(str(dataset.root)).absolute())
    names = [_below(root, str(path)) for path in files]
    numbers = [-1 if label is None else int(label) for label in labels]
    options = binding.image_options("L" if binding.name in _GREY else "RGB")
    return labelled_files(root, names, numbers, class_names(dataset), options)


def _below(root: str, path: str) -> str:
    return path[len(root) + 1 :].replace("\\", "/") if path.startswith(root) else path


def _sort(dataset: Any, attributes: tuple[str, ...]) -> None:
    lists = [getattr(dataset, name) for name in attributes if getattr(dataset, name, None)]
    if not lists or len({len(items) for items in lists}) > 1:
        return
    order = sorted(range(len(lists[0])), key=lambda index: lists[0][index])
    for items in lists:
        items[:] = [items[index] for index in order]


def _role(name: str, values: tuple[tuple[str, str], ...]) -> Role:
    if name in _DETECTION:
        return Role(("image",), detection=True)
    data = tuple(field for field, kind in values if kind in ("image", "video"))
    targets = tuple(field for field, kind in values if kind not in ("image", "video"))
    return Role(data, targets, fixed_size=name == "FakeData")


def _columns(name: str, dataset: Any, row: Row, classes: tuple[str, ...] | None) -> Columns:
    ready: dict[str, AnyColumn] = {}
    later: dict[str, Callable[[], dict[str, AnyColumn]]] = {}
    if row.labels is not None:
        numbers = [-1 if label is None else int(label) for label in row.labels(dataset)]
        ready["label"] = Column(np.array(numbers, np.int64), classes)
    if name == "FakeData":
        later["label"] = partial(_fake_labels, dataset)
        _, height, width = dataset.image_size
        ready["width"], ready["height"] = (Column(np.full(len(dataset), side)) for side in (width, height))
    if name == "CelebA":
        names = enumerate(dataset.attr_names)
        ready |= {name: Column(dataset.attr[:, number].numpy()) for number, name in names if name}
        ready["identity"] = Column(dataset.identity[:, 0].numpy())
        ready["path"] = TextColumn.of(dataset.filename)
    if name in ("VOCDetection", "Kitti"):
        later |= dict.fromkeys(("category", "labels", "boxes"), partial(_objects, name, dataset, classes or ()))
    return Columns(ready, later)


def _fake_labels(dataset: Any) -> dict[str, AnyColumn]:
    """FakeData's labels follow from its generator only by way of the images."""
    return {"label": Column(np.array([dataset[index][1] for index in range(len(dataset))], np.int64))}


def _objects(name: str, dataset: Any, classes: tuple[str, ...]) -> dict[str, AnyColumn]:
    """Category, label and box of every object, from the annotation files alone."""
    found = [_read_objects(name, dataset, index) for index in range(len(dataset))]
    offsets = np.zeros(len(found) + 1, np.int64)
    np.cumsum([len(boxes) for boxes, _ in found], out=offsets[1:])
    boxes = np.array([box for boxes, _ in found for box in boxes], np.float32).reshape(-1, 4)
    labels = np.array([classes.index(name) for _, names in found for name in names], np.int64)
    return {
        "category": RaggedColumn(labels, offsets, classes),
        "labels": RaggedColumn(labels, offsets),
        "boxes": RaggedColumn(boxes, offsets),
    }


def _read_objects(name: str, dataset: Any, index: int) -> tuple[list[list[float]], list[str]]:
    if name == "Kitti":
        objects = dataset._parse_target(index) if dataset.train else []
        return [item["bbox"] for item in objects], [item["type"] for item in objects]
    from torchvision.datasets.voc import ET_parse

    objects = dataset.parse_voc_xml(ET_parse(dataset.annotations[index]).getroot())["annotation"].get("object", [])
    return [_corners(item["bndbox"]) for item in objects], [item["name"] for item in objects]


def _corners(box: dict[str, str]) -> list[float]:
    return [float(box[side]) for side in ("xmin", "ymin", "xmax", "ymax")]


# ---- one function a kind: (field, value, the sample's image) -> fields


def _boxes(rows: Any, decoded: images.Decoded | None) -> tv_tensors.BoundingBoxes:
    """XYXY rows on the stored picture, turned as the image was."""
    assert decoded is not None, "a row of `ROWS` names the image first"
    boxes = torch.as_tensor(rows, dtype=torch.float32).reshape(-1, 4)
    width, height = decoded.stored_size
    canvas = (width, height) if decoded.orientation >= 5 else (height, width)
    turned = images.turn_boxes(boxes, decoded.orientation, decoded.stored_size)
    return tv_tensors.BoundingBoxes(turned, format="XYXY", canvas_size=canvas)  # pyright: ignore[reportCallIssue]  (the stubs do not know the keywords)


def _mask(name: str, value: Any, decoded: images.Decoded | None) -> Sample:
    mask = torch.from_numpy(np.array(value))
    mask = mask.permute(2, 0, 1) if mask.ndim == 3 and not isinstance(value, np.ndarray) else mask
    return {name: tv_tensors.Mask(images.turn_tensor(mask, decoded.orientation if decoded else 1))}


def _xywh(rows: Any) -> torch.Tensor:
    boxes = torch.as_tensor(rows, dtype=torch.float32).reshape(-1, 4).clone()
    boxes[:, 2:] += boxes[:, :2]
    return boxes


def _points(name: str, value: Any, decoded: images.Decoded | None) -> Sample:
    assert decoded is not None, "a row of `ROWS` names the image first"
    width, height = decoded.stored_size
    points = torch.as_tensor(value, dtype=torch.float32).reshape(-1, 2)
    return {name: tv_tensors.KeyPoints(points, canvas_size=(height, width))}  # pyright: ignore[reportCallIssue]  (the stubs do not know the keywords)


def _voc(_name: str, value: Any, decoded: images.Decoded | None) -> Sample:
    objects = value["annotation"].get("object", [])
    names = wrapper.VOC_DETECTION_CATEGORY_TO_IDX
    return {
        "boxes": _boxes([_corners(item["bndbox"]) for item in objects], decoded),
        "labels": torch.tensor([names[item["name"]] for item in objects], dtype=torch.int64),
        **{key: _integers([int(item.get(key, 0)) for item in objects]) for key in ("difficult", "truncated")},
    }


def _kitti(_name: str, value: Any, decoded: images.Decoded | None) -> Sample:
    def column(key: str, *shape: int) -> torch.Tensor:
        return torch.tensor([item[key] for item in value], dtype=torch.float32).reshape(-1, *shape)

    return {
        "boxes": _boxes([item["bbox"] for item in value], decoded),
        "labels": _integers([wrapper.KITTI_CATEGORY_TO_IDX[item["type"]] for item in value]),
        **{key: column(key) for key in ("truncated", "alpha", "rotation_y")},
        "occluded": _integers([item["occluded"] for item in value]),
        **{key: column(key, 3) for key in ("dimensions", "location")},
    }


def _widerface(_name: str, value: Any, decoded: images.Decoded | None) -> Sample:
    return {
        "boxes": _boxes(_xywh(value["bbox"]), decoded),
        **{key: _integers(item) for key, item in value.items() if key != "bbox"},
    }


def _integers(values: Any) -> torch.Tensor:
    return torch.as_tensor(values, dtype=torch.int64)


_Convert = Callable[[str, Any, "images.Decoded | None"], Sample]
_CONVERT: dict[str, _Convert] = {
    "tensor": lambda name, value, _: {name: torch.as_tensor(np.asarray(value))},
    "plain": lambda name, value, _: {name: value},
    "video": lambda name, value, _: {name: tv_tensors.Video(value)},
    "mask": _mask,
    "box": lambda name, value, decoded: {name: _boxes(_xywh(value), decoded)},
    "points": _points,
    "voc": _voc,
    "kitti": _kitti,
    "widerface": _widerface,
}
