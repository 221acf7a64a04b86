"""Columns of texts against the list of them: whatever they have in common, and however they are put together."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedline.runtime.columns import TextColumn, arrays
from feedline.runtime.sources.records import read_records

BITS = st.text(st.sampled_from("abé\udcff"), max_size=5)


@given(texts=st.lists(BITS, max_size=8), before=BITS, after=BITS, times=st.sampled_from((1, 100)))
def test_a_column_gives_its_texts(texts: list[str], before: str, after: str, times: int) -> None:
    """One by one, from the end, in turn and after travelling to another process; in several blocks."""
    whole = [before + text + after for text in texts] * times
    column = pickle.loads(pickle.dumps(TextColumn.of(whole)))
    assert column.tolist() == whole == [column[index] for index in range(len(whole))]
    assert len(column) == len(whole) and whole[-3:] == [column[index] for index in range(-min(3, len(whole)), 0)]


@pytest.mark.parametrize("longest", [3, 3000])
def test_many_texts_take_several_blocks(longest: int) -> None:
    """Short ones, whose places fit into 16 bits, and long ones."""
    lengths = np.random.default_rng(0).integers(0, longest, 70_000 if longest == 3 else 700)
    texts = [f"{'x' * length}{number}" for number, length in enumerate(lengths)]
    column = TextColumn.of(texts)
    assert column.tolist() == texts and column[len(texts) - 1] == texts[-1] and column[300] == texts[300]


def test_columns_of_other_texts_are_made_of_other_arrays() -> None:
    """Also where all bytes one after the other are the same, and a text at the end of two blocks gives one away."""
    data = "".join(map(str, np.random.default_rng(0).integers(0, 10, 3000)))
    lengths = np.full(600, 5)
    one, other = lengths.copy(), lengths.copy()
    other[255], other[511] = 6, 4
    made = [[data[end - n : end] for n, end in zip(each, np.cumsum(each), strict=True)] for each in (one, other)]
    assert made[0] != made[1]
    left, right = (arrays(TextColumn.of(texts)) for texts in made)
    assert not all(map(np.array_equal, left, right))


def test_there_is_nothing_beyond_the_ends() -> None:
    """As of any sequence."""
    column = TextColumn.of(["a", "b", "c"])
    for place in (3, -4, -5, 300):
        with pytest.raises(IndexError):
            column[place]


def test_what_is_common_is_kept_once() -> None:
    """`images/` and `.jpg` of ten thousand names take no room, and a place two bytes."""
    column = TextColumn.of(f"images/{number:05}.jpg" for number in range(10_000))
    assert sum(part.nbytes for part in arrays(column)) < 10_000 * (5 + 2) + 100


@given(texts=st.lists(st.text(st.sampled_from("abé"), max_size=4), max_size=30), before=st.sampled_from(("", "im/")))
def test_a_parquet_file_gives_the_same_column(tmp_path_factory: pytest.TempPathFactory, texts: list[str], before: str):
    """As the list of its texts, to the last byte, wherever the file's pieces begin."""
    import pyarrow
    import pyarrow.parquet

    path = tmp_path_factory.mktemp("rows") / Path("a.parquet")
    many = [f"{before}{number}" for number in range(5000)] + [before + text for text in texts]
    pyarrow.parquet.write_table(pyarrow.table({"s": many}), path, row_group_size=700)
    found = read_records(path).columns["s"]
    assert isinstance(found, TextColumn) and found.tolist() == many
    assert all(map(np.array_equal, arrays(found), arrays(TextColumn.of(many))))
