"""Collections are rare while a command loads, and as before after that."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from pathlib import Path

from feedline.cli.garbage import rare_collections

ROOT = Path(__file__).parents[2]


class _Ring:
    def __init__(self) -> None:
        self.own = self


def test_collections_are_rare_only_inside() -> None:
    """The thresholds are the old ones afterwards, also after an exception."""
    before = gc.get_threshold()
    try:
        with rare_collections():
            assert gc.get_threshold() > before
            raise ValueError
    except ValueError:
        assert before == gc.get_threshold()


def test_garbage_made_inside_is_still_found() -> None:
    """What was made in that time is put aside, not kept for good."""
    with rare_collections():
        gone = weakref.ref(_Ring())
    assert gone() is not None
    gc.collect()
    assert gone() is None


def test_nothing_is_said_at_the_end_of_a_command_with_torch() -> None:
    """Some of torch's libraries would list what Python leaves behind."""
    command = [sys.executable, "-m", "feedline", "check", "--data", "examples/digits.pipe"]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    assert "" == ended.stderr
