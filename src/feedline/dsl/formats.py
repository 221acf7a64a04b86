"""Diagnostics for programs of others: GitHub's annotations, and SARIF 2.1.0 for code scanning."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from feedline.dsl.diagnostics import Diagnostic, Fix, Rule
from feedline.dsl.rule_page import explanation, section
from feedline.dsl.rules import RULES
from feedline.dsl.snippet import visible
from feedline.dsl.source import SourceText, Span

_GITHUB_LEVELS = {"error": "error", "warning": "warning", "hint": "notice"}
_SARIF_LEVELS = {"error": "error", "warning": "warning", "hint": "note"}
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def github(diagnostics: Iterable[Diagnostic]) -> str:
    """A workflow command a line: https://docs.github.com/actions/reference/workflow-commands-for-github-actions.

    What stands behind `::` is all that the log shows, so the place and the code are said there again."""
    return "".join(f"{_annotation(diagnostic)}\n" for diagnostic in diagnostics)


def _annotation(diagnostic: Diagnostic) -> str:
    rule = RULES.get(diagnostic.code)
    place: dict[str, object] = {"file": _in_repository(diagnostic.path)}
    if diagnostic.span is not None:
        place |= {"line": diagnostic.line, "endLine": diagnostic.end_line}
        if diagnostic.line == diagnostic.end_line:  # GitHub takes columns only of a single line
            place |= {"col": diagnostic.column, "endColumn": diagnostic.end_column}
    place["title"] = f"{diagnostic.code} {rule.slug}" if rule else diagnostic.code
    properties = ",".join(f"{name}={_escaped(str(value), ':,')}" for name, value in place.items())
    shown = f"{below(diagnostic.path)}:{diagnostic.line}:{diagnostic.column}: {diagnostic.code} {diagnostic.message}"
    words = [shown, *(f"note: {note}" for note in diagnostic.notes)]
    words += [f"help: {diagnostic.help}"] if diagnostic.help else []
    return f"::{_GITHUB_LEVELS[diagnostic.severity]} {properties}::{_escaped(_plain(chr(10).join(words)))}"


def _in_repository(path: str) -> str:
    """A file as a runner looks for it: below the repository's root, whatever directory the step runs in."""
    root = os.environ.get("GITHUB_WORKSPACE", "")
    if root and os.path.exists(path):
        # Resolved, because the root, or the way to the file, may be a link.
        file, top = Path(path).parent.resolve() / Path(path).name, Path(root).resolve()
        if file.is_relative_to(top):
            return file.relative_to(top).as_posix()
    return below(path)


def _escaped(text: str, further: str = "") -> str:
    for character in f"%\r\n{further}":
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def _plain(text: str) -> str:
    return "\n".join(visible(line) for line in text.split("\n"))


def below(path: str) -> str:
    """A path as seen from the working directory, where it is below it: other tools know no machine's own paths."""
    inside = os.path.relpath(path) if os.path.isabs(path) else os.path.normpath(path)
    return (path if inside.startswith("..") else inside).replace(os.sep, "/")


# ---- SARIF


def sarif(diagnostics: Sequence[Diagnostic], sources: Mapping[str, SourceText], version: str) -> str:
    """One run as a SARIF log (https://docs.oasis-open.org/sarif/sarif/v2.1.0/). Columns count code points, from 1."""
    rules = sorted({diagnostic.code for diagnostic in diagnostics} & set(RULES))
    driver = {"name": "feedline", "version": version, "rules": [_sarif_rule(RULES[code]) for code in rules]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(diagnostic, rules, sources) for diagnostic in diagnostics],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _sarif_rule(rule: type[Rule]) -> dict[str, Any]:
    return {
        "id": rule.code,
        "name": rule.slug,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": explanation(rule)},
        "help": {"text": section(rule), "markdown": section(rule)},
        "defaultConfiguration": {"level": _SARIF_LEVELS[rule.severity]},
    }


def _sarif_result(diagnostic: Diagnostic, rules: list[str], sources: Mapping[str, SourceText]) -> dict[str, Any]:
    remarks = [diagnostic.message, *diagnostic.notes, *([diagnostic.help] if diagnostic.help else [])]
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "level": _SARIF_LEVELS[diagnostic.severity],
        "message": {"text": "\n".join(remarks)},
        "locations": [_location(diagnostic.path, diagnostic.span, sources, diagnostic.label)],
    }
    if diagnostic.code in rules:
        result["ruleIndex"] = rules.index(diagnostic.code)
    if diagnostic.secondary:
        result["relatedLocations"] = [
            {"id": number} | _location(label.span.path, label.span, sources) | {"message": {"text": label.text}}
            for number, label in enumerate(diagnostic.secondary)
        ]
    if diagnostic.fixes:
        result["fixes"] = [_sarif_fix(fix, sources) for fix in diagnostic.fixes]
    return result


def _location(path: str, span: Span | None, sources: Mapping[str, SourceText], label: str = "") -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(path)}}
    if span is not None and path in sources:
        region = _region(span, sources[path])
        physical["region"] = region | ({"message": {"text": label}} if label else {})
    return {"physicalLocation": physical}


def _region(span: Span, source: SourceText) -> dict[str, Any]:
    line, column = source.position(span.start)
    end_line, end_column = source.position(span.end)
    return {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column}


def _uri(path: str) -> str:
    shown = below(path)
    return Path(shown).as_uri() if os.path.isabs(shown) else quote(shown)


def _sarif_fix(fix: Fix, sources: Mapping[str, SourceText]) -> dict[str, Any]:
    paths = dict.fromkeys(edit.span.path for edit in fix.edits if edit.span.path in sources)
    return {
        "description": {"text": fix.title},
        "artifactChanges": [
            {
                "artifactLocation": {"uri": _uri(path)},
                "replacements": [
                    {"deletedRegion": _region(edit.span, sources[path]), "insertedContent": {"text": edit.text}}
                    for edit in fix.edits
                    if edit.span.path == path
                ],
            }
            for path in paths
        ],
    }
