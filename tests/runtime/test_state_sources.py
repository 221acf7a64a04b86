"""Saved states and how the data is declared: other arguments are other data, another place is the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import feedline
from feedline.compiler import registry

LOADER = "loader train from d { sample { batch 4; order shuffled } }\n"


class Multiples:
    """Twelve numbers, all alike from outside."""

    def __init__(self, factor: int = 1, folder: str = "", num_workers: int = 0):
        self.factor = factor

    def __len__(self) -> int:
        return 12

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"number": self.factor * index}


def loader(text: str, **given: Any) -> feedline.Loader:
    """The loader of these declarations."""
    feedline.dataset("TestMultiples")(Multiples)
    try:
        return feedline.compile(f"{text}\n{LOADER}", **given).train
    finally:
        registry.unregister("dataset", "TestMultiples")


def said(saved: str, other: str) -> str:
    """How a loader refuses the state of another."""
    with pytest.raises(feedline.LoadError) as caught:
        loader(other).load_state_dict(loader(saved).state_dict())
    assert "FL562" == caught.value.diagnostics[0].code
    return caught.value.diagnostics[0].message


@pytest.fixture
def table(tmp_path: Path) -> str:
    """The path of twelve rows of two numbers."""
    place = tmp_path / "rows" / "rows.csv"
    place.parent.mkdir()
    place.write_text("a,b\n" + "".join(f"{number},{number + 10}\n" for number in range(12)))
    return str(place)


def test_features_in_another_order_are_other_data(table: str) -> None:
    """The columns are the same, the samples are not."""
    one, other = (f'dataset d = Table("{table}", features={names})' for names in ('["a", "b"]', '["b", "a"]'))
    assert "the data set differs: `Table` was saved with another `features`" == said(one, other)


def test_another_argument_of_ones_own_dataset_is_other_data() -> None:
    """Also where it is one of several sources."""
    one, other = (f"dataset d = TestMultiples(factor={factor})" for factor in (1, 2))
    assert "the data set differs: `TestMultiples` was saved with another `factor`" == said(one, other)
    first = "dataset e = TestMultiples()\ndataset f = TestMultiples(factor={})\ndataset d = e + f"
    assert "another `factor`" in said(first.format(1), first.format(2))


def test_another_dataset_is_told_by_its_name(table: str) -> None:
    """However many samples it has."""
    one, other = "dataset d = TestMultiples()", f'dataset d = Table("{table}", features=["a"])'
    assert "the data set differs: saved with `TestMultiples`, this loader has `Table`" == said(one, other)


@pytest.mark.parametrize("change", ['"/there/numbers"', '"../numbers", num_workers=2'])
def test_where_the_data_lies_and_how_it_is_fetched_do_not_matter(change: str) -> None:
    """In arguments of one's own too: a text with a `/` is a path."""
    made = loader(f"dataset d = TestMultiples(folder={change})")
    made.load_state_dict(loader('dataset d = TestMultiples(folder="here/numbers")').state_dict())


def test_a_table_may_move(table: str, tmp_path: Path) -> None:
    """With its columns in the order that they had."""
    text = 'param rows: path\ndataset d = Table(rows, features=["b", "a"])'
    state = loader(text, rows=table).state_dict()
    moved = Path(table).rename(tmp_path / "elsewhere.csv")
    loader(text, rows=str(moved)).load_state_dict(state)


def test_a_state_of_before_arguments_were_compared_is_still_one(table: str) -> None:
    """It says nothing of them."""
    state = loader(f'dataset d = Table("{table}")').state_dict()
    del state["data"]["sources"]
    loader(f'dataset d = Table("{table}")').load_state_dict(state)
