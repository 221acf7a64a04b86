"""How a benchmark is shown: tables and a paragraph of advice for people, one JSON object for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import attrs
from attrs import frozen
from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from feedline import __version__
from feedline.cli.output import emit
from feedline.dsl.diagnostics import Reporter, in_order
from feedline.dsl.render import to_json
from feedline.runtime.bench.report import BenchReport, LoaderBench, Spread, Stages, Tuning

FORMAT_VERSION = 1
"""Of the JSON object. It grows when a field changes or goes; a new field does not change it."""

_PIPED = 120
"""Cells of a line where the output is no terminal."""
_WHERE = {"sample": "each sample", "batch": "each batch", "delivery": "delivery"}


def print_tables(report: BenchReport, stages: bool) -> None:
    """Write what was measured to standard output; the stages only where they were asked for."""
    console = Console(width=None if sys.stdout and sys.stdout.isatty() else _PIPED, highlight=False)
    emit("".join(_shown(console, item) for loader in report.loaders for item in _loader(loader, report.path, stages)))


def _shown(console: Console, item: RenderableType | Verbatim) -> str:
    if isinstance(item, Verbatim):
        return item.text
    with console.capture() as written:
        console.print(item)
    return "".join(f"{line.rstrip()}\n" for line in written.get().splitlines())


@frozen
class Verbatim:
    """Text that programs read: neither wrapped nor coloured nor stripped."""

    text: str


def _loader(loader: LoaderBench, path: str, stages: bool) -> Iterator[RenderableType | Verbatim]:
    yield Text(f"{path}: loader {loader.name}, {_who_works(loader)}", "bold")
    yield _speed(loader)
    for text in loader.passes:
        yield Text(f"  pass: {text}", "dim")
    if stages and loader.stages is not None:
        yield _stages(loader.stages)
    if loader.uses:
        yield _uses(loader)
    if loader.tuning is not None:
        yield from _tuning(loader.tuning, loader.unit)
    yield Text()
    yield Padding(Text(loader.advice), (0, 0, 1, 0))


def _who_works(loader: LoaderBench) -> str:
    """Who makes the batches, and on what."""
    cores = f"{loader.cores} core{'' if loader.cores == 1 else 's'}"
    if not loader.workers:
        return f"no workers, {cores}"
    kind = " (threads)" if loader.kind == "thread" else ""
    return f"{loader.workers} worker{'' if loader.workers == 1 else 's'}{kind} on {cores}"


def _table(*columns: str, right: tuple[str, ...] = ()) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left")
    return table


def _speed(loader: LoaderBench) -> Table:
    unit = f"{loader.unit}/s"
    table = _table("", "median", "quartiles", right=("median",))
    table.add_row(unit, *_cells(loader.rate))
    table.add_row(f"{unit}, starts included", f"{loader.overall:,.0f}", f"{loader.batches} batches")
    if loader.filling is not None:
        table.add_row(f"{unit} while its cache was filled", f"{loader.filling:,.0f}", "the epoch before")
    table.add_row("first batch, s", f"{loader.first:.3f}", "workers started and files opened")
    if loader.again is not None:
        table.add_row("first batch of a later epoch, s", f"{loader.again:.3f}", "")
    consumer = loader.consumer
    if consumer is None:
        table.add_row(f"{unit} if batches were free", f"{loader.delivery:,.0f}", "one batch delivered again and again")
    else:
        table.add_row(f"{unit} with {consumer.name}", f"{consumer.rate:,.0f}", f"it waits {consumer.waiting:.0%}")
        table.add_row(f"{unit} with it, batches free", f"{consumer.free:,.0f}", "a few batches, again and again")
    for other in loader.versus:
        if other.rate is None or other.ratio is None:
            table.add_row(f"{unit}, {other.name}", "", other.note)
            continue
        ratio = f"{_times(other.ratio.median)} times as fast ({_times(other.ratio.low)} to {_times(other.ratio.high)})"
        note = f"; {other.note}" if other.note else ""
        table.add_row(f"{unit}, {other.name}", f"{other.rate.median:,.0f}", f"this is {ratio}{note}")
    return table


def _cells(spread: Spread) -> tuple[str, str]:
    return f"{spread.median:,.0f}", f"{spread.low:,.0f} to {spread.high:,.0f}"


def _times(value: float) -> str:
    return f"{value:.0f}" if value >= 20 else f"{value:.2f}"


def _stages(stages: Stages) -> Table:
    table = _table("stage", "on", "ms a sample", "share", right=("ms a sample", "share"))
    for stage in stages.times:
        table.add_row(Text(stage.name), _WHERE[stage.kind], f"{stage.milliseconds:.4f}", f"{stage.share:.1%}")
    table.add_row("all", "", f"{stages.milliseconds:.4f}", "one core, alone")
    return table


def _uses(loader: LoaderBench) -> Table:
    table = _table("process", "CPU", "own memory", right=("CPU", "own memory"))
    for use in loader.uses:
        threads = loader.kind == "thread"
        name = f"{use.name}, its threads included" if threads and not use.worker else use.name
        memory = "" if use.memory is None else f"{use.memory / 1e6:,.0f} MB"
        table.add_row(name, f"{use.cpu:.0%}", "shared, as all of a thread's" if threads and use.worker else memory)
    return table


def _tuning(tuning: Tuning, unit: str) -> Iterator[RenderableType | Verbatim]:
    table = _table("workers", f"{unit}/s", "quartiles", "", right=("workers", f"{unit}/s"))
    for trial in tuning.trials:
        kind = f"{trial.workers} {trial.kind}" if trial.workers else "0"
        table.add_row(kind, *_cells(trial.rate), "best" if trial == tuning.best else "")
    yield table
    if tuning.diff:
        yield Verbatim(tuning.diff)
    else:
        yield Text(tuning.note or "the file says the best already")


# ---- json


def print_json(report: BenchReport, reporter: Reporter) -> None:
    """Write the same as one JSON object, what went wrong included."""
    found = to_json(in_order(reporter.diagnostics), reporter.sources)
    content: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "feedline": __version__,
        "path": report.path,
        "loaders": [attrs.asdict(loader) for loader in report.loaders],
        "diagnostics": found["diagnostics"],
        "counts": found["counts"],
    }
    emit(json.dumps(content, indent=2, default=str) + "\n")
