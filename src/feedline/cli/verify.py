"""`feedline verify`: prove on the data at hand that the batches keep every promise, without reading a sample."""

from __future__ import annotations

import click

from feedline.cli.options import json_option, loader_option, param_options, wanted_loaders
from feedline.cli.progress import progress
from feedline.cli.work import Work
from feedline.compiler.ir import Program
from feedline.dsl.diagnostics import Reporter
from feedline.dsl.rules.promises import PlanBreaksPromise
from feedline.runtime.verify.report import Proof, Section

_MOST_RANKS = 1024


def _ranks(ctx: click.Context, param: click.Parameter, value: str) -> tuple[int, ...]:
    """`1,2,4` as numbers."""
    words = [word.strip() for word in value.split(",")]
    if not all(word.isdecimal() and 1 <= int(word) <= _MOST_RANKS for word in words):
        raise click.BadParameter(f"{value!r} is no list of numbers of ranks from 1 to {_MOST_RANKS}, such as 1,2,4")
    return tuple(dict.fromkeys(int(word) for word in words))


@click.command("verify")
@click.argument("file")
@loader_option("Only this loader.")
@click.option("--epochs", type=click.IntRange(min=1), default=3, show_default=True, help="Epochs of each policy.")
@click.option(
    "--ranks", metavar="N,...", default="1,2,4", show_default=True, callback=_ranks, help="Numbers of ranks to try."
)
@param_options
@json_option("Print the result as one JSON object instead of tables.")
@click.option("--plot", metavar="FILE", help="Draw it, too: a .png, .svg or .pdf. Needs matplotlib.")
def command(
    file: str,
    names: tuple[str, ...],
    epochs: int,
    ranks: tuple[int, ...],
    defines: tuple[str, ...],
    params: str | None,
    allow_python: bool,
    as_json: bool,
    plot: str | None,
) -> int:
    """Prove that a file's batches keep every promise of its policies, on its data, without reading a sample.

    Works out every batch of some epochs and checks what the policy guarantees of it, of an epoch, of several ranks and
    of a run that is resumed. Then a table of how often each group comes, beside what plain shuffling would have done.
    The exit code is 1 if a promise is broken.
    """
    work = Work.of(defines, params, allow_python)
    proof = _verify(work, file, names, epochs, ranks)
    if plot is not None and proof.sections:
        from feedline.cli.plot import write_plot

        write_plot(proof, plot, work.reporter)
    if as_json:
        from feedline.cli.proof import print_json

        print_json(proof, work.reporter)
    elif proof.sections:
        from feedline.cli.proof import print_tables

        print_tables(proof)
    return work.ended(proof.kept)


def _verify(work: Work, file: str, names: tuple[str, ...], epochs: int, ranks: tuple[int, ...]) -> Proof:
    """What was found; whatever prevents it goes to the reporter."""
    sections: list[Section] = []
    program = work.runnable(file, "nothing to verify")
    if program is not None:
        wanted = wanted_loaders(program, names)
        pipeline = work.bind(program)
        if pipeline is not None:
            from feedline.runtime.pipeline import groups_of
            from feedline.runtime.verify.engine import batches_to_verify, verify_plan

            with progress() as bar:
                for name in wanted:
                    plan = pipeline[name].plan
                    step = bar(name, batches_to_verify(plan, epochs))
                    sections += verify_plan(
                        name, plan, groups_of(pipeline, name), epochs=epochs, ranks=ranks, on_batches=step
                    )
            for section in sections:
                _report_broken(section, program, work.reporter)
    return Proof(file, tuple(sections))


def _report_broken(section: Section, program: Program, reporter: Reporter) -> None:
    """One diagnostic for a loader that breaks a promise, the first at its head."""
    broken = [row for row in section.rows if not row.kept and row.first is not None]
    if not broken:
        return
    first, *further = broken
    assert first.first is not None
    span = next(loader.policy.span for loader in program.loaders if loader.name == section.loader)
    place = first.first
    at = f"--epoch {place.epoch}" + ("" if place.batch is None else f" --batch {place.batch}")
    asked = f"feedline show {program.path} --loader {section.loader} {at}"
    reporter.report(
        PlanBreaksPromise, span, f"loader `{section.loader}` breaks a promise of its policy: {place.text}",
        label=f"{first.promise}: broken {first.broken:,} times in {first.checked:,} {first.unit}",
        notes=[f"{row.promise}: {row.first.text}" for row in further if row.first is not None],
        help=f"the fault is feedline's: please report it, with what `{asked}` says",
    )  # fmt: skip
