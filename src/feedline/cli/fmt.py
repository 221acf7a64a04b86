"""`feedline fmt`: lay files out as all `.pipe` files are. Only white space changes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from feedline.cli.fix import Fixed, write_files
from feedline.cli.garbage import rare_collections
from feedline.cli.output import emit, show
from feedline.compiler import read_source
from feedline.dsl.diagnostics import Reporter
from feedline.dsl.layout import format_source
from feedline.dsl.source import SourceText

WOULD_CHANGE, UNREADABLE = 3, 2
"""Exit codes, those of `terraform fmt`: `--check` found something to change; something could not be read."""


@click.command("fmt")
@click.argument("files", metavar="[FILE|FOLDER|-]...", nargs=-1)
@click.option("--check", is_flag=True, help="Write nothing; the exit code is 3 if a file would change.")
@click.option("--diff", is_flag=True, help="Show what would change, as a unified diff, and write nothing.")
def command(files: tuple[str, ...], check: bool, diff: bool) -> int:
    """Lay files out in the one layout that all `.pipe` files share, and print the names of those that changed.

    White space changes and nothing else. Of a folder (the current one if none is named) every `.pipe` file below it is
    meant; `-` reads from standard input and writes to standard output. What cannot be read stays as it is and is said;
    the exit code is 2 then.
    """
    reporter = Reporter()
    with rare_collections():
        sources = _sources(files or (".",), reporter)
        changed = [file for source in sources if (file := _laid_out(source, files, reporter))]
    if diff:
        emit("".join(file.diff() for file in changed))
    elif files == ("-",):
        changed = _to_output(changed, check)
    elif not check:
        changed = write_files(changed, reporter)
    if not diff and files != ("-",):
        emit("".join(f"{file.path}\n" for file in changed))
    if reporter.diagnostics:
        show(reporter.diagnostics, reporter.sources, to="stderr")
    if reporter.failed:
        return UNREADABLE
    return WOULD_CHANGE if check and changed else 0


def _sources(paths: tuple[str, ...], reporter: Reporter) -> Iterator[SourceText]:
    """The texts of the files that are meant."""
    for path in paths:
        if path == "-":
            if sys.stdin is None:
                raise click.UsageError("`-` reads from standard input, which is closed")
            source = SourceText("<stdin>", sys.stdin.buffer.read().decode("utf-8", "replace"))
            reporter.sources.add(source)
            yield source
            continue
        for name in _below(path) if os.path.isdir(path) else (path,):
            source = read_source(name, reporter)
            if source is not None:
                yield source


def _below(folder: str) -> Iterator[str]:
    """Every `.pipe` file below a folder, folders whose name starts with a dot left out, and what is no file: reading
    a named pipe would wait for who writes it."""
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = os.path.normpath(Path(parent, name))
            if name.endswith(".pipe") and (os.path.isfile(path) or not os.path.exists(path)):
                yield path


def _laid_out(source: SourceText, files: tuple[str, ...], reporter: Reporter) -> Fixed | None:
    """The file as it should be; None where it is so already, unless it goes to standard output."""
    found = format_source(source.text, source.path)
    reporter.diagnostics += found.faults
    same = found.text == source.text
    return None if same and files != ("-",) else Fixed(source.path, source.text, found.text)


def _to_output(files: list[Fixed], check: bool) -> list[Fixed]:
    """Write what came from standard input to standard output, unless it is only checked."""
    if not check:
        emit("".join(file.after for file in files))
    return [file for file in files if file.after != file.before]
