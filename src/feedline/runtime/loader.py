"""The Loader: a `torch.utils.data.DataLoader` whose batches are those of a `BatchPlan`.

A batch's identity travels with it: the sampler sends (epoch, batch number, positions) to the workers, so the samples
and their augmentation never depend on worker state, and what comes back says which positions were really delivered.
Errors travel back as values too, because a DataLoader would turn them into a worker's traceback.
"""

from __future__ import annotations

from collections.abc import Iterator
from multiprocessing.reduction import ForkingPickler
from typing import Any

import numpy as np
import torch
from attrs import evolve, frozen
from torch.utils.data import DataLoader, Sampler, get_worker_info
from torch.utils.data._utils.pin_memory import pin_memory

from feedline.compiler import ir
from feedline.dsl.errors import LoadError
from feedline.dsl.source import Sources
from feedline.runtime.dataset import BatchIndices, PipeDataset
from feedline.runtime.failures import Failure, PipelineFailure, failure_of, to_diagnostic
from feedline.runtime.sampling import BatchPlan, Populations, rank_batches
from feedline.runtime.threads import one_thread

_FIRST_BLOCK, _BLOCK = 16, 1024
"""Batches are planned in blocks; the first is small so that training starts at once."""


@frozen
class BatchInfo:
    """Which batch this is: its epoch, its global number, the positions delivered in the order they stand in the batch,
    and how many of them stand in for a sample that could not be read."""

    epoch: int
    number: int
    positions: tuple[int, ...]
    replaced: int = 0


@frozen(eq=False)
class Envelope:
    """What a worker sends back: a batch or the failure that prevented it."""

    batch: Any
    info: BatchInfo | None
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
        info = BatchInfo(fetched.key.epoch, fetched.key.number, fetched.positions, fetched.replaced)
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


class PlanSampler(Sampler[list[int]]):
    """The batches of one epoch of a plan, for this process's rank. `epoch` and `start` are set by the loader."""

    def __init__(self, plan: BatchPlan, uneven: str):
        self.plan = plan
        self.uneven = uneven
        self.batch_size = plan.batch_size
        self.drop_last = plan.policy.last == "drop"
        self.epoch = 0
        self.start = 0

    def __iter__(self) -> Iterator[list[int]]:
        # Not itself a generator: the epoch is the one at the time of the call, whatever is set afterwards.
        return self._batches(self.epoch, self.start)

    def _numbers(self, epoch: int) -> range:
        rank, world = rank_and_world()
        return rank_batches(self.plan.length(epoch), rank, world, self.uneven)

    def _batches(self, epoch: int, start: int) -> Iterator[list[int]]:
        numbers, total = self._numbers(epoch), self.plan.length(epoch)
        size = _FIRST_BLOCK
        while start < len(numbers):
            wanted = np.asarray(numbers[start : start + size]) % max(total, 1)
            first = int(wanted.min())
            rows = self.plan.batches(epoch, first, int(wanted.max()) + 1)[wanted - first].tolist()
            for number, row in zip(wanted.tolist(), rows, strict=True):
                yield BatchIndices([position for position in row if position >= 0], epoch, number)
            start, size = start + size, _BLOCK

    def __len__(self) -> int:
        return len(self._numbers(self.epoch))


def rank_and_world() -> tuple[int, int]:
    """This process's rank and the number of ranks: those of `torch.distributed` once it is initialised, else 0 of 1."""
    distributed = torch.distributed
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1


class Loader(DataLoader[Any]):
    """One `loader` of a `.pipe` file. A plain `DataLoader` to any training loop; epochs advance by themselves.

    `len(loader)` is exactly the number of batches the next epoch yields. `current` is the `BatchInfo` of the batch
    yielded last, `replaced` counts the samples of this epoch that stand in for unreadable ones.
    """

    def __init__(
        self,
        program_loader: ir.Loader,
        dataset: PipeDataset,
        plan: BatchPlan,
        populations: Populations,
        sources: Sources,
        classes: list[str] | None,
        device: torch.device | None,
        **options: Any,
    ):
        self.name = program_loader.name
        self.policy = program_loader.policy
        self.plan = plan
        self.populations = populations
        self.classes = classes
        self.device = device
        self.current: BatchInfo | None = None
        self.replaced = 0
        self._on_error = program_loader.on_error
        self._sources = sources
        self._span = program_loader.data.span
        self._workers_span = next(item.span for item in program_loader.options if item.name == "num_workers")
        self._epoch = 0
        self._iterators = 0
        """How many have been made."""
        sampler = PlanSampler(plan, self.policy.uneven)
        # A generator of its own, so that iterating never moves the caller's random state.
        generator = torch.Generator().manual_seed(self.policy.seed % 2**63)
        super().__init__(dataset, batch_sampler=sampler, collate_fn=Pack(dataset), generator=generator, **options)
        # A DataLoader has none beside a `batch_sampler` and refuses to be given one; loops that count samples use it.
        self.__dict__["batch_size"] = plan.batch_size

    def set_epoch(self, epoch: int) -> None:
        """Make the next iteration epoch `epoch` (from 0). Never needed: epochs advance by themselves.

        Raises ValueError for a negative epoch."""
        if epoch < 0:
            raise ValueError(f"set_epoch needs an epoch from 0 on, not {epoch}")
        self._epoch = epoch
        self._plan_sampler.epoch = epoch

    @property
    def _plan_sampler(self) -> PlanSampler:
        assert isinstance(self.batch_sampler, PlanSampler)
        return self.batch_sampler

    def __iter__(self) -> Iterator[Any]:  # pyright: ignore[reportIncompatibleMethodOverride]  (wider)
        self._plan_sampler.epoch = self._epoch
        envelopes = super().__iter__()
        samples = len(self) * self.plan.batch_size
        epoch, self._epoch = self._epoch, self._epoch + 1
        self._plan_sampler.epoch = self._epoch
        self.replaced = 0
        self._iterators += 1
        return self._unwrap(envelopes, epoch, samples, self._iterators)

    def _unwrap(self, envelopes: Iterator[Envelope], epoch: int, samples: int, iterator: int) -> Iterator[Any]:
        replaced = 0
        try:
            while (envelope := self._next(envelopes, iterator)) is not None:
                if envelope.failure is not None:
                    raise self._load_error(envelope.failure) from envelope.failure.cause
                assert envelope.info is not None
                self.current = envelope.info
                replaced += envelope.info.replaced
                self.replaced = replaced
                self._check_replaced(replaced, epoch, samples)
                yield envelope.batch if self.device is None else to_device(envelope.batch, self.device)
        finally:
            del envelopes  # workers end with the iteration, not when somebody lets go of the exception's traceback

    def _next(self, envelopes: Iterator[Envelope], iterator: int) -> Envelope | None:
        """What the workers sent next, None at the end of the epoch."""
        if self.persistent_workers and iterator != self._iterators:
            # Workers that stay have one queue: the older iterator would take batches of the newer one.
            raise RuntimeError(
                f"this iterator ended when loader {self.name!r} was iterated again: with `persistent_workers` there is "
                "one at a time"
            )
        try:
            return next(envelopes, None)
        except RuntimeError as error:
            if not self.num_workers:
                raise
            self._iterator = None  # the workers that stay are no longer complete: the next epoch starts new ones
            # No local name for the failure: it would tie this frame, and with it the dead workers, to the error.
            return Envelope(None, None, self._workers_failed(error))

    def _workers_failed(self, error: RuntimeError) -> Failure:
        # The words are DataLoader's, for a worker that was killed or that took longer than `timeout`.
        return Failure(
            "FL555",
            f"the workers failed: {str(error).strip().splitlines()[0]}",
            span=self._workers_span,
            help="mostly the system killed one for its memory: use fewer; `num_workers = 0` shows any other reason",
            cause=error,
        )

    def _check_replaced(self, replaced: int, epoch: int, samples: int) -> None:
        maximum = self._on_error.maximum
        if maximum is None or not replaced:
            return
        allowed = maximum.value / 100 * samples if isinstance(maximum, ir.Percent) else maximum
        if replaced > allowed:
            raise self._load_error(
                Failure(
                    "FL616",
                    f"{replaced} samples of epoch {epoch} could not be read and were replaced, "
                    f"more than the {allowed:g} that `on error replace` allows",
                    span=self._on_error.span,
                    help="mend the files, or raise the limit after `max`",
                )
            )

    def _load_error(self, failure: Failure) -> LoadError:
        if failure.span is None:
            failure = evolve(failure, span=self._span)
        return LoadError([to_diagnostic(failure, self._sources, self.name)], self._sources)


def to_device(batch: Any, device: torch.device) -> Any:
    """The batch with every tensor on `device`, structure kept; copies are asynchronous from pinned memory."""
    if isinstance(batch, torch.Tensor):
        return batch.to(device, non_blocking=True)
    if isinstance(batch, dict):
        return {key: to_device(value, device) for key, value in batch.items()}
    if isinstance(batch, tuple) and hasattr(batch, "_fields"):  # a namedtuple, from a collate function of the user's
        return type(batch)(*(to_device(value, device) for value in batch))
    if isinstance(batch, list | tuple):
        return type(batch)(to_device(value, device) for value in batch)
    return batch
