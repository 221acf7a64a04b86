"""Diagnostics as the protocol has them. What is wrong in an imported file is shown at the import."""

from __future__ import annotations

from lsprotocol import types

from feedline.compiler.ide.analysis import Analysis
from feedline.compiler.names import Unit
from feedline.dsl.diagnostics import Diagnostic
from feedline.dsl.rules.lints import DeprecatedTransform, NeverUsed, UnusedPart
from feedline.dsl.source import Span
from feedline.lsp.documents import Documents, imports
from feedline.lsp.links import rule_link

# A hint of the protocol is all but invisible in editors, which keep it for what is greyed out.
_SEVERITIES = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "hint": types.DiagnosticSeverity.Information,
}
_TAGS = {
    NeverUsed.code: types.DiagnosticTag.Unnecessary,
    UnusedPart.code: types.DiagnosticTag.Unnecessary,
    DeprecatedTransform.code: types.DiagnosticTag.Deprecated,
}


def diagnostics(documents: Documents, uri: str) -> list[types.Diagnostic]:
    """Everything that `feedline check` says of a document."""
    analysis = documents.analysis(uri)
    return [_diagnostic(item, analysis, documents) for item in analysis.diagnostics]


def _diagnostic(item: Diagnostic, analysis: Analysis, documents: Documents) -> types.Diagnostic:
    span, message = _place(item, analysis), item.message
    related = [(label.span, label.text) for label in item.secondary]
    if item.span is not None and item.path != analysis.path:
        message = f"{item.path}:{item.line}:{item.column}: {message}"
        related.insert(0, (item.span, item.label or item.message))
    tag, link = _TAGS.get(item.code), rule_link(item.code)
    return types.Diagnostic(
        documents.positions(analysis.source).range(span),
        "\n".join([message, *(f"note: {note}" for note in item.notes), *([f"help: {item.help}"] if item.help else [])]),
        _SEVERITIES[item.severity],
        item.code,
        types.CodeDescription(link) if link else None,
        "feedline",
        [tag] if tag else None,
        [
            types.DiagnosticRelatedInformation(location, text or "here")
            for place, text in related
            if (location := documents.location(place, analysis)) is not None
        ],
    )


def _place(item: Diagnostic, analysis: Analysis) -> Span:
    """Where a document shows a diagnostic: its own place, the import that leads to another file's, or the beginning."""
    if item.span is not None and item.span.path == analysis.path:
        return item.span
    units = {unit.source.path: unit for unit in analysis.ctx.units}
    for path, node in imports(analysis.main):
        if path in units and any(unit.source.path == item.path for unit in _reached(units[path])):
            return node.path.span
    return Span(analysis.path, 0, 0)


def _reached(unit: Unit) -> list[Unit]:
    """A file and all that it imports, near or far."""
    found = [unit]
    for each in found:
        found += [target for target, _ in each.imports if target not in found]
    return found
