"""`feedline check`: say what is wrong with files, without running them."""

from __future__ import annotations

import click

from feedline.cli.output import emit, show
from feedline.cli.work import Work, param_options
from feedline.dsl.render import Format


@click.command("check")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "--format",
    "format",
    type=click.Choice(["text", "concise", "json"]),
    default="text",
    help="text: for people (the default). concise: a line each, `path:line:col: code message`. json: every field.",
)
@param_options
@click.option("--data", is_flag=True, help="Open the data too: counts, missing files, impossible policies. No pixels.")
def command(
    files: tuple[str, ...], format: Format, defines: tuple[str, ...], params: str | None, allow_python: bool, data: bool
) -> int:
    """Say what is wrong with files, where, and what to do about it.

    Names, arguments, types and policies are checked without opening any data, in tenths of a second. With --data the
    data is opened as well: its metadata is read and every count is checked, but no pixel is decoded.
    """
    work = Work.of(defines, params, allow_python)
    for path in files if not work.failed else ():
        program = work.check(path)
        if data and program is not None:
            work.bind(program)
    show(work.reporter.diagnostics, work.reporter.sources, format)
    if format == "text" and not work.reporter.diagnostics:
        emit(f"{len(files)} file{'s' if len(files) > 1 else ''} checked, nothing wrong\n")
    return 1 if work.failed else 0
