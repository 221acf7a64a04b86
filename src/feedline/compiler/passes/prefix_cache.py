"""`prefix_cache`: what comes before the first random step is computed once a sample and kept, as `cache` asks.

    before   each sample: read; decode; Resize(256); RandomCrop(224); RandomHorizontalFlip()
    after    once a sample: read; decode; Resize(256)       each sample: RandomCrop(224); RandomHorizontalFlip()

A step that is not random gives the same for the same sample every time and draws no numbers, so leaving it out changes
no bit of what comes after. Images are kept as bytes: the front ends before the first step that makes floats.
"""

from __future__ import annotations

from attrs import evolve

from feedline.compiler import ir
from feedline.compiler.catalogue import transform
from feedline.compiler.plan import Done, Plan
from feedline.compiler.sample_types.check import loader_types
from feedline.compiler.sample_types.model import Image, Tuple, Types
from feedline.compiler.sample_types.rules.moves import leaves

_CONTAINERS = ("Compose", "RandomApply", "RandomChoice", "RandomOrder")


def prefix_cache(plan: Plan) -> Plan:
    """The plan with `cache` and `prefix` as the loader's `cache` says. A plan that can keep nothing says why, and reads
    as if `cache` were `off`."""
    wanted = plan.loader.option("cache")
    if wanted == ir.Symbol("off"):
        return plan
    types = loader_types(plan.program, evolve(plan.loader, chain=plan.chain))
    why = "its batches come out of memory anyway" if plan.gather else _refusal(types.start)
    if why is not None:
        return evolve(plan, done=(*plan.done, Done("prefix_cache", f"nothing is kept: {why}")))
    count = 0
    for step, after in zip(plan.chain, types.trace, strict=False):
        if not _is_fixed(step) or _refusal(after.types) is not None:
            break
        count += 1
    disk = isinstance(wanted, ir.Apply) and wanted.name == "disk"
    where = "on disk" if disk else "in memory"
    text = f"{_words(plan.chain[:count])} once a sample, later epochs go on from there; kept {where}"
    done = (*plan.done, Done("prefix_cache", text))
    return evolve(plan, prefix=count, cache="disk" if disk else "memory", done=done)


def _words(steps: tuple[ir.Step, ...]) -> str:
    names = [f"`{step.name}`" if isinstance(step, ir.Apply) else "`on`" for step in steps]
    *most, last = ("reading", "decoding", *names)
    return f"{', '.join(most)} and {last} run"


def _is_fixed(step: ir.Step) -> bool:
    """Whether a step does the same every time, and needs nothing but the fields that are kept."""
    if isinstance(step, ir.OnField):
        return step.field != "index" and all(map(_is_fixed, step.steps))
    if not isinstance(step, ir.Apply) or step.target is not None or step.registered or step.name in _CONTAINERS:
        return False
    entry = transform(step.name)
    return entry is not None and not entry.random


def _refusal(types: Types) -> str | None:
    """Why samples of these types are not kept; None for those with an image whose every image is a tensor of bytes."""
    for sample in types:
        images = [image for _, value in sample.fields for image in leaves(value) if isinstance(image, Image)]
        if not images:
            return "no image is known in its samples"
        if any(image.backend != "tensor" for image in images):
            return "its images are PIL images; `image_backend = tensor` hands over tensors"
        if any(image.dtype != "uint8" or not image.wrapped for image in images):
            return "its images are no tensors of bytes"
        if any(isinstance(value, Tuple) for _, value in sample.fields):
            return "it holds several images a sample"
    return None
