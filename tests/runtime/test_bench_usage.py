"""What processes and threads are seen to use, by a clock that only moves when the test says so."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from feedline.runtime.bench.usage import Usage
from feedline.runtime.threaded import Threaded


class Clock:
    """Moved by hand."""

    now = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def test_every_worker_thread_has_a_figure_of_its_own() -> None:
    """Where the system tells of threads: one that computes for 0.3 seconds of one, and one that waits."""
    clock, go = Clock(), threading.Event()

    def make(seconds: float) -> float:
        go.wait()
        begin = time.thread_time()
        while time.thread_time() - begin < seconds:
            pass
        return seconds

    usage = Usage(clock=clock)
    batches = Threaded(make, [0.3, 0.0], threads=2, ahead=1)
    usage.look()
    go.set()
    assert [0.3, 0.0] == [next(batches), next(batches)]
    clock.now = 1.0
    main, *workers = usage.uses(2)
    batches.close()
    assert ("main process", False) == (main.name, main.worker)
    assert main.cpu > 0.25
    known = 2 if Path("/proc/self/task").exists() else 0
    assert [("worker 0", True, None), ("worker 1", True, None)][:known] == [
        (use.name, use.worker, use.memory) for use in workers
    ]
    assert [True, False][:known] == sorted((use.cpu > 0.25 for use in workers), reverse=True)


def test_a_worker_that_was_seen_once_has_no_figure() -> None:
    """Nought would be wrong."""
    clock = Clock()
    usage = Usage(clock=clock)
    batches = Threaded(abs, [1, 2], threads=2, ahead=1)
    usage.look()
    batches.close()
    clock.now = 1.0
    assert ["main process"] == [use.name for use in usage.uses(2)]
