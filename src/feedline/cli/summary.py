"""How the result of a run is shown: two tables and a closing line for people, one JSON object for programs."""

from __future__ import annotations

import sys
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from feedline.cli.output import emit, emit_json
from feedline.dsl.diagnostics import Reporter
from feedline.runtime.report import BatchPart, GroupCount, LoaderReport, RunReport

FORMAT_VERSION = 1
"""Of the JSON object. It grows when a field changes or goes; a new field does not change it."""

_FILE_WIDTH = 160
"""Where the output is no terminal, so that no line is folded."""


def print_tables(report: RunReport) -> None:
    """Write what was promised, what was counted and how fast it went to standard output."""
    console = Console(width=None if sys.stdout and sys.stdout.isatty() else _FILE_WIDTH)
    with console.capture() as written:
        for item in (_counts(report), _structure(report), closing(report)):
            console.print(item)
    emit("".join(f"{line.rstrip()}\n" for line in written.get().splitlines()))


def _counts(report: RunReport) -> Table:
    table = Table(box=SIMPLE_HEAD, title=report.path, title_justify="left", title_style="bold", pad_edge=False)
    counted = any(loader.groups for loader in report.loaders)
    numbers = ("samples", "batches", f"{_unit(report)}/s", "least", "most")
    names = ("loader", *numbers[:3], *(("group", "promised", *numbers[3:], "kept") if counted else ()))
    for name in names:
        table.add_column(name, justify="right" if name in numbers else "left")
    for loader in report.loaders:
        whole = (loader.name, f"{loader.samples}", _batches(loader), f"{loader.samples_per_second:,.0f}")
        for index, row in enumerate([_group(group) for group in loader.groups] or [()]):
            table.add_row(*(whole if index == 0 else ("",) * len(whole)), *row)
    return table


def _unit(report: RunReport) -> str:
    units = {loader.unit for loader in report.loaders}
    return units.pop() if len(units) == 1 else "samples"


def _batches(loader: LoaderReport) -> str:
    return f"{loader.batches}" if loader.batches == loader.announced else f"{loader.batches} of {loader.announced}"


def _group(group: GroupCount) -> tuple[str | Text, ...]:
    least, most = ("-" if number is None else str(number) for number in (group.minimum, group.maximum))
    if group.promised is None:
        return group.group, "", least, most, ""
    kept = Text("yes", "green") if group.kept else Text("no", "bold red")
    return group.group, group.promised, least, most, kept


def _structure(report: RunReport) -> Table:
    table = Table(box=SIMPLE_HEAD, title="one batch", title_justify="left", title_style="bold", pad_edge=False)
    for name in ("loader", "part", "dtype", "shape"):
        table.add_column(name)
    for loader in report.loaders:
        for index, part in enumerate(loader.structure):
            table.add_row("" if index else loader.name, Text(part.path), part.dtype, _shape(part))
    return table


def _shape(part: BatchPart) -> Text:
    if part.shape is None:
        return Text("")
    sizes = ", ".join("?" if size is None else str(size) for size in part.shape)
    return Text(f"({sizes}{',' if len(part.shape) == 1 else ''})")


def closing(report: RunReport) -> Text:
    """The last words: which promises held, or which batch of which loader was the first to break one."""
    broken = [_broken(loader, group) for loader in report.loaders for group in loader.groups if not group.kept]
    broken += [
        f"`{loader.name}` announced {loader.announced} batches and delivered {loader.batches}"
        for loader in report.loaders
        if loader.batches != loader.announced
    ]
    kept = [
        f"promise kept: `{group.group}` {group.promised} in every one of {loader.batches} batches of `{loader.name}`"
        for loader in report.loaders
        for group in loader.groups
        if group.promised is not None and group.kept
    ]
    replaced = [
        f"{loader.replaced} samples of `{loader.name}` could not be read and were replaced"
        for loader in report.loaders
        if loader.replaced
    ]
    if not broken and not kept:
        kept = ["no promise to keep: no loader forces a group"]
    lines = [*kept, *replaced, f"{_unit(report)}/s is by wall time, the start of workers included"]
    words = Text("\n".join(lines))
    return words.append("".join(f"\npromise broken: {line}" for line in broken), "bold red")


def _broken(loader: LoaderReport, group: GroupCount) -> str:
    first = group.first_broken
    assert first is not None
    return (
        f"`{group.group}` not {group.promised} in {group.broken} of {loader.batches} batches of `{loader.name}`, "
        f"the first of them batch {first.number} of epoch {first.epoch} with {first.count}"
    )


# ---- json


def print_json(report: RunReport, reporter: Reporter) -> None:
    """Write the same as one JSON object, what went wrong included."""
    content = {"kept": report.kept, "loaders": [_json_loader(loader) for loader in report.loaders]}
    emit_json(FORMAT_VERSION, report.path, content, reporter)


def _json_loader(loader: LoaderReport) -> dict[str, Any]:
    return {
        "name": loader.name,
        "epochs": loader.epochs,
        "samples": loader.samples,
        "batches": loader.batches,
        "announced": loader.announced,
        "replaced": loader.replaced,
        "seconds": loader.seconds,
        "unit": loader.unit,
        "samples_per_second": loader.samples_per_second,
        "kept": loader.kept,
        "groups": [_json_group(group) for group in loader.groups],
        "batch": [{"part": part.path, "dtype": part.dtype, "shape": part.shape} for part in loader.structure],
    }


def _json_group(group: GroupCount) -> dict[str, Any]:
    first = group.first_broken
    return {
        "group": group.group,
        "promised": group.promised,
        "min": group.minimum,
        "max": group.maximum,
        "kept": group.kept,
        "broken_batches": group.broken,
        "first_broken": None if first is None else {"epoch": first.epoch, "batch": first.number, "count": first.count},
    }
