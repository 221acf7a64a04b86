"""The Loader: a `torch.utils.data.DataLoader` whose batches are those of a `BatchPlan`.

A batch's identity travels with it: the sampler sends (epoch, batch number, positions) to the workers, so the samples
and their augmentation never depend on worker state, and what comes back says which positions were really delivered.
Errors travel back as values too, because a DataLoader would turn them into a worker's traceback.
"""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable, Generator, Iterator, Mapping, MutableMapping, MutableSequence, Sequence
from copy import copy
from dataclasses import fields, is_dataclass
from functools import cached_property, partial
from inspect import GEN_CLOSED, getgeneratorstate
from typing import Any

import torch
from attrs import evolve
from torch.utils.data import DataLoader

from feedline.compiler import ir
from feedline.dsl.errors import FeedlineWarning, LoadError
from feedline.dsl.source import Sources
from feedline.runtime.cache.source import KeptSamples
from feedline.runtime.dataset import PipeDataset
from feedline.runtime.envelope import BatchInfo, Envelope, Pack, Row
from feedline.runtime.failures import Failure, PipelineFailure, failure_of, to_diagnostic
from feedline.runtime.frameworks import Prepared
from feedline.runtime.gather.direct import direct
from feedline.runtime.sampler import PlanSampler, Run, epoch_number
from feedline.runtime.sampling import BatchPlan, Populations
from feedline.runtime.state import Identity, identity_of, read_state, state_of
from feedline.runtime.threaded import Threaded
from feedline.runtime.threads import one_thread

_AHEAD = 2
"""DataLoader's `prefetch_factor`."""


class Loader(Prepared, DataLoader[Any]):
    """One `loader` of a `.pipe` file. A plain `DataLoader` to any training loop; epochs advance by themselves.

    `len(loader)` is exactly the number of batches of the epoch under way, else of the next. `current` is the
    `BatchInfo` of the batch yielded last, `replaced` counts the samples of this epoch that stand in for unreadable
    ones. `sampler` (`batch_sampler` is the same) has `set_weights` and `set_epoch`.
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
        calls: list[ir.SourceCall],
        ranks: tuple[int, int] | None = None,
        threads: bool = False,
        **options: Any,
    ):
        self.name = program_loader.name
        self.policy = program_loader.policy
        self.populations = populations
        self.classes = classes
        self.device = device
        self._current: BatchInfo | Row | None = None
        self.replaced = 0
        self._declaration = program_loader
        self._on_error = program_loader.on_error
        self._calls = calls
        self._sources = sources
        self._iterators = 0
        """How many have been made."""
        self._loads = 0
        """How many states have been loaded."""
        self._under_way: weakref.ref[Generator[Any]] | None = None
        """The newest iterator."""
        self._refusal = partial(_load_error, sources, program_loader)
        self._failed_batch = partial(self._refusal, made_batch=True)
        sampler = PlanSampler(plan, ranks, self._refusal)
        sampler.replaces = self._on_error.mode == "replace"
        # A generator of its own, so that iterating never moves the caller's random state.
        generator = torch.Generator().manual_seed(self.policy.seed % 2**63)
        workers, ahead = options["num_workers"], options.get("prefetch_factor")
        self._threads = workers if threads else 0
        if self._threads:  # to a DataLoader there are no workers then
            options |= {"num_workers": 0, "prefetch_factor": None, "persistent_workers": False}
        super().__init__(dataset, batch_sampler=sampler, collate_fn=Pack(dataset), generator=generator, **options)
        # A DataLoader has no `batch_size` or `drop_last` beside a `batch_sampler`, and another `sampler`; it refuses to
        # be given any. Loops that count samples read the first two, training frameworks call `set_epoch` of the last.
        self.__dict__.update(batch_size=plan.batch_size, drop_last=sampler.drop_last, sampler=sampler)
        if self._threads:
            self.__dict__.update(num_workers=workers, prefetch_factor=ahead or _AHEAD)
            dataset.expect(workers * (ahead or _AHEAD) + 2)
        elsewhere = device is not None or (workers and not threads)
        self._late = dataset.put_off_late() if elsewhere else None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_under_way": None}

    @property
    def _plan_sampler(self) -> PlanSampler:
        assert isinstance(self.batch_sampler, PlanSampler)
        return self.batch_sampler

    @property
    def current(self) -> BatchInfo | None:
        """Which batch was yielded last."""
        if isinstance(self._current, Row):
            self._current = self._current.info()
        return self._current

    @property
    def plan(self) -> BatchPlan:
        """The plan of the epoch under way: it changes where `set_weights` is used."""
        return self._plan_sampler.plan

    @property
    def epoch(self) -> int:
        """The epoch (from 0) that the next iteration begins, or continues after a state was loaded."""
        return self._plan_sampler.epoch

    def set_epoch(self, epoch: int) -> None:
        """Make the next iteration epoch `epoch` (from 0), from its first batch; where it is that epoch anyway, from
        where a loaded state goes on. Never needed: epochs advance by themselves.

        Raises ValueError for a negative epoch, TypeError for what is no whole number."""
        epoch = epoch_number(epoch)
        self._plan_sampler.loaded = 0  # a framework's epochs are counted from 0 again
        self._plan_sampler.set_epoch(epoch)
        self._plan_sampler.forget()

    @cached_property
    def _identity(self) -> Identity:
        dataset: Any = self.dataset
        path = next(iter(self._sources), "<text>")
        return identity_of(self._declaration, path, self._calls, dataset, self.populations)

    def state_dict(self) -> dict[str, Any]:
        """Where the run stands: after the batch that an iterator of this loader handed over last, whatever workers
        have prefetched. Small, of plain JSON values; larger only by weights set from Python.

        With several ranks every rank's is the same, if they have had equally many batches."""
        sampler = self._plan_sampler
        return state_of(self.name, sampler.here(), sampler.pending, self._identity)

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> None:
        """Make the next iteration go on from a saved state: the rest of its epoch comes, then the epochs after it.

        Any number of workers or ranks may have saved it. Raises LoadError, and changes nothing, for what is no state,
        and for one of another plan or other data; with `strict` false those differences are only warned of, and the
        run goes on at the same epoch and batch number. An iterator made before this no longer counts.
        """
        sampler = self._plan_sampler
        try:
            loaded = read_state(state, sampler.declared, self._identity, self._declaration, strict=strict)
        except PipelineFailure as error:
            raise self._refusal(error.failure) from None
        for difference in loaded.ignored:
            warnings.warn(f"loader `{self.name}` goes on from a state although {difference}", stacklevel=2)
        position = loaded.position
        sampler.weighting, sampler.pending = position.weighting, loaded.pending
        sampler.go_to(position.epoch, position.batch)
        sampler.forget()
        sampler.loaded = position.epoch
        self._loads += 1

    def __len__(self) -> int:
        iterator = self._under_way and self._under_way()
        run = self._plan_sampler.run
        if run is not None and iterator is not None and getgeneratorstate(iterator) != GEN_CLOSED:
            return run.count(0)
        return len(self._plan_sampler)

    def __iter__(self) -> Iterator[Any]:  # pyright: ignore[reportIncompatibleMethodOverride]  (wider)
        envelopes, run = self._begin()
        self._iterators += 1
        batches = self._unwrap(envelopes, run, self._iterators, self._loads)
        self._under_way = weakref.ref(batches)
        return batches

    def _begin(self) -> tuple[Iterator[Envelope], Run]:
        sampler = self._plan_sampler
        sampler.check_batches()
        if self.kept is not None:
            self.kept.prepare(alone=not self.num_workers or self._threads > 0)
        envelopes = self._envelopes()
        run = sampler.run
        assert run is not None
        sampler.epoch, sampler.start = run.epoch + 1, 0
        sampler.had(run, 0)
        self.replaced = 0
        return envelopes, run

    def _envelopes(self) -> Iterator[Envelope]:
        """The batches that come next, by the way that suits them; makes an iterator of the sampler, once."""
        if not self.num_workers and isinstance(self.dataset, PipeDataset) and self.dataset.gather is not None:
            iter(self._plan_sampler)
            assert self._plan_sampler.run is not None
            pin = self.pin_memory and torch.accelerator.is_available()
            return direct(self.dataset, self._plan_sampler.run, pin)
        if self._threads:
            make = partial(_made, self.dataset, self.collate_fn, self.pin_memory and torch.accelerator.is_available())
            return Threaded(make, self._plan_sampler, self._threads, self.prefetch_factor or _AHEAD)
        return super().__iter__()

    def _unwrap(self, envelopes: Iterator[Envelope], run: Run, iterator: int, loads: int) -> Generator[Any]:
        said = self._plan_sampler.said
        newest = (iterator, loads) == (self._iterators, self._loads)
        if newest and said is not None and said != run.epoch:
            # Lightning makes its iterator first and says the epoch then: what has not begun yet follows.
            self._plan_sampler.go_to(said)
            envelopes, run = self._begin()
        replaced = count = 0
        sampler, attributes = self._plan_sampler, self.__dict__  # DataLoader's `__setattr__` takes its time
        check = self._checker(run) if self._declaration.option("verify") is True else None
        try:
            while (envelope := self._next(envelopes, iterator)) is not None:
                info = envelope.info
                if envelope.failure is not None:
                    raise self._failed_batch(envelope.failure) from envelope.failure.cause
                assert info is not None
                attributes["_current"] = info
                if check is not None:
                    check(self.current)
                replaced += info.replaced
                attributes["replaced"] = replaced
                if replaced:
                    self._check_replaced(replaced, run)
                count += 1
                if loads == self._loads:
                    sampler.had(run, count)
                yield self._handed_over(envelope.batch)
        finally:
            del envelopes  # workers end with the iteration, not when somebody lets go of the exception's traceback
            self._warn_of_cache()

    @property
    def kept(self) -> KeptSamples | None:
        """What its `cache` keeps, None where that is nothing."""
        return self.dataset.kept if isinstance(self.dataset, PipeDataset) else None

    def _warn_of_cache(self) -> None:
        """Say, once, that the cache could keep no more."""
        news = None if self.kept is None else self.kept.news()
        if news is not None:
            span = next(item.span for item in self._declaration.options if item.name == "cache")
            failure = Failure(
                "FL593",
                f"the cache of loader `{self.name}` keeps no more: {news}",
                span,
                label="samples that it lacks are read as without it",
                help="make room, or give it more with `gb`; what it has is still used",
            )
            warnings.warn(FeedlineWarning(to_diagnostic(failure, self._sources), self._sources), stacklevel=3)

    def _handed_over(self, batch: Any) -> Any:
        """The batch on its device, with the steps that were put off until it came from a worker or went there."""
        if self.device is not None:
            batch = to_device(batch, self.device)
        if self._late is None:
            return batch
        try:
            with one_thread():
                return self._late(batch)
        except PipelineFailure as error:
            raise self._failed_batch(error.failure) from error

    def _checker(self, run: Run) -> Callable[[Any], None]:
        """What `verify = true` does with each batch."""
        from feedline.runtime.guarantees import BatchCheck

        promised = BatchCheck(run.plan, run.world if run.shared else 1)

        def check(info: BatchInfo) -> None:
            if broken := promised.broken(info.epoch, info.number, info.positions):
                raise self._failed_batch(Failure("FL581", broken, self.policy.span, label="promised here"))

        return check

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
            if not self.num_workers or self._threads:
                raise
            self._iterator = None  # the workers that stay are no longer complete: the next epoch starts new ones
            # No local name for the failure: it would tie this frame, and with it the dead workers, to the error.
            return Envelope(None, None, self._workers_failed(error))

    def _workers_failed(self, error: RuntimeError) -> Failure:
        # The words are DataLoader's, for a worker that was killed or that took longer than `timeout`.
        return Failure(
            "FL555",
            f"the workers failed: {str(error).strip().splitlines()[0]}",
            span=next(item.span for item in self._declaration.options if item.name == "num_workers"),
            help="mostly the system killed one for its memory: use fewer; `num_workers = 0` shows any other reason",
            cause=error,
        )

    def _check_replaced(self, replaced: int, run: Run) -> None:
        maximum = self._on_error.maximum
        if maximum is None or not replaced:
            return
        allowed = maximum.value / 100 * run.samples if isinstance(maximum, ir.Percent) else maximum
        if replaced > allowed:
            raise self._failed_batch(
                Failure(
                    "FL616",
                    f"{replaced} samples of epoch {run.epoch} could not be read and were replaced, "
                    f"more than the {allowed:g} that `on error replace` allows",
                    span=self._on_error.span,
                    help="mend the files, or raise the limit after `max`",
                )
            )


def _made(dataset: Any, pack: Callable[[Any], Envelope], pin: bool, key: Any) -> Envelope:
    """The batch of a key, as a worker makes it."""
    envelope = pack(dataset.__getitems__(key))
    if not pin:
        return envelope
    try:
        return envelope.pin_memory()
    except Exception as error:  # as many batches as there are may not fit into page-locked memory
        return Envelope(None, envelope.info, failure_of(error))


def _load_error(sources: Sources, loader: ir.Loader, failure: Failure, made_batch: bool = False) -> LoadError:
    if failure.span is None:
        failure = evolve(failure, span=loader.data.span)
    return LoadError([to_diagnostic(failure, sources, loader.name if made_batch else None)], sources)


def to_device(batch: Any, device: torch.device) -> Any:
    """The batch with every tensor on `device`; copies are asynchronous from pinned memory.

    What has a `to` of its own is moved by it. Mappings, sequences and dataclasses keep their type and what else they
    hold; any other object stays as it is."""
    if isinstance(batch, torch.Tensor):
        return batch.to(device, non_blocking=True)
    if callable(getattr(batch, "to", None)):
        try:
            return batch.to(device, non_blocking=True)
        except TypeError:  # not every library's takes it
            return batch.to(device)
    if isinstance(batch, Mapping):
        return _like(batch, {key: to_device(value, device) for key, value in batch.items()})
    if isinstance(batch, tuple) and hasattr(batch, "_fields"):  # a namedtuple, from a collate function of the user's
        return type(batch)(*(to_device(value, device) for value in batch))
    if isinstance(batch, Sequence) and not isinstance(batch, str | bytes):
        return _like(batch, [to_device(value, device) for value in batch])
    if is_dataclass(batch) and not isinstance(batch, type):
        moved = copy(batch)
        for field in (each for each in fields(batch) if hasattr(batch, each.name)):
            object.__setattr__(moved, field.name, to_device(getattr(batch, field.name), device))
        return moved
    return batch


def _like(batch: Any, moved: dict[Any, Any] | list[Any]) -> Any:
    """What was moved, in the type that it came in, where that can be made: as DataLoader's `pin_memory` does it."""
    try:
        if not isinstance(batch, MutableMapping | MutableSequence):
            return type(batch)(moved)
        clone: Any = copy(batch)
        for key, value in moved.items() if isinstance(moved, dict) else enumerate(moved):
            clone[key] = value
        return clone
    except TypeError:
        return moved
