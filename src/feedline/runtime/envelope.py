"""How a batch travels from where it was made to its Loader: with what it is, or with the failure that prevented it."""

from __future__ import annotations

from multiprocessing.reduction import ForkingPickler
from typing import Any

import numpy as np
import torch
from attrs import define, frozen
from torch.utils.data import get_worker_info
from torch.utils.data._utils.pin_memory import pin_memory

from feedline.runtime.dataset import PipeDataset
from feedline.runtime.failures import Failure, PipelineFailure, failure_of
from feedline.runtime.frameworks import Sealed
from feedline.runtime.keys import BatchIndices
from feedline.runtime.threads import one_thread


@frozen
class BatchInfo:
    """Which batch this is: its epoch, its global number, the positions delivered in the order they stand in the batch,
    and how many of them stand in for a sample that could not be read. `places` says where the batch stands in the
    global one: everywhere (0, 1, ...) but where ranks share it."""

    epoch: int
    number: int
    positions: tuple[int, ...]
    replaced: int = 0
    places: range = range(0)


@define(eq=False)
class Row:
    """What becomes a `BatchInfo` once somebody asks: making it takes a third of the time that a small batch does."""

    epoch: int
    number: int
    positions: np.ndarray
    places: range

    replaced = 0

    def info(self) -> BatchInfo:
        """The same as a `BatchInfo`."""
        return BatchInfo(self.epoch, self.number, tuple(self.positions.tolist()), 0, self.places)


@define(eq=False)
class Envelope(Sealed):
    """What a worker sends back: a batch or the failure that prevented it."""

    batch: Any
    info: BatchInfo | Row | None
    failure: Failure | None = None

    def pin_memory(self) -> Envelope:
        """The same with its tensors in page-locked memory; `DataLoader` calls this when `pin_memory` is on."""
        return Envelope(pin_memory(self.batch), self.info, self.failure)


class Pack:
    """The `collate_fn` of a Loader: collates what the dataset fetched, applies the batch chain, and wraps it up."""

    def __init__(self, dataset: PipeDataset):
        self._dataset = dataset

    def __call__(self, fetched: Any) -> Envelope:
        """The batch of what `PipeDataset.__getitems__` gave, or the failure on the way."""
        if isinstance(fetched, Failure):
            return Envelope(None, None, fetched)
        key: BatchIndices = fetched.key
        info = BatchInfo(key.epoch, key.number, fetched.positions, fetched.replaced, key.places())
        try:
            with one_thread():
                batch = self._dataset.batch_of(fetched)
            if get_worker_info() is not None:
                _check_sendable(batch)
            return Envelope(batch, info)
        except Exception as error:
            return Envelope(None, info, failure_of(error))


def _check_sendable(value: Any) -> None:
    """A worker's queue drops what cannot be pickled, and the main process would wait for it for ever."""
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            _check_sendable(item)
        return
    try:
        if not isinstance(value, torch.Tensor):
            ForkingPickler.dumps(value)
        elif value.requires_grad and not value.is_leaf:
            raise ValueError("it is part of an autograd graph; `detach()` it")
    except Exception as error:  # pickling runs the object's own code
        message = f"the batch holds a {type(value).__name__} that a worker cannot send: {error}"
        raise PipelineFailure(Failure("FL551", message, help="give plain values, or say `num_workers = 0`")) from error
