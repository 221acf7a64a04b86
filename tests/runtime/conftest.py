"""Small data drawn for the runtime's tests: folders of images and a COCO detection set."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

FolderMaker = Callable[..., Path]
CocoMaker = Callable[..., Path]


@pytest.fixture
def image_folder(tmp_path: Path) -> FolderMaker:
    """Makes a root of class folders; image n of a class is filled with the value n."""

    def make(classes: dict[str, int] | None = None, size: tuple[int, int] = (12, 8), root: str = "photos") -> Path:
        for name, count in (classes or {"ants": 10, "bees": 6}).items():
            folder = tmp_path / root / name
            folder.mkdir(parents=True)
            for number in range(count):
                Image.new("RGB", size, (number, number, number)).save(folder / f"{number:03}.png")
        return tmp_path / root

    return make


@pytest.fixture
def coco_set(tmp_path: Path) -> CocoMaker:
    """Makes images/ and annotations.json; every tenth image has a crack, image n has the id 100 + 3n."""

    def make(images: int = 40) -> Path:
        root = tmp_path / "castings"
        (root / "images").mkdir(parents=True)
        records, annotations = [], []
        for number in range(images):
            pixels = np.random.default_rng(number).integers(0, 255, (16, 24, 3), np.uint8)
            Image.fromarray(pixels).save(root / "images" / f"{number:04}.png")
            records.append({"id": 100 + 3 * number, "file_name": f"{number:04}.png", "width": 24, "height": 16})
            if number % 10 == 0:
                annotations.append(
                    {"id": 7 + number, "image_id": 100 + 3 * number, "category_id": 4, "bbox": [2, 3, 8, 5],
                     "area": 40, "iscrowd": 0}
                )  # fmt: skip
        document = {"images": records, "annotations": annotations, "categories": [{"id": 4, "name": "crack"}]}
        (root / "annotations.json").write_text(json.dumps(document))
        return root

    return make
