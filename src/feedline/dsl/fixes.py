"""Applying fixes to texts: which of them go together, and what they leave."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from feedline.dsl.diagnostics import Diagnostic, Edit, Fix

_LINE_END = re.compile(r"\r\n|\r|\n")


def safe_fixes(diagnostics: Iterable[Diagnostic]) -> list[Fix]:
    """The first safe fix of each diagnostic that has one, each fix once."""
    first = (next((fix for fix in diagnostic.fixes if fix.safe and fix.edits), None) for diagnostic in diagnostics)
    return list(dict.fromkeys(fix for fix in first if fix is not None))


def apart(fixes: Iterable[Fix]) -> list[Fix]:
    """The fixes without those that touch the text of an earlier one."""
    chosen: list[Fix] = []
    for fix in fixes:
        taken = [edit for other in chosen for edit in other.edits]
        if not any(_touch(edit, other) for edit in fix.edits for other in taken):
            chosen.append(fix)
    return chosen


def _touch(edit: Edit, other: Edit) -> bool:
    if edit.span.path != other.span.path:
        return False
    start, end = max(edit.span.start, other.span.start), min(edit.span.end, other.span.end)
    # Two that only meet are in order, unless one is an insertion: it could be before the other's text or behind it.
    insertion = edit.span.start == edit.span.end or other.span.start == other.span.end
    return start < end or (start == end and insertion)


def diff(path: str, before: str, after: str) -> str:
    """A unified diff of two texts that `patch` takes."""
    import difflib  # a plain check has no use for it

    lines = difflib.unified_diff(_lines(before), _lines(after), path, path)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(text: str) -> list[str]:
    """With their ends; `patch` knows no other than this."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def apply(text: str, edits: Sequence[Edit]) -> str:
    """The text after edits that do not overlap. What they bring ends its lines as the text does."""
    line_end = _LINE_END.search(text)
    pieces: list[str] = []
    position = 0
    for edit in sorted(edits, key=lambda edit: (edit.span.start, edit.span.end)):
        new = _LINE_END.sub(line_end[0], edit.text) if line_end else edit.text
        pieces += [text[position : edit.span.start], new]
        position = edit.span.end
    return "".join([*pieces, text[position:]])
