"""After `Resize(256)` is kept: how much faster is every epoch but the first, and what does the first cost?

Against torchvision's dataset with the same chain on PIL images and two worker processes, and against the loader itself
without a cache. `second epoch on` reads with a loader that has filled its cache; `second process` with a new one on a
folder that another has filled, checksums and all; `first epoch` begins with nothing. What a new loader takes until its
first batch is there, whatever follows, stands by itself in the last table.

    python benchmarks/cached.py [--quick]
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median
from typing import Any

import images
from harness import Bench, main, rate

import feedline

BATCH = 64
CHAIN = "Resize(256); RandomCrop(224); RandomHorizontalFlip(); ToTensor(); Normalize(imagenet.mean, imagenet.std)"


def tutorial(photos: Path) -> Any:
    """The chain as torchvision's tutorials write it."""
    from torch.utils.data import DataLoader
    from torchvision import datasets, transforms

    chain = transforms.Compose(
        [
            transforms.Resize(256),
            transforms.RandomCrop(224),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ]
    )
    return DataLoader(datasets.ImageFolder(str(photos), chain), BATCH, shuffle=True, num_workers=2)


def loader(photos: Path, cache: str, workers: int = 2) -> Any:
    """The same from a file beside the photos."""
    path = photos.parent / f"cached{workers}.pipe"
    path.write_text(
        f'dataset photos = ImageFolder("{photos}")\n'
        f"loader train from photos {{ transform {{ {CHAIN} }}; sample {{ batch {BATCH}; order shuffled }}\n"
        f"  num_workers = {workers}; cache = {cache} }}\n"
    )
    return feedline.compile(path).train


def started(make: Callable[[], Iterable[Any]]) -> tuple[float, float]:
    """Milliseconds until a new loader's first batch is there, and the images a second of the rest of its epoch."""
    times = [time.perf_counter()]
    for batch in make():
        times.append(time.perf_counter())
        del batch
    return (times[1] - times[0]) * 1000, (len(times) - 3) * BATCH / (times[-2] - times[1])  # the last may be smaller


def starts(bench: Bench, ways: dict[str, Callable[[], Iterable[Any]]]) -> None:
    """Print what a new loader takes to start, and its rate from then on."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(bench.rounds):
        for name, make in ways.items():
            found[name].append(started(make))
    rows = [(name, *(f"{median(column):,.0f}" for column in zip(*each, strict=True))) for name, each in found.items()]
    bench.table("A new loader", ("", "ms to its first batch", "images/s after it"), rows)


def run(bench: Bench) -> None:
    """The tables of later epochs and of the first."""
    photos = images.photos(bench.folder / "photos", 192 if bench.quick else 2000)
    kept = photos.parent / "kept"
    hand, off = tutorial(photos), loader(photos, "off")
    filled = {workers: loader(photos, 'disk("kept")', workers) for workers in (0, 2)}
    memory = loader(photos, "memory")
    for each in (*filled.values(), memory):
        rate(each, BATCH)
    variants: dict[str, Callable[[], float]] = {
        "tutorial, 2 workers": lambda: rate(hand, BATCH),
        "without a cache, 2 workers": lambda: rate(off, BATCH),
        "memory, second epoch on, 2 workers": lambda: rate(memory, BATCH),
        "disk, second epoch on, 2 workers": lambda: rate(filled[2], BATCH),
        "disk, second epoch on, 0 workers": lambda: rate(filled[0], BATCH),
        "disk, second process, 2 workers": lambda: rate(loader(photos, 'disk("kept")'), BATCH),
    }
    bench.compare("Resize(256) kept, 500 x 375, batch 64", variants, peer="tutorial, 2 workers")

    def filling(cache: str) -> float:
        shutil.rmtree(kept, ignore_errors=True)
        return rate(loader(photos, cache), BATCH)

    bench.compare(
        "the first epoch, which fills it, 2 workers",
        {"off": lambda: filling("off"), "memory": lambda: filling("memory"), "disk": lambda: filling('disk("kept")')},
        peer="off",
    )
    rate(loader(photos, 'disk("kept")'), BATCH)
    starts(
        bench,
        {
            "tutorial, 2 workers": lambda: tutorial(photos),
            "without a cache, 2 workers": lambda: loader(photos, "off"),
            "disk, second process, 2 workers": lambda: loader(photos, 'disk("kept")'),
        },
    )


if __name__ == "__main__":
    main("Images kept after the fixed front of the chain", run)
