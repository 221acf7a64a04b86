"""What the benchmarks of loaders share: variants that take turns, medians, ratios to a named peer, printed tables.

A benchmark is a file with a function that is given a `Bench`, and ends with

    if __name__ == "__main__":
        main("JPEG training chain", run)

which gives it `--quick` (tiny, only shows that it runs), `--rounds N` and `--json FILE`. In the function:

    def run(bench: Bench) -> None:
        photos = images.folder(bench.folder / "photos", 60 if bench.quick else 2000)
        bench.compare("500 x 375, batch 64", {"tutorial": tutorial, "feedline": ours}, peer="tutorial")

Every variant is a function without arguments that runs once and returns one number, mostly a rate: `rate(loader, 64)`.
What is printed is Markdown, as `docs/performance.md` holds it.
"""

from __future__ import annotations

import argparse
import gc
import importlib.metadata
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from itertools import islice
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from attrs import define, field, frozen

ROUNDS = 5
FORMAT_VERSION = 1
_VERSIONS = ("torch", "torchvision", "numpy", "pillow", "feedline")


@frozen
class Measured:
    """One variant's numbers, one a round."""

    values: tuple[float, ...]
    ratios: tuple[float, ...]
    """Each over the peer's of the same round, so that a busy moment of the machine meets both."""

    @property
    def median(self) -> float:
        """Of the rounds."""
        return median(self.values)

    @property
    def ratio(self) -> float:
        """The median of the rounds' ratios."""
        return median(self.ratios)

    @property
    def spread(self) -> tuple[float, float]:
        """The quartiles of the rounds' ratios; the least and the most of fewer than four."""
        if len(self.ratios) < 4:
            return min(self.ratios), max(self.ratios)
        low, _, high = quantiles(self.ratios, n=4, method="inclusive")
        return low, high


def compare(
    variants: Mapping[str, Callable[[], float]], peer: str, rounds: int = ROUNDS, warm_up: bool = True
) -> dict[str, Measured]:
    """Run every variant once a round, in turns, after one round that does not count; each ratio is to `peer`."""
    values: dict[str, list[float]] = {name: [] for name in variants}
    for counted in range(rounds + warm_up):
        for name, run in variants.items():
            gc.collect()
            value = run()
            if counted >= warm_up:
                values[name].append(value)
    return {
        name: Measured(tuple(mine), tuple(one / other for one, other in zip(mine, values[peer], strict=True)))
        for name, mine in values.items()
    }


def rate(loader: Iterable[Any], batch: int, batches: int | None = None, skip: int = 0) -> float:
    """Samples a second of an epoch, or of its first `batches`, at `batch` a batch, the start of workers included.
    With `skip` the clock starts when so many batches have come."""
    begin = time.perf_counter()
    count = 0
    for count, _ in enumerate(islice(loader, batches), 1):
        if count == skip:
            begin = time.perf_counter()
    return (count - skip) * batch / (time.perf_counter() - begin)


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


@define
class Bench:
    """One run of a benchmark: what it was asked for, a folder for its data, and the tables it has printed."""

    quick: bool
    rounds: int
    folder: Path
    """Empty at the start, gone at the end."""
    tables: list[dict[str, Any]] = field(factory=list)
    notes: list[str] = field(factory=list)

    def compare(
        self,
        title: str,
        variants: Mapping[str, Callable[[], float]],
        peer: str,
        unit: str = "images/s",
        digits: int = 0,
        rounds: int | None = None,
    ) -> dict[str, Measured]:
        """Measure variants against `peer` and print the table: the medians in `unit`, and the ratios to the peer."""
        found = compare(variants, peer, rounds or self.rounds, warm_up=not self.quick)
        rows = [
            (name, f"{one.median:,.{digits}f}", f"{one.ratio:.2f}", f"{one.spread[0]:.2f} to {one.spread[1]:.2f}")
            for name, one in found.items()
        ]
        self.table(title, ("", unit, f"of {peer}", "quartiles"), rows)
        self.tables[-1]["measured"] = {
            name: {"values": one.values, "median": one.median, "ratios": one.ratios, "ratio": one.ratio}
            for name, one in found.items()
        }
        return found

    def table(self, title: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
        """Print a table under a title, the first column to the left and the others to the right."""
        self.tables.append({"title": title, "columns": columns, "rows": rows})
        print(f"**{title}**\n\n{markdown(columns, rows)}\n", flush=True)

    def note(self, text: str) -> None:
        """Print a line: what a table shows, the floor beside a figure, a peer that is not installed."""
        self.notes.append(text)
        print(f"{text}\n", flush=True)

    def has(self, *packages: str) -> bool:
        """Whether the packages that a peer needs are installed; a line says which is not."""
        missing = [name for name in packages if not version_of(name)]
        if missing:
            self.note(f"Left out: {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed.")
        return not missing


def markdown(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table in Markdown."""
    widths = [max(3, *(len(row[number]) for row in (columns, *rows))) for number in range(len(columns))]

    def line(cells: tuple[str, ...]) -> str:
        rest = (cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))
        return f"| {' | '.join((cells[0].ljust(widths[0]), *rest))} |"

    rule = tuple("-" * (width - (number > 0)) + ":" * (number > 0) for number, width in enumerate(widths))
    return "\n".join(map(line, (columns, rule, *rows)))


# ---- what was measured on


def machine() -> dict[str, Any]:
    """The machine and the versions, as plain values."""
    return {
        "date": str(date.today()),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: version for name in _VERSIONS if (version := version_of(name))},
    }


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.processor()


def version_of(package: str) -> str | None:
    """Of an installed package; None where it is not."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


def heading(facts: Mapping[str, Any], rounds: int) -> str:
    """The line under a benchmark's title."""
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    return (
        f"{facts['date']}, {facts['cores']} cores ({facts['processor']}), {facts['system']}, "
        f"Python {facts['python']}, {versions}; medians of {rounds} rounds in turns; "
        f"load average before {_load()}"
    )


# ---- running one


def main(what: str, run: Callable[[Bench], None], arguments: Sequence[str] | None = None) -> None:
    """Run one benchmark with the command line's options and print what it found."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--quick", action="store_true", help="tiny sizes and one round: only shows that it runs")
    parser.add_argument("--rounds", type=int, help=f"rounds in turns ({ROUNDS})")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write everything that was measured there too")
    given = parser.parse_args(arguments)
    rounds = given.rounds or (1 if given.quick else ROUNDS)
    facts = machine()
    print(f"{what}\n\n{heading(facts, rounds)}\n", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(given.quick, rounds, Path(folder))
        before = _load()
        run(bench)
    if given.json is not None:
        content = {
            "format_version": FORMAT_VERSION, "benchmark": Path(sys.argv[0]).name, "what": what, "rounds": rounds,
            **facts, "load": [before, _load()], "tables": bench.tables, "notes": bench.notes,
        }  # fmt: skip
        with atomic(given.json) as path:
            path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A name beside `path` to write to; it takes the place of `path` once the block is through."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield new
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)
