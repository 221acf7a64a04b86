"""Python's search for garbage, kept from looking through what a command has only just loaded.

Imports, parse tables and programs are many objects that stay. Looking through all of them again and again, and once
more when the process ends, was two fifths of a check's time.
"""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def rare_collections() -> Iterator[None]:
    """Look for garbage rarely for a while; what was made in that time counts as old after it."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, *before[1:])
    try:
        yield
    finally:
        # Both only hand whole lists on: all objects go to the oldest generation, and none is looked at.
        gc.freeze()
        gc.unfreeze()
        gc.set_threshold(*before)


def no_last_collection() -> None:
    """Look for no garbage when the process ends: its memory is given back whole.

    But not beside torch: libraries that it loads complain at the end about objects of theirs that are left."""
    atexit.register(_freeze_without_torch)


def _freeze_without_torch() -> None:
    if "torch" not in sys.modules:
        gc.freeze()
