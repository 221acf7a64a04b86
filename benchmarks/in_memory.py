"""Images in memory: MNIST-like digits (28 x 28), converted and normalised, and CIFAR-like ones (32 x 32 x 3), cropped
from a padding of 4 and flipped as well.

The peer is the tutorial: torchvision's dataset with its v1 transforms on PIL images in a DataLoader without workers.
The limit is what any loader has to do, on positions known beforehand, into memory that it keeps: move the pixels and
the labels of a batch, make floats of them, scale and shift them (index_select, copy, multiply, subtract).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain, islice, repeat
from pathlib import Path
from typing import Any

import images
import torch
from harness import Bench, main, rate
from torch.utils.data import DataLoader, Dataset
from torchvision import datasets, transforms
from torchvision.transforms import v2

import feedline
from feedline.runtime.gather import jit

DIGITS, COLOURS = ((0.1307,), (0.3081,)), ((0.4914, 0.4822, 0.4465), (0.247, 0.2435, 0.2616))
SKIP = 5
"""Batches before the clock starts, in every way alike: what starts once is the business of `start_up.py`."""


class OnTensors(Dataset[Any]):
    """By hand with tensors and v2: no PIL image is made."""

    def __init__(self, data: Any, steps: list[Any]):
        pixels = torch.as_tensor(data.data)
        self.pixels = pixels[:, None] if pixels.ndim == 3 else pixels.permute(0, 3, 1, 2).contiguous()
        self.labels = torch.as_tensor(data.targets)
        self.transform = v2.Compose(steps)

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.transform(self.pixels[index]), self.labels[index]


def limit(data: OnTensors, batch: int, mean: tuple[float, ...], std: tuple[float, ...]) -> Iterator[Any]:
    """A pass over shuffled positions; the same memory holds every batch."""
    order = torch.randperm(len(data)).split(batch)
    pixels = torch.empty(batch, *data.pixels.shape[1:], dtype=torch.uint8)
    floats, labels = torch.empty(pixels.shape), torch.empty(batch, dtype=torch.int64)
    scale = 1 / (255 * torch.tensor(std)).view(-1, 1, 1)
    shift = (torch.tensor(mean) / torch.tensor(std)).view(-1, 1, 1)
    if len(std) == 1:
        scale, shift = scale.squeeze(), shift.squeeze()
    for places in order[: len(data) // batch]:
        torch.index_select(data.pixels, 0, places, out=pixels)
        torch.index_select(data.labels, 0, places, out=labels)
        floats.copy_(pixels)
        floats.mul_(scale).sub_(shift)
        yield floats, labels


def ours(folder: Path, name: str, steps: str, batch: int, options: str = "", numba: bool = False) -> feedline.Loader:
    """The same in feedline, as installed or with the extra `jit`."""
    jit.available = lambda: numba
    text = f"""
dataset data = {name}("{folder}")
loader train from data {{
  transform {{ {steps} }}
  sample {{ batch {batch}; order shuffled; last drop }}
  {options}
}}
"""
    return feedline.compile(text)["train"]


def epochs(make: Callable[[], Any]) -> Iterator[Any]:
    """Batches without end, epoch after epoch."""
    return chain.from_iterable(make() for _ in repeat(None))


def compared(bench: Bench, name: str, batch: int, moved: bool, with_numba: bool) -> None:
    """One table: a data set, a batch size, with or without crop and flip."""
    folder, (mean, std) = bench.folder / name, DIGITS if name == "MNIST" else COLOURS
    made = datasets.MNIST(folder) if name == "MNIST" else datasets.CIFAR10(folder)
    v1 = [transforms.RandomCrop(32, padding=4), transforms.RandomHorizontalFlip()] if moved else []
    two = [v2.RandomCrop(32, padding=4), v2.RandomHorizontalFlip()] if moved else []
    made.transform = transforms.Compose([*v1, transforms.ToTensor(), transforms.Normalize(mean, std)])
    tensors = OnTensors(made, [*two, v2.ToDtype(torch.float32, scale=True), v2.Normalize(mean, std)])
    steps = "RandomCrop(32, padding=4); RandomHorizontalFlip(); " * moved + f"ToTensor(); Normalize({mean}, {std})"
    loader = partial(DataLoader, batch_size=batch, shuffle=True, drop_last=True)
    few, many = (8, 48) if bench.quick else (SKIP + 8000 // batch, SKIP + 400_000 // batch)

    def measured(make: Callable[[], Any], batches: int) -> Callable[[], float]:
        return lambda: rate(islice(epochs(make), batches), batch, skip=SKIP)

    whole, single = ours(folder, name, steps, batch), ours(folder, name, steps, batch, "optimize = off")
    compiled = ours(folder, name, steps, batch, numba=True) if with_numba else whole
    variants = {
        "tutorial": measured(lambda: loader(made), few),
        "tutorial, 2 workers": measured(lambda: loader(made, num_workers=2), few),
        "v2 on tensors": measured(lambda: loader(tensors), few),
        "feedline, `optimize = off`": measured(lambda: single, few),
        "feedline": measured(lambda: whole, many // (4 if moved else 1)),
        **({"feedline[jit]": measured(lambda: compiled, many // (4 if moved else 1))} if with_numba else {}),
        "limit, not moved" if moved else "limit": measured(lambda: limit(tensors, batch, mean, std), many // 2),
    }
    what = "RandomCrop + flip + " * moved + "ToTensor + Normalize"
    bench.compare(f"{name}, {what}, batch {batch}", variants, peer="tutorial")


def run(bench: Bench) -> None:
    """Digits at two batch sizes, then colours with crop and flip."""
    torch.set_num_threads(1)  # two would wait for each other beside other work, for everybody alike
    images.mnist(bench.folder / "MNIST", *((3000, 10) if bench.quick else ()))
    images.cifar10(bench.folder / "CIFAR10", *((4000,) if bench.quick else ()))
    warnings.simplefilter("ignore", feedline.FeedlineWarning)  # what the files might also say is not the question
    with_numba = bench.has("numba")
    for name, batch, moved in (("MNIST", 50, False), ("MNIST", 256, False), ("CIFAR10", 256, True)):
        compared(bench, name, batch, moved, with_numba)


if __name__ == "__main__":
    main("Images in memory", run)
