"""`feedline check`: say what is wrong with files, without running them, and mend what is certain."""

from __future__ import annotations

from typing import get_args

import click

from feedline.cli.garbage import rare_collections
from feedline.cli.many import check_files
from feedline.cli.options import param_options
from feedline.cli.output import emit, show
from feedline.cli.plain import ended
from feedline.cli.work import Work
from feedline.dsl.render import Format


@click.command("check")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "--format",
    "format",
    type=click.Choice(get_args(Format)),
    default="text",
    help="text: for people (the default). concise: a line each, `path:line:col: code message`. json: every field. "
    "github: annotations of a workflow run. sarif: for code scanning, version 2.1.0.",
)
@click.option("--fix", is_flag=True, help="Write the files with every fix that is certain. Says what is left.")
@click.option("--diff", is_flag=True, help="Show what --fix would change, as a unified diff, and write nothing.")
@param_options
@click.option("--data", is_flag=True, help="Open the data too: counts, missing files, impossible policies. No pixels.")
def command(
    files: tuple[str, ...],
    format: Format,
    fix: bool,
    diff: bool,
    defines: tuple[str, ...],
    params: str | None,
    allow_python: bool,
    data: bool,
) -> int:
    """Say what is wrong with files, where, and what to do about it.

    Names, arguments, types and policies are checked without opening any data, in tenths of a second. With --data the
    data is opened as well: its metadata is read and every count is checked, but no pixel is decoded.

    --fix changes only the files that are named, and never so that a file has more errors than before.
    """
    work = Work.of(defines, params, allow_python)
    with rare_collections():
        changes = _fix(work, files, diff) if (fix or diff) and not work.failed else ""
        if not work.failed:
            _check(work, files, data)
    if diff:
        emit(changes)
        if work.reporter.diagnostics:
            show(work.reporter.diagnostics, work.reporter.sources, format, "stderr")
        return 1 if work.failed or changes else 0
    emit(changes, "stdout" if format == "text" else "stderr")
    return ended(work, files, format)


def _check(work: Work, files: tuple[str, ...], data: bool) -> None:
    if not data:
        return check_files(work, files)
    for path in files:
        program = work.check(path)
        if program is not None:
            work.bind(program)


def _fix(work: Work, files: tuple[str, ...], diff: bool) -> str:
    """Fix the files, or only work out how; the words or the diff about it."""
    from feedline.cli.fix import fix_files, write_files

    changed = fix_files(work, files)
    if diff:
        return "".join(file.diff() for file in changed)
    written = write_files(changed, work.reporter)
    return "".join(f"{file.path}: {file.faults} fixed\n" for file in written)
