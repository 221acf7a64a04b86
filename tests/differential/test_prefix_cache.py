"""`prefix_cache` against the file as written: the same bits in every field, in the epoch that fills it and after it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import feedline

FIXED = ("Resize((12, 14))", "Resize(13)", "CenterCrop((13, 12))", "Pad(1)", "Grayscale(3)", "Identity()")
RANDOM = (
    *("RandomCrop((9, 10))", "RandomHorizontalFlip()", "RandomVerticalFlip(0.3)", "RandomResizedCrop((9, 11))"),
    *("ColorJitter(0.4, 0.4)", "GaussianBlur(3)", "RandomRotation(20)", "maybe 40% { RandomInvert(p=1.0) }"),
    *(
        "one of { RandomSolarize(100); RandomPosterize(4) }",
        "RandomAffine(10, translate=(0.1, 0.1))",
        "Resize((11, 12))",
    ),
)
NOISE = "ToDtype(float32, scale=true); GaussianNoise()"
SOURCES = {
    "photos": 'ImageFolder("photos")',
    "grey": 'ImageFolder("photos", mode="L")',
    "castings": 'CocoDetection("photos/ants", "boxes.json", masks=true)',
    "files": 'Files("**/*.png", root="photos")',
}


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """Pictures of noise of several sizes, some with polygons."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        images, objects = [], []
        for number in range(12):
            folder = root / "photos" / ("bees" if number % 3 else "ants")
            folder.mkdir(parents=True, exist_ok=True)
            height, width = ((16, 20), (20, 15), (17, 17))[number % 5 % 3]
            pixels = np.random.default_rng(number).integers(0, 256, (height, width, 3), np.uint8)
            Image.fromarray(pixels).save(folder / f"{number}.png")
            if number % 3 == 0:
                images.append({"id": number, "file_name": f"{number}.png", "width": width, "height": height})
                if number:
                    polygon = [2, 3, 11, 3, 11, 9, 2, 9]
                    objects.append(
                        {"id": number, "image_id": number, "category_id": 1, "bbox": [2, 3, 9, 6], "area": 54,
                         "iscrowd": 0, "segmentation": [polygon]}
                    )  # fmt: skip
        document = {"images": images, "annotations": objects, "categories": [{"id": 1, "name": "crack"}]}
        (root / "boxes.json").write_text(json.dumps(document))
        yield root


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal to the bit, in type, dtype and structure."""
    if type(one) is not type(other):
        return False
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


@given(
    source=st.sampled_from(sorted(SOURCES)),
    front=st.lists(st.sampled_from(FIXED), max_size=3),
    back=st.lists(st.sampled_from(RANDOM), max_size=3),
    floats=st.sampled_from(
        ("", "ToTensor()", "ToDtype(float32, scale=true)", "ToTensor(); Normalize((0.4,), (0.3,))", NOISE)
    ),
    cache=st.sampled_from(("memory", 'disk("kept")')),
    policy=st.sampled_from(("order shuffled", "order shuffled; last drop", "balance by label", "order sequential")),
    batch=st.integers(1, 4),
    seed=st.integers(0, 2**32),
    epoch=st.integers(0, 5),
)
@settings(max_examples=40)
@pytest.mark.filterwarnings("ignore::feedline.FeedlineWarning")
def test_a_cache_changes_no_bit(
    data: Path, source: str, front: list[str], back: list[str], floats: str, cache: str, policy: str, batch: int,
    seed: int, epoch: int,
) -> None:  # fmt: skip
    """Any front of fixed steps, any random steps after it, any kind of data and order."""
    if source in ("castings", "files") and "label" in policy:
        policy = "order shuffled"
    steps = "; ".join([*front, *back, floats])
    batches = []
    for each in ("off", cache, cache):
        path = data / "train.pipe"
        path.write_text(
            f"dataset d = {SOURCES[source]}\nloader train from d {{ transform {{ {steps} }}\n"
            f"  sample {{ batch {batch}; {policy}; seed {seed} }}; collate list; cache = {each} }}\n"
        )
        loader = feedline.compile(path).train
        loader.set_epoch(epoch)
        batches.append([list(loader) for _ in range(2)])
    assert same(batches[0], batches[1]) and same(batches[0], batches[2])


@pytest.mark.parametrize("cache", ["memory", 'disk("kept")'])
def test_a_grey_image_of_three_equal_colours_comes_back_as_it_was(data: Path, cache: str) -> None:
    """`Grayscale(3)` has one colour in memory, and noise goes by how pixels lie there."""

    def epochs(option: str) -> list[list[Any]]:
        path = data / "grey.pipe"
        path.write_text(
            f'dataset d = ImageFolder("photos")\nloader train from d {{\n'
            f"  transform {{ Resize((12, 14)); Grayscale(3); {NOISE} }}\n"
            f"  sample {{ batch 4; order shuffled }}; {option}\n}}\n"
        )
        loader = feedline.compile(path).train
        return [list(loader) for _ in range(2)]

    kept = epochs(f"cache = {cache}")
    assert same(epochs("optimize = off"), kept) and same(kept, epochs(f"cache = {cache}"))
