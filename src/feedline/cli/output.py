"""Where the commands write: results on standard output, what goes wrong on the way on standard error."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
import textwrap
import traceback
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, TextIO

from feedline import __version__
from feedline.dsl.diagnostics import Diagnostic, Reporter, in_order
from feedline.dsl.render import Format, render, to_json
from feedline.dsl.rules.internal import InternalError
from feedline.dsl.source import SourceText

_PIPED, _WIDEST = 80, 100
_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
TRACEBACK = "FEEDLINE_TRACEBACK"
"""The environment variable that adds Python tracebacks to what feedline says."""


To = Literal["stdout", "stderr"]


def emit(text: str, to: To = "stdout") -> None:
    """Write text at once, with `?` for what the stream's encoding lacks."""
    stream: TextIO | None = getattr(sys, to)
    if stream is None:  # closed before the process began
        return
    encoding = getattr(stream, "encoding", None) or "utf-8"
    stream.write(text.encode(encoding, "replace").decode(encoding))
    stream.flush()


def emit_section(text: str) -> None:
    """Write Markdown to be read as it is, in lines that fit the terminal, or 80 columns. It renders as before."""
    terminal = sys.stdout is not None and sys.stdout.isatty()
    width = min(shutil.get_terminal_size().columns, _WIDEST) if terminal else _PIPED
    emit("".join(f"{line}\n" for line in _fitted(text, width)))


def _fitted(text: str, width: int) -> Iterator[str]:
    fence = None
    for line in text.splitlines():
        if line.startswith("```"):
            fence = line[3:] if fence is None else None
        if fence in (None, "text"):  # forms may be broken, programs not
            hang = "    " if fence else "  " * line.startswith("- ")
            wrap = textwrap.TextWrapper(width, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False)
            yield from wrap.wrap(line) or [""]
        else:
            yield line


def emit_json(version: int, path: str, content: Mapping[str, Any], reporter: Reporter) -> None:
    """Write a command's result as one JSON object, what went wrong included. `version` is that of its format."""
    found = to_json(in_order(reporter.diagnostics), reporter.sources)
    whole = {"format_version": version, "feedline": __version__, "path": path, **content}
    whole |= {"diagnostics": found["diagnostics"], "counts": found["counts"]}
    emit(json.dumps(whole, indent=2, default=str) + "\n")


def wants_color(stream: TextIO | None) -> bool:
    """Whether colours belong there: a terminal that understands them, and no NO_COLOR (https://no-color.org)."""
    if stream is None or not stream.isatty():
        return False
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def show(
    diagnostics: Iterable[Diagnostic],
    sources: Mapping[str, SourceText],
    format: Format = "text",
    to: To = "stdout",
) -> None:
    """Write diagnostics."""
    emit(render(diagnostics, sources, format, color=wants_color(getattr(sys, to))), to)


def show_own_fault(error: Exception) -> int:
    """Say that feedline itself failed, or that a disk is full, and return the exit code."""
    if isinstance(error, OSError) and error.errno in _FULL:
        _give_up_writing()
        show_traceback(error)
        emit(f"error: what there is to say cannot be written: {(error.strerror or str(error)).lower()}\n", "stderr")
        return 1
    show_traceback(error)
    reporter = Reporter()
    last = traceback.format_exception_only(error)[-1].strip()
    help = None if os.environ.get(TRACEBACK) else f"set `{TRACEBACK}=1` to see where, and report it with that"
    reporter.report(InternalError, "feedline", f"feedline failed: {last}", help=help)
    show(reporter.diagnostics, reporter.sources, to="stderr")
    return 1


def _give_up_writing() -> None:
    """What a stream holds that its file does not take goes nowhere, or Python would complain when it ends."""
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def show_traceback(error: BaseException) -> None:
    """The traceback of an exception that is about to be said in words, for who asked to see it."""
    if os.environ.get(TRACEBACK):
        emit("".join(traceback.format_exception(error)), "stderr")
