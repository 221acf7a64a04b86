"""From a Plan to its kept samples, or to the diagnostic that says why there are none."""

from __future__ import annotations

import logging
import math
import sys
from functools import partial

import numpy as np

from feedline.compiler import ir
from feedline.compiler.explain.text import Writer
from feedline.compiler.passes.direct_kernels import is_direct
from feedline.compiler.paths import folder_of
from feedline.compiler.plan import Plan
from feedline.compiler.steps import able_to_run
from feedline.dsl.diagnostics import Reporter
from feedline.dsl.rules.caches import NothingKept
from feedline.runtime.cache.budget import GB, SHARE, amount, estimated_bytes, free_disk, free_memory, nearest
from feedline.runtime.cache.files import Header
from feedline.runtime.cache.folder import in_memory, on_disk, size_of
from feedline.runtime.cache.key import digests, key_of
from feedline.runtime.cache.own import OwnMemory
from feedline.runtime.cache.source import KeptSamples, Owned, Size
from feedline.runtime.cache.store import Store
from feedline.runtime.collate import Collator
from feedline.runtime.failures import Failure, PipelineFailure
from feedline.runtime.sources.base import Source
from feedline.runtime.sources.metadata import decodes_files
from feedline.runtime.transforms import build_chain, with_planes
from feedline.runtime.transforms.direct import Planes

_log = logging.getLogger("feedline")


def kept_samples(
    plan: Plan, source: Source, indices: np.ndarray, collator: Collator, reporter: Reporter
) -> KeptSamples | None:
    """What keeps the samples of a plan; None where nothing is kept, which is reported where a cache was asked for.
    Raises `PipelineFailure` where it would take more than it may."""
    option = next(item for item in plan.loader.options if item.name == "cache")
    if plan.cache == "off":
        _report_nothing(plan, option, reporter)
        return None
    if not sys.platform.startswith("linux"):
        _nothing(option, "this works on Linux alone", reporter)
        return None
    arguments = {arg.name: arg.value for arg in option.value.args} if isinstance(option.value, ir.Apply) else {}
    here = str(folder_of(plan.program.path))
    digest = digests(source, here, arguments.get("hash") is True)
    if digest is None:
        what = "its data is in memory, or is read by torchvision's own class or by code of your own"
        _nothing(option, what, reporter)
        return None
    rest = plan.chain[plan.prefix :]
    key = key_of(plan)
    front = build_chain(plan.chain[: plan.prefix], direct=_short(plan))
    as_decoded = with_planes(front) if decodes_files(source) else None
    steps = front if as_decoded is None else as_decoded
    folder = str(arguments["folder"]) if plan.cache == "disk" else ""
    given = arguments.get("gb")
    gb = given if isinstance(given, float) else None
    there = size_of(folder, key) if folder else 0
    needed = estimated_bytes(source, indices, steps)
    free = free_disk(folder) if folder else free_memory()
    limit = int(gb * GB) if gb is not None else there + int(free * SHARE)
    size = Size(plan.loader.name, folder or "memory", len(indices), needed, there)
    writer = Writer(here, {text.path: text for text in plan.program.sources})
    if needed > limit:
        given = [writer.value(arguments["folder"])] if folder else []
        more = ["hash=true"] if arguments.get("hash") is True else []
        form = f"{plan.cache}({', '.join([*given, f'gb={_enough(needed)}', *more])})"
        raise PipelineFailure(_too_large(option, size, limit, gb, form if needed <= there + free else None))
    words = "; ".join(writer.call(step) for step in plan.chain[: plan.prefix] if isinstance(step, ir.Apply))
    user = f"{plan.program.path}: {plan.loader.name}"
    header = Header(key, words, (user,), len(indices))
    open = partial(_opened, folder, header, max(limit, needed), size)
    flat = as_decoded is not None and isinstance(as_decoded.steps.steps[-1], Planes)
    steps = front if flat else steps  # the record is where the planes are made
    return KeptSamples(source, steps, as_decoded is not None, flat, digest, open, _may_lend(rest, collator), size)


def _short(plan: Plan) -> int:
    """How many of the first kept steps may run the short way, as `direct_kernels` has it for those behind them."""
    others = (place for place, step in enumerate(plan.chain[: plan.prefix]) if not is_direct(step))
    return next(others, plan.prefix)


def _opened(folder: str, header: Header, limit: int, size: Size, alone: bool) -> tuple[Store | OwnMemory, Owned | None]:
    _log.info("loader `%s` keeps %s", size.loader, size.text)
    if folder:
        return on_disk(folder, header, limit), None
    if alone:
        return OwnMemory(limit), None
    store, files = in_memory(header.total, limit)
    return store, Owned(files)


def _may_lend(rest: tuple[ir.Step, ...], collator: Collator) -> bool:
    """Whether nobody writes into the images that come out of the cache: no code of the user's sees them before they are
    copied into a batch."""
    steps = (step for step in able_to_run(rest) if isinstance(step, ir.Apply))
    user = any(step.target is not None or step.registered for step in steps)
    return not user and collator.copies_images


def _report_nothing(plan: Plan, option: ir.Option, reporter: Reporter) -> None:
    why = next((done.text for done in plan.done if done.name == "prefix_cache"), None)
    if why is not None:
        _nothing(option, why.removeprefix("nothing is kept: "), reporter)


def _nothing(option: ir.Option, why: str, reporter: Reporter) -> None:
    reporter.report(
        NothingKept,
        option.span,
        f"`cache` keeps nothing: {why}",
        label="has no effect",
        help="leave `cache` out, or `cache = off`",
    )


def _enough(size: int) -> str:
    """The `gb` that allows for an estimate: a fifth more, in tenths."""
    return f"{math.ceil(12 * size / GB) / 10:g}"


def _too_large(option: ir.Option, size: Size, limit: int, gb: float | None, form: str | None) -> Failure:
    """`form` is the `cache` that would allow it; None where there is not so much room."""
    where = "the memory that is free" if size.where == "memory" else f"what is free in `{nearest(size.where)}`"
    may = f"`gb={gb:g}` allows {amount(limit)}" if gb is not None else f"it may take half of {where}, {amount(limit)}"
    if form is not None:
        do = f"say that it may: `cache = {form}`"
    elif size.where == "memory":
        do = 'there is not so much: keep it on disk, `cache = disk("cache")`'
    else:
        do = "there is not so much: make room, or name a folder on another disk"
    return Failure(
        "FL591",
        f"the cache of loader `{size.loader}` would take about {amount(size.size)}, and {may}",
        option.span,
        label=f"{size.samples:,} samples, about {amount(size.size / max(1, size.samples))} each",
        help=f"{do}, or put a step that makes images smaller first",
    )
