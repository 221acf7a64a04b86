"""Training the network of `examples/train_digits.py` end to end: which share of the time is data loading?

    python benchmarks/digits.py [--quick]

Target 6. Before: torchvision's class, its first transforms and a DataLoader, as the tutorials have it. After: the same
chain in a `.pipe` file. Then what the same seed brings: sample by sample and by batches, with and without workers.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import images
import numpy as np
import torch
from harness import Bench, main
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms
from torchvision.transforms import v2

import feedline
from feedline.runtime.bench.measure import Budget, measure

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))
from train_digits import network

BATCH = 50
PIPE = """\
dataset digits = MNIST("{root}")
loader train from digits {{
  transform {{ {chain} }}
  sample {{ batch 50; order shuffled; last drop }}
  optimize = {optimize}
  num_workers = {workers}
}}
"""
PLAIN = "ToTensor(); Normalize((0.1307,), (0.3081,))"
AFFINE = f"RandomAffine(degrees=8, translate=(0.08, 0.08), scale=(0.9, 1.1)); {PLAIN}"
CROP = f"RandomCrop(28, padding=4); {PLAIN}"
_ENDING = [transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))]
CHAINS: dict[str, tuple[str, list[Any]]] = {
    "no augmentation": (PLAIN, []),
    "RandomCrop": (CROP, [transforms.RandomCrop(28, padding=4)]),
    "RandomAffine, as in the example": (AFFINE, [transforms.RandomAffine(8, (0.08, 0.08), (0.9, 1.1))]),
}


def chains(bench: Bench) -> list[tuple[str, tuple[str, list[Any]]]]:
    """What is trained on; one of them where it need only run."""
    return list(CHAINS.items())[: 1 if bench.quick else None]


def compiled(root: Path, chain: str, optimize: str = "exact", workers: int = 0) -> Any:
    """The loader of a `.pipe` file."""
    return feedline.compile(PIPE.format(root=root, chain=chain, optimize=optimize, workers=workers))["train"]


def tutorial(root: Path, steps: list[Any], workers: int = 0) -> DataLoader[Any]:
    """The loader that the tutorials write."""
    dataset = datasets.MNIST(str(root), transform=transforms.Compose([*steps, *_ENDING]))
    return DataLoader(dataset, BATCH, shuffle=True, drop_last=True, num_workers=workers)


# ---- the share of loading


class Training:
    """A network, and a step of it on a batch."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.model = network()
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=2e-3)

    def __call__(self, batch: Any) -> None:
        """One step."""
        self.optimizer.zero_grad()
        nn.functional.cross_entropy(self.model(batch[0]), batch[1]).backward()
        self.optimizer.step()


def training(loader: Iterable[Any], batches: int, waiting: list[float]) -> Callable[[], float]:
    """Images a second of training on so many batches; the share of the time that it waited is added to `waiting`."""
    step = Training()

    def epoch() -> Iterator[tuple[Any, int]]:
        iterator = iter(loader)
        while True:
            try:
                item = (next(iterator), BATCH)
            except StopIteration:
                return
            yield item
            del item

    def run() -> float:
        timing = measure(epoch, Budget(batches=batches), step)
        waiting.append(timing.waited / (timing.waited + timing.worked))
        return timing.samples / timing.seconds

    return run


def shares(bench: Bench, root: Path) -> None:
    """Print training's speed, and which part of its time went into loading."""
    batches = 4 if bench.quick else 40
    rows = []
    for what, (chain, steps) in chains(bench):
        waiting: dict[str, list[float]] = {"tutorial": [], "optimize = off": [], "feedline": []}
        found = bench.compare(
            f"Training on {what}, batch {BATCH}",
            {
                "tutorial": training(tutorial(root, steps), batches, waiting["tutorial"]),
                "optimize = off": training(compiled(root, chain, "off"), batches, waiting["optimize = off"]),
                "feedline": training(compiled(root, chain), batches, waiting["feedline"]),
            },
            peer="tutorial",
        )
        loading = {name: median(values[-bench.rounds :]) for name, values in waiting.items()}
        rows.append((what, *(f"{loading[name]:.1%}" for name in found)))
    bench.table("The share of training's time that goes into loading", ("chain", *waiting), rows)


# ---- the same seed


def seeds(bench: Bench, root: Path) -> None:
    """Print of how many batches every bit is the same, where the seed is."""
    batches = 4 if bench.quick else 40
    rows = []
    for what, (chain, steps) in chains(bench):
        one = collected(compiled(root, chain, "off"), batches)
        for name, other in (
            ("one by one, then by batches", compiled(root, chain)),
            ("one by one, then by batches in 2 workers", compiled(root, chain, workers=2)),
        ):
            rows.append((f"feedline, {what}", name, equal(one, collected(other, batches))))
        torch.manual_seed(0)
        alone = collected(tutorial(root, steps), batches)
        torch.manual_seed(0)
        again = collected(tutorial(root, steps), batches)
        torch.manual_seed(0)
        workers = collected(tutorial(root, steps, workers=2), batches)
        rows.append((f"tutorial, {what}", "the same twice", equal(alone, again)))
        rows.append((f"tutorial, {what}", "no workers, then 2", equal(alone, workers)))
    bench.table(f"The same seed: equal batches of {batches}, to the bit", ("", "compared", "equal"), rows)


def collected(loader: Iterable[Any], batches: int) -> list[Any]:
    """Copies of the first batches of an epoch."""
    return [(pictures.clone(), labels.clone()) for (pictures, labels), _ in zip(loader, range(batches), strict=False)]


def equal(one: list[Any], other: list[Any]) -> str:
    """Of how many batches all is equal."""
    return str(sum(all(map(torch.equal, mine, theirs)) for mine, theirs in zip(one, other, strict=True)))


def draws(bench: Bench, folder: Path) -> None:
    """Print how many different crops there are in a batch whose pictures are all the same."""
    root = images.mnist(folder / "same", BATCH * 4, 10)
    raw = root / "MNIST" / "raw" / "train-images-idx3-ubyte"
    data = np.frombuffer(raw.read_bytes(), np.uint8)
    first = data[16 : 16 + 784]
    raw.write_bytes(data[:16].tobytes() + np.tile(first, BATCH * 4).tobytes())
    crop = v2.RandomCrop(28, padding=4)
    torch.manual_seed(0)
    together = crop(torch.from_numpy(np.tile(first, BATCH).reshape(BATCH, 1, 28, 28)))
    ways = {
        "tutorial, sample by sample": next(iter(tutorial(root, CHAINS["RandomCrop"][1])))[0],
        "feedline, one by one (`optimize = off`)": next(iter(compiled(root, CROP, "off")))[0],
        "feedline, by batches": next(iter(compiled(root, CROP)))[0],
        "`v2.RandomCrop` on the whole batch": together,
    }
    rows = [(name, str(len(torch.unique(batch.flatten(1), dim=0)))) for name, batch in ways.items()]
    bench.table(f"Different crops of one picture, {BATCH} times in a batch", ("", "different"), rows)


def run(bench: Bench) -> None:
    """Print all tables."""
    root = images.mnist(bench.folder / "digits", 300 if bench.quick else 6000, 10)
    shares(bench, root)
    seeds(bench, root)
    draws(bench, bench.folder)


if __name__ == "__main__":
    main("Training on digits, and what a seed brings", run)
