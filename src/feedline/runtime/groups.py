"""Which samples a predicate holds for, decided from the metadata columns alone, all samples at once.

A predicate is evaluated at one of two levels: once a sample, or (inside `any`, `all`, `count`) once an annotation,
where fields of the sample count for each of its annotations. A bare comparison of a per-annotation field at the level
of samples means "some annotation".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
from attrs import frozen

from feedline.compiler import ir
from feedline.dsl.diagnostics import Reporter
from feedline.dsl.rules.sampling import FieldMismatch
from feedline.runtime.columns import AnyColumn, RaggedColumn
from feedline.runtime.comparisons import ORDER, compare
from feedline.runtime.fields import find_field

GroupMask = Callable[[str], np.ndarray]
"""The membership of a group, by its full name: bool (samples,)."""
OriginMask = Callable[[ir.DataRef], np.ndarray]
"""Which samples come from a dataset that this one is made of: bool (samples,)."""


def evaluate(
    predicate: ir.Predicate,
    columns: Mapping[str, AnyColumn],
    size: int,
    group_mask: GroupMask,
    reporter: Reporter,
    origin_mask: OriginMask | None = None,
) -> np.ndarray | None:
    """For each of `size` samples whether the predicate holds, bool (size,). None where it cannot be decided: a field
    that the data does not have, a class it does not know, a comparison that makes no sense; each is reported at its
    place."""
    return _Evaluation(columns, size, group_mask, reporter, origin_mask).of_samples(predicate)


@frozen(eq=False)
class _Evaluation:
    columns: Mapping[str, AnyColumn]
    size: int
    group_mask: GroupMask
    reporter: Reporter
    origin_mask: OriginMask | None

    def of_samples(self, predicate: ir.Predicate) -> np.ndarray | None:
        """One bool a sample."""
        if isinstance(predicate, ir.Compare):
            return self._compared(predicate)
        if isinstance(predicate, ir.Quantified):
            return self._quantified(predicate)
        if isinstance(predicate, ir.Logic):
            return self._logic(predicate, self.of_samples)
        return self._plain(predicate)

    def _plain(self, predicate: ir.HasAnnotations | ir.InGroup | ir.Constant | ir.FromDataset) -> np.ndarray | None:
        if isinstance(predicate, ir.InGroup):
            return self.group_mask(predicate.group)
        if isinstance(predicate, ir.FromDataset):
            return np.zeros(self.size, bool) if self.origin_mask is None else self.origin_mask(predicate.data)
        if isinstance(predicate, ir.Constant):
            return np.full(self.size, predicate.value)
        offsets = self._annotation_offsets(predicate)
        return None if offsets is None else np.diff(offsets) > 0

    def _logic(
        self, predicate: ir.Logic, evaluate_one: Callable[[ir.Predicate], np.ndarray | None]
    ) -> np.ndarray | None:
        parts = [evaluate_one(operand) for operand in predicate.operands]
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return None
        if predicate.operator == "not":
            return ~known[0]
        return np.logical_and.reduce(known) if predicate.operator == "and" else np.logical_or.reduce(known)

    def _compared(self, predicate: ir.Compare) -> np.ndarray | None:
        column = find_field(predicate.field.name, self.columns, predicate.field.span, self.reporter)
        if column is None:
            return None
        found = compare(predicate, column, self.reporter)
        if found is None or not isinstance(column, RaggedColumn):
            return found
        return _count(found, column.offsets) > 0

    def _quantified(self, predicate: ir.Quantified) -> np.ndarray | None:
        offsets = self._annotation_offsets(predicate)
        if offsets is None:
            return None
        found = self._of_annotations(predicate.predicate, offsets)
        if found is None:
            return None
        count = _count(found, offsets)
        if predicate.kind == "any":
            return count > 0
        if predicate.kind == "all":
            return count == np.diff(offsets)
        return ORDER[predicate.operator](count, predicate.value)

    def _of_annotations(self, predicate: ir.Predicate, offsets: np.ndarray) -> np.ndarray | None:
        """One bool an annotation."""
        if isinstance(predicate, ir.Logic):
            return self._logic(predicate, lambda operand: self._of_annotations(operand, offsets))
        if isinstance(predicate, ir.Compare):
            column = find_field(predicate.field.name, self.columns, predicate.field.span, self.reporter)
            if column is None:
                return None
            found = compare(predicate, column, self.reporter)
            if isinstance(column, RaggedColumn) or found is None:
                return found
        else:
            found = self.of_samples(predicate)
        return None if found is None else np.repeat(found, np.diff(offsets))

    def _annotation_offsets(self, predicate: ir.Quantified | ir.HasAnnotations) -> np.ndarray | None:
        """Where each sample's annotations begin, int64 (size + 1,): those of the fields that the predicate compares,
        which must belong to the same annotations; where it compares none of them, those of the data's annotations."""
        names = _field_names(predicate.predicate) if isinstance(predicate, ir.Quantified) else []
        ragged = self._ragged(names) or self._ragged(["category", "boxes", "labels", *self.columns])[:1]
        if not ragged:
            self.reporter.report(
                FieldMismatch, predicate.span, "the data has no annotations",
                label="no field has a value an annotation",
                notes=[f"its fields: {', '.join(f'`{name}`' for name in self.columns) or 'none'}"],
            )  # fmt: skip
            return None
        first, column = ragged[0]
        for name, other in ragged[1:]:
            if not np.array_equal(other.offsets, column.offsets):
                self.reporter.report(
                    FieldMismatch, predicate.span,
                    f"`{first}` and `{name}` do not belong to the same annotations",
                    label="compared annotation by annotation", help="compare each in an `any(...)` of its own",
                )  # fmt: skip
                return None
        return column.offsets

    def _ragged(self, names: Iterable[str]) -> list[tuple[str, RaggedColumn]]:
        """Those of the fields that have any number of values a sample."""
        found = ((name, self.columns[name]) for name in names if name in self.columns)
        return [(name, column) for name, column in found if isinstance(column, RaggedColumn)]


def _count(found: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """How many of each sample's annotations are true in `found`, int64 (samples,)."""
    total = np.concatenate([[0], np.cumsum(found, dtype=np.int64)])
    return total[offsets[1:]] - total[offsets[:-1]]


def _field_names(predicate: ir.Predicate) -> list[str]:
    """The fields that a predicate about annotations compares, in order."""
    if isinstance(predicate, ir.Compare):
        return [predicate.field.name]
    if isinstance(predicate, ir.Logic):
        return [name for operand in predicate.operands for name in _field_names(operand)]
    return []
