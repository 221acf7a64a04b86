"""`feedline show`: which samples one batch holds."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

from feedline.cli.options import json_option, param_options, wanted_loaders
from feedline.cli.output import emit, emit_json
from feedline.cli.work import Work
from feedline.compiler.ir import Program
from feedline.dsl.rules.promises import NoSuchBatch

if TYPE_CHECKING:
    from feedline.runtime.show import BatchView

FORMAT_VERSION = 1
"""Of the JSON object. It grows when a field changes or goes; a new field does not change it."""

_PIPED = 160
"""Where the output is no terminal, so that no line is folded."""


@click.command("show")
@click.argument("file")
@click.option("--loader", "name", metavar="NAME", help="Of this loader; needed where the file has several.")
@click.option("--epoch", type=click.IntRange(min=0), default=0, show_default=True, help="Epochs count from 0.")
@click.option("--batch", type=click.IntRange(min=0), default=0, show_default=True, help="Batches count from 0.")
@param_options
@json_option("Print the batch as one JSON object instead of a table.")
def command(
    file: str,
    name: str | None,
    epoch: int,
    batch: int,
    defines: tuple[str, ...],
    params: str | None,
    allow_python: bool,
    as_json: bool,
) -> int:
    """Show which samples one batch of one epoch holds: index, file, class and groups, in the order of the batch.

    The batch is worked out, not read: any batch of any epoch comes at once, and it is the one that training gets, on
    any number of ranks.
    """
    work = Work.of(defines, params, allow_python)
    view = _view(work, file, name, epoch, batch)
    if as_json:
        _print_json(work, file, view)
    elif view is not None:
        _print_table(view, file)
    return work.ended(view is not None)


def _view(work: Work, file: str, name: str | None, epoch: int, batch: int) -> BatchView | None:
    """The batch, or None once the reporter knows why there is none."""
    program = work.runnable(file, "no batch to show")
    if program is None:
        return None
    chosen = _chosen(program, name)
    pipeline = work.bind(program)
    if pipeline is None:
        return None
    from feedline.runtime.pipeline import groups_of
    from feedline.runtime.show import view_batch

    loader = pipeline[chosen]
    length = loader.plan.length(epoch)
    if batch >= length:
        span = next(item.span for item in program.loaders if item.name == chosen)
        have = f"batches 0 to {length - 1:,}" if length else "no batches"
        work.reporter.report(
            NoSuchBatch, span, f"there is no batch {batch:,} in epoch {epoch:,} of loader `{chosen}`",
            label=f"that epoch has {have}",
        )  # fmt: skip
        return None
    return view_batch(loader, groups_of(pipeline, chosen), epoch, batch)


def _chosen(program: Program, name: str | None) -> str:
    """The loader that is named, or the only one."""
    if name is None and len(program.loaders) > 1:
        have = ", ".join(f"`--loader {loader.name}`" for loader in program.loaders)
        raise click.UsageError(f"`{program.path}` has {len(program.loaders)} loaders, so say which: {have}")
    return wanted_loaders(program, () if name is None else (name,))[0]


def _print_table(view: BatchView, file: str) -> None:
    """The places of the batch; files below the folder of the `.pipe` file by their path from there."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    stage = f", by the policy {view.stage}" if view.stage else ""
    title = (
        f"{view.loader}, epoch {view.epoch:,}, batch {view.number:,} of 0 to {view.length - 1:,}: "
        f"{len(view.places)} samples{stage}"
    )
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in ("place", "position", "index"):
        table.add_column(column, justify="right")
    named = any(place.label is not None for place in view.places)
    for column in ("file", *(("label",) if named else ()), "groups"):
        table.add_column(column, overflow="fold")
    below = f"{Path(file).absolute().parent}{os.sep}"
    for place in view.places:
        label = (Text(place.label or ""),) if named else ()
        numbers = (f"{place.place}", f"{place.position}", f"{place.index}")
        table.add_row(*numbers, Text(place.file.removeprefix(below)), *label, Text(", ".join(place.groups)))
    terminal = bool(sys.stdout and sys.stdout.isatty())
    console = Console(width=None if terminal else _PIPED)
    with console.capture() as written:
        console.print(Text(title, "bold"))
        console.print(table)
        for held in view.held:
            kept = "" if held.kept else ": broken"
            console.print(Text(f"promised {held.promised} `{held.group}`, here {held.count}{kept}"))
    emit("".join(f"{line.rstrip()}\n" for line in written.get().splitlines()))


def _print_json(work: Work, file: str, view: BatchView | None) -> None:
    content: dict[str, Any] = {"batch": None}
    if view is not None:
        shown = attrs.asdict(view)
        content["batch"] = {**shown, "stage": view.stage or None, "promises": shown.pop("held")}
        del content["batch"]["held"]
    emit_json(FORMAT_VERSION, file, content, work.reporter)
