"""One comparison over a whole column: numbers by value, classes and texts by name, file names by pattern."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from feedline.compiler import ir
from feedline.compiler.policy_check import shown
from feedline.dsl.diagnostics import Reporter
from feedline.dsl.rules.sampling import FieldMismatch, UnknownClass
from feedline.dsl.suggest import did_you_mean
from feedline.runtime.columns import AnyColumn, Column, RaggedColumn, TextColumn

ORDER: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
"""The comparisons that NumPy arrays, texts and numbers share."""
_SHOWN = 12
_EQUALITIES = ("==", "!=", "in", "not in")
_CLASS_FIELDS = ("label", "category")


def compare(comparison: ir.Compare, column: AnyColumn, reporter: Reporter) -> np.ndarray | None:
    """For each value of the column whether the comparison holds, bool (values,): one a sample, or one an annotation
    for a RaggedColumn. None where the two cannot be compared, or the class is not one of the data's; that is
    reported."""
    values = _wanted(comparison)
    texts = [value for value in values if isinstance(value, str)]
    numbers = [value for value in values if isinstance(value, int | float)]
    if isinstance(column, TextColumn) or column.names is not None:
        if len(texts) == len(values):
            return _by_name(comparison, column, texts, reporter)
        if not isinstance(column, TextColumn) and comparison.field.name == "label" and len(numbers) == len(values):
            return _by_number(comparison, column, numbers, reporter)
        return _mismatch(comparison, "holds names", column, reporter)
    if column.values.ndim > 1:
        return _mismatch(comparison, f"holds {column.values.shape[1]} numbers each", column, reporter)
    if len(numbers) < len(values) or comparison.operator == "matches":
        return _mismatch(comparison, "holds numbers", column, reporter)
    return _by_value(comparison.operator, column.values, numbers)


def _wanted(comparison: ir.Compare) -> Sequence[ir.Value]:
    """What the field is compared with, one value or, for `in`, several."""
    value = comparison.value
    if isinstance(value, ir.ListValue):
        value = value.items
    if isinstance(value, tuple) and comparison.operator in ("in", "not in"):
        return value
    return [value]


def _by_value(symbol: str, values: np.ndarray, wanted: Sequence[int | float]) -> np.ndarray:
    if symbol in ORDER:
        return ORDER[symbol](values, wanted[0])
    found = np.isin(values, np.array(wanted)) if wanted else np.zeros(values.shape, bool)
    return found if symbol == "in" else ~found


def _by_number(
    comparison: ir.Compare, column: Column | RaggedColumn, numbers: Sequence[int | float], reporter: Reporter
) -> np.ndarray | None:
    names = column.names or ()
    unknown = [number for number in numbers if not (0 <= number < len(names) and number == int(number))]
    if comparison.operator in _EQUALITIES and unknown:
        reporter.report(
            UnknownClass, comparison.span, f"the data has no {comparison.field.name} {shown(unknown[0])}",
            notes=[f"it has {len(names)} classes, 0 to {len(names) - 1}"],
        )  # fmt: skip
        return None
    return _by_value(comparison.operator, column.values, numbers)


def _by_name(comparison: ir.Compare, column: AnyColumn, texts: Sequence[str], reporter: Reporter) -> np.ndarray | None:
    if isinstance(column, TextColumn):
        return np.fromiter(_test(comparison.operator, texts, column.tolist()), bool, len(column))
    names = column.names or ()
    if comparison.field.name in _CLASS_FIELDS and comparison.operator in _EQUALITIES:
        unknown = [text for text in texts if text not in names]
        for text in unknown:
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            reporter.report(
                UnknownClass, comparison.span, f"the data has no {comparison.field.name} {shown(text)}",
                notes=[f"it has {', '.join(shown(name) for name in names[:_SHOWN])}{more}"],
                help=did_you_mean(text, names),
            )  # fmt: skip
        if unknown:
            return None
    # The comparison is made once a name; code -1, a missing value, picks the last entry: equal to nothing.
    table = np.fromiter(_test(comparison.operator, texts, names), bool, len(names))
    return np.append(table, comparison.operator in ("!=", "not in"))[column.values]


def _test(symbol: str, wanted: Sequence[str], texts: Iterable[str]) -> Iterable[bool]:
    if symbol == "matches":
        pattern = glob_pattern(wanted[0])
        return (pattern.fullmatch(text) is not None for text in texts)
    if symbol in ORDER:
        return (ORDER[symbol](text, wanted[0]) for text in texts)
    among = frozenset(wanted)
    return ((text in among) == (symbol == "in") for text in texts)


def glob_pattern(glob: str) -> re.Pattern[str]:
    """A glob over whole relative paths: `*` and `?` stay within one folder, `**` crosses folders (`**/` also none of
    them), `[abc]` and `[!abc]` are one letter of several."""
    parts: list[str] = []
    for token in re.findall(r"\*\*/|\*\*|\[[!^]?\]?[^\]]*\]|.", glob, re.DOTALL):
        if token == "**/":
            parts.append("(?:.*/)?")
        elif token in ("**", "*", "?"):
            parts.append({"**": ".*", "*": "[^/]*", "?": "[^/]"}[token])
        elif len(token) > 1:
            inside = token[1:-1].replace("\\", "\\\\").replace("[", "\\[")
            parts.append(f"[^/{inside[1:]}]" if inside[0] in "!^" else f"[{inside}]")
        else:
            parts.append(re.escape(token))
    return re.compile("".join(parts), re.DOTALL)


def _mismatch(comparison: ir.Compare, what: str, column: AnyColumn, reporter: Reporter) -> None:
    value = next((value for value in _wanted(comparison)), None)
    names = () if isinstance(column, TextColumn) else column.names
    example = f"its names are {', '.join(shown(name) for name in names[:_SHOWN])}" if names else None
    name = comparison.field.name
    message = f"`{name}` {what} and cannot be compared with {shown(value)}"
    if comparison.operator == "matches":
        message = f"`{name}` {what}; `matches` compares texts with a pattern"
    reporter.report(FieldMismatch, comparison.span, message, notes=[example] if example else [])
