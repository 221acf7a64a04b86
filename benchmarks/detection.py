"""Detection: COCO images of 512 x 512 with seven boxes each, resized to 320, flipped, normalised, eight a batch.

The peer is what torchvision's own detection reference does: `wrap_dataset_for_transforms_v2(CocoDetection(...))` with
the same v2 chain and two workers. Its images are PIL images, which Pillow resizes. Once with boxes alone, once with a
mask from compressed RLE for each object as well.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import images
import numpy as np
import torch
from harness import Bench, main, rate
from torch.utils.data import DataLoader
from torchvision.datasets import CocoDetection, wrap_dataset_for_transforms_v2
from torchvision.transforms import v2

import feedline

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
BATCH, WORKERS = 8, 2
KEYS = ("boxes", "labels", "image_id", "area", "iscrowd")


def wrapped(place: Path, annotations: Path, masks: bool, tensor: bool) -> DataLoader[Any]:
    """torchvision's way; with `tensor` the image is made a tensor before it is resized, not after."""
    resize: list[Any] = [v2.Resize((320, 320)), v2.RandomHorizontalFlip()]
    convert: list[Any] = [v2.ToImage()]
    front = convert + resize if tensor else resize + convert
    chain = v2.Compose(
        [*front, v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD), v2.SanitizeBoundingBoxes()]
    )
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints what it does
        plain = CocoDetection(place, str(annotations), transforms=chain)
    data: Any = wrap_dataset_for_transforms_v2(plain, (*KEYS, *(["masks"] if masks else [])))
    return DataLoader(data, BATCH, shuffle=True, drop_last=True, num_workers=WORKERS, collate_fn=_collated)


def _collated(samples: list[Any]) -> Any:
    pixels, targets = zip(*samples, strict=True)
    return torch.stack(pixels), list(targets)


def decoded(place: Path) -> Iterator[object]:
    """The limit: JPEGs decoded and resized in two threads, and nothing else, in batches."""
    files = sorted(place.iterdir())
    with ThreadPoolExecutor(WORKERS, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        found = pool.map(_small, files)
        for _ in range(len(files) // BATCH):
            yield [next(found) for _ in range(BATCH)]


def _small(path: Path) -> torch.Tensor:
    pixels = torch.ops.image.decode_image(torch.from_numpy(np.fromfile(path, np.uint8)), 3, False)
    return v2.functional.resize_image(pixels, [320, 320])


def ours(place: Path, annotations: Path, masks: bool, **options: Any) -> Any:
    """The same in feedline."""
    text = f"""
dataset scenes = CocoDetection("{place}", "{annotations}", masks={str(masks).lower()})
loader train from scenes {{
  transform {{
    Resize((320, 320)); RandomHorizontalFlip()
    ToDtype(float32, scale=true); Normalize(imagenet.mean, imagenet.std)
    SanitizeBoundingBoxes()
  }}
  sample {{ batch {BATCH}; order shuffled; last drop }}
  num_workers = {WORKERS}
  {"; ".join(f"{name} = {value}" for name, value in options.items())}
}}
"""
    file = place.parent / "detection.pipe"
    file.write_text(text)
    return feedline.compile(file)["train"]


def compared(bench: Bench, title: str, place: Path, annotations: Path, masks: bool) -> None:
    """One table."""
    loaders = {
        "torchvision's wrapper": wrapped(place, annotations, masks, tensor=False),
        "torchvision's wrapper, resizing tensors": wrapped(place, annotations, masks, tensor=True),
        "feedline": ours(place, annotations, masks),
        "feedline, worker processes": ours(place, annotations, masks, worker_kind="process"),
        "feedline, optimize = off": ours(place, annotations, masks, optimize="off", worker_kind="process"),
    }
    variants: dict[str, Callable[[], float]] = {name: partial(_rate, loader) for name, loader in loaders.items()}
    variants["limit: decoding and resizing alone"] = lambda: _rate(decoded(place))
    bench.compare(title, variants, "torchvision's wrapper")


def _rate(loader: Iterable[Any]) -> float:
    # An epoch here is short: the start of processes would weigh more than in one of COCO's 15,000 batches.
    return rate(loader, BATCH, skip=1)


def run(bench: Bench) -> None:
    """Both tables."""
    count = 32 if bench.quick else 240
    place, annotations = images.coco(bench.folder / "boxes", count)
    compared(bench, "COCO, boxes, 512 x 512 to 320, batch 8, 2 workers", place, annotations, masks=False)
    if bench.has("pycocotools"):
        place, annotations = images.coco(bench.folder / "masks", count // 2, masks=True)
        compared(bench, "the same with masks from compressed RLE", place, annotations, masks=True)


if __name__ == "__main__":
    main("Detection", run)
