"""How fast are two views of each JPEG, against the wrapper that calls the chain twice?

The chain of SimCLR for crops of 96 x 96, in batches of 64, two workers each. `python benchmarks/simclr.py` makes its
own photos.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import images
from harness import Bench, main, rate
from torch.utils.data import DataLoader
from torchvision import datasets
from torchvision.transforms import transforms as v1

import feedline
from feedline.runtime.gather import jit

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
BATCH, WORKERS = 64, 2

PIPE = """
dataset photos = ImageFolder("{folder}")
loader train from photos {{
  transform {{
    views 2 {{
      RandomResizedCrop(96)
      RandomHorizontalFlip()
      maybe 0.8 {{ ColorJitter(0.8, 0.8, 0.8, 0.2) }}
      RandomGrayscale(0.2)
      GaussianBlur(9)
      ToTensor()
      Normalize(mean=imagenet.mean, std=imagenet.std)
    }}
  }}
  sample {{ batch {batch}; order shuffled; last drop; seed 1 }}
  num_workers = {workers}
  {more}
}}
"""


class TwoViews:
    """What SimCLR's implementations wrap around their chain."""

    def __init__(self, chain: Callable[[Any], Any]):
        self.chain = chain

    def __call__(self, image: Any) -> list[Any]:
        """Both views."""
        return [self.chain(image), self.chain(image)]


def run(bench: Bench) -> None:
    """The table."""
    folder = images.photos(bench.folder / "photos", 128 if bench.quick else 1000)
    variants: dict[str, Callable[[], float]] = {
        "wrapper": lambda: rate(by_hand(folder), BATCH),
        "feedline": _ours(folder, ""),
        **({"feedline[jit]": _ours(folder, "", numba=True)} if bench.has("numba") else {}),
        "feedline, threads": _ours(folder, "worker_kind = thread"),
        "feedline, off": _ours(folder, "optimize = off"),
    }
    bench.compare(f"two views of 96 x 96, batch {BATCH}, {WORKERS} workers", variants, peer="wrapper")


def by_hand(folder: Path) -> DataLoader[Any]:
    """The usual code."""
    steps = [
        v1.RandomResizedCrop(96),
        v1.RandomHorizontalFlip(),
        v1.RandomApply([v1.ColorJitter(0.8, 0.8, 0.8, 0.2)], p=0.8),
        v1.RandomGrayscale(0.2),
        v1.GaussianBlur(9),
        v1.ToTensor(),
        v1.Normalize(MEAN, STD),
    ]
    dataset = datasets.ImageFolder(str(folder), TwoViews(v1.Compose(steps)))
    return DataLoader(dataset, BATCH, shuffle=True, drop_last=True, num_workers=WORKERS)


def _ours(folder: Path, more: str, numba: bool = False) -> Callable[[], float]:
    """feedline, as installed or with the extra `jit`."""
    jit.available = lambda: numba
    text = PIPE.format(folder=folder, batch=BATCH, workers=WORKERS, more=more)
    loader = feedline.compile(text).train
    return lambda: rate(loader, BATCH)


if __name__ == "__main__":
    main("SimCLR, two views", run)
