"""CocoDetection: what binds, what a sample holds, and every way an annotation file can be wrong."""

from __future__ import annotations

import contextlib
import io
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from sourcing import SPAN, bind, fault, try_bind
from torchvision.datasets import CocoDetection, wrap_dataset_for_transforms_v2

from feedline.compiler import ir
from feedline.dsl.diagnostics import Reporter
from feedline.dsl.source import Span
from feedline.runtime.columns import Column, RaggedColumn
from feedline.runtime.sources import Source, UnreadableSample, bind_source

Change = Callable[[dict[str, Any]], Any]

SQUARE = [[1.0, 1.0, 9.0, 1.0, 9.0, 7.0, 1.0, 7.0]]


def document() -> dict[str, Any]:
    """Three images with ids out of order; the second has two objects, one a crowd, the third none."""
    return {
        "images": [
            {"id": 30, "file_name": "b.png", "width": 20, "height": 10},
            {"id": 7, "file_name": "a.png", "width": 20, "height": 10},
            {"id": 99, "file_name": "sub/c.png", "width": 20, "height": 10},
        ],
        "annotations": [
            {"id": 1, "image_id": 30, "category_id": 5, "bbox": [1, 1, 8, 6], "area": 48, "iscrowd": 0,
             "segmentation": SQUARE},
            {"id": 2, "image_id": 7, "category_id": 2, "bbox": [0.5, 2, 3, 4], "area": 12.5, "iscrowd": 0,
             "segmentation": [[0, 0, 4, 0, 4, 4]]},
            {"id": 3, "image_id": 30, "category_id": 2, "bbox": [0, 0, 20, 10], "area": 200, "iscrowd": 1,
             "segmentation": {"size": [10, 20], "counts": [0, 50, 150]}},
        ],
        "categories": [{"id": 5, "name": "void"}, {"id": 2, "name": "crack"}],
    }  # fmt: skip


def write(root: Path, change: Change = lambda _: None, exif: int | None = None) -> dict[str, str]:
    """The images and the annotation file, changed, as the arguments of the source."""
    (root / "images" / "sub").mkdir(parents=True, exist_ok=True)
    found = document()
    for number, item in enumerate(found["images"]):
        pixels = np.random.default_rng(number).integers(0, 256, (10, 20, 3), np.uint8)
        tag = Image.Exif()
        if exif is not None:
            tag[0x0112] = exif
        Image.fromarray(pixels).save(root / "images" / item["file_name"], exif=tag)
    changed = change(found)
    text = changed if isinstance(changed, str) else json.dumps(found)
    (root / "a.json").write_text(text)
    return {"root": str(root / "images"), "annFile": str(root / "a.json")}


def of(source: Source, name: str) -> list[list[Any]]:
    """A ragged column as lists."""
    column = source.columns[name]
    assert isinstance(column, RaggedColumn)
    return [column.of(index).tolist() for index in range(len(column))]


def values(source: Source, name: str) -> list[Any]:
    """A column as a list."""
    column = source.columns[name]
    assert isinstance(column, Column)
    return column.values.tolist()


def test_columns_are_flat_and_in_the_order_of_ids(tmp_path: Path) -> None:
    """Positions follow ascending image ids, annotations the order of the file, classes the category ids."""
    source = bind("CocoDetection", **write(tmp_path))
    assert ("crack", "void") == source.classes
    assert [7, 30, 99] == values(source, "image_id")
    assert [[0], [1, 0], []] == of(source, "category")
    assert [[2], [5, 2], []] == of(source, "labels")
    assert [[12.5], [48.0, 200.0], []] == of(source, "area")
    assert [[0], [0, 1], []] == of(source, "iscrowd")
    assert [[[0.5, 2.0, 3.5, 6.0]], [[1.0, 1.0, 9.0, 7.0], [0.0, 0.0, 20.0, 10.0]], []] == of(source, "boxes")
    assert ([20, 20, 20], [10, 10, 10]) == (values(source, "width"), values(source, "height"))
    assert "sub/c.png" == source.columns["path"][2]  # pyright: ignore[reportIndexIssue]  (a column of text, which the type does not say)
    assert str(tmp_path / "images" / "sub" / "c.png") == source.describe(2)


def test_samples_equal_torchvisions_wrapped_dataset(tmp_path: Path) -> None:
    """Image, boxes, labels, masks and ids are those of `wrap_dataset_for_transforms_v2`, to the bit."""
    args = write(tmp_path)
    with contextlib.redirect_stdout(io.StringIO()):
        theirs = wrap_dataset_for_transforms_v2(CocoDetection(**args), target_keys="all")
    ours = bind("CocoDetection", masks=True, **args)
    assert len(theirs) == len(ours)
    for index in range(2):
        image, target = theirs[index]
        sample = ours.read(index)
        assert np.asarray(image).transpose(2, 0, 1).tolist() == sample["image"].tolist()
        assert target["boxes"].tolist() == sample["boxes"].tolist()
        assert (target["boxes"].format, target["boxes"].canvas_size) == (
            sample["boxes"].format,
            sample["boxes"].canvas_size,
        )
        assert target["masks"].tolist() == sample["masks"].tolist()
        assert target["labels"].tolist() == sample["labels"].tolist()
        assert (target["image_id"], target["iscrowd"]) == (sample["image_id"], sample["iscrowd"].tolist())
        assert target["area"] == sample["area"].tolist()


def test_an_image_without_objects_has_empty_targets(tmp_path: Path) -> None:
    """boxes (0, 4) float32, labels (0,) int64, masks (0, H, W)."""
    sample = bind("CocoDetection", masks=True, **write(tmp_path)).read(2)
    assert ((0, 4), torch.float32) == (tuple(sample["boxes"].shape), sample["boxes"].dtype)
    assert ((0,), torch.int64) == (tuple(sample["labels"].shape), sample["labels"].dtype)
    assert (0, 10, 20) == tuple(sample["masks"].shape)
    assert "masks" not in bind("CocoDetection", **write(tmp_path)).read(2)


@pytest.mark.parametrize("tag", range(1, 9))
def test_boxes_and_masks_turn_with_the_image(tmp_path: Path, tag: int) -> None:
    """The pixels below a box and a mask are the same before and after EXIF turned the image."""
    args = write(tmp_path, exif=tag)
    stored = bind("CocoDetection", masks=True, exif=False, **args).read(1)
    upright = bind("CocoDetection", masks=True, **args).read(1)
    assert ((10, 20) if tag < 5 else (20, 10)) == upright["boxes"].canvas_size

    def below_box(sample: Any) -> list[int]:
        x1, y1, x2, y2 = sample["boxes"][0].int().tolist()
        return sorted(sample["image"][0, y1:y2, x1:x2].flatten().tolist())

    def below_mask(sample: Any) -> list[int]:
        return sorted(sample["image"][0][sample["masks"][0].bool()].tolist())

    assert below_box(stored) == below_box(upright)
    assert below_mask(stored) == below_mask(upright)


def test_annotations_of_the_upright_picture_are_not_turned_again(tmp_path: Path) -> None:
    """A file whose width and height are those of the turned picture already describes it."""

    def upright(found: dict[str, Any]) -> None:
        for item in found["images"]:
            item["width"], item["height"] = 10, 20
        found["annotations"] = [{"id": 1, "image_id": 7, "category_id": 2, "bbox": [1, 2, 3, 14]}]

    source = bind("CocoDetection", **write(tmp_path, upright, exif=6))
    assert [[1.0, 2.0, 4.0, 16.0]] == source.read(0)["boxes"].tolist()


def test_sizes_that_a_condition_asks_for_turn_no_box(tmp_path: Path) -> None:
    """A file without width and height says nothing of which picture it describes, whatever the images' headers say."""

    def unsized(found: dict[str, Any]) -> None:
        for item in found["images"]:
            item.pop("width", None)

    args = write(tmp_path, unsized, exif=6)
    plain, asked = (bind("CocoDetection", **args) for _ in range(2))
    assert len(asked.columns["width"]) == len(asked)
    assert plain.read(0)["boxes"].tolist() == asked.read(0)["boxes"].tolist()


def test_compressed_run_lengths_are_decoded(tmp_path: Path) -> None:
    """A mask as `pycocotools` encodes it."""
    from pycocotools import mask

    drawn = np.zeros((10, 20), np.uint8, order="F")
    drawn[2:5, 3:9] = 1
    runs = mask.encode(drawn)
    text = runs["counts"].decode()  # pyright: ignore[reportAttributeAccessIssue]  (compressed runs are bytes)

    def compress(found: dict[str, Any]) -> None:
        found["annotations"][1]["segmentation"] = {"size": [10, 20], "counts": text}

    assert drawn.tolist() == bind("CocoDetection", masks=True, **write(tmp_path, compress)).read(0)["masks"][0].tolist()


@pytest.mark.parametrize("seed", range(5))
def test_compressed_run_lengths_read_as_pycocotools_wrote_them(seed: int) -> None:
    """The text and the list of run lengths are the same mask."""
    from pycocotools import mask

    from feedline.runtime.sources import masks

    drawn = (np.random.default_rng(seed).random((40, 30)) < 0.3).astype(np.uint8, order="F")
    text = mask.encode(drawn)["counts"].decode()  # pyright: ignore[reportAttributeAccessIssue]  (compressed runs are bytes)
    runs = masks.runs_of({"size": [40, 30], "counts": text}, (40, 30))
    assert drawn.tolist() == masks.drawn([runs], (40, 30))[0].tolist()


@pytest.mark.parametrize("counts", [[0, 3], [0, 201], "", "PPPP", "ooo", "0é", "`"])
def test_run_lengths_that_do_not_cover_the_image_are_refused(tmp_path: Path, counts: Any) -> None:
    """pycocotools would fill the rest with whatever was in memory."""
    value = {"size": [10, 20], "counts": counts}
    source = bind("CocoDetection", masks=True, **write(tmp_path, put("annotations", 1, "segmentation", value=value)))
    with pytest.raises(UnreadableSample, match="mask 1 of its 1 cannot be decoded"):
        source.read(0)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 1e12, "1", None])
def test_polygons_without_bounds_are_refused(tmp_path: Path, number: Any) -> None:
    """pycocotools would walk along them for ever."""
    value = [[0, 0, number, 0, 5, 5]]
    args = write(tmp_path, put("annotations", 1, "segmentation", value=value))
    assert "FL603" == fault("CocoDetection", masks=True, **args).code


def test_a_mask_of_another_size_makes_the_sample_unreadable(tmp_path: Path) -> None:
    """Run lengths for 9 x 9 do not fit an image of 20 x 10."""

    def shrink(found: dict[str, Any]) -> None:
        found["annotations"][1]["segmentation"] = {"size": [9, 9], "counts": [0, 81]}

    source = bind("CocoDetection", masks=True, **write(tmp_path, shrink))
    with pytest.raises(UnreadableSample, match="mask 1 of its 1 cannot be decoded"):
        source.read(0)


def test_area_and_iscrowd_may_be_left_out(tmp_path: Path) -> None:
    """The box's own area, and no crowd."""

    def strip(found: dict[str, Any]) -> None:
        for item in found["annotations"]:
            del item["area"], item["iscrowd"]

    source = bind("CocoDetection", **write(tmp_path, strip))
    assert [[12.0], [48.0, 200.0], []] == of(source, "area")
    assert [[0], [0, 0], []] == of(source, "iscrowd")


def test_sizes_come_from_the_headers_where_the_file_has_none(tmp_path: Path) -> None:
    """`width` and `height` are optional keys."""

    def strip(found: dict[str, Any]) -> None:
        del found["images"][0]["width"]

    source = bind("CocoDetection", **write(tmp_path, strip, exif=6))
    assert ([10, 10, 10], [20, 20, 20]) == (values(source, "width"), values(source, "height"))


def test_a_source_travels_to_a_worker(tmp_path: Path) -> None:
    """Pickled and back it gives the same samples."""
    source = bind("CocoDetection", masks=True, **write(tmp_path))
    assert source.read(1)["masks"].tolist() == pickle.loads(pickle.dumps(source)).read(1)["masks"].tolist()


def put(*path: Any, value: Any) -> Change:
    """A change of one value of the document."""

    def change(found: Any) -> None:
        for step in path[:-1]:
            found = found[step]
        found[path[-1]] = value

    return change


def drop(*path: Any) -> Change:
    """A change that removes one key of the document."""

    def change(found: Any) -> None:
        for step in path[:-1]:
            found = found[step]
        del found[path[-1]]

    return change


def grow(key: str, **item: Any) -> Change:
    """A change that repeats the first item of a section with other values."""
    return lambda found: found[key].append({**found[key][0], **item})


BROKEN: list[tuple[Change, str, str]] = [
    (lambda _: '{\n "images": [,]}', "FL602", "line 2, column 13"),
    (lambda _: "", "FL602", "line 1, column 1"),
    (lambda _: "[" * 100_000, "FL602", "nested too deeply"),
    (lambda _: '{"images": ' + "1" * 9999 + "}", "FL602", "holds a number without end"),
    (lambda _: "[]", "FL603", "it holds a list"),
    (lambda _: "3", "FL603", "it holds a single value"),
    (drop("annotations"), "FL603", "has no list `annotations`"),
    (drop("categories"), "FL603", "has no list `categories`"),
    (put("images", value=[]), "FL607", "lists no images"),
    (drop("images", 1, "file_name"), "FL603", "`images[1]` in `{file}` (id 7) has no `file_name`"),
    (drop("annotations", 2, "image_id"), "FL603", "`annotations[2]` in `{file}` (id 3) has no `image_id`"),
    (put("images", 0, value=7), "FL603", "`images[0]` in `{file}` is no object"),
    (put("images", 0, "id", value="x"), "FL603", '`id` of `images[0]` in `{file}` is "x", a whole number was expected'),
    (put("images", 0, "id", value=2**70), "FL603", "does not fit in 64 bits"),
    (put("annotations", 0, "image_id", value=8), "FL603", "ids that are not listed: annotation ids `1 (image_id 8)`"),
    (put("annotations", 0, "category_id", value=9), "FL603", "category ids that are not listed"),
    (grow("images", file_name="a.png"), "FL603", "1 image id in `{file}` used more than once: `30`"),
    (grow("categories", name="x"), "FL603", "1 category id in `{file}` used more than once: `5`"),
    (put("annotations", 1, "bbox", value=[1, 2, 3]), "FL603", "the `bbox` of annotation id 2 in `{file}` is [1, 2, 3]"),
    (put("annotations", 1, "bbox", value=[1, 2, "x", 4]), "FL603", "the `bbox` of annotation id 2"),
    (put("annotations", 1, "bbox", value=[1, 2, [3], 4]), "FL603", "the `bbox` of annotation id 2"),
    (put("annotations", 1, "area", value="big"), "FL603", "the `area` of annotation id 2 in `{file}` is no number"),
    (put("images", 1, "file_name", value="../../etc/passwd"), "FL604", "the image folder: `../../etc/passwd`"),
    (put("images", 1, "file_name", value="/etc/passwd"), "FL604", "would leave the image folder"),
    (put("images", 1, "file_name", value="sub/../../x.png"), "FL604", "would leave the image folder"),
    (put("images", 1, "file_name", value="..\\x.png"), "FL604", "would leave the image folder"),
    (put("images", 1, "file_name", value="C:\\x.png"), "FL604", "would leave the image folder"),
    (put("images", 1, "file_name", value="a\0.png"), "FL604", "would leave the image folder"),
    (put("images", 1, "file_name", value="gone.png"), "FL605", "1 image of 3 listed in `{file}` cannot be found"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "code", "words"), BROKEN, ids=[f"{code}-{words[:40]}" for _, code, words in BROKEN])
def test_a_wrong_annotation_file_is_one_error(tmp_path: Path, change: Change, code: str, words: str) -> None:
    """One fault, one diagnostic with the right code, naming the file and the place."""
    args = write(tmp_path, change)
    diagnostic = fault("CocoDetection", **args)
    assert code == diagnostic.code
    assert words.replace("{file}", args["annFile"]) in diagnostic.message


def test_a_file_name_may_go_up_inside_the_root(tmp_path: Path) -> None:
    """`sub/../a.png` stays below the root."""
    source = bind("CocoDetection", **write(tmp_path, put("images", 1, "file_name", value="sub/../a.png")))
    assert (3, 10, 20) == tuple(source.read(0)["image"].shape)


def test_an_annotation_file_that_is_no_utf8(tmp_path: Path) -> None:
    """The byte that cannot be read."""
    args = write(tmp_path)
    Path(args["annFile"]).write_bytes(b'{"images": "\xff"}')
    assert ("FL602", True) == ((found := fault("CocoDetection", **args)).code, "byte 12" in found.message)


@pytest.mark.parametrize(
    ("replaced", "words"),
    [
        ({"annFile": "absent.json"}, "the file `{root}/absent.json` does not exist"),
        ({"annFile": "images"}, "`{root}/images` is a folder, a file was expected"),
        ({"root": "imagse"}, "the folder `{root}/imagse` does not exist"),
        ({"root": "a.json"}, "`{root}/a.json` is a file, a folder was expected"),
    ],
)
def test_a_path_that_is_not_there(tmp_path: Path, replaced: dict[str, str], words: str) -> None:
    """The absolute path, and where relative ones start."""
    args = write(tmp_path) | {key: str(tmp_path / value) for key, value in replaced.items()}
    diagnostic = fault("CocoDetection", **args)
    assert ("FL601", words.replace("{root}", str(tmp_path))) == (diagnostic.code, diagnostic.message)
    assert any("relative paths start from" in note for note in diagnostic.notes)
    if replaced == {"root": "imagse"}:
        assert f"did you mean `{tmp_path / 'images'}`?" == diagnostic.help


def test_missing_images_are_a_warning_where_that_is_allowed(tmp_path: Path) -> None:
    """With `on error replace` the source binds and reading such a sample fails."""
    args = write(tmp_path, put("images", 1, "file_name", value="gone.png"))
    source, diagnostics = try_bind("CocoDetection", options={"tolerant": True}, **args)
    assert [("FL614", "warning")] == [(found.code, found.severity) for found in diagnostics]
    assert source is not None
    with pytest.raises(UnreadableSample, match=r"gone\.png.*does not exist"):
        source.read(0)


def test_a_root_with_none_of_the_images_says_so(tmp_path: Path) -> None:
    """The usual mistake is the wrong folder."""
    args = write(tmp_path)
    (tmp_path / "empty").mkdir()
    diagnostic = fault("CocoDetection", **(args | {"root": str(tmp_path / "empty")}))
    assert "FL605" == diagnostic.code
    assert (f"looked in `{tmp_path / 'empty'}`, which has none of them",) == diagnostic.notes
    assert "the image folder must be the one that the file names start from" == diagnostic.help


def no_widths(found: dict[str, Any]) -> None:
    """Zero, negative and NaN."""
    for item, width in zip(found["annotations"], (0, -3, float("nan")), strict=True):
        item["bbox"][2] = width


def test_boxes_without_an_area_are_refused(tmp_path: Path) -> None:
    """With their number and their annotations; losses would turn them into NaN."""
    diagnostic = fault("CocoDetection", **write(tmp_path, no_widths))
    assert ("FL606", "error") == (diagnostic.code, diagnostic.severity)
    assert "3 boxes" in diagnostic.message and "without width or height" in diagnostic.message
    assert ("annotation ids `1 (b.png)`, `2 (a.png)`, `3 (b.png)`",) == diagnostic.notes
    assert "`bad_boxes=repair`" in (diagnostic.help or "")


def test_boxes_without_an_area_are_left_out_by_repair(tmp_path: Path) -> None:
    """Neither samples nor groups see them."""
    source = bind("CocoDetection", masks=True, bad_boxes="repair", **write(tmp_path, no_widths))
    assert [[], [], []] == of(source, "category")
    assert (0, 10, 20) == tuple(source.read(1)["masks"].shape)


def test_boxes_outside_the_image_are_refused(tmp_path: Path) -> None:
    """From more than a pixel on."""
    diagnostic = fault("CocoDetection", **write(tmp_path, put("annotations", 1, "bbox", value=[18, 2, 9, 3])))
    assert "FL606" == diagnostic.code
    assert "1 box" in diagnostic.message and "reaching outside the image" in diagnostic.message


def test_boxes_outside_the_image_are_cut_at_its_edge_by_repair(tmp_path: Path) -> None:
    """The image is 20 wide."""
    change = put("annotations", 1, "bbox", value=[18, 2, 9, 3])
    source = bind("CocoDetection", bad_boxes="repair", **write(tmp_path, change))
    assert [[18.0, 2.0, 20.0, 5.0]] == source.read(0)["boxes"].tolist()


def test_rounding_over_the_edge_is_no_news(tmp_path: Path) -> None:
    """Annotation tools round: up to a pixel outside is silent."""
    bind("CocoDetection", **write(tmp_path, put("annotations", 1, "bbox", value=[18, 2, 2.9, 3])))


def test_a_polygon_of_two_points_is_an_error_only_for_masks(tmp_path: Path) -> None:
    """Boxes alone do not need the segmentation."""
    args = write(tmp_path, put("annotations", 1, "segmentation", value=[[1, 2, 3, 4]]))
    bind("CocoDetection", **args)
    assert "FL603" == fault("CocoDetection", masks=True, **args).code


def test_a_broken_image_names_its_file_and_index(tmp_path: Path) -> None:
    """Truncated and empty files are found when they are read."""
    args = write(tmp_path)
    for name, content in (("a.png", b""), ("b.png", (tmp_path / "images" / "b.png").read_bytes()[:200])):
        (tmp_path / "images" / name).write_bytes(content)
    source = bind("CocoDetection", **args)
    with pytest.raises(UnreadableSample, match=r"sample 0 \(.*a\.png\) cannot be read: the file is empty"):
        source.read(0)
    with pytest.raises(UnreadableSample, match=r"sample 1 \(.*b\.png\) cannot be read: the image is cut short"):
        source.read(1)


def test_a_stated_size_that_is_not_the_images(tmp_path: Path) -> None:
    """A box that fits the stated size but not the image is never handed over."""
    args = write(tmp_path, put("images", 0, "width", value=200))
    changed = json.loads(Path(args["annFile"]).read_text())
    changed["annotations"][0]["bbox"] = [100, 2, 50, 3]
    Path(args["annFile"]).write_text(json.dumps(changed))
    source = bind("CocoDetection", **args)
    index = next(n for n in range(len(source)) if source.describe(n).endswith("b.png"))
    with pytest.raises(UnreadableSample, match="the image is 20 x 10, its annotations are for 200 x 10"):
        source.read(index)


def test_a_broken_annotation_file_is_reported_at_its_argument(tmp_path: Path) -> None:
    """Not at the whole call."""
    args = write(tmp_path, lambda _: "{")
    reporter = Reporter()
    written = tuple(
        ir.Arg(name, value, span=Span("data.pipe", at, at)) for at, (name, value) in enumerate(args.items(), 1)
    )
    assert bind_source(ir.SourceCall("CocoDetection", written, span=SPAN), reporter) is None
    assert [("FL602", 2)] == [(item.code, item.span and item.span.start) for item in reporter.diagnostics]
