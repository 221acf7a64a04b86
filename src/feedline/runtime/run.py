"""Iterates a loader and counts what it delivered: samples of each group in every batch, speed, a batch's structure.

The counts come from the positions that the workers sent back beside each batch, not from the plan, so a promise that is
reported as kept was kept.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import define

from feedline.runtime.guarantees import Meter, meters
from feedline.runtime.report import BatchPart, BrokenBatch, GroupCount, LoaderReport
from feedline.runtime.sampling.promises import Promise

if TYPE_CHECKING:
    from feedline.runtime.loader import BatchInfo, Loader


def run_loader(
    loader: Loader,
    *,
    epochs: int = 1,
    batches: int | None = None,
    on_batch: Callable[[int], None] | None = None,
) -> LoaderReport:
    """Iterate `epochs` epochs, at most `batches` batches of each, and count.

    `on_batch` is called after each batch with its number of samples. Raises what iterating the loader raises, which is
    `LoadError` for a batch that cannot be made.
    """
    counters: list[_Counter] = []
    samples = seen = announced = replaced = 0
    structure: tuple[BatchPart, ...] = ()
    start = time.perf_counter()
    for _ in range(epochs):
        announced += len(loader) if batches is None else min(batches, len(loader))
        with workers_deaf_to_ctrl_c(loader):
            iterator = iter(loader)
        for batch in islice(iterator, batches):
            current = loader.current
            assert current is not None
            counters = counters or _counters(loader, current.places.step)
            positions = np.asarray(current.positions, np.int64)
            for counter in counters:
                counter.count(current, positions)
            structure = structure or describe(batch)
            seen += 1
            samples += len(positions)
            if on_batch is not None:
                on_batch(len(positions))
        replaced += loader.replaced
    seconds = time.perf_counter() - start
    dataset: Any = loader.dataset
    return LoaderReport(
        name=loader.name,
        epochs=epochs,
        samples=samples,
        batches=seen,
        announced=announced,
        replaced=replaced,
        seconds=seconds,
        unit="images" if "image" in dataset.source.role.data else "samples",
        groups=tuple(counter.result() for counter in counters or _counters(loader)),
        structure=structure,
    )


@contextmanager
def workers_deaf_to_ctrl_c(loader: Any) -> Iterator[None]:
    """Processes that a DataLoader starts inside leave Ctrl-C to this one, which ends them; else each would print a
    traceback. What is pressed meanwhile counts afterwards where they are forked, and is lost otherwise."""
    handler = signal.getsignal(signal.SIGINT)
    if handler is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    here, pressed = os.getpid(), False

    def later(*_: object) -> None:
        nonlocal pressed
        pressed = pressed or os.getpid() == here

    # A forked process inherits a function, any other only being deaf; a blocked signal `multiprocessing` would unblock.
    context = getattr(loader, "multiprocessing_context", None) or multiprocessing
    method = context.get_start_method(allow_none=True) or multiprocessing.get_all_start_methods()[0]
    signal.signal(signal.SIGINT, later if method == "fork" else signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if pressed:
            signal.raise_signal(signal.SIGINT)


@define
class _Counter:
    """Counts over the batches of a run what one promise is about, or one group that nothing is promised of."""

    meter: Meter
    promised: bool = True
    minimum: int | None = None
    maximum: int | None = None
    broken: int = 0
    first_broken: BrokenBatch | None = None

    def count(self, batch: BatchInfo, positions: np.ndarray) -> None:
        promise = self.meter.promise
        if not promise.holds_in(batch.epoch):
            return
        found = self.meter.count(positions)
        self.minimum = found if self.minimum is None else min(self.minimum, found)
        self.maximum = found if self.maximum is None else max(self.maximum, found)
        if self.promised and not promise.kept(found, len(positions)):
            self.broken += 1
            self.first_broken = self.first_broken or BrokenBatch(batch.epoch, batch.number, found)

    def result(self) -> GroupCount:
        promise = self.meter.promise
        text = promise.text + promise.applies.removeprefix("every batch")
        return GroupCount(
            promise.group, text if self.promised else None, self.minimum, self.maximum, self.broken, self.first_broken
        )


def _counters(loader: Loader, ranks: int = 1) -> list[_Counter]:
    """One for every promise, then one for every other group that the policy names.

    `ranks` share each batch; promised is then what the share of one of them must hold."""
    promised = [_Counter(meter) for meter in meters(loader.plan.promises(ranks), loader.populations)]
    names = {counter.meter.promise.group for counter in promised}
    others = [Promise(name, "", 0, None) for name in loader.populations.groups if name not in names]
    return promised + [_Counter(Meter(promise, loader.populations), promised=False) for promise in others]


# ---- the structure of a batch


def describe(batch: Any, path: str = "batch") -> tuple[BatchPart, ...]:
    """The parts of a batch by how Python reaches them: `batch[0]`, `batch["image"]`, `batch[1][*]["boxes"]`."""
    if isinstance(batch, Mapping):
        return tuple(part for key, value in batch.items() for part in describe(value, f'{path}["{key}"]'))
    if isinstance(batch, tuple):
        return tuple(part for index, value in enumerate(batch) for part in describe(value, f"{path}[{index}]"))
    if isinstance(batch, list):
        items = [part for value in batch for part in describe(value, f"{path}[*]")]
        return (BatchPart(path, "list", (len(batch),)), *_merged(items))
    if hasattr(batch, "shape") and hasattr(batch, "dtype"):
        return (BatchPart(path, str(batch.dtype).removeprefix("torch."), tuple(int(size) for size in batch.shape)),)
    return (BatchPart(path, type(batch).__name__, None),)


def _merged(parts: list[BatchPart]) -> list[BatchPart]:
    """The parts of a list's items, one a path: a size in which they differ is None, differing dtypes are all named."""
    by_path: dict[str, list[BatchPart]] = {}
    for part in parts:
        by_path.setdefault(part.path, []).append(part)
    return [
        BatchPart(path, " or ".join(dict.fromkeys(part.dtype for part in same)), _common_shape(same))
        for path, same in by_path.items()
    ]


def _common_shape(parts: list[BatchPart]) -> tuple[int | None, ...] | None:
    shapes = {part.shape for part in parts}
    if None in shapes or len({len(shape) for shape in shapes if shape is not None}) > 1:
        return None
    sizes = zip(*(shape for shape in shapes if shape is not None), strict=True)
    return tuple(size[0] if len(set(size)) == 1 else None for size in sizes)
