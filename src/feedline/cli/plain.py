"""`feedline check FILE...` without options, as an editor, a hook or a person runs it most: answered without click.

Importing click takes as long as checking a short file. Any option, and any other word, goes to click.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from feedline.cli.garbage import rare_collections
from feedline.cli.many import check_files
from feedline.cli.output import emit, show
from feedline.cli.work import Work
from feedline.dsl.render import Format


def check(files: Sequence[str]) -> int:
    """What `check` of this package does when it is given nothing but files. The exit code."""
    try:
        work = Work({}, False)
        with rare_collections():
            check_files(work, files)
        return ended(work, files)
    except KeyboardInterrupt:
        print(file=sys.stderr)  # after the terminal's `^C`
        raise
    except BrokenPipeError:
        # The reader has gone away; what is left to write goes nowhere, or Python would complain when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def ended(work: Work, files: Sequence[str], format: Format = "text") -> int:
    """Say on standard output what was found. The exit code."""
    show(work.reporter.diagnostics, work.reporter.sources, format)
    if format == "text" and not work.reporter.diagnostics:
        emit(f"{len(files)} file{'s' if len(files) > 1 else ''} checked, nothing wrong\n")
    return 1 if work.failed else 0
