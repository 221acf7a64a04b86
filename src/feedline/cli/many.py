"""Checks many files at once: a process a core, since one file says nothing about another."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial

from feedline.cli.work import Work
from feedline.dsl.diagnostics import Diagnostic
from feedline.dsl.source import SourceText

FEW = 64
"""Fewer files than this are checked sooner than processes are started."""

_SHARE = 16
"""Files that a process takes at a time."""

Found = tuple[tuple[SourceText, ...], tuple[Diagnostic, ...], tuple[Diagnostic, ...]]
"""The texts that a message shows, what is to be said, and what comments have silenced."""


def check_files(work: Work, files: Sequence[str]) -> None:
    """Check the files, in as many processes as pay; what is found goes to the reporter, in the order of the files."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    # Forked, so that nothing is imported again and what is registered from Python is known.
    if len(files) < FEW or cores < 2 or not hasattr(os, "fork"):
        for path in files:
            work.check(path)
        return
    # Slow to import, for one file.
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(cores, get_context("fork")) as pool:
        for sources, diagnostics, silenced in pool.map(partial(_check, work), files, chunksize=_SHARE):
            for text in sources:
                work.reporter.sources.add(text)
            work.add(diagnostics)
            work.reporter.silenced += silenced


def _check(work: Work, path: str) -> Found:
    own = Work(work.given, work.allow_python, texts=work.texts)
    own.check(path)
    found = own.reporter
    shown = tuple(found.sources.values()) if found.diagnostics else ()  # a right file's text need not be sent
    return shown, tuple(found.diagnostics), tuple(found.silenced)
