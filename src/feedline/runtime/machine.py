"""What the machine at hand says of a loader: what its workers can be sent, where their batches lie, an idle option."""

from __future__ import annotations

import math
import multiprocessing
import os
import pickle
from multiprocessing.reduction import ForkingPickler
from typing import Any

import torch

from feedline.compiler import ir
from feedline.compiler.sample_types.structure import BatchType, DictType, ListType, TensorType, TupleType
from feedline.compiler.steps import able_to_run
from feedline.dsl.diagnostics import Label, Reporter
from feedline.dsl.rules.lints import CannotBeSpawned, IdlePinMemory, SharedMemoryTooSmall
from feedline.dsl.source import Span
from feedline.runtime.arguments import load_python
from feedline.runtime.sources.base import Source
from feedline.runtime.sources.python import PythonSource
from feedline.runtime.transforms import build_batch_chain, build_chain

_SHARED_MEMORY = "/dev/shm"


def hint_pin_memory(loader: ir.Loader, reporter: Reporter) -> None:
    """Say where `pin_memory` does nothing."""
    option = _option(loader, "pin_memory")
    if option.given and option.value is True and not torch.accelerator.is_available():
        reporter.report(
            IdlePinMemory,
            option.span,
            "`pin_memory` is for copies to an accelerator, and torch finds none here",
            label="does nothing on this machine",
            help="leave it, if the file runs elsewhere too",
        )


# ---- shared memory


def warn_shared_memory(loader: ir.Loader, batch: BatchType, reporter: Reporter) -> None:
    """Warn where the batches that workers hold ready surely take more than there is."""
    workers, each = _option(loader, "num_workers"), loader.option("prefetch_factor") or 2
    if not isinstance(workers.value, int) or not isinstance(each, int) or not os.path.isdir(_SHARED_MEMORY):
        return
    one, ready = _bytes(batch, loader.policy.batch), workers.value * each
    needed, free = one * ready, free_shared_memory()
    if needed > free:
        reporter.report(
            SharedMemoryTooSmall,
            workers.span,
            f"{workers.value} workers hold {ready} batches of {_size(one)} ready, {_size(needed)} in all, "
            f"and `{_SHARED_MEMORY}` has {_size(free)} left",
            label=f"{_size(needed)} of shared memory",
            help="fewer workers, a smaller `prefetch_factor`, or more shared memory: `docker run --shm-size=8g`",
        )


def free_shared_memory() -> int:
    """The bytes that are left of it."""
    found = os.statvfs(_SHARED_MEMORY)
    return found.f_bavail * found.f_frsize


def _bytes(batch: BatchType, samples: int) -> int:
    """The least that the tensors of a batch take; what is not known counts as nothing."""
    match batch:
        case TensorType(dtype=str() as dtype, shape=tuple() as shape):
            return 0 if None in shape else math.prod(side or 0 for side in shape) * _item_size(dtype)
        case ListType(item=item):
            return samples * _bytes(item, samples)
        case TupleType(items=items):
            return sum(_bytes(item, samples) for item in items)
        case DictType(items=items):
            return sum(_bytes(item, samples) for _, item in items)
        case _:
            return 0


def _item_size(dtype: str) -> int:
    found = getattr(torch, dtype, None)
    return found.itemsize if isinstance(found, torch.dtype) else 0


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


# ---- what workers are sent


def can_be_sent(program: ir.Program, loader: ir.Loader, source: Source, reporter: Reporter) -> bool:
    """Whether workers that start afresh can be sent the user's own code; what they cannot is reported.

    The user's data is only looked at, because it may be large."""
    context = _option(loader, "multiprocessing_context")
    method = multiprocessing.get_context(str(context.value) if context.value else None).get_start_method()
    if method == "fork" or loader.option("num_workers") == 0:
        return True
    if isinstance(source, PythonSource) and "<locals>" in (name := type(source.dataset).__qualname__):
        declared = next(item for item in program.datasets if item.name == loader.data.dataset)
        where = declared.source.span if declared.source is not None else loader.data.span
        _report(where, f"a dataset of the class `{name}`", "that class is made inside a function", loader, reporter)
        return False
    for step, built in _user_steps(loader):
        if (why := _refusal(built)) is not None:
            what = f"`{step.target or step.name}`"
            _report(step.span, what, why, loader, reporter)
            return False
    how = loader.collate.how
    if how is not None and how.target is not None and (why := _refusal(load_python(how.target))) is not None:
        _report(how.span, f"`{how.target}`", why, loader, reporter)
        return False
    return True


def _user_steps(loader: ir.Loader) -> list[tuple[ir.Apply, Any]]:
    found: list[tuple[ir.Apply, Any]] = []
    for steps, build in ((loader.chain, build_chain), (loader.batch_chain, build_batch_chain)):
        for step in able_to_run(steps):
            if isinstance(step, ir.Apply) and (step.target is not None or step.registered):
                found.append((step, build((step,), allow_python=True)))
    return found


def _refusal(thing: object) -> str | None:
    """Why Python cannot send it, in a few words."""
    try:
        ForkingPickler.dumps(thing)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        said = str(error)
        if "<lambda>" in said:
            return "it is a `lambda`"
        return "it is made inside a function" if "local object" in said else said
    return None


def _report(where: Span, what: str, why: str, loader: ir.Loader, reporter: Reporter) -> None:
    context = _option(loader, "multiprocessing_context")
    reporter.report(
        CannotBeSpawned,
        where,
        f"{what} cannot be sent to worker processes: {why}",
        label="workers cannot import it by a name",
        secondary=[Label(context.span, "these workers import everything anew")] if context.given else [],
        help="define it with `def` or `class` at the top level of a module"
        + (", or leave `multiprocessing_context` out" if context.given and _forks() else ""),
    )


def _forks() -> bool:
    """Whether workers share this process's memory unless the file says otherwise."""
    return multiprocessing.get_context().get_start_method() == "fork"


def _option(loader: ir.Loader, name: str) -> ir.Option:
    return next(option for option in loader.options if option.name == name)
