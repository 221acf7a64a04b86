"""Turns diagnostics into what a reader or a program sees: `text` in the style of rustc, `concise`, `json`, and the
formats of others (`formats`).

    error[FL101]: there is no dataset `castngs`
      --> train.pipe:14:19
       |
    14 | loader train from castngs {
       |                   ^^^^^^^ not declared
       |
       = help: did you mean `castings`?

A `help` is advice, with the lines it would leave where they are known; a `fix` is what `check --fix` writes.

`concise` (`path:line:col: code message`) and `json` (with a `format_version`) are stable; `text` is for people.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, Literal

from feedline.dsl.diagnostics import Diagnostic, Edit, Fix, Label, in_order
from feedline.dsl.fixes import safe_fixes
from feedline.dsl.frozen import frozen
from feedline.dsl.rules import RULES
from feedline.dsl.source import SourceText, Span

Format = Literal["text", "concise", "json", "github", "sarif"]

FORMAT_VERSION = 1
"""Of the `json` format. It grows when a field changes or goes; a new field does not change it."""

DEFAULT_WIDTH = 200
"""Source lines wider than this many cells are cut around what they are shown for."""

_COLORS = {
    "error": "1;31",
    "warning": "1;33",
    "hint": "1;36",
    "secondary": "1;34",
    "gutter": "1;34",
    "fix": "1;32",
    "strong": "1",
}


def render(
    diagnostics: Iterable[Diagnostic],
    sources: Mapping[str, SourceText],
    format: Format = "text",
    color: bool = False,
    width: int = DEFAULT_WIDTH,
) -> str:
    """All diagnostics, by file and place, ending in a line break unless there is nothing to say.

    `sources` holds the texts that spans point into; a diagnostic whose text is missing is shown without its lines.
    `color` adds ANSI colours to `text`; the other formats never have any.
    """
    ordered = in_order(diagnostics)
    if format == "json":
        return json.dumps(to_json(ordered, sources), indent=2, default=str) + "\n"
    if format == "sarif":
        from feedline import __version__
        from feedline.dsl.formats import sarif

        return sarif(ordered, sources, __version__)
    if not ordered:
        return ""
    if format == "github":
        from feedline.dsl.formats import github

        return github(ordered)
    if format == "concise":
        return "".join(f"{_concise(diagnostic)}\n" for diagnostic in ordered)
    blocks = [_text(diagnostic, sources, color, width) for diagnostic in ordered]
    return "\n\n".join([*blocks, summary(ordered)]) + "\n"


def summary(diagnostics: Iterable[Diagnostic]) -> str:
    """How many there are of each severity: `2 errors, 1 warning`."""
    counts = count(diagnostics)
    return ", ".join(f"{number} {name}{'' if number == 1 else 's'}" for name, number in counts.items() if number)


def count(diagnostics: Iterable[Diagnostic]) -> dict[str, int]:
    """The number of diagnostics by severity, the most severe first."""
    counts = {"error": 0, "warning": 0, "hint": 0}
    for diagnostic in diagnostics:
        counts[diagnostic.severity] += 1
    return counts


def to_json(diagnostics: Sequence[Diagnostic], sources: Mapping[str, SourceText]) -> dict[str, Any]:
    """The `json` format as plain values. Lines and columns from 1, offsets from 0, in code points, ends exclusive."""
    return {
        "format_version": FORMAT_VERSION,
        "diagnostics": [_json_diagnostic(diagnostic, sources) for diagnostic in diagnostics],
        "counts": count(diagnostics),
    }


# ---- json and concise


def _json_diagnostic(diagnostic: Diagnostic, sources: Mapping[str, SourceText]) -> dict[str, Any]:
    rule = RULES.get(diagnostic.code)
    return {
        "code": diagnostic.code,
        "slug": rule.slug if rule else None,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "path": diagnostic.path,
        "line": diagnostic.line,
        "column": diagnostic.column,
        "end_line": diagnostic.end_line,
        "end_column": diagnostic.end_column,
        "span": _json_span(diagnostic.span, sources) if diagnostic.span else None,
        "label": diagnostic.label,
        "secondary": [{"span": _json_span(label.span, sources), "label": label.text} for label in diagnostic.secondary],
        "notes": list(diagnostic.notes),
        "help": diagnostic.help,
        "fixes": [
            {
                "title": fix.title,
                "safe": fix.safe,
                "edits": [{"span": _json_span(edit.span, sources), "text": edit.text} for edit in fix.edits],
            }
            for fix in diagnostic.fixes
        ],
        "data": dict(diagnostic.data),
    }


def _json_span(span: Span, sources: Mapping[str, SourceText]) -> dict[str, Any]:
    result: dict[str, Any] = {"path": span.path, "start": span.start, "end": span.end}
    if span.path in sources:
        result["line"], result["column"] = sources[span.path].position(span.start)
        result["end_line"], result["end_column"] = sources[span.path].position(span.end)
    return result


def _concise(diagnostic: Diagnostic) -> str:
    from feedline.dsl.snippet import visible

    place = f"{diagnostic.path}:{diagnostic.line}:{diagnostic.column}"
    return visible(f"{place}: {diagnostic.code} {' '.join(diagnostic.message.splitlines())}")


# ---- text


@frozen
class _Painter:
    """ANSI colours by the style's name; plain text where no colour was asked for."""

    color: bool
    severity: str

    def __call__(self, text: str, style: str) -> str:
        if not self.color or not text.strip():
            return text
        return f"\x1b[{_COLORS[self.severity if style == 'primary' else style]}m{text}\x1b[0m"


def _text(diagnostic: Diagnostic, sources: Mapping[str, SourceText], color: bool, width: int) -> str:
    from feedline.dsl.snippet import blank_gutter

    paint = _Painter(color, diagnostic.severity)
    head = paint(f"{diagnostic.severity}[{diagnostic.code}]", "primary")
    rows = [head + paint(f": {_lines(diagnostic.message, '')}", "strong")]
    gutter = _gutter(diagnostic, sources)
    snippets = _snippets(diagnostic, sources, gutter, paint, width)
    rows += snippets
    remarks = [*(f"note: {note}" for note in diagnostic.notes)]
    applied = next(iter(safe_fixes([diagnostic])), None)
    if diagnostic.help:
        remarks.append(_advice(diagnostic.help, applied is not None and applied.title == diagnostic.help))
    fixes = [_fix(fix, fix is applied, diagnostic, sources, gutter, paint, width) for fix in diagnostic.fixes]
    if len(snippets) > 1 and (remarks or any(fixes)):
        rows.append(blank_gutter(gutter, paint))
    for remark in remarks:
        kind, _, words = remark.partition(": ")
        indent = " " * (gutter + len(f" = {kind}: "))
        rows.append(f"{' ' * gutter} {paint('=', 'gutter')} {paint(kind, 'strong')}: {_lines(words, indent)}")
    for fix in fixes:
        rows += fix
    return "\n".join(rows)


def _advice(words: str, applied: bool) -> str:
    """What to do: advice, or what `--fix` does."""
    return f"fix: {words} (applied by `--fix`)" if applied else f"help: {words}"


def _lines(text: str, indent: str) -> str:
    """Words as they can be shown, further lines below the first."""
    from feedline.dsl.snippet import visible

    return f"\n{indent}".join(visible(line) for line in text.splitlines())


def _gutter(diagnostic: Diagnostic, sources: Mapping[str, SourceText]) -> int:
    """The width of the largest line number that can occur below one headline."""
    spans = [label.span for label in diagnostic.secondary]
    spans += [edit.span for fix in diagnostic.fixes for edit in fix.edits]
    spans += [diagnostic.span] if diagnostic.span else []
    lines = [sources[span.path].position(span.end)[0] for span in spans if span.path in sources]
    return len(str(max(lines, default=1)))


def _snippets(
    diagnostic: Diagnostic, sources: Mapping[str, SourceText], gutter: int, paint: _Painter, width: int
) -> list[str]:
    """Where it is, then the marked lines of each text: first the text with the fault, then the others."""
    from feedline.dsl.snippet import Mark, Snippet, mark, visible

    place = _place(diagnostic.path, diagnostic.line, diagnostic.column, diagnostic.span is not None)
    rows = [f"{' ' * gutter}{paint('-->', 'gutter')} {visible(place)}"]
    labels = list(diagnostic.secondary)
    others = [path for path, _ in groupby(labels, key=lambda label: label.span.path)]
    for path in dict.fromkeys([diagnostic.path, *others]):
        marks: list[Mark] = []
        here = [label for label in labels if label.span.path == path]
        if path != diagnostic.path:
            rows.append(f"{' ' * gutter}{paint(':::', 'gutter')} {visible(_label_place(here[0], sources))}")
        if path not in sources:
            continue
        if diagnostic.span is not None and diagnostic.span.path == path:
            marks.append(mark(sources[path], diagnostic.span, "^", "primary", diagnostic.label))
        marks += [mark(sources[path], label.span, "-", "secondary", label.text) for label in here]
        if marks:
            rows += Snippet(sources[path], marks, gutter, paint, width).draw()
    return rows


def _place(path: str, line: int, column: int, known: bool) -> str:
    return f"{path}:{line}:{column}" if known else path


def _label_place(label: Label, sources: Mapping[str, SourceText]) -> str:
    source = sources.get(label.span.path)
    if source is None:
        return f"{label.span.path}: {label.text}" if label.text else label.span.path
    return _place(label.span.path, *source.position(label.span.start), True)


# ---- suggestions


def _fix(
    fix: Fix,
    applied: bool,
    diagnostic: Diagnostic,
    sources: Mapping[str, SourceText],
    gutter: int,
    paint: _Painter,
    width: int,
) -> list[str]:
    """The fix as the lines it would leave, the new text marked; text that only goes is shown where it stands."""
    from feedline.dsl.snippet import Snippet, blank_gutter, visible

    rows = []
    if fix.title and fix.title != diagnostic.help:
        kind, _, words = _advice(fix.title, applied).partition(": ")
        rows.append(f"{' ' * gutter} {paint('=', 'gutter')} {paint(kind, 'strong')}: {_lines(words, '')}")
    shown = len(rows)
    edits = sorted((e for e in fix.edits if e.span.path in sources), key=lambda e: (e.span.path, e.span.start))
    for path, group in groupby(edits, key=lambda edit: edit.span.path):
        if path != diagnostic.path:
            rows.append(f"{' ' * gutter}{paint(':::', 'gutter')} {visible(path)}")
        source, marks = _apply(sources[path], list(group))
        rows += Snippet(source, marks, gutter, paint, width).draw()
    return [*rows, blank_gutter(gutter, paint)] if len(rows) > shown and fix is not diagnostic.fixes[-1] else rows


def _apply(source: SourceText, edits: list[Edit]) -> tuple[SourceText, list[Any]]:
    """The text after the edits with marks on what is new, or the text as it is with marks on what would go."""
    from feedline.dsl.snippet import mark

    if not any(edit.text.strip() for edit in edits):
        return source, [mark(source, _trimmed(source, edit.span), "-", "fix", "remove this") for edit in edits]
    pieces, spans, position, length = [], [], 0, 0
    for edit in edits:
        start = max(position, edit.span.start)
        kept = source.text[position:start]
        length += len(kept)
        lead = len(edit.text) - len(edit.text.lstrip())
        sign = "~" if edit.span.end > edit.span.start else "+"
        spans.append((Span(source.path, length + lead, length + max(lead, len(edit.text.rstrip()))), sign))
        pieces += [kept, edit.text]
        length += len(edit.text)
        position = max(position, edit.span.end)
    changed = SourceText(source.path, "".join(pieces) + source.text[position:])
    return changed, [mark(changed, span, sign, "fix") for span, sign in spans]


def _trimmed(source: SourceText, span: Span) -> Span:
    """The span without the white space around what it holds."""
    text = source.text[span.start : span.end]
    return Span(span.path, span.start + len(text) - len(text.lstrip()), span.end - len(text) + len(text.rstrip()))
