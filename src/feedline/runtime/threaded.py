"""Worker threads: each makes a whole batch at a time, and the batches come out in the order they were asked for.

Decoding, resizing and everything else that torch computes runs without Python's lock, so that threads read images as
processes do, and need not send what they made. Their random numbers come from `feedline.runtime.draws`.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import thread as futures
from typing import TypeVar

import torch

from feedline.runtime.draws import own_generator

T = TypeVar("T")
K = TypeVar("K")


class Threaded(Iterator[T]):
    """`make(key)` for every key in turn, `threads` of them at once and at most `threads * ahead` before they are asked
    for. The keys are read in the caller's thread. What `make` raises is raised here, in its batch's turn.

    `close`, and letting go of the iterator, waits for the batches that are being made, not for those that wait."""

    def __init__(self, make: Callable[[K], T], keys: Iterable[K], threads: int, ahead: int):
        self._make, self._keys = make, iter(keys)
        self._pool, self._process = _started(threads), os.getpid()
        self._coming: deque[Future[T]] = deque()
        for _ in range(threads * ahead):
            self._ask()

    def _ask(self) -> None:
        for key in self._keys:
            self._coming.append(self._pool.submit(_wanted, self._make, key))
            return

    def __next__(self) -> T:
        if not self._coming:
            self.close()
            raise StopIteration
        if self._process != os.getpid():
            raise RuntimeError("this iterator's threads are in the process that made it: iterate the loader again here")
        made = self._coming.popleft()
        self._ask()
        return made.result()

    def close(self) -> None:
        """End the threads."""
        self._coming.clear()
        # Of the threads themselves one may be the last to let go of the iterator, and none can wait for its own end.
        own = threading.current_thread().name.startswith(WORKER)
        self._pool.shutdown(wait=not own, cancel_futures=True)

    def __del__(self) -> None:
        if hasattr(self, "_coming"):
            self.close()


WORKER = "feedline-worker"
"""What the names of the threads begin with."""


def _wanted(make: Callable[[K], T], key: K) -> T:
    """`make(key)`, unless the interpreter is ending: it waits for all that a pool was asked for, which nobody takes."""
    if getattr(futures, "_shutdown", False):  # nothing public says so this early
        raise RuntimeError("the process is ending")
    return make(key)


def _started(threads: int) -> ThreadPoolExecutor:
    """A pool whose threads all run and have prepared themselves; the caller's thread computes with as many as before.

    How many threads torch uses is a setting of each thread; but the last one set anywhere is what threads start with
    that have none yet, autograd's among them."""
    ready = threading.Barrier(threads + 1)
    pool = ThreadPoolExecutor(threads, WORKER, initializer=_prepare, initargs=(ready,))
    before = torch.get_num_threads()
    try:
        for _ in range(threads):
            pool.submit(int)
        ready.wait()
    except BaseException:
        ready.abort()
        raise
    torch.set_num_threads(before)
    return pool


def _prepare(ready: threading.Barrier) -> None:
    torch.get_num_threads()  # a thread's first look takes the number of the process, over what was set before
    torch.set_num_threads(1)
    own_generator()
    ready.wait()
