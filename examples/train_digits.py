"""Train a small network on the loaders of `digits.pipe`, to more than 95% on digits it has never seen.

Run as `python examples/train_digits.py [--epochs N]`. What the data is, how it is divided, transformed and batched is
written in `digits.pipe`; none of it is written here.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import nn

import feedline

PIPE = Path(__file__).with_name("digits.pipe")


def network() -> nn.Module:
    """Two convolutions and a linear layer: images (B, 1, 28, 28) to scores (B, 10)."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, padding=2), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 5, padding=2), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Dropout(0.25), nn.Linear(32 * 7 * 7, 10),
    )  # fmt: skip


@torch.no_grad()
def accuracy(model: nn.Module, loader: Iterable[tuple[torch.Tensor, torch.Tensor]]) -> float:
    """The share of a loader's images that the model gets right."""
    model.eval()
    right = total = 0
    for images, labels in loader:
        right += int((model(images).argmax(1) == labels).sum())
        total += len(labels)
    return right / total


def train(epochs: int) -> float:
    """Train for so many epochs; gives the accuracy on the test loader."""
    torch.manual_seed(0)
    pipeline = feedline.compile(PIPE)
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(epochs):
        model.train()
        for images, labels in pipeline.train:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch}: {accuracy(model, pipeline.val):.1%} of the validation digits right")
    return accuracy(model, pipeline.test)


def main() -> None:
    """Train and say how well it went."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=8)
    result = train(parser.parse_args().epochs)
    print(f"test: {result:.1%} right")


if __name__ == "__main__":
    main()
