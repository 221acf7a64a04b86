"""The command line: `main` is what `feedline` and `python -m feedline` run. One file a command, listed in `COMMANDS`.

Exit codes: 0 good, 1 diagnostics (or a broken promise), 2 usage, 130 stopped from the keyboard. Nothing ends in a
traceback: what a file, a parameter or the data did wrong is a diagnostic, and so is a fault of feedline's own (FL901).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from feedline.cli.garbage import no_last_collection, rare_collections

COMMANDS = ("run", "bench", "check", "fmt", "verify", "show", "explain", "cache", "rule", "doc", "schema", "lsp")
"""In the order of the help. Each is the `command` of the module of its name in this package."""

STOPPED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command (`sys.argv` without arguments) and return its exit code. Raises nothing but `SystemExit`."""
    try:
        if arguments is None:
            no_last_collection()
        files = _plain(sys.argv[1:] if arguments is None else arguments)
        if files:
            with rare_collections():
                from feedline.cli.plain import check
            return check(files)
        with rare_collections():
            from feedline.cli.app import application
        return application(arguments)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return STOPPED
    except Exception as error:
        return _own_fault(error)


def _plain(arguments: Sequence[str]) -> Sequence[str]:
    """The files of `check FILE...` where nothing else is said: no option, no pattern that click would expand (it does
    on Windows), no question of a shell that completes."""
    command, *files = arguments or ("",)
    if command != "check" or os.name == "nt" or "_FEEDLINE_COMPLETE" in os.environ:
        return ()
    return () if any(file.startswith("-") for file in files) else files


def _own_fault(error: Exception) -> int:
    try:
        from feedline.cli.output import show_own_fault

        return show_own_fault(error)
    except ImportError as broken:
        # Not even the words can be loaded: a dependency is missing, or half of an installation.
        print(f"error[FL901]: feedline is not fully installed: {broken}", file=sys.stderr)
        return 1
