"""What processes use while batches are read: CPU time and memory, from `/proc`, without a package for it."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from pathlib import Path

from attrs import define, field

from feedline.runtime.bench.report import ProcessUse

_EVERY = 0.2
"""Seconds between two looks; a look costs a tenth of a millisecond a process."""


@define
class _Seen:
    cpu: float
    since: float
    cpu_now: float
    until: float
    memory: int | None = None

    def use(self, name: str) -> ProcessUse:
        wall = self.until - self.since
        return ProcessUse(name, (self.cpu_now - self.cpu) / wall if wall > 0 else 0.0, self.memory)


@define
class Usage:
    """Looks at this process and at those that it has started since."""

    _before: frozenset[int] = field(factory=lambda: frozenset(_children()))
    _seen: dict[int, _Seen] = field(factory=dict)
    _last: float = -1.0
    _clock: Callable[[], float] = time.perf_counter

    def look(self, at_once: bool = False) -> None:
        """Note where they stand, if the last look is long enough ago."""
        now = self._clock()
        if now - self._last < _EVERY and not at_once:
            return
        self._last = now
        for process in (os.getpid(), *(child for child in _children() if child not in self._before)):
            cpu = _cpu(process)
            if cpu is None:
                continue
            seen = self._seen.setdefault(process, _Seen(cpu, now, cpu, now))
            seen.cpu_now, seen.until = cpu, now
            memory = _memory(process)
            seen.memory = memory if seen.memory is None or memory is None else max(seen.memory, memory)

    def uses(self, workers: int) -> tuple[ProcessUse, ...]:
        """This process, then so many workers: those that were seen for the longest time, where epochs start new
        ones."""
        self.look(at_once=True)
        mine = self._seen.get(os.getpid())
        others = [seen for process, seen in self._seen.items() if process != os.getpid()]
        longest = sorted(others, key=lambda seen: seen.since - seen.until)[:workers]
        named = [mine.use("main process")] if mine is not None else []
        return (*named, *(seen.use(f"worker {number}") for number, seen in enumerate(longest)))


def _children() -> list[int]:
    return [child.pid for child in multiprocessing.active_children() if child.pid is not None]


def _cpu(process: int) -> float | None:
    """Seconds of CPU time of a process; None where it is gone or the system has no `/proc`."""
    if process == os.getpid():
        return time.process_time()
    try:
        # The name in parentheses may hold anything.
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return None


def _memory(process: int) -> int | None:
    """Bytes that only this process holds, or None."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) * 1024
    except (OSError, ValueError, IndexError):
        return None


def free_memory() -> int | None:
    """Bytes that the machine could still give, or None where it does not say."""
    try:
        text = Path("/proc/meminfo").read_text()
        return int(text.split("MemAvailable:")[1].split()[0]) * 1024
    except (OSError, ValueError, IndexError):
        return None


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
