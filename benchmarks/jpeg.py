"""How fast are batches of JPEGs, against the loader of the tutorials, and how far from what decoding alone allows?

Random crops of 224 x 224, mirrored, normalised, in batches of 64, two workers each. `python benchmarks/jpeg.py` makes
its own photos.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import images
import numpy as np
import torch
import torchvision.io  # registers the decoder's operator
from harness import Bench, main, rate
from PIL import Image
from torch.utils.data import DataLoader
from torchvision import datasets
from torchvision.transforms import transforms as v1
from torchvision.transforms import v2

import feedline

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
BATCH, WORKERS, SIDE = 64, 2, 224

PIPE = """
dataset photos = ImageFolder("{folder}")
loader train from photos {{
  transform {{
    RandomResizedCrop(224); RandomHorizontalFlip(); ToTensor(); Normalize(mean=imagenet.mean, std=imagenet.std)
  }}
  sample {{ batch {batch}; order shuffled; last drop; seed 1 }}
  num_workers = {workers}
  {more}
}}
"""


def run(bench: Bench) -> None:
    """The tables."""
    small = images.photos(bench.folder / "small", 128 if bench.quick else 2000)
    compare(bench, "500 x 375", small)
    count = 64 if bench.quick else 400
    for title, finer in (("2.9 bits a pixel", 1), ("1.6 bits a pixel", 3)):
        large = images.photos(bench.folder / f"large{finer}", count, size=(1280, 960), finer=finer)
        compare(bench, f"1280 x 960, {title}", large)
    latency(bench, small)


def compare(bench: Bench, title: str, folder: Path) -> None:
    """Images a second of every way over all photos of a folder."""
    variants: dict[str, Callable[[], float]] = {
        "tutorial": lambda: rate(tutorial(folder), BATCH),
        "v2 on tensors": lambda: rate(on_tensors(folder), BATCH),
        "feedline": _ours(folder, ""),
        "feedline, fast": _ours(folder, "optimize = fast"),
        "feedline, processes": _ours(folder, "worker_kind = process"),
        "feedline, off": _ours(folder, "optimize = off"),
        "Pillow's draft, 2 threads": lambda: rate(drafts(folder), BATCH),
        "limit: decoding alone": lambda: rate(decoded(folder, decode), BATCH),
        "limit: decoding to an eighth": lambda: rate(decoded(folder, an_eighth), BATCH),
    }
    bench.compare(f"{title}, batch {BATCH}, {WORKERS} workers", variants, peer="tutorial")
    exact, fast = (next(iter(_loader(folder, f"optimize = {name}")))[0] for name in ("exact", "fast"))
    levels = (exact - fast).mul(torch.tensor(STD).view(-1, 1, 1) * 255).abs().mean((1, 2, 3))
    bench.note(
        f"`fast` differs from `exact` by {levels.mean():.2f} of 255 on average, by {levels.max():.1f} in the image "
        f"that differs most; {(levels > 0).float().mean():.0%} of the images differ."
    )


def tutorial(folder: Path) -> DataLoader[Any]:
    """What the tutorials write."""
    steps = [v1.RandomResizedCrop(224), v1.RandomHorizontalFlip(), v1.ToTensor(), v1.Normalize(MEAN, STD)]
    dataset = datasets.ImageFolder(str(folder), v1.Compose(steps))
    return DataLoader(dataset, BATCH, shuffle=True, drop_last=True, num_workers=WORKERS)


def on_tensors(folder: Path) -> DataLoader[Any]:
    """The same by somebody who knows v2 and decodes to tensors."""
    steps = [
        v2.RandomResizedCrop(224, antialias=True),
        v2.RandomHorizontalFlip(),
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize(MEAN, STD),
    ]
    dataset = datasets.ImageFolder(str(folder), v2.Compose(steps), loader=decode)
    return DataLoader(dataset, BATCH, shuffle=True, drop_last=True, num_workers=WORKERS)


def drafts(folder: Path) -> Iterator[torch.Tensor]:
    """By hand and without a DataLoader: decoded at the smallest size that need not be enlarged, by threads."""
    paths = [path for path, _ in datasets.ImageFolder(str(folder)).samples]

    def work(batch: tuple[list[str], int]) -> torch.Tensor:
        made = np.empty((BATCH, 3, SIDE, SIDE), np.uint8)
        draw = np.random.default_rng(batch[1])
        for place, path in enumerate(batch[0]):
            made[place] = _drafted(path, draw)
        return torch.from_numpy(made)

    order = [paths[place] for place in np.random.default_rng(1).permutation(len(paths))]
    batches = [(order[start : start + BATCH], start) for start in range(0, len(order) - BATCH + 1, BATCH)]
    mean, std = (torch.tensor(each).view(-1, 1, 1) for each in (MEAN, STD))
    with one_torch_thread(), ThreadPoolExecutor(WORKERS) as pool:
        for made in pool.map(work, batches):
            yield made.float().div_(255).sub_(mean).div_(std)


def _drafted(path: str, draw: np.random.Generator) -> np.ndarray:
    """uint8 (3, SIDE, SIDE)"""
    with Image.open(path) as image:
        left, top, width, height = _region(*image.size, draw)
        factor = next((n for n in (8, 4, 2) if min(width, height) >= n * SIDE), 1)
        full = image.width
        image.draft("RGB", (image.width // factor, image.height // factor))
        less = image.width / full
        box = (left * less, top * less, (left + width) * less, (top + height) * less)
        made = image.resize((SIDE, SIDE), Image.Resampling.BILINEAR, box)
    planes = np.asarray(made).transpose(2, 0, 1)
    return planes[..., ::-1] if draw.random() < 0.5 else planes


def _region(width: int, height: int, draw: np.random.Generator) -> tuple[int, int, int, int]:
    """Left, top, width and height of what `RandomResizedCrop` may take."""
    while True:
        area, ratio = width * height * draw.uniform(0.08, 1), math.exp(draw.uniform(math.log(3 / 4), math.log(4 / 3)))
        w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if w <= width and h <= height:
            return int(draw.integers(0, width - w + 1)), int(draw.integers(0, height - h + 1)), w, h


def decode(path: str) -> torch.Tensor:
    """RGB bytes, channels first, by torchvision."""
    data = torch.from_numpy(np.fromfile(path, np.uint8))
    return torch.ops.image.decode_image(data, torchvision.io.ImageReadMode.RGB.value, False)


def _ours(folder: Path, more: str) -> Callable[[], float]:
    loader = _loader(folder, more)
    return lambda: rate(loader, BATCH)


def _loader(folder: Path, more: str) -> feedline.Loader:
    return feedline.compile(PIPE.format(folder=folder, batch=BATCH, workers=WORKERS, more=more)).train


def an_eighth(path: str) -> None:
    """What `fast` cannot leave out: reading all of the Huffman codes. One pixel is made of each block of 8 x 8."""
    with Image.open(path) as image:
        image.draft("RGB", (image.width // 8, image.height // 8))
        image.load()


def decoded(folder: Path, decode: Callable[[str], object]) -> Iterator[None]:
    """Every photo decoded in two threads and thrown away: nothing that looks at every pixel can be faster."""
    paths = [path for path, _ in datasets.ImageFolder(str(folder)).samples]
    batches = [paths[start : start + BATCH] for start in range(0, len(paths) - BATCH + 1, BATCH)]

    def work(batch: list[str]) -> None:
        for path in batch:
            decode(path)

    with one_torch_thread(), ThreadPoolExecutor(WORKERS) as pool:
        yield from pool.map(work, batches)


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """For threads that share the machine's cores among themselves."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def latency(bench: Bench, folder: Path) -> None:
    """How long a small operation of the training thread takes while workers are busy: threads share Python's lock."""
    rows = []
    torch.set_num_threads(1)  # with several a small product waits for cores that the workers have, of either kind
    for kind in ("none", "process", "thread"):
        iterator = iter(()) if kind == "none" else iter(_loader(folder, f"worker_kind = {kind}; prefetch_factor = 16"))
        next(iterator, None)
        times = np.array(list(_operations(0.1 if bench.quick else 1.5)))
        del iterator
        times.sort()
        at = [f"{times[int(len(times) * share)] * 1e6:,.0f}" for share in (0.5, 0.99, 0.999)]
        rows.append((kind, *at, f"{times[-1] * 1e3:.1f}"))
    columns = ("workers", "median, us", "99%, us", "99.9%, us", "most, ms")
    bench.table("a small operation of the training thread while batches are made", columns, rows)


def _operations(seconds: float) -> Iterator[float]:
    left, right = torch.rand(64, 64), torch.rand(64, 64)
    end = time.perf_counter() + seconds
    while (begin := time.perf_counter()) < end:
        (left @ right).sum().item()
        yield time.perf_counter() - begin


if __name__ == "__main__":
    main("JPEG training chain", run)
