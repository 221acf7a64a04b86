"""`CocoDetection`: a COCO instances file, parsed once into flat arrays.

Position i is torchvision's position i: images by ascending id, and each image's annotations in the order of the file.
`labels` are the file's own category ids, as torchvision's `wrap_dataset_for_transforms_v2` gives them (COCO's start at
1, so 0 stays free for the background class of torchvision's detection models). `classes` are the category names by
ascending id, and the column `category` holds codes into them.

Boxes are drawn on the stored picture. Where EXIF turns it, the boxes and masks turn too, unless the file's own width
and height say that it already describes the upright picture.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from attrs import field, frozen
from torchvision import tv_tensors

from feedline.runtime.columns import AnyColumn, Column, RaggedColumn, TextColumn
from feedline.runtime.sources import images
from feedline.runtime.sources.base import BadData, Role, Sample, UnreadableSample
from feedline.runtime.sources.binding import Binding
from feedline.runtime.sources.masks import drawn, in_rows, is_segmentation, runs_of
from feedline.runtime.sources.metadata import Columns, ImageFiles, check_names, data_file, folder, plural, some

_TOLERANCE = 1.0
"""Pixels by which a box may reach outside its image before it is worth a warning: annotation tools round."""


@frozen(eq=False)
class CocoSource:
    """Images with their boxes. See the module's text for what the fields mean."""

    files: ImageFiles
    columns: Columns
    classes: tuple[str, ...] | None
    segmentations: TextColumn | None = None
    """One JSON text an annotation, in the order of `boxes`; None where masks are not wanted."""
    role: Role = field(factory=lambda: Role(("image",), detection=True))

    def __len__(self) -> int:
        return len(self.files)

    def describe(self, index: int) -> str:
        """The image file."""
        return self.files.path(index)

    def read(self, index: int) -> Sample:
        """image, boxes (N, 4), labels (N,), area (N,) float32, iscrowd (N,), image_id; masks (N, H, W) if wanted."""
        decoded = self.files.decode(index)
        boxes, area, crowd, labels = (self._of(name, index) for name in ("boxes", "area", "iscrowd", "labels"))
        turn = 1 if self._is_upright(decoded, index) else decoded.orientation
        canvas = _canvas(decoded)
        boxes = boxes if turn == 1 else images.turn_boxes(boxes, turn, decoded.stored_size)
        self._check_inside(boxes, canvas, index)
        sample: Sample = {
            "image": decoded.image,
            "boxes": tv_tensors.BoundingBoxes(boxes, format="XYXY", canvas_size=canvas),  # pyright: ignore[reportCallIssue]  (the stubs know neither keyword)
            "labels": labels,
            "area": area.to(torch.float32),
            "iscrowd": crowd,
            "image_id": int(self.columns["image_id"].values[index]),  # pyright: ignore[reportAttributeAccessIssue]  (columns of numbers)
        }
        if self.segmentations is not None:
            sample["masks"] = self._masks(index, turn, canvas)
        return sample

    def _check_inside(self, boxes: torch.Tensor, canvas: tuple[int, int], index: int) -> None:
        """Binding compared the boxes with the sizes that the annotation file states; the image may be of another."""
        if not len(boxes) or "width" in self.columns.later:
            return
        height, width = canvas
        _, _, right, bottom = boxes.numpy().max(0)
        if right > width + _TOLERANCE or bottom > height + _TOLERANCE:
            stated = " x ".join(str(self.columns[name].values[index]) for name in ("width", "height"))  # pyright: ignore[reportAttributeAccessIssue]  (columns of numbers)
            why = f"a box reaches outside it: the image is {width} x {height}, its annotations are for {stated}"
            raise UnreadableSample(int(index), self.describe(index), why)

    def _of(self, name: str, index: int) -> torch.Tensor:
        column = self.columns[name]
        assert isinstance(column, RaggedColumn)
        return torch.from_numpy(column.of(index).copy())

    def _is_upright(self, decoded: images.Decoded, index: int) -> bool:
        """Whether the annotations already describe the turned picture: only a quarter turn can tell."""
        width, height = decoded.stored_size
        if decoded.orientation < 5 or width == height or "width" in self.columns.later:
            return False
        declared = tuple(int(self.columns[name].values[index]) for name in ("width", "height"))  # pyright: ignore[reportAttributeAccessIssue]  (columns of numbers)
        return declared == (height, width)

    def _masks(self, index: int, turn: int, canvas: tuple[int, int]) -> tv_tensors.Mask:
        assert self.segmentations is not None
        boxes = self.columns["boxes"]
        assert isinstance(boxes, RaggedColumn)
        # Masks are drawn on the picture as the annotations see it, then turned with it.
        frame = (canvas[1], canvas[0]) if turn >= 5 else canvas
        first, last = boxes.offsets[index : index + 2].tolist()
        runs: list[np.ndarray] = []
        for position in range(first, last):
            try:
                runs.append(runs_of(json.loads(self.segmentations[position]), frame))
            except Exception as error:  # pycocotools raises anything for broken polygons
                why = f"mask {len(runs) + 1} of its {last - first} cannot be decoded ({error})"
                raise UnreadableSample(int(index), self.describe(index), why) from None
        masks = images.turn_tensor(drawn(runs, frame), turn)
        return tv_tensors.Mask(masks if images.keeps_layout() else in_rows(masks))


def bind(binding: Binding) -> CocoSource:
    """`CocoDetection(root, annFile, masks=false, bad_boxes=error)`. Raises `BadData`."""
    path = data_file(binding.args["annFile"], "annFile")
    root = folder(binding.args["root"])
    try:
        return _bind(binding, path, root, read_json(path))
    except BadData as fault:
        fault.argument = fault.argument or "annFile"
        raise


def read_json(path: Path) -> Any:
    """A JSON file's value. Raises `BadData` with the data file's own line and column."""
    try:
        with _no_collection():
            return json.loads(path.read_bytes())
    except json.JSONDecodeError as error:
        raise BadData(
            f"`{path}` is no valid JSON: line {error.lineno}, column {error.colno}: {error.msg.lower()}",
            rule="FL602",
            help="the file is empty" if not error.doc.strip() else None,
        ) from None
    except UnicodeDecodeError as error:
        raise BadData(f"`{path}` is no UTF-8 text: byte {error.start} cannot be read", rule="FL602") from None
    except (RecursionError, ValueError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else "it holds a number without end"
        raise BadData(f"`{path}` cannot be read: {why}", rule="FL602") from None
    except OSError as error:
        raise BadData(f"`{path}` cannot be read: {(error.strerror or str(error)).lower()}") from None


@contextmanager
def _no_collection() -> Iterator[None]:
    """Millions of small objects, none of them garbage: looking for cycles among them takes most of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _bind(binding: Binding, path: Path, root: str, document: Any) -> CocoSource:
    listed, annotations, categories = (_section(document, key, path) for key in ("images", "annotations", "categories"))
    if not listed:
        raise BadData(f"`{path}` lists no images", rule="FL607")
    ids = _numbers(listed, "images", "id", path)
    _no_twice(ids, "image id", path)
    order = np.argsort(ids, kind="stable")
    names = _values(listed, "images", "file_name", str, path)
    names = [names[index] for index in order]
    check_names(root, names, path, binding.tolerant, binding.warn)
    sizes = _sizes(listed, order)

    positions = _positions(annotations, ids[order], path)
    category_ids = _numbers(categories, "categories", "id", path)
    _no_twice(category_ids, "category id", path)
    category_names = _values(categories, "categories", "name", str, path)
    labels = _numbers(annotations, "annotations", "category_id", path)
    _known(labels, category_ids, annotations, "category_id", "category", path)
    boxes, sized = _boxes(annotations, path)
    if binding.get("bad_boxes", "error") == "repair":
        boxes, sized = _repaired(boxes, sized, sizes, positions)
    else:
        _report_boxes(boxes, sized, sizes, positions, annotations, names, binding, path)

    keep = np.flatnonzero(sized)
    keep = keep[np.argsort(positions[keep], kind="stable")]
    offsets = np.zeros(len(listed) + 1, np.int64)
    np.cumsum(np.bincount(positions[keep], minlength=len(listed)), out=offsets[1:])
    classes = tuple(dict.fromkeys(category_names[index] for index in np.argsort(category_ids, kind="stable")))
    code_of = {int(number): classes.index(name) for number, name in zip(category_ids, category_names, strict=True)}
    codes = np.array([code_of[number] for number in labels[keep].tolist()], np.int64)
    sides = np.where(sized[:, None], boxes[:, 2:] - boxes[:, :2], 0)
    area = _optional(annotations, "area", sides.prod(1, dtype=np.float64), path)
    crowd = _optional(annotations, "iscrowd", np.zeros(len(annotations)), path).astype(np.int64)
    files = ImageFiles(root, TextColumn.of(names), binding.image_options())
    ready: dict[str, AnyColumn] = {
        "image_id": Column(ids[order]),
        "path": files.paths,
        "category": RaggedColumn(codes, offsets, classes),
        "labels": RaggedColumn(labels[keep], offsets),
        "area": RaggedColumn(area[keep], offsets),
        "iscrowd": RaggedColumn(crowd[keep], offsets),
        "boxes": RaggedColumn(boxes[keep], offsets),
    }
    if sizes is not None:
        ready |= {"width": Column(sizes[:, 0]), "height": Column(sizes[:, 1])}
    segmentations = _segmentations(annotations, keep, path) if binding.get("masks", False) else None
    later = files.size_columns() if sizes is None else {}
    return CocoSource(files, Columns(ready, later), classes, segmentations)


def _section(document: Any, key: str, path: Path) -> list[dict[str, Any]]:
    if not isinstance(document, dict) or not isinstance(document.get(key), list):
        kind = "a list" if isinstance(document, list) else "a single value"
        found = f"has no list `{key}`" if isinstance(document, dict) else f"holds {kind}"
        raise BadData(
            f"`{path}` is no COCO instances file: it {found}",
            rule="FL603",
            help='a COCO file is an object with the lists "images", "annotations" and "categories"',
        )
    return document[key]


def _values(items: list[dict[str, Any]], section: str, key: str, kind: type, path: Path) -> list[Any]:
    """One key of every item, all of one type. Raises `BadData` for the first item that differs."""
    try:
        values = [item[key] for item in items]
        if {type(value) for value in values} <= {kind}:
            return values
    except (KeyError, TypeError):
        pass
    wanted = {int: "a whole number", str: "a string", list: "a list"}[kind]
    for number, item in enumerate(items):
        place = f"`{section}[{number}]` in `{path}`"
        if not isinstance(item, dict):
            raise BadData(f"{place} is no object", rule="FL603")
        name = f" (id {item['id']})" if "id" in item and key != "id" else ""
        if key not in item:
            raise BadData(f"{place}{name} has no `{key}`", rule="FL603")
        if type(item[key]) is not kind:
            found = json.dumps(item[key])[:40]
            raise BadData(f"`{key}` of {place}{name} is {found}, {wanted} was expected", rule="FL603")
    raise AssertionError("unreachable: some item differs")


def _numbers(items: list[dict[str, Any]], section: str, key: str, path: Path) -> np.ndarray:
    try:
        return np.array(_values(items, section, key, int, path), np.int64)
    except OverflowError:
        raise BadData(f"a `{key}` in the `{section}` of `{path}` does not fit in 64 bits", rule="FL603") from None


def _no_twice(ids: np.ndarray, what: str, path: Path) -> None:
    found, counts = np.unique(ids, return_counts=True)
    if len(found) < len(ids):
        repeated = found[counts > 1].tolist()
        raise BadData(f"{plural(len(repeated), what)} in `{path}` used more than once: {some(repeated)}", rule="FL603")


def _known(values: np.ndarray, known: np.ndarray, annotations: list[dict[str, Any]], key: str, what: str, path: Path):
    """Every reference of an annotation leads to something listed."""
    lost = np.flatnonzero(~np.isin(values, known))
    if len(lost):
        shown = [f"{_id(annotations, index)} ({key} {values[index]})" for index in lost]
        raise BadData(
            f"{plural(len(lost), 'annotation')} in `{path}` of {what} ids that are not listed: "
            f"annotation ids {some(shown)}",
            rule="FL603",
        )


def _positions(annotations: list[dict[str, Any]], ids: np.ndarray, path: Path) -> np.ndarray:
    """The image position of each annotation; `ids` are ascending."""
    wanted = _numbers(annotations, "annotations", "image_id", path)
    _known(wanted, ids, annotations, "image_id", "image", path)
    return np.searchsorted(ids, wanted)


def _sizes(listed: list[dict[str, Any]], order: np.ndarray) -> np.ndarray | None:
    """Width and height of each image where the file gives all of them."""
    sizes = [(item.get("width"), item.get("height")) for item in listed]
    if not all(type(width) is int and type(height) is int and width > 0 < height for width, height in sizes):
        return None
    return np.array(sizes, np.int64)[order]


def _boxes(annotations: list[dict[str, Any]], path: Path) -> tuple[np.ndarray, np.ndarray]:
    """XYXY float32 (m, 4), computed as torchvision does, and which of them have an area."""
    rows = _values(annotations, "annotations", "bbox", list, path)
    try:
        with np.errstate(over="ignore"):  # beyond float32 is infinite, which is reported below
            boxes = np.array(rows, np.float32).reshape(-1, 4) if {len(row) for row in rows} <= {4} else None
    except (ValueError, TypeError, OverflowError):
        boxes = None
    if boxes is None:
        number = next(index for index, row in enumerate(rows) if not _is_box(row))
        raise BadData(
            f"the `bbox` of annotation id {_id(annotations, number)} in `{path}` is {json.dumps(rows[number])[:60]}, "
            "four numbers (x, y, width, height) were expected",
            rule="FL603",
        )
    boxes[:, 2:] += boxes[:, :2]
    sized = np.asarray(np.isfinite(boxes).all(1) & (boxes[:, 2:] > boxes[:, :2]).all(1))
    return boxes, sized


def _is_box(row: list[Any]) -> bool:
    return len(row) == 4 and all(type(value) in (int, float) for value in row)


def _outside(boxes: np.ndarray, sizes: np.ndarray | None, positions: np.ndarray) -> np.ndarray:
    """Which boxes reach outside their image, by more than annotation tools round."""
    if sizes is None:
        return np.zeros(len(boxes), bool)
    return np.any((boxes[:, :2] < -_TOLERANCE) | (boxes[:, 2:] > sizes[positions] + _TOLERANCE), axis=1)


def _repaired(
    boxes: np.ndarray, sized: np.ndarray, sizes: np.ndarray | None, positions: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The boxes with those that reach outside cut at their image's edge, and which of them still have an area."""
    outside = _outside(boxes, sizes, positions)
    if sizes is not None:
        edges = np.tile(sizes[positions], 2)
        boxes = np.where(outside[:, None], np.clip(boxes, 0, edges), boxes).astype(np.float32)
    return boxes, sized & (boxes[:, 2:] > boxes[:, :2]).all(1)


def _report_boxes(
    boxes: np.ndarray,
    sized: np.ndarray,
    sizes: np.ndarray | None,
    positions: np.ndarray,
    annotations: list[dict[str, Any]],
    names: list[str],
    binding: Binding,
    path: Path,
) -> None:
    def report(found: np.ndarray, what: str) -> None:
        shown = [f"{_id(annotations, index)} ({names[positions[index]]})" for index in found]
        binding.warn(
            BadData(
                f"{plural(len(found), 'box', 'boxes')} in `{path}` {what}",
                rule="FL606",
                notes=(f"annotation ids {some(shown)}",),
                help="`bad_boxes=repair` leaves out boxes without an area and cuts the others at the edge of the image",
                argument="annFile",
            )
        )

    if not sized.all():
        report(np.flatnonzero(~sized), "without width or height")
    outside = _outside(boxes, sizes, positions) & sized
    if outside.any():
        report(np.flatnonzero(outside), "reaching outside the image")


def _id(annotations: list[dict[str, Any]], index: int | np.integer[Any]) -> Any:
    return annotations[int(index)].get("id", f"number {index}")


def _optional(annotations: list[dict[str, Any]], key: str, default: np.ndarray, path: Path) -> np.ndarray:
    """A number an annotation that may be left out."""
    values = [item.get(key) for item in annotations]
    numeric = (int, float, bool, type(None))
    wrong = next((index for index, value in enumerate(values) if type(value) not in numeric), None)
    if wrong is not None:
        raise BadData(f"the `{key}` of annotation id {_id(annotations, wrong)} in `{path}` is no number", rule="FL603")
    return np.array([d if v is None else v for v, d in zip(values, default.tolist(), strict=True)], np.float64)


def _segmentations(annotations: list[dict[str, Any]], keep: np.ndarray, path: Path) -> TextColumn:
    """Each kept annotation's segmentation as JSON text: one buffer, whatever its form. Without one: an empty mask."""
    texts = []
    for index in keep.tolist():
        value = annotations[index].get("segmentation", [])
        if not is_segmentation(value):
            raise BadData(
                f"the `segmentation` of annotation id {_id(annotations, index)} in `{path}` is neither a list of "
                "polygons (each of three points or more) nor a run-length encoding",
                rule="FL603",
                help="leave `masks` out to read the boxes alone",
            )
        texts.append(json.dumps(value, separators=(",", ":")))
    return TextColumn.of(texts)


def _canvas(decoded: images.Decoded) -> tuple[int, int]:
    width, height = decoded.stored_size
    return (width, height) if decoded.orientation >= 5 else (height, width)
