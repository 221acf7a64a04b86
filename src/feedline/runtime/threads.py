"""How many threads torch uses while a batch is made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """Inside the block torch computes with one thread; afterwards with as many as the caller has set.

    A worker process has one anyway. In the main process several would sum in another order, so that a batch could
    differ from the worker's in its last bits, and on a busy machine they wait for each other longer than they help."""
    before = torch.get_num_threads()
    if before == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
