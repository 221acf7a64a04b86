"""What a person reads about each kind of syntax fault: tests/cases/syntax/NAME.pipe with its messages in NAME.txt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from feedline.dsl import Diagnostic, parse

CASES = Path(__file__).parents[1] / "cases" / "syntax"


def _shown(diagnostic: Diagnostic) -> str:
    lines = [f"{diagnostic.line}:{diagnostic.column}: {diagnostic.code} {diagnostic.message}"]
    if diagnostic.help:
        lines.append(f"    help: {diagnostic.help}")
    lines += [f"    fix: {fix.title}" for fix in diagnostic.fixes]
    lines += [f"    also: {label.text}" for label in diagnostic.secondary]
    return "\n".join(lines)


@pytest.mark.parametrize("name", sorted(path.stem for path in CASES.glob("*.pipe")))
def test_messages(name: str, golden: Callable[[str, str], None]) -> None:
    """Place, code, words, help and fixes; FEEDLINE_UPDATE_GOLDEN=1 writes them."""
    result = parse((CASES / f"{name}.pipe").read_text(encoding="utf-8"))
    golden(f"syntax/{name}.txt", "".join(f"{_shown(diagnostic)}\n" for diagnostic in result.diagnostics))


@pytest.mark.parametrize("name", sorted(path.stem for path in CASES.glob("*.pipe")))
def test_fixes_put_it_right(name: str) -> None:
    """Applying a fix removes its fault and brings no other."""
    text = (CASES / f"{name}.pipe").read_text(encoding="utf-8")
    faults = parse(text).diagnostics
    for diagnostic in faults:
        for fix in diagnostic.fixes:
            fixed = text
            for edit in sorted(fix.edits, key=lambda edit: edit.span.start, reverse=True):
                fixed = fixed[: edit.span.start] + edit.text + fixed[edit.span.end :]
            assert len(parse(fixed).diagnostics) <= len(faults), (diagnostic, fix)
