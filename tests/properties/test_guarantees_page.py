"""Every row of docs/guarantees.md is a property, and every property that names a row names one that is there.

A test names the rows that it proves in brackets, where its docstring begins: `[force-exact, distinct] ...`.
"""

import ast
import re
from collections import Counter
from pathlib import Path

FOLDER = Path(__file__).parent
PAGE = FOLDER.parents[1] / "docs" / "guarantees.md"
_ROW = re.compile(r"^\| `([a-z-]+)` \|", re.MULTILINE)
_NAMED = re.compile(r"\[([a-z-]+(?:,\s+[a-z-]+)*)\]\s")


def named_rows() -> dict[str, list[str]]:
    """The rows that each test of this folder names."""
    found = {}
    for path in sorted(FOLDER.glob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                named = _NAMED.match(ast.get_docstring(node) or "")
                found[f"{path.name}::{node.name}"] = re.split(r",\s+", named[1]) if named else []
    return found


def rows() -> list[str]:
    """The ids of the page's rows, in order."""
    return _ROW.findall(PAGE.read_text(encoding="utf-8"))


def test_every_row_is_tested() -> None:
    """No promise without a test that names it."""
    assert [] == sorted(set(rows()) - {row for named in named_rows().values() for row in named})


def test_every_named_row_is_there() -> None:
    """No test of a promise that the page does not make."""
    assert [] == [(test, row) for test, named in named_rows().items() for row in named if row not in rows()]


def test_ids_are_unique_and_rows_are_whole() -> None:
    """One row an id, six cells a row, none of them empty."""
    assert [] == [row for row, count in Counter(rows()).items() if count > 1]
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    assert [] == [row[0] for row in cells if len(row) != 6 or not all(row)]
