"""Fields of a data set's metadata by name, and what to say where there is no such field."""

from __future__ import annotations

import re
from collections.abc import Mapping

from feedline.dsl.diagnostics import Reporter
from feedline.dsl.rules.sampling import UnknownField
from feedline.dsl.source import Span
from feedline.dsl.suggest import did_you_mean
from feedline.runtime.columns import AnyColumn


def field_span(name: str, statement: Span, reporter: Reporter) -> Span:
    """Where a statement names a field, as far as its text is known; else the statement."""
    source = reporter.sources.get(statement.path)
    text = "" if source is None else source.text[statement.start : statement.end]
    word = re.escape(name)
    found = re.search(rf"\bby\s+({word})\b", text) or re.search(rf"\b({word})\b", text)
    if found is None:
        return statement
    return Span(statement.path, statement.start + found.start(1), statement.start + found.end(1))


def find_field(name: str, columns: Mapping[str, AnyColumn], where: Span, reporter: Reporter) -> AnyColumn | None:
    """The column of a field, or None once it has been reported that the data has none of that name."""
    if name in columns:
        return columns[name]
    have = ", ".join(f"`{field}`" for field in columns) or "none"
    reporter.report(
        UnknownField, field_span(name, where, reporter), f"the data has no field `{name}`", label="no such field",
        notes=[f"its fields: {have}"], help=did_you_mean(name, columns),
    )  # fmt: skip
    return None
