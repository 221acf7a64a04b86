"""The weight of each sample, from what a policy says about weights."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from feedline.compiler import ir
from feedline.dsl.diagnostics import Reporter
from feedline.dsl.rules.sampling import FieldMismatch
from feedline.runtime.columns import AnyColumn, Column, RaggedColumn, TextColumn, take
from feedline.runtime.fields import find_field
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
    column = find_field(weights.by or "", columns, weights.span, reporter)
    if column is None:
        return None
    column = take(column, indices)
    if weights.kind == "balance":
        return _balanced(column)
    if not isinstance(column, Column) or column.names is not None or column.values.dtype.kind not in "biuf":
        reporter.report(
            FieldMismatch, weights.span, f"`weight by {weights.by}` needs one number a sample",
            label="not a numeric field", help=f"`balance by {weights.by}` evens out classes",
        )  # fmt: skip
        return None
    return column.values.astype(np.float64)


def _from_table(weights: ir.Weights, groups: Mapping[str, Positions], size: int) -> np.ndarray:
    result, covered = np.zeros(size), np.zeros(size, bool)
    for line in weights.table:
        if line.group != "rest":
            result[np.asarray(groups[line.group])] += line.weight
            covered[np.asarray(groups[line.group])] = True
    rest = sum(line.weight for line in weights.table if line.group == "rest")
    result[~covered] = rest
    return result


def _balanced(column: AnyColumn) -> np.ndarray:
    """1 / (samples of the class) summed over each sample's classes."""
    size = len(column)
    if isinstance(column, RaggedColumn):
        owners = np.repeat(np.arange(size), np.diff(column.offsets))
        pairs = np.unique(np.stack([owners, np.unique(column.values, return_inverse=True)[1]]), axis=1)
        owners, classes = pairs[0], pairs[1] + 1
        alone = np.setdiff1d(np.arange(size), owners)
        owners, classes = np.concatenate([owners, alone]), np.concatenate([classes, np.zeros(len(alone), np.int64)])
    else:
        values = np.array(column.tolist()) if isinstance(column, TextColumn) else column.values
        owners, classes = np.arange(size), np.unique(values, return_inverse=True)[1]
    counts = np.bincount(classes)
    return np.bincount(owners, weights=1.0 / counts[classes], minlength=size)
