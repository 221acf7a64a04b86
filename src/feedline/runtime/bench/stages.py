"""Where the time of a batch goes: the loader's own dataset and chain run in this process, a watch beside each part.

The real code runs, only its parts are wrapped: the source, every single step, the steps that the plan moved to the
batch, the batch chain. What no part accounts for is collation, or drawing and seeding.
"""

from __future__ import annotations

import copy
import os
import pickle
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from multiprocessing.reduction import ForkingPickler
from typing import Any

import numpy as np
import torch
from attrs import define, evolve, field, frozen

from feedline.compiler.plan import Plan
from feedline.runtime.bench.report import Kind, Prefix, Stages, StageTime
from feedline.runtime.cache.source import KeptSamples
from feedline.runtime.dataset import PipeDataset
from feedline.runtime.envelope import Envelope, Pack
from feedline.runtime.loader import Loader, to_device
from feedline.runtime.sources.base import Sample, Source
from feedline.runtime.sources.images import Undecoded
from feedline.runtime.threads import one_thread
from feedline.runtime.transforms.combine import AnyStep, Chain, Maybe, OneOf, OnField, Sequence, Shuffled, Views
from feedline.runtime.transforms.direct import Planes
from feedline.runtime.transforms.drawn import DrawnStep
from feedline.runtime.transforms.scaled import ScaledStep
from feedline.runtime.transforms.steps import Step

SCALED = "decode smaller, and resize"
"""The stage of images that are decoded at a fraction of their size."""
SENT = "send between processes"
"""The stage of what a worker makes: into memory that two processes share, and out of it."""
_LEAST = 0.0005
"""Of the whole: a stage that takes less is not worth a line."""
_LOOKED_AT = 16
"""Samples by which the size of a cache is estimated."""


@define
class Watch:
    """Seconds by stage, in the order in which the stages were met first."""

    clock: Callable[[], float] = time.perf_counter
    seconds: dict[str, float] = field(factory=dict)

    def add(self, name: str, seconds: float) -> None:
        """To a stage."""
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds

    @contextmanager
    def over(self, name: str) -> Iterator[None]:
        """Time the block."""
        begin = self.clock()
        try:
            yield
        finally:
            self.add(name, self.clock() - begin)


def time_stages(
    loader: Loader, plan: Plan, seconds: float = 2.0, clock: Callable[[], float] = time.perf_counter
) -> Stages:
    """The stages of a loader that nobody iterates meanwhile, over as many batches of an epoch as come in `seconds`; the
    first does not count. Raises what a batch that cannot be made raises."""
    dataset = loader.dataset
    assert isinstance(dataset, PipeDataset) and loader.batch_sampler is not None
    if dataset.kept is not None:
        dataset.kept.prepare()
    sample, batch, delivery = Watch(clock), Watch(clock), Watch(clock)
    twin = _timed_dataset(dataset, plan, sample, batch)
    pack = Pack(twin)
    count, until = 0, clock() + seconds
    for number, key in enumerate(loader.batch_sampler):
        if number == 1:
            for watch in (sample, batch, delivery):
                watch.seconds = dict.fromkeys(watch.seconds, 0.0)
            count = 0
        count += len(key)
        fetched = _over(sample, "seeds and draws", lambda key=key: twin.__getitems__(key))
        envelope = _over(batch, "collate", lambda fetched=fetched: pack(fetched))
        if envelope.failure is not None:
            raise loader._failed_batch(envelope.failure)
        _deliver(envelope, loader, plan, delivery)
        if number and clock() > until:
            break
    watches: tuple[tuple[Kind, Watch], ...] = (("sample", sample), ("batch", batch), ("delivery", delivery))
    whole = sum(sum(watch.seconds.values()) for _, watch in watches)
    times = tuple(
        StageTime(name, kind, taken / max(count, 1) * 1000, taken / whole if whole else 0.0)
        for kind, watch in watches
        for name, taken in watch.seconds.items()
        if taken > _LEAST * whole
    )
    return Stages(times, _prefix(dataset, times))


def _deliver(envelope: Envelope, loader: Loader, plan: Plan, watch: Watch) -> None:
    """What becomes of a batch that is made. Sending it takes both ends' work, done here one after the other: what
    processes wait for each other is no work of theirs."""
    if loader.num_workers and not plan.threads:
        with watch.over(SENT):
            envelope = pickle.loads(ForkingPickler.dumps(envelope))
    made = envelope.batch
    if loader.device is not None:
        with watch.over(f"to {loader.device}"):
            made = to_device(made, loader.device)
            torch.accelerator.synchronize(loader.device)
    if loader._late is not None:
        with watch.over(_late_name(plan)), one_thread():
            loader._late(made)
            if loader.device is not None:
                torch.accelerator.synchronize(loader.device)


def _over(watch: Watch, rest: str, work: Callable[[], Any]) -> Any:
    """Run, and add what no stage of the watch accounts for to the stage `rest`."""
    known, begin = sum(watch.seconds.values()), watch.clock()
    result = work()
    watch.add(rest, max(watch.clock() - begin - (sum(watch.seconds.values()) - known), 0.0))
    return result


# ---- the wrapped parts


def _timed_dataset(dataset: PipeDataset, plan: Plan, sample: Watch, batch: Watch) -> PipeDataset:
    twin: Any = copy.copy(dataset)
    twin.source = TimedSource(dataset.source, sample)
    twin._chain = evolve(dataset._chain, steps=_timed(dataset._chain.steps, sample))
    if dataset._together is not None:
        twin._together = evolve(dataset._together, timed=sample.over)
    if dataset.gather is not None:
        twin.gather = _Timed(dataset.gather, batch, "gather and steps, all samples at once")
    if dataset.kept is not None:
        twin.kept = _TimedKept(dataset.kept, sample)
    if dataset._late is not None:
        twin._late = _TimedLate(dataset._late, batch, _late_name(plan))
        twin._collator = copy.copy(dataset._collator)
        joins = dataset._collator.joins.items()
        twin._collator.joins = {field: _Timed(join, batch, _late_name(plan)) for field, join in joins}
    if dataset._batch_chain is not None:
        names = ", ".join(getattr(step, "name", type(step).__name__) for step in plan.loader.batch_chain)
        twin._batch_chain = _Timed(dataset._batch_chain, batch, f"batch {{ {names} }}")
    return twin


@frozen(eq=False)
class _Timed:
    """A callable under a watch, everything else of it as it is."""

    inner: Any
    watch: Watch
    name: str

    def __call__(self, *args: Any) -> Any:
        with self.watch.over(self.name):
            return self.inner(*args)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def _late_name(plan: Plan) -> str:
    """What the steps that the plan moved to the batch are called; stacking is a part of them where they write the
    batch."""
    return f"{', '.join(step.name for step in plan.late.steps)}, whole batch" if plan.late is not None else "late"


@frozen(eq=False)
class _TimedDecoding(_Timed):
    """A step that decodes what it needs: decoding is a stage of its own."""

    def __call__(self, *args: Any) -> Any:
        sample, key = args
        image = sample["image"]
        if isinstance(image, Undecoded):
            timed = _TimedImage(image.path, image.data, image.header, image.options, self.watch)
            sample = {**sample, "image": timed}
        return _over(self.watch, self.name, lambda: self.inner(sample, key))


@frozen(eq=False)
class _TimedImage(Undecoded):
    """An image whose decoding is timed; at a fraction of its size, together with the resizing."""

    watch: Watch

    def decode(self) -> torch.Tensor:
        with self.watch.over("decode"):
            return Undecoded.decode(self)

    def part(self, *args: Any, **named: Any) -> torch.Tensor:
        with self.watch.over(SCALED):
            return Undecoded.part(self, *args, **named)


@frozen(eq=False)
class _TimedLate(_Timed):
    """Late steps, also on images that are listed."""

    def on_lists(self, batch: Any) -> Any:
        with self.watch.over(self.name):
            return self.inner.on_lists(batch)


@frozen(eq=False)
class _TimedKept:
    """The samples of a cache, whether they are there already or are read and put into it."""

    inner: KeptSamples
    watch: Watch

    def through(self, index: int, rest: Callable[[Sample], Sample], lend: bool = False) -> Sample:
        clock, behind = self.watch.clock, 0.0

        def timed(sample: Sample) -> Sample:
            nonlocal behind
            begin = clock()
            result = rest(sample)
            behind = clock() - begin
            return result

        begin = clock()
        result = self.inner.through(index, timed, lend)
        self.watch.add("read from the cache, or into it", clock() - begin - behind)
        return result


class TimedSource:
    """A source whose `read` is timed: for samples in a file of their own, the file's bytes apart from the decoding."""

    def __init__(self, source: Source, watch: Watch):
        self._source, self._watch = source, watch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    def __len__(self) -> int:
        return len(self._source)

    def read(self, index: int) -> Sample:
        """The sample; raises what the source raises."""
        where, clock = self._source.describe(index), self._watch.clock
        if not os.path.isfile(where):
            with self._watch.over("read"):
                return self._source.read(index)
        begin = clock()
        np.fromfile(where, np.uint8)
        first = clock()
        sample = self._source.read(index)
        done = clock()
        np.fromfile(where, np.uint8)  # now from memory, as `read` had it
        again = clock() - done
        self._watch.add("read", first - begin)
        self._watch.add("decode", max(done - first - again, 0.0))
        return sample


def _timed(step: AnyStep, watch: Watch) -> Any:
    """The step with every single step in it timed. A step that stands in several views is one stage."""
    match step:
        case Sequence(steps=steps) | Shuffled(steps=steps):
            return evolve(step, steps=tuple(_timed(inner, watch) for inner in steps))
        case Maybe(steps=steps) | OnField(steps=steps):
            return evolve(step, steps=_timed(steps, watch))
        case OneOf(branches=branches):
            return evolve(step, branches=tuple(_timed(branch, watch) for branch in branches))
        case Views(chains=chains):
            return evolve(step, chains=tuple(_timed(chain, watch) for chain in chains))
        case DrawnStep() | ScaledStep():
            return _TimedDecoding(step, watch, step.name)
        case Step():
            return _Timed(step, watch, step.name)
    return step


# ---- what a cache would keep


def _prefix(dataset: PipeDataset, times: tuple[StageTime, ...]) -> Prefix | None:
    if dataset.gather is not None or dataset.kept is not None:
        return None
    chain: Chain = dataset._chain
    steps = list(_deterministic(chain.steps))
    decoded = any(stage.name in ("decode", SCALED) for stage in times)
    if not steps and not decoded:
        return None
    names = tuple(step.name for step in steps if not isinstance(step, Planes))
    kept = ("read", "decode", SCALED, *names)
    share = sum(stage.share for stage in times if stage.kind == "sample" and stage.name in kept)
    indices = dataset.indices[:: max(len(dataset) // _LOOKED_AT, 1)].tolist()
    sizes = [_size(Sequence(tuple(steps))(dataset.source.read(index), 0)) for index in islice(indices, _LOOKED_AT)]
    return Prefix(names, share, int(sum(sizes) / max(len(sizes), 1) * len(dataset)))


def _deterministic(chain: Sequence) -> Iterator[Step]:
    """The steps before the first that draws."""
    for step in chain.steps:
        if not isinstance(step, Step) or step.random:
            return
        yield step


def _size(value: Any) -> int:
    """The bytes of every image and tensor in a sample."""
    if isinstance(value, dict):
        return sum(map(_size, value.values()))
    if isinstance(value, list | tuple):
        return sum(map(_size, value))
    if isinstance(value, torch.Tensor):
        return value.nbytes
    bands = getattr(value, "getbands", None)  # a PIL image
    return value.width * value.height * len(bands()) if bands is not None else 0
