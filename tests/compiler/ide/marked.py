"""Texts with marks in them: `‸` for the cursor, `«` and `»` around a selection."""

from __future__ import annotations

from collections.abc import Mapping

from feedline.compiler.ide import Analysis, KnownData, analyse
from feedline.dsl.diagnostics import Edit
from feedline.dsl.fixes import apply

CURSOR = "‸"
PATH = "/nowhere/main.pipe"


def at_cursor(
    marked: str, texts: Mapping[str, str] | None = None, known: KnownData | None = None, path: str = PATH
) -> tuple[Analysis, int]:
    """A text without its mark, analysed, and where the mark was."""
    before, _, after = marked.partition(CURSOR)
    return analyse(before + after, path, texts, known=known), len(before)


def selected(marked: str) -> tuple[Analysis, int, int]:
    """A text without its marks, analysed, and what was selected; a cursor selects nothing."""
    if CURSOR in marked:
        analysis, offset = at_cursor(marked)
        return analysis, offset, offset
    before, _, rest = marked.partition("«")
    inside, _, after = rest.partition("»")
    return analyse(before + inside + after, PATH), len(before), len(before + inside)


def edited(analysis: Analysis, edits: tuple[Edit, ...]) -> str:
    """The text after edits."""
    assert all(edit.span.path == analysis.path for edit in edits)
    return apply(analysis.text, edits)
