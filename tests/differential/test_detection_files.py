"""COCO files through every pass against the file as written: the same bits in images, boxes, masks and labels."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pycocotools import mask

import feedline
from feedline.compiler.passes import plan_of

MOVES = (
    *("Resize((24, 30))", "Resize(21)", "Resize(20, max_size=26)", "Resize((40, 18), antialias=false)"),
    *("RandomHorizontalFlip()", "RandomVerticalFlip(0.4)", "CenterCrop(26)", "RandomResizedCrop((20, 24))"),
    *("RandomIoUCrop()", "Pad(3)", "ColorJitter(0.4, 0.4)", "GaussianBlur(3)", "RandomZoomOut()"),
)
BESIDE = (
    *("SanitizeBoundingBoxes()", "SanitizeBoundingBoxes(min_size=4.0)", "ClampBoundingBoxes()"),
    *('ConvertBoundingBoxFormat("CXCYWH")', "on labels { ToDtype(float32) }", "RandomHorizontalFlip()"),
)
FLOATS = (
    *("ToTensor()", "ToDtype(float32, scale=true)", "ToTensor(); Normalize(imagenet.mean, imagenet.std)"),
    *("ToDtype(float32, scale=true); Normalize([0.4], [0.3])", "ToDtype(float16, scale=true)"),
    *("ConvertImageDtype(float32)", "ConvertImageDtype(float64); Normalize([0.4], [0.3])"),
)
COLLATED = ("", "collate list", "collate detection", "collate { image list; boxes list; masks list } as dict")


@cache
def root() -> Path:
    """Ten JPEGs of two sizes, some to be turned, with polygons, run lengths of both kinds, or nothing."""
    place = Path(mkdtemp())
    found, objects = [], []
    for number in range(10):
        numbers = np.random.default_rng(number)
        height, width = (48, 36) if number % 4 else (30, 52)
        pixels = Image.fromarray(numbers.integers(0, 256, (6, 5, 3), np.uint8)).resize((width, height))
        exif = Image.Exif()
        exif[0x0112] = (1, 1, 6, 3, 8)[number % 5]
        pixels.save(place / f"{number}.jpg", exif=exif)
        found.append({"id": number, "file_name": f"{number}.jpg", "width": width, "height": height})
        for place_in in range(number % 4):
            left, top = (int(value) for value in numbers.integers(0, 20, 2))
            right, bottom = left + 1 + int(numbers.integers(0, 14)), top + 1 + int(numbers.integers(0, 9))
            drawn = np.zeros((height, width), np.uint8, order="F")
            drawn[top:bottom, left:right] = 1
            coded: Any = mask.encode(drawn)
            forms: list[Any] = [
                [[left, top, right, top, right, bottom, left, bottom]],
                {"size": [height, width], "counts": coded["counts"].decode()},
                [],
            ]
            objects.append(
                {"id": len(objects), "image_id": number, "category_id": 1 + place_in, "iscrowd": 0,
                 "bbox": [left, top, right - left, bottom - top], "segmentation": forms[(number + place_in) % 3]}
            )  # fmt: skip
    kinds = [{"id": number, "name": f"kind{number}"} for number in range(1, 5)]
    (place / "boxes.json").write_text(json.dumps({"images": found, "annotations": objects, "categories": kinds}))
    return place


def pipeline(chain: str, options: str, seed: int) -> feedline.Pipeline:
    """A shuffled loader of all of them."""
    return feedline.compile(f"""
dataset scenes = CocoDetection("{root()}", "{root()}/boxes.json", masks=true)
loader train from scenes {{
  transform {{ {chain} }}
  sample {{ batch 4; order shuffled; seed {seed} }}
  {options}
}}
""")


def outcome(chain: str, options: str, seed: int) -> list[Any] | str:
    """Two epochs, or the code of what went wrong."""
    try:
        made = pipeline(chain, options, seed).train
        return [batch for _ in range(2) for batch in made]
    except (feedline.CompileError, feedline.LoadError) as error:
        return next(item.code for item in error.diagnostics if item.severity == "error")


def same(one: Any, other: Any) -> bool:
    """Whether two values have the same structure, types, shapes, layout and bits."""
    if type(one) is not type(other):
        return False
    if isinstance(one, torch.Tensor):
        alike = (one.dtype, one.shape, one.is_contiguous()) == (other.dtype, other.shape, other.is_contiguous())
        return alike and torch.equal(one, other)
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


@pytest.mark.filterwarnings("ignore::feedline.FeedlineWarning")
@given(
    moves=st.lists(st.sampled_from(MOVES), max_size=3),
    floats=st.sampled_from(FLOATS),
    beside=st.lists(st.sampled_from(BESIDE), max_size=3),
    size=st.sampled_from(("", "Resize((22, 26))")),
    collated=st.sampled_from(COLLATED),
    workers=st.sampled_from(("num_workers = 0", "num_workers = 2; worker_kind = thread")),
    cached=st.sampled_from(("", "cache = memory")),
    seed=st.integers(0, 99),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_every_way_gives_the_bits_of_the_file_as_written(
    moves: list[str], floats: str, beside: list[str], size: str, collated: str, workers: str, cached: str, seed: int
) -> None:
    """Whatever the passes make of a chain."""
    halves = [step.strip() for step in floats.split(";")]
    chain = "; ".join([*filter(None, (size, *moves)), halves[0], *beside, *halves[1:], "SanitizeBoundingBoxes()"])
    expected = outcome(chain, f"{collated}; optimize = off", seed)
    assert same(expected, outcome(chain, f"{collated}; {workers}; {cached}", seed))


@pytest.mark.filterwarnings("ignore::feedline.FeedlineWarning")
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("chain", ["{}", "{}; RandomHorizontalFlip()", "views 2 {{ RandomHorizontalFlip(); {} }}"])
def test_masks_and_boxes_that_become_floats_do_so_every_way(dtype: str, chain: str) -> None:
    """`ConvertImageDtype` converts more than images."""
    steps = f"Resize((22, 26)); {chain.format(f'ConvertImageDtype({dtype})')}"
    how = "collate list"
    assert same(outcome(steps, f"{how}; optimize = off", 1), outcome(steps, how, 1))


@pytest.mark.parametrize("beside", ["RandomHorizontalFlip()", "SanitizeBoundingBoxes()"])
def test_no_boxes_have_the_strides_of_the_file_as_written(beside: str) -> None:
    """Of an image without objects."""
    steps = f"Resize((22, 26)); {beside}; ToTensor()"
    ways = [pipeline(steps, f"collate detection; {more}", 1).train for more in ("optimize = off", "")]
    expected, found = ([item["boxes"].stride() for _, items in made for item in items] for made in ways)
    assert expected == found


def test_a_detection_chain_is_short_all_the_way() -> None:
    """Its pixels stay as they are decoded until the last step, and become floats on the batch."""
    chain = "Resize((22, 26)); RandomHorizontalFlip(); ToTensor(); Normalize([0.4], [0.3]); SanitizeBoundingBoxes()"
    made = pipeline(chain, "num_workers = 2", 0)
    plan = plan_of(made.program, made.program.loaders[0])
    assert ("late_float", "direct_kernels", "worker_threads") == plan.passes
    assert made.train.dataset.as_decoded  # pyright: ignore[reportAttributeAccessIssue]  (a PipeDataset)
