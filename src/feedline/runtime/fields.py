"""Fields of a data set's metadata by name, and what to say where there is no such field."""

from __future__ import annotations

from collections.abc import Mapping

from feedline.dsl.diagnostics import Reporter
from feedline.dsl.rules.sampling import UnknownField
from feedline.dsl.source import Span
from feedline.dsl.suggest import did_you_mean
from feedline.runtime.columns import AnyColumn


def find_field(name: str, columns: Mapping[str, AnyColumn], where: Span, reporter: Reporter) -> AnyColumn | None:
    """The column of a field, or None once it has been reported that the data has none of that name."""
    if name in columns:
        return columns[name]
    have = ", ".join(f"`{field}`" for field in columns) or "none"
    reporter.report(
        UnknownField, where, f"the data has no field `{name}`", label="no such field",
        notes=[f"its fields: {have}"], help=did_you_mean(name, columns),
    )  # fmt: skip
    return None
