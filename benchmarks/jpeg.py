"""How fast are batches of JPEGs, against the loader of the tutorials, and how far from what decoding alone allows?

Random crops of 224 x 224, mirrored, normalised, in batches of 64, two workers each. `python benchmarks/jpeg.py` makes
its own photos.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
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
BATCH, WORKERS = 64, 2

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
    large = images.photos(bench.folder / "large", 64 if bench.quick else 400, size=(1280, 960))
    compare(bench, "1280 x 960", large)
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

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with ThreadPoolExecutor(WORKERS) as pool:
        yield from pool.map(work, batches)
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
