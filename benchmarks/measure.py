"""How the benchmarks measure: every way in turn, several rounds of turns, and the median of each."""

from __future__ import annotations

import gc
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from statistics import median
from typing import Any

from attrs import frozen

import feedline

ROUNDS = 5


@frozen
class Speed:
    """The medians over the rounds of one way."""

    first: float
    """Seconds until the first batch is there, everything before it included."""
    rate: float
    """Batches a second over the whole epoch, from nothing to the end."""
    after: float
    """Batches a second after the first."""


def speeds(ways: Mapping[str, Callable[[], Iterable[Any]]], rounds: int = ROUNDS, epochs: int = 1) -> dict[str, Speed]:
    """Run each way once a round, in turns, so that a busy moment of the machine meets all of them.

    A way makes an epoch of batches from nothing, `epochs` times in a row where one takes a few milliseconds; an array
    of several rows counts as so many.
    """
    found: dict[str, list[Speed]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, make in ways.items():
            found[name].append(_once(make, epochs))
    return {
        name: Speed(*(median(getattr(speed, part) for speed in times) for part in ("first", "rate", "after")))
        for name, times in found.items()
    }


def _once(make: Callable[[], Iterable[Any]], epochs: int) -> Speed:
    gc.collect()
    first = after = 0.0
    count = rows = 0
    for _ in range(epochs):
        begin = time.perf_counter()
        batches = iter(make())
        rows = getattr(next(batches), "shape", (1,))[0]
        there = time.perf_counter()
        count += sum(1 for _ in batches) * rows
        first, after = first + there - begin, after + time.perf_counter() - there
    return Speed(first / epochs, (count + rows * epochs) / (first + after), count / after)


def memory(code: str) -> float:
    """By how many MB a process of its own grows at most while it runs `code`, after what `code` has before a line of
    `---`."""
    before, _, after = code.partition("---\n")
    # Not `getrusage`: its highest mark is the parent's where that was higher.
    script = (
        f"from pathlib import Path\n{before}\n"
        "def most(): return int(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0]) / 1024\n"
        f"begin = most()\n{after}\nprint(most() - begin)"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
    return float(result.stdout)


def heading(what: str) -> None:
    """Print what is measured, when and on what."""
    import numpy
    import torch

    print(f"{what}\n")
    print(
        f"{date.today()}, {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, "
        f"torch {torch.__version__}, NumPy {numpy.__version__}, feedline {feedline.__version__}; "
        f"medians of {ROUNDS} rounds in turns\n"
    )


def table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """Print a table in Markdown."""
    widths = [max(len(row[number]) for row in (columns, *rows)) for number in range(len(columns))]

    def line(cells: tuple[str, ...]) -> str:
        padded = [
            cells[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)),
        ]
        return f"| {' | '.join(padded)} |"

    print(line(columns))
    print(line(tuple("-" * (width - (number > 0)) + ":" * (number > 0) for number, width in enumerate(widths))))
    for row in rows:
        print(line(row))
    print()
