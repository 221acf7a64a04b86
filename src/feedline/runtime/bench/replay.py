"""How fast a loader would hand batches over if making them took no time: one batch, again and again."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import Dataset

from feedline.runtime.bench.measure import Budget, Subject, measure
from feedline.runtime.envelope import BatchInfo, Envelope, Pack
from feedline.runtime.keys import BatchIndices
from feedline.runtime.loader import Loader
from feedline.runtime.memory import Memory
from feedline.runtime.run import workers_deaf_to_ctrl_c


class Replayed(Dataset[Any]):
    """In place of a loader's dataset: for any batch that is asked for, a copy of the one that is kept."""

    def __init__(self, batch: Any, length: int):
        self._batch, self._length, self._memory = batch, length, Memory()

    def __len__(self) -> int:
        return self._length

    def __getitems__(self, key: BatchIndices) -> Envelope:
        """The batch, whichever is asked for."""
        return Envelope(
            copied(self._batch, self._memory), BatchInfo(key.epoch, key.number, tuple(key), 0, key.places())
        )

    def gather(self, *which: Any) -> Any:
        """The batch, as `PipeDataset.gather` is asked for it."""
        return copied(self._batch, self._memory)


def copied(value: Any, memory: Memory | None = None) -> Any:
    """A batch with memory of its own, from `memory` where that is given: written once, as one that is made would be."""
    if isinstance(value, dict):
        return {name: copied(item, memory) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(copied(item, memory) for item in value)
    if not isinstance(value, torch.Tensor):
        return value
    if memory is None or value.device.type != "cpu" or not Memory.holds(value.dtype):
        return value.clone()
    return memory.take(tuple(value.shape), value.dtype).copy_(value)


def _as_it_is(envelope: Envelope) -> Envelope:
    return envelope


def delivery_rate(loader: Loader, seconds: float = 1.0) -> float:
    """Samples a second that the loader's delivery is able to: queues between processes, pinning, copies to a device.

    Its first batch is made before. Raises what that raises."""
    dataset: Any = loader.dataset
    key = next(iter(loader.batch_sampler or ()), None)
    if key is None:
        return 0.0
    envelope = Pack(dataset)(dataset.__getitems__(key))
    if envelope.failure is not None:
        raise loader._failed_batch(envelope.failure)
    replayed = Replayed(copied(envelope.batch), len(dataset))
    if dataset.gather is not None:
        twin = copy.copy(dataset)
        twin.gather, twin._batch_chain = replayed.gather, None
        changed = {"dataset": twin, "collate_fn": Pack(twin)}
    else:
        changed = {"dataset": replayed, "collate_fn": _as_it_is}
    idle = copy.copy(loader)
    # A DataLoader refuses to have its dataset set; the late steps are work, not delivery.
    idle.__dict__.update(changed, _late=None, _iterator=None)
    return measure(of_loader(idle), Budget(seconds=seconds), ramp=ramp_of(idle)).mean


def of_loader(loader: Loader) -> Subject:
    """A loader as what is timed. Holds on to no batch."""

    def epoch() -> Iterator[tuple[Any, int]]:
        with workers_deaf_to_ctrl_c(loader):
            batches = iter(loader)
        while True:
            try:
                item = (next(batches), len(loader.current.positions) if loader.current is not None else 0)
            except StopIteration:
                return
            yield item
            del item

    return epoch


def ramp_of(loader: Any) -> int:
    """How many batches a DataLoader's workers have ready before the first is asked for."""
    return loader.num_workers * (loader.prefetch_factor or 0)
