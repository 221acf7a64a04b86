"""What an editor can offer to change: the fixes of what was found, and rewrites that keep the meaning."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

from attrs import frozen

from feedline.compiler.ide.analysis import Analysis
from feedline.compiler.ide.chains import extract, inline
from feedline.compiler.ide.seeds import add_seed
from feedline.dsl.diagnostics import Diagnostic, Edit
from feedline.dsl.fixes import apart, safe_fixes
from feedline.dsl.source import Span

ActionKind: TypeAlias = Literal[
    "quickfix", "refactor.extract", "refactor.inline", "refactor.rewrite", "source.fixAll.feedline"
]


@frozen
class Action:
    """A change to offer. `about` is the diagnostic that it puts right; `preferred`: it is surely what was meant."""

    title: str
    kind: ActionKind
    edits: tuple[Edit, ...]
    about: Diagnostic | None = None
    preferred: bool = False


def code_actions(analysis: Analysis, start: int, end: int) -> tuple[Action, ...]:
    """The changes to offer for what is selected, or where the cursor is if the two offsets are the same."""
    return tuple(_actions(analysis, Span(analysis.path, min(start, end), max(start, end))))


def fix_all(analysis: Analysis) -> Action | None:
    """Every safe fix of the file at once, those left out that touch another; None where there is none."""
    own = [item for item in analysis.diagnostics if item.path == analysis.path]
    edits = [edit for fix in apart(safe_fixes(own)) for edit in fix.edits]
    return Action("apply every safe fix", "source.fixAll.feedline", tuple(edits)) if edits else None


def _actions(analysis: Analysis, selected: Span) -> Iterator[Action]:
    for item in analysis.diagnostics:
        if item.span is not None and item.path == analysis.path and _touch(item.span, selected):
            for number, fix in enumerate(item.fixes):
                yield Action(fix.title, "quickfix", fix.edits, item, preferred=fix.safe and not number)
    for title, edits in add_seed(analysis, selected):
        yield Action(title, "refactor.rewrite", edits)
    for title, edits in extract(analysis, selected):
        yield Action(title, "refactor.extract", edits)
    for title, edits in inline(analysis, selected):
        yield Action(title, "refactor.inline", edits)


def _touch(span: Span, selected: Span) -> bool:
    return span.start <= selected.end and selected.start <= span.end
