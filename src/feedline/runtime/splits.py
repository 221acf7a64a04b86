"""Dividing a data set into parts: by size, into folds, or by the values of a field. Indices only; nothing is read.

The same seed gives the same parts on every machine: the order comes from `shuffles`, sums are exact fractions, ties
go to the earlier part or class.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

import numpy as np
from attrs import frozen

from feedline.compiler import ir
from feedline.compiler.counts import largest_remainder, part_sizes, wrong_sum
from feedline.compiler.policy_check import part_values, shown
from feedline.dsl.diagnostics import Reporter
from feedline.dsl.rules.sampling import (
    EmptyPart,
    FieldMismatch,
    LeftOver,
    SmallClass,
    SplitSizes,
    UnknownPartValue,
)
from feedline.dsl.suggest import did_you_mean
from feedline.runtime.columns import AnyColumn, RaggedColumn, TextColumn
from feedline.runtime.fields import field_span, find_field
from feedline.runtime.randomness import derive_key
from feedline.runtime.sampling.shuffles import shuffles

Parts = dict[tuple[str, int | None], np.ndarray]
"""Sorted int64 indices by the part's name and its fold (None where there are no folds)."""

_SHOWN = 5


@frozen(eq=False)
class Codes:
    """A number for each sample, from 0 on, and what each number stands for."""

    values: np.ndarray
    names: tuple[str, ...]

    def counts(self) -> np.ndarray:
        """How many samples have each number."""
        return np.bincount(self.values, minlength=len(self.names))


def split_parts(
    split: ir.Split,
    columns: Mapping[str, AnyColumn],
    size: int,
    group_mask: Callable[[str], np.ndarray],
    reporter: Reporter,
) -> Parts | None:
    """The parts of a split of `size` samples, each sorted indices, int64. None after a reported fault: sizes that do
    not add up, a part without samples, a class too small to divide, a field that the data does not have."""
    return _Splitting(split, columns, size, group_mask, reporter).parts()


@frozen(eq=False)
class _Splitting:
    split: ir.Split
    columns: Mapping[str, AnyColumn]
    size: int
    group_mask: Callable[[str], np.ndarray]
    reporter: Reporter

    def parts(self) -> Parts | None:
        names, sizes = self._names_and_sizes()
        if sizes is None or (not self.size and self._some_empty(names, np.empty(0, np.int64))):
            return None
        if self.split.kind == "values":
            return self._by_value(names)
        owner = self._divide(names, sizes)
        if owner is None or self._some_empty(names, owner):
            return None
        if self.split.kind == "folds":
            parts: Parts = {}
            for fold in range(self.split.folds):
                parts["train", fold] = np.flatnonzero(owner != fold)
                parts["val", fold] = np.flatnonzero(owner == fold)
            return parts
        return {(name, None): np.flatnonzero(owner == part) for part, name in enumerate(names)}

    # ---- sizes

    def _names_and_sizes(self) -> tuple[list[str], list[int] | None]:
        """The parts or folds, and how many samples each is to have; None after a reported fault."""
        if self.split.kind == "folds":
            folds = self.split.folds
            names = [f"fold {fold}" for fold in range(folds)]
            return names, [self.size // folds + (fold < self.size % folds) for fold in range(folds)]
        names = [part.name for part in self.split.parts]
        return names, [] if self.split.kind == "values" else self._sizes()

    def _sizes(self) -> list[int] | None:
        """The size of each part; None after a reported fault."""
        sizes = part_sizes(self.split, self.size)
        if sizes is None:
            message, label, help = wrong_sum(self.split, self.size)
            self.reporter.report(SplitSizes, self.split.span, message, label=label, help=help)
        return sizes

    # ---- who goes where

    def _divide(self, names: Sequence[str], sizes: Sequence[int]) -> np.ndarray | None:
        """The number of each sample's part, int64 (size,)."""
        strata = self._strata(len(sizes))
        if strata is None:
            return None
        order = shuffles(derive_key(self.split.seed, "split"), 0, 1, self.size)[0]
        if self.split.grouped_by is None:
            return divide(order, strata, sizes)
        groups = self._codes(self.split.grouped_by)
        return None if groups is None else divide_groups(order, groups.values, strata, sizes)

    def _strata(self, parts: int) -> np.ndarray | None:
        """What a stratified split divides evenly: the number of each sample's class, int64 (size,); all 0 without."""
        by = self.split.stratified_by
        if by is None:
            return np.zeros(self.size, np.int64)
        if self.split.stratified_by_group:
            codes = Codes(self.group_mask(by).astype(np.int64), (f"not {by}", by))
        else:
            column = find_field(by, self.columns, self.split.span, self.reporter)
            if column is None:
                return None
            if isinstance(column, RaggedColumn):
                return _pooled(_rarest(column), parts)
            codes = _codes_of(column)
        counts = codes.counts()
        small = np.flatnonzero((counts > 0) & (counts < parts))
        # With groups kept whole, how a class divides is decided by the groups.
        if len(small) and self.split.grouped_by is None:
            self._report_small(codes, counts, small, parts)
            return None
        return codes.values

    def _report_small(self, codes: Codes, counts: np.ndarray, small: np.ndarray, parts: int) -> None:
        some = ", ".join(f"`{codes.names[code]}` has {counts[code]}" for code in small[:_SHOWN])
        more = f" and {len(small) - _SHOWN} more classes are as small" if len(small) > _SHOWN else ""
        by, classes = self.split.stratified_by, int((counts > 0).sum())
        what = "folds" if self.split.kind == "folds" else "parts"
        self.reporter.report(
            SmallClass, self.split.span,
            f"{len(small)} of {classes} classes of `{by}` have fewer samples than the {parts} {what}",
            label=f"stratified by `{by}`", notes=[f"{some}{more}"],
            help="use fewer parts, or leave out `stratified by`",
        )  # fmt: skip

    def _codes(self, field: str) -> Codes | None:
        """The values of a field that has one for each sample."""
        column = find_field(field, self.columns, self.split.span, self.reporter)
        if column is None:
            return None
        if isinstance(column, RaggedColumn) or (not isinstance(column, TextColumn) and column.values.ndim > 1):
            self.reporter.report(
                FieldMismatch,
                field_span(field, self.split.span, self.reporter),
                f"`{field}` has several values a sample and cannot divide samples",
            )
            return None
        return _codes_of(column)

    def _some_empty(self, names: Sequence[str], owner: np.ndarray) -> bool:
        counts = np.bincount(owner, minlength=len(names))
        empty = [name for name, count in zip(names, counts, strict=True) if not count]
        if empty:
            sized = [f"`{name}` {count:,}" for name, count in zip(names, counts, strict=True)]
            sizes = ", ".join(sized[:_SHOWN]) + (f" and {len(sized) - _SHOWN:,} more" if len(sized) > _SHOWN else "")
            lacking = " and ".join(f"`{name}`" for name in empty)
            if len(empty) > _SHOWN:
                lacking = f"{len(empty):,} of {len(names):,} parts"
            by = self.split.grouped_by
            self.reporter.report(
                EmptyPart, self.split.span,
                f"{lacking} would have no samples of the {self.size:,} there are",
                label=f"sizes: {sizes}", notes=[f"all samples of one `{by}` stay in one part"] if by else [],
                help="ask for fewer or larger parts",
            )  # fmt: skip
        return bool(empty)

    # ---- by value

    def _by_value(self, names: Sequence[str]) -> Parts | None:
        codes = self._codes(self.split.by or "")
        if codes is None:
            return None
        counts, owner = codes.counts(), np.full(len(codes.names), -1, np.int64)
        failed, rest = False, -1
        for number, part in enumerate(self.split.parts):
            for value in part_values(part):
                code = _code(codes.names, value)
                if value is None:
                    rest = number
                elif code is None or not counts[code]:
                    self._report_no_value(part, value, codes, counts)
                    failed = True
                else:
                    owner[code] = number
        left = np.flatnonzero((owner < 0) & (counts > 0))
        if rest >= 0:
            owner[left] = rest
        elif len(left) and not failed:
            self._report_left(codes, counts, left)
            failed = True
        if failed or self._some_empty(names, owner[codes.values]):
            return None
        return {(name, None): np.flatnonzero(owner[codes.values] == part) for part, name in enumerate(names)}

    def _report_no_value(self, part: ir.Part, value: ir.Value, codes: Codes, counts: np.ndarray) -> None:
        have = [(name, count) for name, count in zip(codes.names, counts, strict=True) if count]
        some = ", ".join(f"`{name}` ({count:,})" for name, count in have[: 2 * _SHOWN])
        more = f" and {len(have) - 2 * _SHOWN} more" if len(have) > 2 * _SHOWN else ""
        self.reporter.report(
            UnknownPartValue, part.span, f"no sample has {shown(value)} as its `{self.split.by}`",
            label=f"`{part.name}` would take these", notes=[f"samples by `{self.split.by}`: {some}{more}"],
            help=did_you_mean(str(value), [name for name, _ in have]),
        )  # fmt: skip

    def _report_left(self, codes: Codes, counts: np.ndarray, left: np.ndarray) -> None:
        some = ", ".join(f"`{codes.names[code]}` ({counts[code]:,})" for code in left[: 2 * _SHOWN])
        more = f" and {len(left) - 2 * _SHOWN} more" if len(left) > 2 * _SHOWN else ""
        self.reporter.report(
            LeftOver, self.split.span, f"{int(counts[left].sum()):,} of {self.size:,} samples would be in no part",
            label=f"not every `{self.split.by}` is named", notes=[f"left over: {some}{more}"],
            help="add these values to a part, or name a part for them",
        )  # fmt: skip


def divide(order: np.ndarray, strata: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
    """Part numbers (n,) for parts of exactly these `sizes`, every stratum divided in their proportion to within a
    sample or two. `order` (n,) is a shuffle of the samples; who of a stratum goes where follows it."""
    sequence = order[np.argsort(strata[order], kind="stable")]
    left = np.bincount(strata)
    begins = np.concatenate([[0], np.cumsum(left)[:-1]])
    owner = np.zeros(len(order), np.int64)
    for part, size in enumerate(sizes):
        total = int(left.sum())
        shares = [Fraction(int(count) * size, max(total, 1)) for count in left]
        taken = np.array(largest_remainder(shares, size), np.int64)
        within = np.arange(int(taken.sum())) - np.repeat(np.cumsum(taken) - taken, taken)
        owner[sequence[np.repeat(begins, taken) + within]] = part
        begins, left = begins + taken, left - taken
    return owner


def divide_groups(order: np.ndarray, groups: np.ndarray, strata: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
    """Part numbers (n,) that keep every group whole, part sizes (and each stratum's share) as near as can be.

    The largest group goes first, to the part that still lacks most; among equals the shuffle decides.
    """
    sequence = order[np.argsort(groups[order], kind="stable")]
    totals = np.bincount(groups)
    begins = np.cumsum(totals) - totals
    first_seen = np.full(len(totals), len(order))
    np.minimum.at(first_seen, groups[order], np.arange(len(order)))
    stratum_sizes = np.bincount(strata)
    lacking = np.outer(sizes, stratum_sizes) / len(order)
    owner = np.zeros(len(totals), np.int64)
    for group in np.lexsort((first_seen, -totals))[: np.count_nonzero(totals)]:
        members = strata[sequence[begins[group] : begins[group] + totals[group]]]
        # A running sum adds in order on every machine, where `sum` may not.
        owner[group] = int(np.argmax(np.cumsum(lacking[:, members] / stratum_sizes[members], axis=1)[:, -1]))
        np.subtract.at(lacking[owner[group]], members, 1)
    return _fill_empty(owner, totals, len(sizes))[groups]


def _fill_empty(owner: np.ndarray, totals: np.ndarray, parts: int) -> np.ndarray:
    """Give each part that got no group the smallest group of a part that has several, where there is one."""
    owner = owner.copy()
    present = np.flatnonzero(totals)
    for part in np.flatnonzero(np.bincount(owner[present], minlength=parts) == 0):
        several = np.bincount(owner[present], minlength=parts)[owner[present]] > 1
        if several.any():
            candidates = present[several]
            owner[candidates[np.argmin(totals[candidates])]] = part
    return owner


def _codes_of(column: AnyColumn) -> Codes:
    """The values of a field with one a sample, numbered in sorted order (class names in their own)."""
    if isinstance(column, TextColumn):
        names, values = np.unique(np.array(column.tolist()), return_inverse=True)
        return Codes(values.astype(np.int64), tuple(names.tolist()))
    if column.names is not None:
        missing = (*column.names, "none")
        return Codes(np.where(column.values < 0, len(column.names), column.values).astype(np.int64), missing)
    names, values = np.unique(column.values, return_inverse=True)
    return Codes(values.astype(np.int64), tuple(str(name) for name in names.tolist()))


def _code(names: Sequence[str], value: ir.Value) -> int | None:
    """The number of a value as the user writes it."""
    texts = [str(value), str(float(value))] if isinstance(value, int | float) else [str(value)]
    return next((names.index(text) for text in texts if text in names), None)


def _rarest(column: RaggedColumn) -> np.ndarray:
    """The rarest class among each sample's annotations (by how many samples have it), and a class of their own for
    samples without any: int64 (samples,)."""
    size = len(column)
    owners = np.repeat(np.arange(size), np.diff(column.offsets))
    names, classes = np.unique(column.values, return_inverse=True)
    pairs = np.unique(np.stack([owners, classes]), axis=1)
    counts = np.bincount(pairs[1], minlength=len(names))
    rank = np.empty(len(names), np.int64)
    rank[np.argsort(counts, kind="stable")] = np.arange(len(names))
    result = np.full(size, len(names), np.int64)
    np.minimum.at(result, owners, rank[classes])
    return result


def _pooled(strata: np.ndarray, parts: int) -> np.ndarray:
    """Strata too small to divide put together: what a sample's annotations make of it is an approximation anyway."""
    counts = np.bincount(strata)
    return np.where(counts[strata] < parts, len(counts), strata)
