"""Splits by size, by fold and by value: disjoint, complete, of the right sizes, the same everywhere."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from policies import AT

from feedline.compiler import ir
from feedline.compiler.counts import largest_remainder
from feedline.dsl.diagnostics import Diagnostic, Reporter
from feedline.runtime.columns import AnyColumn, Column, RaggedColumn, TextColumn
from feedline.runtime.splits import Parts, split_parts

Size = int | float | None
"""A count, a percentage as a float, or None for `rest`."""


def sized(sizes: dict[str, Size], **options: Any) -> ir.Split:
    """`split d into train 80%, val 20% ...`"""
    parts = [
        ir.Part(name, ir.Percent(size) if isinstance(size, float) else size, span=AT) for name, size in sizes.items()
    ]
    return ir.Split("d", "sizes", tuple(parts), span=AT, **options)


def folded(folds: int, **options: Any) -> ir.Split:
    """`split d into 5 folds ...`"""
    return ir.Split("d", "folds", (ir.Part("train", span=AT), ir.Part("val", span=AT)), folds, span=AT, **options)


def valued(by: str, **values: ir.Value) -> ir.Split:
    """`split d by FIELD into train = 0, ...`"""
    parts = tuple(ir.Part(name, None, value, span=AT) for name, value in values.items())
    return ir.Split("d", "values", parts, by=by, span=AT)


def run(split: ir.Split, size: int, **columns: AnyColumn) -> tuple[Parts | None, list[Diagnostic]]:
    """The parts and what was reported. The group `odd` is every other sample."""
    reporter = Reporter()
    return split_parts(split, columns, size, lambda name: np.arange(size) % 2 == 1, reporter), reporter.diagnostics


def parts_of(split: ir.Split, size: int, **columns: AnyColumn) -> Parts:
    """The parts of a split that can be made; disjoint, complete, sorted."""
    parts, diagnostics = run(split, size, **columns)
    assert diagnostics == []
    assert parts is not None
    for fold in {fold for _, fold in parts}:
        together = np.concatenate([indices for (_, of), indices in parts.items() if of == fold])
        assert sorted(together.tolist()) == list(range(size))
    assert all((np.diff(indices) > 0).all() and indices.dtype == np.int64 for indices in parts.values())
    return parts


def fault(split: ir.Split, size: int, **columns: AnyColumn) -> Diagnostic:
    """The one diagnostic of a split that cannot be made."""
    parts, (found,) = run(split, size, **columns)
    assert parts is None
    return found


def lengths(parts: Parts) -> list[int]:
    """The sizes of parts, in order."""
    return [len(indices) for indices in parts.values()]


@pytest.mark.parametrize(
    ("sizes", "size", "expected"),
    [
        ({"train": 80.0, "val": 20.0}, 10, [8, 2]),
        ({"train": 70.0, "val": 15.0, "test": 15.0}, 10, [7, 2, 1]),
        ({"a": 33.3, "b": 33.3, "c": 33.4}, 100, [33, 33, 34]),
        ({"train": 55, "val": 5}, 60, [55, 5]),
        ({"train": 50, "val": None}, 60, [50, 10]),
        ({"train": 90.0, "val": None}, 7, [6, 1]),
        ({"train": 80.0, "val": 20}, 99, [79, 20]),
    ],
)
def test_sizes(sizes: dict[str, Size], size: int, expected: list[int]) -> None:
    """Percentages by the largest remainder, counts as they are, `rest` what is left."""
    assert lengths(parts_of(sized(sizes), size)) == expected


@given(st.integers(1, 500), st.integers(1, 99))
def test_percentages_always_add_up(size: int, percent: int) -> None:
    """Two percentages of any data set: within one sample of what was asked, all samples taken."""
    found = largest_remainder([Fraction(size * percent, 100), Fraction(size * (100 - percent), 100)], size)
    assert sum(found) == size
    assert abs(found[0] - size * percent / 100) < 1


def test_seeds_and_pinned_parts() -> None:
    """The same seed gives the same parts on every machine, another seed others."""
    seven, eight = (parts_of(sized({"train": 6, "val": 4}, seed=seed), 10)["val", None].tolist() for seed in (7, 8))
    assert seven == [0, 2, 4, 5]
    assert seven != eight


@given(
    st.lists(st.integers(0, 4), min_size=40, max_size=120),
    st.sampled_from([{"train": 80.0, "val": 20.0}, {"a": 50.0, "b": 25.0, "c": 25.0}]),
)
def test_stratified(labels: list[int], sizes: dict[str, Size]) -> None:
    """Every class is divided in the proportion of the parts, to within two samples; sizes stay exact."""
    values = np.array(labels + [0, 1, 2, 3, 4] * 4)
    parts = parts_of(sized(sizes, stratified_by="label"), len(values), label=Column(values))
    plain = lengths(parts_of(sized(sizes), len(values)))
    assert lengths(parts) == plain
    for (name, _), indices in parts.items():
        share = np.bincount(values[indices], minlength=5) / np.bincount(values)
        allowed = 2 / np.bincount(values)
        assert (np.abs(share - len(parts[name, None]) / len(values)) <= allowed).all()


def test_stratified_by_group() -> None:
    """A group is divided in proportion."""
    parts = parts_of(sized({"train": 75.0, "val": 25.0}, stratified_by="odd", stratified_by_group=True), 40)
    assert [int((indices % 2).sum()) for indices in parts.values()] == [15, 5]


def test_stratified_by_annotations() -> None:
    """Samples count as their rarest category: those of a rare one are divided although a common one is beside it."""
    rare = np.isin(np.arange(40), [3, 11, 20, 36])
    counts = 1 + rare
    offsets = np.concatenate([[0], np.cumsum(counts)])
    values = np.concatenate([[0, 1] if found else [0] for found in rare])
    column = RaggedColumn(values, offsets, ("common", "rare"))
    parts = parts_of(sized({"train": 50.0, "val": 50.0}, stratified_by="category"), 40, category=column)
    assert [int(rare[indices].sum()) for indices in parts.values()] == [2, 2]


def test_class_too_small() -> None:
    """A class with fewer samples than parts is named with its count."""
    column = Column(np.array([0, 0, 0, 0, 1]), ("ant", "bee"))
    found = fault(sized({"train": 80.0, "val": 20.0}, stratified_by="label"), 5, label=column)
    assert (found.code, found.message) == ("FL442", "1 of 2 classes of `label` have fewer samples than the 2 parts")
    assert found.notes == ("`bee` has 1",)


@given(st.lists(st.integers(0, 12), min_size=30, max_size=80))
def test_grouped(patients: list[int]) -> None:
    """No value in two parts, and no part further from its size than the largest group."""
    values = np.array([*patients, *range(13)])
    parts = parts_of(sized({"train": 70.0, "val": 30.0}, grouped_by="patient"), len(values), patient=Column(values))
    train, val = (set(values[indices].tolist()) for indices in parts.values())
    assert train & val == set()
    assert abs(len(parts["train", None]) - 0.7 * len(values)) <= np.bincount(values).max()


def test_grouped_by_text() -> None:
    """Groups may be texts; each part gets one even where the sizes would leave it empty."""
    column = TextColumn.of(["x"] * 50 + ["y"] * 50)
    parts = parts_of(sized({"train": 90.0, "val": 10.0}, grouped_by="scan"), 100, scan=column)
    assert lengths(parts) == [50, 50]


def test_grouped_and_stratified() -> None:
    """Groups stay whole and classes are still spread evenly."""
    patient, label = np.repeat(np.arange(20), 3), np.repeat(np.arange(20) % 2, 3)
    split = folded(2, grouped_by="patient", stratified_by="label")
    parts = parts_of(split, 60, patient=Column(patient), label=Column(label))
    for indices in parts.values():
        assert np.bincount(label[indices]).tolist() == [15, 15]


def test_fewer_groups_than_parts() -> None:
    """A part that no group is left for is an error with the sizes."""
    found = fault(sized({"train": 50.0, "val": 50.0}, grouped_by="patient"), 4, patient=Column([7, 7, 7, 7]))
    assert (found.code, found.message) == ("FL441", "`val` would have no samples of the 4 there are")
    assert found.notes == ("all samples of one `patient` stay in one part",)


def test_folds() -> None:
    """k folds: each sample in one validation part, fold sizes within one of each other."""
    parts = parts_of(folded(3), 10)
    assert [len(parts["val", fold]) for fold in range(3)] == [4, 3, 3]
    assert sorted(np.concatenate([parts["val", fold] for fold in range(3)]).tolist()) == list(range(10))


def test_stratified_folds() -> None:
    """Every fold holds its share of every class."""
    labels = np.repeat([0, 1, 2], [10, 5, 20])
    parts = parts_of(folded(5, stratified_by="label"), 35, label=Column(labels))
    assert {tuple(np.bincount(labels[parts["val", fold]]).tolist()) for fold in range(5)} == {(2, 1, 4)}


def test_more_folds_than_samples() -> None:
    """A fold without a sample is an error."""
    assert fault(folded(5), 3).code == "FL441"


def test_by_value() -> None:
    """The data says which part each sample is in: numbers, texts, several values, `rest`."""
    fold = Column(np.array([0, 1, 2, 3, 3]))
    parts = parts_of(valued("fold", train=(0, 1, 2), val=3), 5, fold=fold)
    assert {name: indices.tolist() for (name, _), indices in parts.items()} == {"train": [0, 1, 2], "val": [3, 4]}
    folder = Column(np.array([0, 1, 0]), ("train", "val"))
    assert lengths(parts_of(valued("folder", train="train", val="val"), 3, folder=folder)) == [2, 1]
    words = TextColumn.of(["a", "b", "c"])
    assert lengths(parts_of(valued("word", one="a", other=None), 3, word=words)) == [1, 2]


def test_value_that_no_sample_has() -> None:
    """A misspelt value is named, with what there is."""
    folder = Column(np.array([0, 1, 0]), ("train", "val"))
    found = fault(valued("folder", train="train", val="vla"), 3, folder=folder)
    assert (found.code, found.message) == ("FL443", 'no sample has "vla" as its `folder`')
    assert found.notes == ("samples by `folder`: `train` (2), `val` (1)",)
    assert found.help == "did you mean `val`?"


def test_samples_that_no_part_takes() -> None:
    """Parts by value are the whole data set too."""
    found = fault(valued("fold", train=0, val=1), 6, fold=Column([0, 1, 2, 2, 2, 0]))
    assert (found.code, found.message) == ("FL444", "3 of 6 samples would be in no part")
    assert found.notes == ("left over: `2` (3)",)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"train": 55, "val": 6}, "the parts of `d` are 61 samples (55 + 6), the data set has 60"),
        ({"train": 50, "val": 6}, "the parts of `d` are 56 samples (50 + 6), the data set has 60"),
        ({"train": 70, "val": None}, "the parts of `d` are 70 samples (70), the data set has 60"),
    ],
)
def test_sizes_that_do_not_add_up(sizes: dict[str, Size], message: str) -> None:
    """Counts that are more or fewer than the samples there are."""
    found = fault(sized(sizes), 60)
    assert (found.code, found.message) == ("FL440", message)


def test_empty_part() -> None:
    """A part too small to get a sample."""
    found = fault(sized({"train": 99.0, "val": 1.0}), 10)
    assert (found.code, found.message) == ("FL441", "`val` would have no samples of the 10 there are")
    assert found.label == "sizes: `train` 10, `val` 0"


@pytest.mark.parametrize("split", [sized({"train": 80.0, "val": 20.0}), folded(2), valued("fold", train=0, val=1)])
def test_no_samples_at_all(split: ir.Split) -> None:
    """An empty data set cannot be divided."""
    assert fault(split, 0, fold=Column(np.empty(0, np.int64))).code == "FL441"


@pytest.mark.parametrize("options", [{"stratified_by": "lable"}, {"grouped_by": "lable"}])
def test_unknown_field(options: dict[str, str]) -> None:
    """A field that the data does not have, with the nearest name."""
    found = fault(sized({"train": 80.0, "val": 20.0}, **options), 10, label=Column(np.arange(10) % 2))
    assert (found.code, found.help) == ("FL430", "did you mean `label`?")


def test_grouping_by_annotations() -> None:
    """A field with several values a sample cannot keep samples together."""
    column = RaggedColumn(np.array([0, 1]), np.array([0, 1, 2]))
    assert fault(sized({"train": 50.0, "val": 50.0}, grouped_by="category"), 2, category=column).code == "FL431"


def test_many_parts_without_a_sample_are_counted() -> None:
    """500 folds of 10 samples make no message of 490 names."""
    found = fault(folded(500), 10)
    assert "490 of 500 parts would have no samples of the 10 there are" == found.message
    assert len(found.label) < 120
