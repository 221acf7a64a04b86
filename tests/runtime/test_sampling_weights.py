"""The weight of each sample: balanced by class, from a column, from a table of groups."""

import numpy as np
import pytest
from policies import AT, policy

from feedline.compiler import ir
from feedline.dsl.diagnostics import Reporter
from feedline.runtime.columns import AnyColumn, Column, RaggedColumn, TextColumn
from feedline.runtime.sampling import populations_of
from feedline.runtime.sampling.weights import weights_of


def weights(kind: str, column: AnyColumn | None = None, **groups: list[int]) -> list[float]:
    """The weights by column `f`, or by the table a 5, b 2, rest 1."""
    table = tuple(ir.GroupWeight(name, weight, span=AT) for name, weight in (("a", 5.0), ("b", 2.0), ("rest", 1.0)))
    chosen = ir.Weights(kind, "f", table, span=AT)  # pyright: ignore[reportArgumentType]  # any of the three kinds
    positions = {name: np.array(found, np.int64) for name, found in groups.items()}
    size = 4 if column is None else len(column)
    columns = {} if column is None else {"f": column}
    found = weights_of(chosen, positions, columns, np.arange(size), Reporter())
    assert found is not None
    return found.tolist()


@pytest.mark.parametrize(
    "column",
    [Column([0, 0, 0, 1], ("a", "b")), TextColumn.of(["x", "x", "x", "y"]), Column([7.5, 7.5, 7.5, 2.0])],
)
def test_balance_gives_every_class_the_same(column: AnyColumn) -> None:
    """1 / count(class): three of one class weigh together what the one of the other does."""
    assert weights("balance", column) == [1 / 3, 1 / 3, 1 / 3, 1]


def test_balance_by_annotations() -> None:
    """A sample in several classes counts for each, once; samples in none are a class of their own."""
    column = RaggedColumn(np.array([0, 0, 1, 1]), np.array([0, 3, 4, 4, 4]), ("a", "b"))
    assert weights("balance", column) == [1 + 1 / 2, 1 / 2, 1 / 2, 1 / 2]


def test_weight_by_column() -> None:
    """The field's numbers are the weights."""
    assert weights("column", Column(np.array([1, 0, 3], np.int32))) == [1.0, 0.0, 3.0]


def test_weight_table() -> None:
    """A sample in several groups has the sum of their weights; `rest` are those in none."""
    assert weights("table", a=[0, 1], b=[1]) == [5.0, 7.0, 1.0, 1.0]


def test_weights_are_those_of_the_loaders_part() -> None:
    """Counts are made within the part that the loader reads."""
    chosen = policy(2, weights=ir.Weights("balance", "label", span=AT))
    columns = {"label": Column(np.array([0, 0, 0, 1]))}
    found = populations_of(chosen, {}, columns, np.array([2, 3]), Reporter())
    assert found is not None
    assert (found.size, np.asarray(found.weights).tolist()) == (2, [1.0, 1.0])


@pytest.mark.parametrize(
    ("kind", "field", "code"), [("column", "lable", "FL430"), ("column", "label", "FL431"), ("balance", "x", "FL430")]
)
def test_fields_that_are_no_weights(kind: str, field: str, code: str) -> None:
    """A field that is not there, or holds classes, is reported."""
    reporter = Reporter()
    chosen = policy(2, weights=ir.Weights(kind, field, span=AT))  # pyright: ignore[reportArgumentType]  # two kinds
    assert populations_of(chosen, {}, {"label": Column([0, 1], ("a", "b"))}, np.arange(2), reporter) is None
    assert [found.code for found in reporter.diagnostics] == [code]
