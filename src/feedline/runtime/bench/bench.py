"""One loader measured from every side, each question answered by further epochs of it on the data that is open."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from itertools import cycle, islice
from typing import Any

from attrs import define, evolve, frozen

from feedline.compiler import ir
from feedline.compiler.passes import plan_of
from feedline.compiler.plan import Plan
from feedline.compiler.worker_kind import against_threads
from feedline.runtime.bench.advice import Circumstances, advise
from feedline.runtime.bench.hand import CannotWrite, by_hand, of_hand
from feedline.runtime.bench.measure import Budget, Subject, Timing, in_turns, measure
from feedline.runtime.bench.replay import copied, delivery_rate, of_loader, ramp_of
from feedline.runtime.bench.report import Consumer, LoaderBench, Spread, Stages, Tuning, Versus
from feedline.runtime.bench.stages import SCALED, time_stages
from feedline.runtime.bench.tune import Machinery, tune, with_options
from feedline.runtime.bench.usage import Usage, cores, free_memory
from feedline.runtime.loader import Loader
from feedline.runtime.pipeline import Pipeline, rebuild

Bar = Callable[[str, int | None], Callable[[int], None]]
"""Starts a row of a progress bar, of so many batches if that is known, and gives what moves it on."""
_KEPT = 4
"""Batches that are replayed to a consumer."""
_SEEN = 0.1
"""The share of the work from which a stage is more than a picture here and there."""


class StepRaised(Exception):
    """Raised by a training step that failed, and has said so: the rest is measured without it."""


@frozen
class Wishes:
    """What to measure beside the loader itself."""

    batches: int | None = None
    """So many batches for each question, and more where so few say nothing; None: as many as come in a few seconds."""
    against: tuple[str, ...] = ()
    """`off`, `hand`."""
    tune: bool = False
    consume: Callable[[Any], object] | None = None
    """A training step, handed every batch. May raise `StepRaised`."""
    consumer: str = "the training step"
    """What to call it."""
    consumer_rate: float | None = None
    """A consumer of so many samples a second in place of a training step."""
    without: Collection[str] = ()
    """Passes that the plan does without."""

    def budget(self, seconds: float) -> Budget:
        """For one question."""
        return Budget(self.batches, seconds)


@define
class _Question:
    """What all questions about one loader share. The loader among it: each question is a further epoch, so that what
    it keeps (a cache, workers) is there as it is in training."""

    pipeline: Pipeline
    declaration: ir.Loader
    plan: Plan
    wishes: Wishes
    loader: Loader

    @classmethod
    def about(cls, pipeline: Pipeline, name: str, wishes: Wishes) -> _Question:
        """Loader `name` of a pipeline."""
        declaration = next(item for item in pipeline.program.loaders if item.name == name)
        plan = plan_of(pipeline.program, declaration, wishes.without)
        return cls(pipeline, declaration, plan, wishes, pipeline[name])

    def other(self, declaration: ir.Loader) -> Loader | None:
        """A loader of another declaration on the same data; None where it cannot be."""
        return rebuild(self.pipeline, declaration, self.wishes.without)


def bench_loader(pipeline: Pipeline, name: str, wishes: Wishes, bar: Bar) -> LoaderBench:
    """Measure loader `name`. Raises what iterating the
    loader raises, which is `LoadError` for a batch that cannot be made."""
    question = _Question.about(pipeline, name, wishes)
    loader = question.loader
    filling = _filled(loader, bar) if loader.dataset.kept is not None and wishes.batches is None else None  # pyright: ignore[reportAttributeAccessIssue]  # a PipeDataset
    found = evolve(_itself(question, bar(name, wishes.batches)), filling=filling)
    step = bar(f"{name}: stages", None)
    brief = 1.0 if wishes.batches is None else 0.2
    stages = time_stages(loader, question.plan, 2 * brief) if len(loader) else None
    found = evolve(found, delivery=delivery_rate(loader, brief), stages=stages)
    step(1)
    if wishes.consume is not None or wishes.consumer_rate is not None:
        with suppress(StepRaised):
            found = evolve(found, consumer=_consumer(question, bar(f"{name}: consumer", wishes.batches)))
    for other in wishes.against:
        step = bar(f"{name}: against {other}", None)
        found = evolve(found, versus=(*found.versus, _versus(question, other, step)))
    if wishes.tune:
        step = bar(f"{name}: workers", None)
        found = evolve(found, tuning=_tuned(question))
        step(1)
    return evolve(found, advice=advise(found, _circumstances(question, found.stages, brief)))


def _filled(loader: Loader, bar: Bar) -> float:
    """Read an epoch so that the cache has it; samples a second."""
    step = bar(f"{loader.name}: filling the cache", len(loader))
    begin, samples = time.perf_counter(), 0
    for _, size in of_loader(loader)():
        samples += size
        step(1)
    return samples / (time.perf_counter() - begin)


def _tuned(question: _Question) -> Tuning:
    program, declaration = question.pipeline.program, question.declaration
    machinery = Machinery(
        build=question.other,
        kind=lambda other: _kind(plan_of(program, other, question.wishes.without), other.option("num_workers")),
        threads=against_threads(program, declaration) is None,
        cores=cores(),
        sources=question.pipeline.bound.reporter.sources,
    )
    own = (question.loader.num_workers, _kind(question.plan, question.loader.num_workers))
    return tune(declaration, own, machinery, question.wishes.budget(1.0))


def _kind(plan: Plan, workers: object) -> str:
    """What the workers of a plan are."""
    return "none" if workers == 0 else "thread" if plan.threads else "process"


def _itself(question: _Question, step: Callable[[int], None]) -> LoaderBench:
    """The loader as it is, and nothing that consumes its batches."""
    loader, usage = question.loader, Usage()
    usage.look()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0

    def on_batch() -> None:
        usage.look()
        step(1)

    timing = measure(of_loader(loader), question.wishes.budget(5.0), on_batch=on_batch, ramp=ramp_of(loader))
    dataset: Any = loader.dataset
    later = timing.starts[1:]
    return LoaderBench(
        name=question.declaration.name,
        unit="images" if "image" in dataset.source.role.data else "samples",
        batch=question.declaration.policy.batch,
        workers=loader.num_workers,
        kind=_kind(question.plan, loader.num_workers),
        cores=cores(),
        samples=len(dataset),
        batches=timing.batches,
        load=load,
        rate=timing.rate,
        filling=None,
        overall=timing.samples / timing.seconds if timing.seconds else 0.0,
        first=timing.starts[0] if timing.starts else timing.seconds,
        again=Spread.of(later).median if later else None,
        delivery=0.0,
        uses=usage.uses(loader.num_workers),
        passes=tuple(item.text for item in question.plan.done),
        few=question.wishes.budget(0).few,
    )


def _consumer(question: _Question, step: Callable[[int], None]) -> Consumer:
    """The training step on the loader's batches, then on a few that are replayed."""
    loader, wishes = question.loader, question.wishes
    consume = wishes.consume or _sleeper(question.declaration.policy.batch / (wishes.consumer_rate or 1.0))
    through = measure(of_loader(loader), wishes.budget(3.0), consume, on_batch=lambda: step(1), ramp=ramp_of(loader))
    name = wishes.consumer if wishes.consume is not None else f"a consumer of {wishes.consumer_rate:,.0f} a second"
    free = measure(_kept(loader), wishes.budget(2.0), consume)
    return Consumer(name, through.mean, _consumed(free), through.waiting)


def _consumed(free: Timing) -> float:
    """Samples a second by the time of the consumer alone."""
    return free.samples / free.worked if free.worked else 0.0


def _sleeper(seconds: float) -> Callable[[Any], object]:
    # A step on an accelerator leaves the CPU alone, as sleeping does.
    return lambda batch: time.sleep(seconds)


def _kept(loader: Loader) -> Subject:
    """A few batches of a loader, over and over."""
    kept = [(copied(batch), samples) for batch, samples in islice(of_loader(loader)(), _KEPT)]
    return lambda: cycle(kept)


def _versus(question: _Question, other: str, step: Callable[[int], None]) -> Versus:
    """The loader and another in turns."""
    mine = question.loader
    subjects: dict[str, Subject] = {"this": of_loader(mine)}
    note = ""
    if other == "off":
        name = "the same with `optimize = off`"
        theirs: Any = question.other(with_options(question.declaration, {"optimize": ir.Symbol("off")}))
        assert theirs is not None, "without passes there is less that can fail"
        subjects[other] = of_loader(theirs)
    else:
        name = "a hand-written loader"
        try:
            made = by_hand(question.pipeline.program, question.declaration, mine)
        except CannotWrite as error:
            return Versus(name, None, None, f"a tutorial's code cannot say it: {error}")
        theirs, note = made.loader, made.note
        subjects[other] = of_hand(theirs, mine.device)
    try:
        ramp = max(ramp_of(mine), ramp_of(theirs))
        rates = in_turns(subjects, question.wishes.budget(1.0), rounds=5, ramp=ramp)
    except Exception as error:
        if other != "hand":
            raise
        # torchvision's own code, on data that feedline can read.
        return Versus(name, None, None, f"it fails: {type(error).__name__}: {error}")
    step(1)
    ratios = [one / two for one, two in zip(rates["this"], rates[other], strict=True) if two]
    return Versus(name, Spread.of(rates[other]), Spread.of(ratios), note)


def _circumstances(question: _Question, stages: Stages | None, brief: float) -> Circumstances:
    declaration = question.declaration
    cache = declaration.option("cache")
    return Circumstances(
        cache=cache.name if isinstance(cache, ir.Symbol) else "disk",
        persistent=declaration.option("persistent_workers") is True,
        gathered=question.plan.gather,
        saved_by_fast=_saved_by_fast(question, stages, brief) if stages is not None else 0.0,
        free_memory=free_memory(),
    )


def _saved_by_fast(question: _Question, stages: Stages, brief: float) -> float:
    """The share of the work of a batch that is saved where images are decoded at a fraction of their size; 0 where the
    file says so already, where the chain does not allow it, and where all images are too small for it."""
    decodes = any(stage.name == "decode" and stage.share >= _SEEN for stage in stages.times)
    if not decodes or question.declaration.option("optimize") != ir.Symbol("exact"):
        return 0.0
    fast = with_options(question.declaration, {"optimize": ir.Symbol("fast")})
    plan = plan_of(question.pipeline.program, fast, question.wishes.without)
    loader = question.other(fast) if plan.scaled else None
    if loader is None:
        return 0.0
    # What else the machine does between the two is left out of the comparison.
    exact = time_stages(question.loader, question.plan, brief / 2, time.thread_time)
    found = time_stages(loader, plan, brief / 2, time.thread_time)
    seen = any(stage.name == SCALED and stage.share >= _SEEN for stage in found.times)
    return 1 - found.milliseconds / exact.milliseconds if seen and exact.milliseconds else 0.0
