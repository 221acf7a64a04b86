"""How soon is the first batch there, does a later epoch start at once, and what does a large index take in memory?

    python benchmarks/start_up.py [--quick]

Target 7: the first batch no later than 1.1 times the hand-written loader's, no pause before the second epoch, a worker
that grows by less than 15 MB over an epoch on an index of 2 million samples, and a main process that stays below 1 GB
with the metadata of 10^7.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import images
import torch
from harness import Bench, main
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision import datasets, transforms

import feedline

BATCH = 64
GROWTH, PEAK = 15.0, 1000.0
"""MB: the targets."""

PHOTOS = """\
dataset photos = ImageFolder("{root}")
loader train from photos {{
  transform {{ RandomResizedCrop(224); RandomHorizontalFlip(); ToTensor(); Normalize(imagenet.mean, imagenet.std) }}
  sample {{ batch 64; order shuffled; last drop }}
  num_workers = {workers}
}}
"""
DIGITS = """\
dataset digits = MNIST("{root}")
loader train from digits {{
  transform {{ ToTensor(); Normalize((0.1307,), (0.3081,)) }}
  sample {{ batch 64; order shuffled; last drop }}
  num_workers = {workers}
}}
"""
ROWS = """\
dataset rows = Table("{path}", image="file", label="label")
loader train from rows {{
  transform {{ ToTensor() }}
  sample {{ batch 64; order shuffled }}
  num_workers = 2
  worker_kind = process
}}
"""
MANY = """\
dataset rows = Table("{path}", label="label")
loader train from rows {{
  sample {{ batch 64; order shuffled }}
}}
"""


# ---- the first batch


def photos_by_hand(root: Path, workers: int) -> DataLoader[Any]:
    """The tutorial's loader."""
    chain = transforms.Compose([
        transforms.RandomResizedCrop(224), transforms.RandomHorizontalFlip(), transforms.ToTensor(),
        transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    ])  # fmt: skip
    return DataLoader(
        datasets.ImageFolder(str(root), chain), BATCH, shuffle=True, drop_last=True, num_workers=workers
    )  # fmt: skip


def digits_by_hand(root: Path, workers: int) -> DataLoader[Any]:
    """The tutorial's loader."""
    chain = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    return DataLoader(
        datasets.MNIST(str(root), transform=chain), BATCH, shuffle=True, drop_last=True, num_workers=workers
    )


def first_batch(make: Callable[[], Iterable[Any]]) -> Callable[[], float]:
    """Milliseconds from nothing to the first batch."""

    def run() -> float:
        begin = time.perf_counter()
        batches = iter(make())
        next(batches)
        taken = time.perf_counter() - begin
        del batches
        return taken * 1000

    return run


def soon(bench: Bench, photos: Path, digits: Path) -> None:
    """Print the time to the first batch, everything before it included but the imports."""
    for what, text, root, by_hand in (
        ("JPEGs of 500 x 375", PHOTOS, photos, photos_by_hand),
        ("28 x 28 in memory", DIGITS, digits, digits_by_hand),
    ):
        for workers in (0, 2):
            source = text.format(root=root, workers=workers)
            bench.compare(
                f"First batch: {what}, {workers} workers",
                {
                    "by hand": first_batch(lambda by_hand=by_hand, root=root, workers=workers: by_hand(root, workers)),
                    "feedline": first_batch(lambda source=source: feedline.compile(source)["train"]),
                },
                peer="by hand", unit="ms", digits=1,
            )  # fmt: skip


def processes(bench: Bench, photos: Path, folder: Path) -> None:
    """Print the same for a whole process, imports included."""
    pipe = folder / "photos.pipe"
    pipe.write_text(PHOTOS.format(root=photos, workers=0))
    plain = (
        "import torch; from torch.utils.data import DataLoader; from torchvision import datasets, transforms as t; "
        "c = t.Compose([t.RandomResizedCrop(224), t.RandomHorizontalFlip(), t.ToTensor(), "
        "t.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))]); "
        f"next(iter(DataLoader(datasets.ImageFolder({str(photos)!r}, c), 64, shuffle=True)))"
    )
    ours = f"import feedline; next(iter(feedline.compile({str(pipe)!r})['train']))"
    variants = {"by hand": lambda: _process(plain), "feedline": lambda: _process(ours)}
    bench.compare("A process up to its first batch, imports included", variants, peer="by hand", unit="s", digits=2)


def _process(code: str) -> float:
    # Compiled modules are kept, as in any installation.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, env=environment)
    return time.perf_counter() - begin


# ---- later epochs


def pauses(bench: Bench, photos: Path) -> None:
    """Print how long a later epoch's first batch takes, beside an ordinary batch."""
    ways: dict[str, Callable[[], Iterable[Any]]] = {}
    for workers in (0, 2):
        source = PHOTOS.format(root=photos, workers=workers)
        ways[f"by hand, {workers} workers"] = lambda workers=workers: photos_by_hand(photos, workers)
        ways[f"feedline, {workers} workers"] = lambda source=source: feedline.compile(source)["train"]
    rows = []
    for name, make in ways.items():
        loader = make()
        starts, usual = [], []
        for epoch in range(3 if bench.quick else 6):
            times = [time.perf_counter()]
            for batch in loader:
                times.append(time.perf_counter())
                del batch
            each = [later - before for before, later in pairwise(times)]
            if epoch:
                starts.append(each[0])
                usual.append(sum(each) / len(each))
        rows.append((name, f"{median(starts) * 1000:,.0f}", f"{median(usual) * 1000:,.0f}"))
    bench.table("A later epoch", ("", "ms to its first batch", "ms a batch, over the epoch"), rows)


# ---- memory


class Listed(Dataset[Any]):
    """The peer: a list of (path, label), as torchvision's folder classes and most own ones keep it."""

    def __init__(self, samples: list[tuple[str, int]]):
        self.samples = samples

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        path, label = self.samples[index]
        with Image.open(path) as image:
            return transforms.functional.to_tensor(image.convert("RGB")), label


def growth(bench: Bench, folder: Path) -> None:
    """Print by how much a worker's own memory grows while samples of a large index are read."""
    size, batches = (2000, 20) if bench.quick else (2_000_000, 1500)
    table = large_table(folder, size)
    rows = []
    samples = [(f"{folder}/tiny/{number % 100}.png", number % 10) for number in range(size)]
    peer = DataLoader(Listed(samples), BATCH, shuffle=True, num_workers=2)
    for name, loader in (("a list of tuples", peer), ("feedline", feedline.compile(ROWS.format(path=table))["train"])):
        begin, end = _worker_growth(loader, batches)
        rows.append((name, f"{size:,}", f"{batches * BATCH:,}", f"{begin:,.0f}", f"{end - begin:,.1f}"))
    bench.table(
        f"Memory of a worker (target: grows by less than {GROWTH:.0f} MB)",
        ("index", "samples", "of which were read", "own MB at the start", "grows by MB"), rows,
    )  # fmt: skip


def large_table(folder: Path, size: int) -> Path:
    """A table of so many rows, each with the name of one of a hundred small images."""
    (folder / "tiny").mkdir(exist_ok=True)
    for number in range(100):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(folder / "tiny" / f"{number}.png")
    path = folder / "rows.csv"
    with path.open("w") as file:
        file.write("file,label\n")
        file.writelines(f"tiny/{number % 100}.png,{number % 10}\n" for number in range(size))
    return path


def _worker_growth(loader: Any, batches: int) -> tuple[float, float]:
    """MB that belong to one worker alone, the larger of two: after a few batches, and after all of them."""
    import multiprocessing

    before = {child.pid for child in multiprocessing.active_children()}
    found: list[float] = []
    iterator = iter(loader)
    for number in range(batches):
        next(iterator)
        if number in (10, batches - 1):
            workers = [child.pid for child in multiprocessing.active_children() if child.pid not in before]
            found.append(max(map(own_memory, filter(None, workers))))
    del iterator
    return found[0], found[-1]


def own_memory(process: int) -> float:
    """MB that a process shares with none."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


def metadata(bench: Bench, folder: Path) -> None:
    """Print the highest memory of a process that opens a table of 10^7 rows and reads its first batches."""
    if not bench.has("pyarrow"):
        return
    size = 10_000 if bench.quick else 10_000_000
    rows = []
    for what, columns in (("numbers and a path", True), ("numbers", False))[: 1 if bench.quick else None]:
        path = parquet(folder / f"many{columns}.parquet", size, columns)
        pipe = MANY.format(path=path)
        taken, peak = _peak(
            f"import feedline, itertools; l = feedline.compile({pipe!r})['train']; list(itertools.islice(l, 20))"
        )
        rows.append((f"feedline, {what}", f"{size:,}", f"{peak:,.0f}", f"{taken:.1f}"))
        os.unlink(path)
    _, base = _peak("import torch, torchvision")
    rows.append(("torch and torchvision imported, no data", "", f"{base:,.0f}", ""))
    bench.table(
        f"Peak memory of the main process (target: below {PEAK:,.0f} MB)", ("", "rows", "peak MB", "s in all"), rows
    )


def parquet(path: Path, size: int, paths: bool) -> Path:
    """A table with a label, a weight and, if asked for, a path."""
    import numpy
    import pyarrow
    import pyarrow.parquet

    generator = numpy.random.default_rng(0)
    columns = {"label": generator.integers(0, 1000, size), "weight": generator.random(size, numpy.float32)}
    if paths:
        numbers = pyarrow.array(range(size)).cast(pyarrow.string())
        columns["file"] = pyarrow.compute.binary_join_element_wise("images/", numbers, ".jpg", "")
    pyarrow.parquet.write_table(pyarrow.table(columns), path)
    return path


def _peak(code: str) -> tuple[float, float]:
    """Seconds and the highest memory, MB, of a process of its own."""
    script = (
        f"{code}\nfrom pathlib import Path\nprint(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    )
    begin = time.perf_counter()
    result = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return time.perf_counter() - begin, int(result.stdout.split()[-1]) / 1024


def run(bench: Bench) -> None:
    """Print all tables."""
    photos = images.photos(bench.folder / "photos", 70 if bench.quick else 640)
    digits = images.mnist(bench.folder / "digits", 500 if bench.quick else 60_000, 100)
    soon(bench, photos, digits)
    processes(bench, photos, bench.folder)
    pauses(bench, photos)
    growth(bench, bench.folder)
    metadata(bench, bench.folder)


if __name__ == "__main__":
    main("Start-up and memory", run)
