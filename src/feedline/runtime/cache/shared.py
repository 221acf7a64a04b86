"""Bytes that the worker processes of a run see as the main process does, however they are started."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import torch


class SharedBytes:
    """Zeros at first. `view` is a writable memoryview of them."""

    def __init__(self, size: int):
        self._tensor = torch.zeros(size, dtype=torch.uint8)
        with suppress(OSError, RuntimeError):  # no shared memory here: each process then finds out for itself
            self._tensor.share_memory_()
        self.view: Any = self._tensor.numpy().data

    def __getstate__(self) -> torch.Tensor:
        return self._tensor

    def __setstate__(self, state: torch.Tensor) -> None:
        self._tensor = state
        self.view = state.numpy().data
