"""The classes of a field: which samples carry which value, for `draw`, `repeat factor` and `balance by`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from attrs import frozen

from feedline.compiler import ir
from feedline.dsl.diagnostics import Reporter
from feedline.dsl.rules.sampling import FieldMismatch
from feedline.dsl.source import Span
from feedline.runtime.columns import AnyColumn, RaggedColumn, TextColumn, take
from feedline.runtime.fields import find_field
from feedline.runtime.sampling.populations import Classes


@frozen(eq=False)
class Occurrences:
    """Sample `samples[i]` carries class `classes[i]`, int64 (n,) each, by sample and then class, no pair twice.

    A sample of an annotated data set has the classes of all its annotations; one without a value is not there."""

    samples: np.ndarray
    classes: np.ndarray
    names: Sequence[str]


def occurrences(
    name: str, columns: Mapping[str, AnyColumn], indices: np.ndarray, where: Span, reporter: Reporter
) -> Occurrences | None:
    """What each of the samples at `indices` carries of a field: class names, texts, or different numbers. None once it
    is reported that there is no such field, or that its values are no classes."""
    column = find_field(name, columns, where, reporter)
    if column is None:
        return None
    if isinstance(column, TextColumn):
        numbers: dict[str, int] = {}
        found = np.array([numbers.setdefault(text, len(numbers)) for text in column.tolist()], np.int64)[indices]
        there, found = np.unique(found, return_inverse=True)
        texts = [*numbers]
        return Occurrences(np.arange(len(indices)), found, [texts[number] for number in there])
    if column.values.ndim > 1:
        reporter.report(
            FieldMismatch, where, f"`{name}` holds {column.values.shape[1]} numbers each, which are no classes",
            label="not a field of classes",
        )  # fmt: skip
        return None
    taken = take(column, indices)
    assert not isinstance(taken, TextColumn)
    samples, values = np.arange(len(taken)), taken.values
    if isinstance(taken, RaggedColumn):
        samples = np.repeat(samples, np.diff(taken.offsets))
    if taken.names is not None:
        # -1 is a value that is missing.
        return _once(samples[values >= 0], values[values >= 0].astype(np.int64), taken.names)
    there = ~np.isnan(values) if values.dtype.kind == "f" else np.ones(len(values), bool)
    different, found = np.unique(values[there], return_inverse=True)
    return _once(
        samples[there], found, [f"{value:g}" if values.dtype.kind == "f" else str(value) for value in different]
    )


def _once(samples: np.ndarray, classes: np.ndarray, names: Sequence[str]) -> Occurrences:
    pairs = np.unique(samples * max(len(names), 1) + classes)
    return Occurrences(*np.divmod(pairs, max(len(names), 1)), names)


def classes_of(
    draw: ir.Draw, columns: Mapping[str, AnyColumn], indices: np.ndarray, reporter: Reporter
) -> Classes | None:
    """The samples of each class of the field that `draw` draws by. Classes that the data names are there even where no
    sample has them."""
    found = occurrences(draw.by, columns, indices, draw.span, reporter)
    if found is None:
        return None
    order = np.argsort(found.classes, kind="stable")
    offsets = np.concatenate([[0], np.cumsum(np.bincount(found.classes, minlength=len(found.names)))])
    members = found.samples[order]
    return Classes(found.names, offsets.astype(np.int64), members.astype(np.int32) if len(indices) < 2**31 else members)


def factors_of(
    repeat: ir.RepeatFactor, columns: Mapping[str, AnyColumn], indices: np.ndarray, reporter: Reporter
) -> np.ndarray | None:
    """How often each sample comes an epoch, float64 (m,), at least 1.

    A class that a share f of the samples carries has the factor max(1, sqrt(t / f)), a sample the largest of its
    classes (Gupta, Dollar & Girshick, LVIS, 2019, appendix; there, too, f counts images).
    """
    found = occurrences(repeat.by, columns, indices, repeat.span, reporter)
    if found is None:
        return None
    shares = np.bincount(found.classes, minlength=len(found.names)) / len(indices)
    factors = np.ones(len(indices))
    np.maximum.at(factors, found.samples, np.sqrt(repeat.threshold / shares[found.classes]))
    return factors


def balanced(found: Occurrences, size: int) -> np.ndarray:
    """1 / (samples of the class) summed over each of `size` samples' classes, float64; samples without any are a class
    of their own."""
    alone = np.setdiff1d(np.arange(size), found.samples)
    samples = np.concatenate([found.samples, alone])
    classes = np.concatenate([found.classes, np.full(len(alone), len(found.names))])
    counts = np.bincount(classes)
    return np.bincount(samples, weights=1.0 / counts[classes], minlength=size)
