"""The data of the benchmarks: made, not downloaded, always the same, written into a folder that the caller gives.

    photos(folder, 2000)                          folder/class/0.jpg: JPEGs of 500 x 375, 4:2:0, quality 90
    photos(folder, 200, size=(1280, 960))         as busy, pixel by pixel, as the small ones
    photos(folder, 200, size=(1280, 960), finer=3)   as smooth as photographs of that size are
    coco(folder, 500, masks=True)                 folder/images and folder/annotations.json: boxes, RLE masks
    mnist(folder), cifar10(folder)                what torchvision's MNIST and CIFAR10 classes read

A photo is a part of a canvas of 1/f noise with edges in it, since a JPEG's decoding time follows from its content:
one of 500 x 375 has about 70 KB, 2.9 bits a pixel, where the median of 200 photographs of such sizes, saved alike, was
2.3. Two photographs reduced to 1280 x 960 had 1.1 and 1.5; such a size has 2.9 too, or 1.6 with `finer=3`.
"""

from __future__ import annotations

import hashlib
import json
import pickle
import struct
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

_CANVAS = 2000


@cache
def _canvas() -> Image.Image:
    """An RGB image of 2000 x 2000: octaves of noise, each weaker than the one twice as coarse, and discs."""
    generator = np.random.default_rng(0)
    total = np.full((_CANVAS, _CANVAS, 3), 118, np.float32)
    for octave in range(2, 12):
        noise = np.stack([_grown(generator, 2**octave) for _ in range(3)], -1)
        noise[..., 1:] = noise[..., 1:] * 0.4 + noise[..., :1] * 0.6  # neighbouring colours, as light gives them
        total += noise * (50 * 1.18 ** (2 - octave))
    y, x = np.ogrid[:_CANVAS, :_CANVAS]
    for _ in range(100):
        (cx, cy), radius = generator.integers(0, _CANVAS, 2), generator.integers(20, 200)
        total[(x - cx) ** 2 + (y - cy) ** 2 < radius**2] += generator.normal(0, 40, 3).astype(np.float32)
    return Image.fromarray(np.clip(total, 0, 255).astype(np.uint8))


def _grown(generator: np.random.Generator, side: int) -> np.ndarray:
    grid = Image.fromarray(generator.standard_normal((side, side), np.float32))
    return np.asarray(grid.resize((_CANVAS, _CANVAS), Image.Resampling.BILINEAR))


def picture(number: int, size: tuple[int, int]) -> Image.Image:
    """Picture `number`, always the same, RGB, `size` is (width, height)."""
    generator = np.random.default_rng((number, 1))
    left, top = (int(generator.integers(0, _CANVAS - side + 1)) for side in size)
    part = _canvas().crop((left, top, left + size[0], top + size[1]))
    return part.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if number % 2 else part


def photos(folder: Path, count: int, size: tuple[int, int] = (500, 375), classes: int = 10, finer: int = 1) -> Path:
    """Write `count` JPEGs, 4:2:0 at quality 90, into one folder a class below `folder`, which is returned. They show
    what `finer` times fewer pixels across and down would show."""
    for number in range(count):
        place = folder / f"class{number % classes}"
        place.mkdir(parents=True, exist_ok=True)
        scene = picture(number, (size[0] // finer, size[1] // finer))
        _save(scene.resize(size, Image.Resampling.BICUBIC), place / f"{number:06}.jpg")
    return folder


def _save(image: Image.Image, path: Path) -> None:
    image.save(path, quality=90, subsampling="4:2:0")


def coco(
    folder: Path, count: int, size: tuple[int, int] = (512, 512), boxes: int = 7, masks: bool = False
) -> tuple[Path, Path]:
    """Write JPEGs into `folder/images` and COCO annotations of them, `boxes` an image, into `folder/annotations.json`;
    with `masks` each has an ellipse as compressed RLE. The folder of images and the file are returned."""
    place = folder / "images"
    place.mkdir(parents=True, exist_ok=True)
    images, annotations = [], []
    for number in range(count):
        name = f"{number:06}.jpg"
        _save(picture(number, size), place / name)
        images.append({"id": number + 1, "file_name": name, "width": size[0], "height": size[1]})
        generator = np.random.default_rng((number, 2))
        for _ in range(boxes):
            annotation = _annotation(generator, size, masks)
            annotations.append({**annotation, "id": len(annotations) + 1, "image_id": number + 1})
    categories = [{"id": number + 1, "name": f"kind{number}"} for number in range(10)]
    path = folder / "annotations.json"
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    return place, path


def _annotation(generator: np.random.Generator, size: tuple[int, int], masks: bool) -> dict[str, Any]:
    width, height = (int(generator.integers(side // 16, side // 2)) for side in size)
    left, top = int(generator.integers(0, size[0] - width)), int(generator.integers(0, size[1] - height))
    found: dict[str, Any] = {
        "category_id": int(generator.integers(1, 11)), "bbox": [left, top, width, height], "area": width * height,
        "iscrowd": 0,
    }  # fmt: skip
    if masks:
        from pycocotools import mask

        y, x = np.ogrid[: size[1], : size[0]]
        inside = ((x - left - width / 2) * 2 / width) ** 2 + ((y - top - height / 2) * 2 / height) ** 2 <= 1
        coded: Any = mask.encode(np.asfortranarray(inside.astype(np.uint8)))
        segmentation = {"size": coded["size"], "counts": coded["counts"].decode()}
        found |= {"segmentation": segmentation, "area": int(inside.sum())}
    return found


def mnist(folder: Path, train: int = 60_000, test: int = 10_000) -> Path:
    """Write idx files as torchvision's `MNIST(folder)` reads them; `folder` is returned."""
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for name, count in (("train", train), ("t10k", test)):
        generator = np.random.default_rng(count)
        pixels = generator.integers(0, 256, (count, 28, 28), np.uint8)
        labels = generator.integers(0, 10, count, np.uint8)
        (raw / f"{name}-images-idx3-ubyte").write_bytes(struct.pack(">4i", 0x803, count, 28, 28) + pixels.tobytes())
        (raw / f"{name}-labels-idx1-ubyte").write_bytes(struct.pack(">2i", 0x801, count) + labels.tobytes())
    return folder


def cifar10(folder: Path, count: int = 50_000) -> Path:
    """Write a training batch as torchvision's `CIFAR10(folder)` reads it, all samples in one file, and tell the class
    in this process what that file is called and its MD5 sum; `folder` is returned."""
    from torchvision.datasets import CIFAR10

    place = folder / CIFAR10.base_folder
    place.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(count)
    batch = {
        "data": generator.integers(0, 256, (count, 3 * 32 * 32), np.uint8),
        "labels": generator.integers(0, 10, count).tolist(),
    }
    train = _pickled(place / "all", batch)
    names = _pickled(place / str(CIFAR10.meta["filename"]), {CIFAR10.meta["key"]: [f"kind{n}" for n in range(10)]})
    CIFAR10.train_list, CIFAR10.test_list = [["all", train]], [["all", train]]
    CIFAR10.meta = {**CIFAR10.meta, "md5": names}
    return folder


def _pickled(path: Path, content: Mapping[str, Any]) -> str:
    """Write a file as the data set's authors did; its MD5 sum."""
    data = pickle.dumps(content, protocol=2)
    path.write_bytes(data)
    return hashlib.md5(data).hexdigest()
