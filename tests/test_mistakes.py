"""The page of mistakes shows what feedline says: one file a mistake, each found at once and with one diagnostic."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
CASES = sorted((ROOT / "tests" / "mistakes").glob("*/*.pipe"))


@cache
def script() -> ModuleType:
    """`scripts/make_mistakes.py` as a module."""
    spec = importlib.util.spec_from_file_location("make_mistakes", ROOT / "scripts" / "make_mistakes.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_mistake_is_said_once(path: Path) -> None:
    """A file with one mistake gets one diagnostic."""
    assert len(script().said(path)) == 1, script().said(path)


def test_the_page_shows_what_is_said() -> None:
    """docs/guide/mistakes.md is what `python scripts/make_mistakes.py` writes, with a row for every file."""
    page = script().PAGE.read_text(encoding="utf-8")
    assert page == script().written(page)
    assert [path for path in CASES if script().row(path) not in page] == []
