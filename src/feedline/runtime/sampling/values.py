"""The number of each sample that `bucket by` goes by."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from feedline.compiler import ir
from feedline.dsl.diagnostics import Reporter
from feedline.dsl.rules.feasibility import MissingValues
from feedline.dsl.rules.sampling import FieldMismatch, UnknownField
from feedline.runtime.columns import AnyColumn, Column, RaggedColumn
from feedline.runtime.fields import find_field

_RATIO = "aspect_ratio"


def values_of(
    bucket: ir.Bucket, columns: Mapping[str, AnyColumn], indices: np.ndarray, reporter: Reporter
) -> np.ndarray | None:
    """A number for each of the samples at `indices`, float64 (m,), finite: the field's, or the length of its list;
    `aspect_ratio` is `width` / `height` where the data has no field of that name. None where that is reported to be
    impossible."""
    if bucket.by == _RATIO and _RATIO not in columns:
        values = _aspect_ratio(bucket, columns, indices, reporter)
    else:
        column = find_field(bucket.by, columns, bucket.span, reporter)
        values = None if column is None else _numbers(bucket.by, column, bucket, indices, reporter)
    if values is None:
        return None
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        reporter.report(
            MissingValues, bucket.span,
            f"{len(bad):,} of {len(values):,} samples have no finite number as `{bucket.by}`",
            label="every sample needs one", notes=[f"the first is number {int(indices[bad[0]])} of its data set"],
        )  # fmt: skip
        return None
    return values


def _numbers(
    name: str, column: AnyColumn, bucket: ir.Bucket, indices: np.ndarray, reporter: Reporter
) -> np.ndarray | None:
    if isinstance(column, RaggedColumn):
        return np.diff(column.offsets)[indices].astype(np.float64)
    if not isinstance(column, Column) or column.names is not None or column.values.dtype.kind not in "biuf":
        reporter.report(
            FieldMismatch, bucket.span, f"`bucket by {bucket.by}` needs one number a sample; `{name}` holds names",
            label="not a numeric field", help="such as `width`, `aspect_ratio`, or a list, which goes by its length",
        )  # fmt: skip
        return None
    return column.values[indices].astype(np.float64)


def _aspect_ratio(
    bucket: ir.Bucket, columns: Mapping[str, AnyColumn], indices: np.ndarray, reporter: Reporter
) -> np.ndarray | None:
    missing = [f"`{name}`" for name in ("width", "height") if name not in columns]
    if missing:
        have = ", ".join(f"`{field}`" for field in columns) or "none"
        reporter.report(
            UnknownField, bucket.span,
            f"`{_RATIO}` is `width` / `height`, and the data has no {' and no '.join(missing)}",
            label="cannot be computed", notes=[f"its fields: {have}"],
        )  # fmt: skip
        return None
    sides = [_numbers(name, columns[name], bucket, indices, reporter) for name in ("width", "height")]
    if sides[0] is None or sides[1] is None:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        return sides[0] / sides[1]
