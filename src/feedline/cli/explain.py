"""`feedline explain`: everything that is known of a file, as a page."""

from __future__ import annotations

import click

from feedline.cli.options import json_option, known_passes, loader_option, param_options, pass_option, wanted_loaders
from feedline.cli.output import emit_json
from feedline.cli.work import Work
from feedline.compiler.explain import FORMAT_VERSION, Page, explain, to_json


@click.command("explain")
@click.argument("file")
@loader_option("Only this loader and its data.")
@click.option("--data", is_flag=True, help="Open the data too: counts, shares, lengths of epochs, sizes. No pixels.")
@click.option("--defaults", is_flag=True, help="Show every argument that was left out, with its default.")
@param_options
@pass_option
@json_option("Print the page as one JSON object.")
def command(
    file: str,
    names: tuple[str, ...],
    data: bool,
    defaults: bool,
    defines: tuple[str, ...],
    params: str | None,
    allow_python: bool,
    without: tuple[str, ...],
    as_json: bool,
) -> int:
    """Explain a file: where its values come from, what a sample is after every step, what its batches hold.

    Nothing is run and, without --data, no data is opened. A file with an error is not explained: the error is shown.
    """
    work = Work.of(defines, params, allow_python)
    page = _page(work, file, names, data, known_passes(without))
    if as_json:
        _print_json(work, file, page)
    elif page is not None:
        from feedline.cli.explained import print_page

        print_page(page, defaults)
    return work.ended(page is not None)


def _page(work: Work, file: str, names: tuple[str, ...], data: bool, without: tuple[str, ...]) -> Page | None:
    """The page, or None once the reporter knows why there is none."""
    program = work.check(file) if not work.failed else None
    if program is None:
        return None
    wanted = wanted_loaders(program, names) if names else None
    if not data:
        return explain(program, wanted, without=without)
    pipeline = work.bind(program, without)
    if pipeline is None:
        return None
    from feedline.runtime.measure import counts_of

    return explain(program, wanted, counts_of(pipeline), without)


def _print_json(work: Work, file: str, page: Page | None) -> None:
    emit_json(FORMAT_VERSION, file, {"page": None if page is None else to_json(page)}, work.reporter)
