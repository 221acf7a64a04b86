"""`worker_threads`: the workers are threads of this process.

    before   num_workers = 2: two processes, each batch copied from one to the other
    after    num_workers = 2: two threads, each batch made where it is used

Decoding and resizing run without Python's lock, and each thread draws from a generator of its own, seeded with the same
keys. `worker_kind = auto` takes threads where image files are decoded and no code of the user's runs; but not where
`ColorJitter` turns the hue of small images: that is a hundred calls of a microsecond, between which threads wait for
the lock. Of 160 x 160 pixels on the calls are long enough (SimCLR's two views of 96 x 96 by threads: 0.75 times as fast
as by processes).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import evolve

from feedline.compiler import ir
from feedline.compiler.plan import Done, Plan
from feedline.compiler.sample_types.check import loader_types
from feedline.compiler.sample_types.model import Field, Image, Tuple
from feedline.compiler.steps import applied
from feedline.compiler.worker_kind import gains_from_threads

_SMALL = 160 * 160
"""Pixels."""


def worker_threads(plan: Plan) -> Plan:
    """The plan with threads for workers where `worker_kind` leaves it open and there is something to gain."""
    kind = plan.loader.option("worker_kind")
    if plan.threads or plan.gather or kind != ir.Symbol("auto") or not gains_from_threads(plan.program, plan.loader):
        return plan
    if plan.colour and _turns_hue(plan) and _makes_small_images(plan):
        text = "processes make the batches, not threads: the hue of small images takes many short calls"
        return evolve(plan, done=(*plan.done, Done("worker_threads", text)))
    text = "threads make the batches, not processes: nothing has to be sent"
    return evolve(plan, threads=True, done=(*plan.done, Done("worker_threads", text)))


def _turns_hue(plan: Plan) -> bool:
    jitters = (step for step in applied(plan.chain) if step.name == "ColorJitter")
    return any(arg.value for step in jitters for arg in step.args if arg.name == "hue")


def _makes_small_images(plan: Plan) -> bool:
    trace = loader_types(plan.program, evolve(plan.loader, chain=plan.chain)).trace
    fields = [value for sample in trace[-1].types for _, value in sample.fields] if trace else []
    return any((image.height.known or _SMALL) * (image.width.known or _SMALL) < _SMALL for image in _images(fields))


def _images(fields: Sequence[Field]) -> Iterator[Image]:
    for value in fields:
        if isinstance(value, Tuple):
            yield from _images(value.items)
        elif isinstance(value, Image):
            yield value
