"""The weight of each sample, from what a policy says about weights."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from feedline.compiler import ir
from feedline.dsl.diagnostics import Reporter
from feedline.dsl.rules.sampling import FieldMismatch
from feedline.runtime.columns import AnyColumn, Column
from feedline.runtime.fields import field_span, find_field
from feedline.runtime.sampling.classes import balanced, occurrences
from feedline.runtime.sampling.populations import Positions


def weights_of(
    weights: ir.Weights,
    groups: Mapping[str, Positions],
    columns: Mapping[str, AnyColumn],
    indices: np.ndarray,
    reporter: Reporter,
) -> np.ndarray | None:
    """A weight a sample, float64 (m,).

    `balance` gives each class of the field the same weight in all: 1 / (its samples) to each of its samples. A sample
    of several classes (annotations of several categories) gets the sum, and samples without any are a class of their
    own. `column` takes the field's values. `table` gives each sample the sum of the weights of the groups it is in;
    `rest` are those in none.
    """
    if weights.kind == "table":
        return _from_table(weights, groups, len(indices))
    if weights.kind == "balance":
        found = occurrences(weights.by or "", columns, indices, weights.span, reporter)
        return None if found is None else balanced(found, len(indices))
    column = find_field(weights.by or "", columns, weights.span, reporter)
    if column is None:
        return None
    if not isinstance(column, Column) or column.names is not None or column.values.dtype.kind not in "biuf":
        reporter.report(
            FieldMismatch, field_span(weights.by or "", weights.span, reporter),
            f"`weight by {weights.by}` needs one number a sample",
            label="not a numeric field", help=f"`balance by {weights.by}` evens out classes",
        )  # fmt: skip
        return None
    return column.values[indices].astype(np.float64)


def _from_table(weights: ir.Weights, groups: Mapping[str, Positions], size: int) -> np.ndarray:
    result, covered = np.zeros(size), np.zeros(size, bool)
    for line in weights.table:
        if line.group != "rest":
            result[np.asarray(groups[line.group])] += line.weight
            covered[np.asarray(groups[line.group])] = True
    rest = sum(line.weight for line in weights.table if line.group == "rest")
    result[~covered] = rest
    return result
