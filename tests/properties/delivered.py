"""Loaders over samples made for a test, without a file: what they deliver says which sample it is."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch

import feedline
from feedline.compiler import registry


class Rows:
    """Samples with columns: features that name the sample, or small pictures of noise. `broken` ones cannot be read."""

    def __init__(self, columns: dict[str, Any], pictures: bool = False, broken: tuple[int, ...] = ()):
        self.columns = {name: np.asarray(values) for name, values in columns.items()}
        self._pictures = pictures
        self._broken = broken

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        if index in self._broken:
            raise OSError("broken")
        if self._pictures:
            pixels = np.random.Generator(np.random.Philox(key=index)).integers(0, 256, (3, 8, 8), np.uint8)
            return {"image": torch.from_numpy(pixels)}
        return {"features": torch.tensor(index)}


def loader_over(rows: Rows, text: str, **given: Any) -> feedline.Loader:
    """The loader `train` of a file whose `dataset d = TestRows()` holds these rows. Raises CompileError."""
    feedline.dataset("TestRows")(lambda: rows)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", feedline.FeedlineWarning)  # a last batch of 1, a sample that comes often
            return feedline.compile(f"dataset d = TestRows()\n{text}\n", **given).train
    finally:
        registry.unregister("dataset", "TestRows")


def batches_of(loader: feedline.Loader) -> list[list[int]]:
    """The samples of each batch of the next epoch."""
    return [batch.tolist() for batch in loader]


def pixels_of(loader: feedline.Loader) -> torch.Tensor:
    """All pictures of the next epoch, one after the other."""
    return torch.cat([batch["image"] if isinstance(batch, dict) else batch for batch in loader])
