"""`feedline run`: read every batch of a file's loaders, and say what came, how fast, and which promises held."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from feedline.cli.options import json_option, known_passes, loader_option, param_options, pass_option, wanted_loaders
from feedline.cli.output import emit, show_traceback
from feedline.cli.progress import progress
from feedline.cli.work import Work
from feedline.runtime.report import LoaderReport, RunReport

if TYPE_CHECKING:
    from feedline.runtime.loader import Loader


@click.command("run")
@click.argument("file")
@loader_option("Only this loader.")
@click.option("--epochs", type=click.IntRange(min=1), default=1, show_default=True, help="Epochs of each loader.")
@click.option("--batches", type=click.IntRange(min=1), help="At most this many batches of each epoch.")
@param_options
@pass_option
@json_option("Print the result as one JSON object instead of a table.")
def command(
    file: str,
    names: tuple[str, ...],
    epochs: int,
    batches: int | None,
    defines: tuple[str, ...],
    params: str | None,
    allow_python: bool,
    without: tuple[str, ...],
    as_json: bool,
) -> int:
    """Read every batch of a file's loaders and count what really came.

    Ends with a table: samples, batches, how many of each group a batch held beside what was promised, the speed (wall
    time, the start of workers included), and the shapes of a batch. The exit code is 1 if a promise was broken.
    """
    work = Work.of(defines, params, allow_python)
    report = _run(work, file, names, epochs, batches, known_passes(without))
    if as_json:
        from feedline.cli.summary import print_json

        print_json(report, work.reporter)
    elif report.loaders:
        from feedline.cli.summary import print_tables

        print_tables(report)
    return work.ended(report.kept)


def _run(
    work: Work, file: str, names: tuple[str, ...], epochs: int, batches: int | None, without: tuple[str, ...]
) -> RunReport:
    """What the loaders delivered, up to the first batch that could not be made; that goes to the reporter."""
    reports: list[LoaderReport] = []
    program = work.runnable(file, "nothing to run")
    if program is not None:
        wanted = wanted_loaders(program, names)
        pipeline = work.bind(program, without)
        if pipeline is not None:
            _iterate(work, [pipeline[name] for name in wanted], epochs, batches, reports)
    return RunReport(file, tuple(reports))


def _iterate(work: Work, loaders: list[Loader], epochs: int, batches: int | None, reports: list[LoaderReport]) -> None:
    from feedline.dsl.errors import FeedlineError
    from feedline.runtime.run import run_loader

    for loader in loaders:
        if loader.kept is not None:
            emit(f"loader {loader.name} keeps {loader.kept.size.text}\n", "stderr")
    with progress() as bar:
        try:
            for loader in loaders:
                total = epochs * (len(loader) if batches is None else min(batches, len(loader)))
                step = bar(loader.name, total)
                reports.append(
                    run_loader(loader, epochs=epochs, batches=batches, on_batch=lambda _, step=step: step(1))
                )
        except FeedlineError as error:
            show_traceback(error)
            work.add(error.diagnostics)
