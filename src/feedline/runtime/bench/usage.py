"""What processes and worker threads use while batches are read: CPU time and memory, from `/proc`, without a package
for it."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from attrs import define, field

from feedline.runtime.bench.report import ProcessUse
from feedline.runtime.threaded import WORKER

_EVERY = 0.2
"""Seconds between two looks; a look costs a tenth of a millisecond a process."""


@define
class _Seen:
    cpu: float
    since: float
    cpu_now: float
    until: float
    memory: int | None = None

    def use(self, name: str, worker: bool = False) -> ProcessUse:
        wall = self.until - self.since
        return ProcessUse(name, (self.cpu_now - self.cpu) / wall if wall > 0 else 0.0, self.memory, worker)


@define
class Usage:
    """Looks at this process and at the processes and worker threads that it has started since."""

    _before: frozenset[int] = field(factory=lambda: frozenset(_workers()))
    _seen: dict[int, _Seen] = field(factory=dict)
    _last: float = -1.0
    clock: Callable[[], float] = time.perf_counter

    def look(self, at_once: bool = False) -> None:
        """Note where they stand, if the last look is long enough ago."""
        now = self.clock()
        if now - self._last < _EVERY and not at_once:
            return
        self._last = now
        workers = {number: found for number, found in _workers().items() if number not in self._before}
        for number, place in ({os.getpid(): f"{_PROCESS}{os.getpid()}"} | workers).items():
            cpu = time.process_time() if number == os.getpid() else _cpu(place)
            if cpu is None:
                continue
            seen = self._seen.setdefault(number, _Seen(cpu, now, cpu, now))
            seen.cpu_now, seen.until = cpu, now
            memory = None if place.startswith(_THREAD) else _memory(place)
            seen.memory = memory if seen.memory is None or memory is None else max(seen.memory, memory)

    def uses(self, workers: int) -> tuple[ProcessUse, ...]:
        """This process, then so many workers: those that were seen for the longest time, where epochs start new
        ones. Those that were seen only once are left out."""
        self.look(at_once=True)
        mine = self._seen.get(os.getpid())
        others = [seen for number, seen in self._seen.items() if number != os.getpid() and seen.until > seen.since]
        longest = sorted(others, key=lambda seen: seen.since - seen.until)[:workers]
        named = [mine.use("main process")] if mine is not None else []
        return (*named, *(seen.use(f"worker {number}", worker=True) for number, seen in enumerate(longest)))


_PROCESS, _THREAD = "/proc/", "/proc/self/task/"


def _workers() -> dict[int, str]:
    """Worker processes and threads, by their number in the system, with the folder that tells of them."""
    processes = [child.pid for child in multiprocessing.active_children()]
    threads = [thread.native_id for thread in threading.enumerate() if thread.name.startswith(WORKER)]
    return {pid: f"{_PROCESS}{pid}" for pid in processes if pid is not None} | {
        number: f"{_THREAD}{number}" for number in threads if number is not None
    }


def _cpu(place: str) -> float | None:
    """Seconds of CPU time; None where it is gone or the system has no `/proc`."""
    try:
        # The name in parentheses may hold anything.
        fields = Path(place, "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return None


def _memory(place: str) -> int | None:
    """Bytes that only this process holds, or None."""
    try:
        lines = Path(place, "smaps_rollup").read_text().splitlines()
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
