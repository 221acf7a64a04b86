"""`feedline bench`: how fast a file's loaders are, where their time goes, and what would help next."""

from __future__ import annotations

import math
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from feedline.cli.options import json_option, known_passes, loader_option, param_options, pass_option, wanted_loaders
from feedline.cli.output import show_traceback
from feedline.cli.progress import progress
from feedline.cli.work import Work
from feedline.dsl.diagnostics import Reporter
from feedline.dsl.rules.values import StepFailed
from feedline.runtime.bench.report import BenchReport, LoaderBench

if TYPE_CHECKING:
    from feedline.runtime.bench.bench import Wishes
    from feedline.runtime.pipeline import Pipeline

_SLOWEST = 0.001


def _finite(ctx: click.Context, param: click.Parameter, value: float | None) -> float | None:
    if value is not None and not (math.isfinite(value) and value >= _SLOWEST):
        raise click.BadParameter(f"{value:g} is no number of samples a second, which is at least {_SLOWEST}")
    return value


@click.command("bench")
@click.argument("file")
@loader_option("Only this loader.")
@click.option(
    "--batches", type=click.IntRange(min=1), help="So many batches for each question, or a few more, not some seconds."
)
@click.option(
    "--against", type=click.Choice(["hand", "off"]), multiple=True,
    help="Compare with a tutorial's loader, or with `optimize = off`. Repeatable.",
)  # fmt: skip
@click.option("--stages", is_flag=True, help="Show the time of every stage of a batch.")
@click.option("--tune", is_flag=True, help="Try other workers, and print the best as a diff of the file.")
@click.option("--step", metavar="MODULE:FUNCTION", help="Hand every batch to this function. Needs --allow-python.")
@click.option("--consumer", type=float, callback=_finite, metavar="N", help="A consumer of N a second.")
@param_options
@pass_option
@json_option("Print the result as one JSON object instead of tables.")
def command(
    file: str,
    names: tuple[str, ...],
    batches: int | None,
    against: tuple[str, ...],
    stages: bool,
    tune: bool,
    step: str | None,
    consumer: float | None,
    defines: tuple[str, ...],
    params: str | None,
    allow_python: bool,
    without: tuple[str, ...],
    as_json: bool,
) -> int:
    """Measure a file's loaders: speed, first batch, where the time goes, what processes use, what would help next.

    Each question takes some seconds, in further epochs of the loader or, to compare, of others beside it. The last
    paragraph is advice; all its numbers were measured.
    """
    work = Work.of(defines, params, allow_python)
    if step is not None and consumer is not None:
        raise click.UsageError("`--step` and `--consumer` both say what consumes the batches; give one")
    if step is not None and not allow_python:
        raise click.UsageError("`--step` runs code of your own; add `--allow-python`")
    chosen: dict[str, Any] = {
        "batches": batches, "against": tuple(dict.fromkeys(against)), "tune": tune, "consumer_rate": consumer,
        "without": known_passes(without),
    }  # fmt: skip
    report = _bench(work, file, names, step, chosen)
    if as_json:
        from feedline.cli.bench_report import print_json

        print_json(report, work.reporter)
    elif report.loaders:
        from feedline.cli.bench_report import print_tables

        print_tables(report, stages)
    return work.ended()


def _bench(work: Work, file: str, names: tuple[str, ...], step: str | None, chosen: dict[str, Any]) -> BenchReport:
    """What was measured, up to the first batch that could not be made; that goes to the reporter."""
    found: list[LoaderBench] = []
    program = work.runnable(file, "nothing to measure")
    if program is not None:
        wanted = wanted_loaders(program, names)
        pipeline = work.bind(program, chosen["without"])
        if pipeline is not None:
            from feedline.runtime.bench.bench import Wishes

            consume = None if step is None else _told(step, _loaded(step), work, file)
            wishes = Wishes(**chosen, consume=consume, consumer=f"`{step}`")
            _measure(work, pipeline, wanted, wishes, found)
    return BenchReport(file, tuple(found))


def _loaded(step: str) -> Callable[[Any], object]:
    """The function that `--step` names. Wrong usage where there is none."""
    from feedline.runtime.arguments import load_python
    from feedline.runtime.failures import PipelineFailure

    if not all(step.partition(":")):
        raise click.UsageError(f"`--step` takes MODULE:FUNCTION, and `{step}` is not of that form")
    try:
        return load_python(step)
    except PipelineFailure as error:
        raise click.UsageError(error.failure.message) from error


def _told(step: str, function: Callable[[Any], object], work: Work, file: str) -> Callable[[Any], object]:
    """The function, as what tells the reporter how it fails."""
    from feedline.runtime.bench.bench import StepRaised

    def consume(batch: Any) -> None:
        try:
            function(batch)
        except (Exception, SystemExit) as error:  # the user's code raises whatever it likes
            show_traceback(error)
            last = traceback.extract_tb(error.__traceback__)[-1]
            said = " ".join(f"{type(error).__name__}: {error}".split())
            notes = (f"raised in {last.filename}:{last.lineno}",)
            reporter = Reporter(work.reporter.sources)
            work.add([reporter.report(StepFailed, file, f"`{step}` failed: {said}", notes=notes)])
            raise StepRaised from error

    return consume


def _measure(work: Work, pipeline: Pipeline, names: list[str], wishes: Wishes, found: list[LoaderBench]) -> None:
    from feedline.dsl.errors import FeedlineError
    from feedline.runtime.bench.bench import bench_loader

    with progress() as bar:
        try:
            found.extend(bench_loader(pipeline, name, wishes, bar) for name in names)
        except FeedlineError as error:
            show_traceback(error)
            work.add(error.diagnostics)
