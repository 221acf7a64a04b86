"""Settings and fixtures for every room."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is no fault: no example is held to a time. The run that a change is judged by draws the same examples
# every time, every other run new ones.
settings.register_profile("feedline", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("feedline")

CASES = Path(__file__).parent / "cases"


@pytest.fixture(autouse=True)
def _many_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with 64 CPUs: what is said of `num_workers` depends on them."""
    monkeypatch.setattr("feedline.compiler.lints.workers.processors", lambda: 64)


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """`golden("render/tabs.txt", text)` holds a text to a file of tests/cases; FEEDLINE_UPDATE_GOLDEN=1 writes it."""

    def compare(name: str, actual: str) -> None:
        path = CASES / name
        if os.environ.get("FEEDLINE_UPDATE_GOLDEN"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(actual.encode())
        assert path.read_bytes().decode() == actual

    return compare
