"""What the compiler says about each tests/cases/compile/*.pipe, line by line, in the .txt beside it.

A new case is a new file; FEEDLINE_UPDATE_GOLDEN=1 writes its .txt for reading over.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from feedline.compiler import compile_source
from feedline.dsl.diagnostics import Diagnostic
from feedline.dsl.source import SourceText

FOLDER = Path(__file__).parents[1] / "cases" / "compile"
NAMES = sorted(path.stem for path in FOLDER.glob("*.pipe"))

Golden = Callable[[str, str], None]


def _lines(diagnostic: Diagnostic) -> str:
    """Place, code and message; below them what else is said, without the file's folder."""
    lines = [f"{diagnostic.line}:{diagnostic.column}-{diagnostic.end_line}:{diagnostic.end_column} {diagnostic.code} "]
    lines[0] += diagnostic.message
    lines += [f"    at {label.span.start}: {label.text}" for label in diagnostic.secondary]
    lines += [f"    note: {note}" for note in diagnostic.notes]
    lines += [f"    help: {diagnostic.help}"] if diagnostic.help else []
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("name", NAMES)
def test_what_is_said(name: str, golden: Golden) -> None:
    """Every diagnostic of the case, in order, and no other."""
    text = (FOLDER / f"{name}.pipe").read_text(encoding="utf-8")
    result = compile_source(SourceText(f"{name}.pipe", text), base=FOLDER)
    assert (result.program is None) is any(d.severity == "error" for d in result.diagnostics)
    golden(f"compile/{name}.txt", "".join(map(_lines, result.diagnostics)))
