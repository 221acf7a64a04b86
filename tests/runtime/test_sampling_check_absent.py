"""Classes that a split has left without a sample in the part that a loader reads."""

from types import SimpleNamespace
from typing import Any

import numpy as np
from policies import AT

from feedline.compiler import ir
from feedline.dsl.diagnostics import Diagnostic, Reporter
from feedline.runtime.columns import AnyColumn, Column, RaggedColumn, TextColumn
from feedline.runtime.sampling.check.absent import warn_absent_classes
from feedline.runtime.sources.metadata import Columns

NAMES = ("ant", "bee", "fly")


def warned(columns: Any, indices: list[int], kind: Any = "sizes", by: str | None = None) -> list[Diagnostic]:
    """What is said of `d.val`, which holds `indices`."""
    reporter = Reporter()
    source: Any = SimpleNamespace(columns=columns)
    split = ir.Split("d", kind, by=by, span=AT)
    warn_absent_classes(ir.DataRef("d", "val", span=AT), split, source, np.array(indices), reporter)
    return reporter.diagnostics


def labels(*codes: int) -> dict[str, AnyColumn]:
    """A class a sample."""
    return {"label": Column(np.array(codes), NAMES)}


def test_a_class_without_samples_in_the_part() -> None:
    """The class is named, with its samples in the whole data set and how to divide it."""
    (found,) = warned(labels(0, 0, 1, 2, 2), [0, 3])
    assert (found.code, found.severity) == ("FL476", "warning")
    assert found.message == "a class has no sample in `d.val`: `bee`"
    assert found.notes == ("in the whole of `d`: `bee` 1",)
    assert found.help == "split `d` `stratified by label`"


def test_classes_of_annotations() -> None:
    """A sample has every category of its annotations; each sample counts once."""
    columns = {"category": RaggedColumn(np.array([0, 0, 1, 2, 2]), np.array([0, 3, 3, 5]), NAMES)}
    assert [] == warned(columns, [0, 2])
    (found,) = warned(columns, [1, 2])
    assert found.message == "2 of 3 classes have no sample in `d.val`: `ant` and `bee`"
    assert found.notes == ("in the whole of `d`: `ant` 1, `bee` 1",)


def test_many_classes_are_five_and_a_number() -> None:
    """A list of a hundred classes helps nobody."""
    names = tuple(f"c{number}" for number in range(100))
    (found,) = warned({"label": Column(np.arange(100), names)}, [0])
    assert found.message == "99 of 100 classes have no sample in `d.val`: `c1`, `c2`, `c3`, `c4`, `c5` and 94 more"


def test_what_is_no_loss() -> None:
    """A class without samples anywhere, samples without a class, numbers and texts that are no classes."""
    assert [] == warned(labels(0, 2, -1), [0, 1])
    assert [] == warned({"label": Column(np.array([1.5, 2.5]))}, [0])
    assert [] == warned({"label": TextColumn.of(["a", "b"])}, [0])


def test_parts_made_of_the_classes() -> None:
    """Where the split divides by the class itself, its absence is meant; where by another field, it is said."""
    assert [] == warned(labels(0, 1, 2), [0], "values", "label")
    (found,) = warned(labels(0, 1, 2), [0], "values", "fold")
    assert found.help is None


def test_no_file_is_read_for_a_warning() -> None:
    """A field that would have to be read from every file is left alone."""

    def read() -> dict[str, AnyColumn]:
        raise AssertionError("read")

    assert [] == warned(Columns({}, {"label": read}), [0])
