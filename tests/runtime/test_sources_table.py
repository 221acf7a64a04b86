"""Tables: types of columns, labels, features, images, and what can be wrong with each."""

from __future__ import annotations

import json
import math
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sourcing import bind, fault, try_bind

from feedline.runtime.columns import Column, RaggedColumn, TextColumn
from feedline.runtime.sources import Source
from feedline.runtime.sources import records as records_module
from feedline.runtime.sources.records import read_records


def write(path: Path, text: str) -> Path:
    """A file with a text."""
    path.write_text(text, encoding="utf-8")
    return path


def listed(source: Source, name: str) -> list[Any]:
    """A column as Python values."""
    column = source.columns[name]
    if isinstance(column, TextColumn):
        return column.tolist()
    if isinstance(column, RaggedColumn):
        return [column.of(index).tolist() for index in range(len(column))]
    assert isinstance(column, Column)
    return column.values.tolist() if column.names is None else [column.names[code] for code in column.values]


CSV = """\
name,age,score,ok,zip,tokens,gap
"Ann, B",31,0.5,true,01234,"[1, 2]",1
Bo,-4,1e3,False,99999,[],
"""


def test_column_types_are_found(tmp_path: Path) -> None:
    """Texts, whole numbers, numbers, truth values, codes with leading zeros, lists, and gaps."""
    source = bind("Table", path=write(tmp_path / "a.csv", CSV))
    assert ["Ann, B", "Bo"] == listed(source, "name")
    assert [31, -4] == listed(source, "age")
    assert [0.5, 1000.0] == listed(source, "score")
    assert [True, False] == listed(source, "ok")
    assert ["01234", "99999"] == listed(source, "zip")
    assert [[1, 2], []] == listed(source, "tokens")
    assert (1.0, True) == (listed(source, "gap")[0], math.isnan(listed(source, "gap")[1]))


@pytest.mark.parametrize("cell", ["1" * 9999, "1" * 30, "1_000", "[" * 9999 + "]", "[" + "1" * 9999 + "]", "\u0661"])
def test_cells_that_only_look_like_numbers_stay_text(tmp_path: Path, cell: str) -> None:
    """More digits than any number holds, Python's own spellings, brackets without end."""
    source = bind("Table", path=write(tmp_path / "a.csv", f"x\n{cell}\n"))
    assert [cell] == listed(source, "x")


def test_a_sample_has_every_column_as_a_field(tmp_path: Path) -> None:
    """Numbers as numbers, texts as texts, lists as tensors; without data fields the role says dict."""
    source = bind("Table", path=write(tmp_path / "a.csv", CSV))
    sample = source.read(0)
    assert ["name", "age", "score", "ok", "zip", "tokens", "gap"] == list(sample)
    assert ("Ann, B", 31, 0.5, True, "01234", [1, 2], 1.0) == (
        *list(sample.values())[:5],
        sample["tokens"].tolist(),
        sample["gap"],
    )
    assert ((), ()) == (source.role.data, source.role.targets)
    assert f"{tmp_path / 'a.csv'}, row 2" == source.describe(1)


@pytest.mark.parametrize(
    ("name", "text", "args"),
    [
        ("a.csv", "x,y\n1,a\n2,b\n", {}),
        ("a.csv", "\ufeffx,y\r\n1,a\r\n\r\n2,b", {}),
        ("a.tsv", "x\ty\n1\ta\n2\tb\n", {}),
        ("a.txt", "x;y\n1;a\n2;b\n", {"delimiter": ";"}),
        ("a.jsonl", '{"x": 1, "y": "a"}\n\n{"x": 2, "y": "b"}\n', {}),
        ("a.csv", ' x ,"y"\n1,"a"\n2,b\n', {}),
    ],
)
def test_the_same_table_in_every_format(tmp_path: Path, name: str, text: str, args: dict[str, Any]) -> None:
    """The ending says what it is; byte order marks, blank lines and line ends do not matter."""
    source = bind("Table", path=write(tmp_path / name, text), **args)
    assert ([1, 2], ["a", "b"]) == (listed(source, "x"), listed(source, "y"))


def test_json_lines_keep_their_types(tmp_path: Path) -> None:
    """Mixed numbers are floats, absent keys are gaps, lists are sequences, objects are kept as text."""
    rows = [
        {"n": 1, "f": 2, "tags": ["b", "a"], "v": [0.5], "o": {"k": 1}, "t": True},
        {"n": 2, "f": 0.5, "tags": [], "v": [1, 2.5], "t": False, "s": "late"},
    ]
    source = bind("Table", path=write(tmp_path / "a.jsonl", "\n".join(map(json.dumps, rows))))
    assert ([1, 2], [2.0, 0.5], [True, False]) == tuple(listed(source, name) for name in ("n", "f", "t"))
    tags = source.columns["tags"]
    assert isinstance(tags, RaggedColumn) and ("a", "b") == tags.names
    assert [[1, 0], []] == listed(source, "tags")
    assert [[0.5], [1.0, 2.5]] == listed(source, "v")
    assert (['{"k": 1}', ""], ["", "late"]) == (listed(source, "o"), listed(source, "s"))


def test_parquet(tmp_path: Path) -> None:
    """Typed columns, gaps and lists; binary columns are left out."""
    import pyarrow
    import pyarrow.parquet as parquet

    table = pyarrow.table({"x": [1, 2], "y": [0.5, None], "s": ["a", "b"], "l": [[1, 2], []], "raw": [b"1", b"2"]})
    parquet.write_table(table, tmp_path / "a.parquet")
    source = bind("Table", path=tmp_path / "a.parquet", label="s")
    assert ([1, 2], [[1, 2], []]) == (listed(source, "x"), listed(source, "l"))
    assert math.isnan(listed(source, "y")[1])
    assert "raw" not in source.columns
    assert ("a", "b") == source.classes


@pytest.mark.parametrize("many", [False, True], ids=["codes", "texts"])
def test_parquet_texts_are_those_of_a_list(tmp_path: Path, many: bool) -> None:
    """In several chunks, with empty, missing and non-ASCII ones; few different texts as codes, many as bytes."""
    import pyarrow
    import pyarrow.parquet as parquet

    texts = ["b", None, "", "\u00e4\U0001f600", *(f"n{number if many else number % 3}" for number in range(5000))]
    table = pyarrow.table({"s": texts, "x.y": range(len(texts)), "none": pyarrow.nulls(len(texts), pyarrow.string())})
    parquet.write_table(table, tmp_path / "a.parquet", row_group_size=700)
    records = read_records(tmp_path / "a.parquet")
    assert [text or "" for text in texts] == list(records.texts("s") or ())
    assert many == isinstance(records.columns["s"], TextColumn)
    assert ["s", "x.y", "none"] == list(records.columns)
    none = records.columns["none"]
    assert isinstance(none, Column) and np.isnan(none.values).all()


def test_parquet_larger_than_what_is_read_at_a_time(tmp_path: Path) -> None:
    """Texts, numbers of other widths and a late gap come out as in one piece."""
    import pyarrow
    import pyarrow.parquet as parquet

    size = 150_000
    texts = [None if number % 50_001 == 7 else f"n{number}" for number in range(size)]
    late = [*range(size - 1), None]
    table = pyarrow.table(
        {"s": texts, "late": late, "small": np.arange(size, dtype=np.uint8), "x": np.arange(size) / 4}
    )
    parquet.write_table(table, tmp_path / "a.parquet", row_group_size=100_000)
    columns = read_records(tmp_path / "a.parquet").columns
    found = {name: column.values for name, column in columns.items() if isinstance(column, Column)}
    text = columns["s"]
    assert isinstance(text, TextColumn) and [each or "" for each in texts] == text.tolist()
    assert np.isnan(found["late"][-1]) and (found["late"][:-1] == np.arange(size - 1)).all()
    assert found["small"].dtype == np.uint8 and (found["small"] == np.arange(size, dtype=np.uint8)).all()
    assert (found["x"] == np.arange(size) / 4).all()


def test_parquet_numbers_are_as_narrow_as_they_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values stay, at both ends of each width; so do groups of rows that are empty, and files opened again."""
    import pyarrow
    import pyarrow.parquet as parquet

    monkeypatch.setattr(records_module, "_REOPENED", 2)
    ends = {"short": 2**15, "int": 2**31, "long": 2**63}
    table = pyarrow.table({name: np.array([-end, 0, end - 1]) for name, end in ends.items()})
    wide = table.append_column("over", pyarrow.array([2**15, 0, 2**31 - 1])).append_column(
        "unsigned",
        pyarrow.array([2, 0, 1], pyarrow.uint64()),  # with those of another file from 2^63 on they stay whole
    )
    with parquet.ParquetWriter(tmp_path / "a.parquet", wide.schema) as file:
        for part in (wide[:0], wide[:1], wide[1:], wide[:0]):
            file.write_table(part)
    columns = read_records(tmp_path / "a.parquet").columns
    found = {name: column.values for name, column in columns.items() if isinstance(column, Column)}
    assert {name: values.tolist() for name, values in found.items()} == wide.to_pydict()
    assert [values.dtype for values in found.values()] == [np.int16, np.int32, np.int64, np.int32, np.uint64]


def test_parquet_without_pyarrow_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command that installs it."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    diagnostic = fault("Table", path=write(tmp_path / "a.parquet", "x"))
    assert ("FL610", 'pip install "feedline[table]"') == (diagnostic.code, diagnostic.help)


def test_text_labels_become_numbers_with_names(tmp_path: Path) -> None:
    """Sorted names; predicates see the column under both names, samples only `label`."""
    source = bind("Table", path=write(tmp_path / "a.csv", "x,kind\n1,wasp\n2,ant\n3,wasp\n"), label="kind")
    assert ("ant", "wasp") == source.classes
    assert (["wasp", "ant", "wasp"], ["wasp", "ant", "wasp"]) == (listed(source, "label"), listed(source, "kind"))
    assert [{"x": 1, "label": 1}, {"x": 2, "label": 0}] == [source.read(0), source.read(1)]
    assert ("label",) == source.role.targets


@pytest.mark.parametrize(
    ("cells", "expected"),
    [("7,-1", [7, -1]), ("0.5,2", [0.5, 2.0]), ("true,false", [1, 0]), ('"[1]","[2, 3]"', [[1], [2, 3]])],
)
def test_other_labels_keep_their_values(tmp_path: Path, cells: str, expected: list[Any]) -> None:
    """Whole numbers are class numbers as they are, numbers regression targets, truth values 1 and 0, lists tensors."""
    import csv

    cells_read = next(csv.reader([cells]))
    rows = "\n".join(f'{number},"{cell}"' for number, cell in enumerate(cells_read))
    source = bind("Table", path=write(tmp_path / "a.csv", f"x,y\n{rows}\n"), label="y")
    found = [source.read(index)["label"] for index in range(2)]
    assert expected == [value.tolist() if hasattr(value, "tolist") else value for value in found]
    assert source.classes is None


def test_a_column_called_label_is_the_label(tmp_path: Path) -> None:
    """Without being asked."""
    source = bind("Table", path=write(tmp_path / "a.csv", "x,label\n1,b\n2,a\n"))
    assert (("a", "b"), ("label",), 1) == (source.classes, source.role.targets, source.read(0)["label"])


def test_features_are_stacked(tmp_path: Path) -> None:
    """One float32 vector in the order given; truth values count as 1 and 0."""
    text = "a,b,c,y\n1,0.5,true,x\n2,1.5,false,z\n"
    source = bind("Table", path=write(tmp_path / "a.csv", text), features=["b", "a", "c"], label="y")
    sample = source.read(0)
    assert ([0.5, 1.0, 1.0], "torch.float32") == (sample["features"].tolist(), str(sample["features"].dtype))
    assert (["features", "label"], ("features",), ("label",)) == (list(sample), source.role.data, source.role.targets)
    assert [1, 2] == listed(source, "a")
    sample["features"].zero_()
    assert [0.5, 1.0, 1.0] == source.read(0)["features"].tolist()


def test_images_are_found_beside_the_table(tmp_path: Path) -> None:
    """Paths are relative to the table; sizes come from the headers."""
    (tmp_path / "images").mkdir()
    for number in range(2):
        Image.new("RGB", (6 + number, 4)).save(tmp_path / "images" / f"{number}.png")
    path = write(tmp_path / "a.csv", "file,y\nimages/1.png,cat\nimages/0.png,dog\n")
    source = bind("Table", path=path, image="file", label="y")
    assert ((3, 4, 7), 0) == (tuple(source.read(0)["image"].shape), source.read(0)["label"])
    assert ([7, 6], ["images/1.png", "images/0.png"]) == (listed(source, "width"), listed(source, "path"))
    assert (("image",), str(tmp_path / "images/1.png")) == (source.role.data, source.describe(0))
    assert 0 == pickle.loads(pickle.dumps(source)).read(0)["label"]


@pytest.mark.parametrize(
    ("name", "means", "args"),
    [
        ("path", "the file of the image", {"image": "file"}),
        ("image", "the decoded image", {"image": "file"}),
        ("label", "the column `y`", {"label": "y"}),
        ("features", "the vector of numbers", {"features": ["n"]}),
    ],
)
def test_a_column_whose_name_means_something_else(name: str, means: str, args: dict[str, Any], tmp_path: Path) -> None:
    """It is left out, with a word about it."""
    Image.new("RGB", (6, 4)).save(tmp_path / "a.png")
    path = write(tmp_path / "a.csv", f"file,y,n,{name}\na.png,cat,1,7\n")
    source, (warning,) = try_bind("Table", path=path, **args)
    assert ("FL617", "warning") == (warning.code, warning.severity)
    assert f"the column `{name}` of `{path}` is not used: `{name}` is {means}" == warning.message
    assert source is not None
    assert [] == [value for value in source.read(0).values() if isinstance(value, int) and value == 7]
    assert name not in source.columns or [7] != listed(source, name)


def test_a_column_that_is_used_as_what_it_is_called(tmp_path: Path) -> None:
    """By the argument of its name, or by another: no word about it."""
    Image.new("RGB", (6, 4)).save(tmp_path / "a.png")
    path = write(tmp_path / "a.csv", "path,features,label\na.png,1,cat\n")
    source = bind("Table", path=path, image="path", features=["features"])
    assert ["image", "features", "label"] == list(source.read(0))


def test_many_different_texts_stay_texts(tmp_path: Path) -> None:
    """A column of names is one buffer, not a list of Python strings."""
    rows = "\n".join(f"name {number}" for number in range(5000))
    source = bind("Table", path=write(tmp_path / "a.csv", f"x\n{rows}\n"))
    assert isinstance(source.columns["x"], TextColumn)
    assert "name 4999" == source.read(4999)["x"]


WRONG: list[tuple[str, str | bytes, dict[str, Any], str, str]] = [
    ("a.csv", "", {}, "FL607", "is empty: its first line must name the columns"),
    ("a.csv", "x,y\n", {}, "FL607", "has no rows"),
    ("a.jsonl", "", {}, "FL607", "has no rows"),
    ("a.csv", "x,y\n1,2\n3\n", {}, "FL602", "line 3 of `{path}` has 1 cells, the header has 2"),
    ("a.csv", 'x,y\n"a\nb",2\n1,2,3\n', {}, "FL602", "line 4 of `{path}` has 3 cells"),
    ("a.csv", "x,x\n1,2\n", {}, "FL602", "names a column twice: `x`"),
    ("a.csv", 'x\n"a"b\n', {}, "FL602", "cannot be read after line"),
    ("a.csv", b"x\n\xff\n", {}, "FL602", "is no UTF-8 text"),
    ("a.jsonl", '{"x": 1}\n{"x": }\n', {}, "FL602", "line 2, column 7 of `{path}` is no valid JSON"),
    ("a.jsonl", '{"x": ' + "1" * 9999 + "}", {}, "FL602", "line 1 of `{path}` holds a number without end"),
    ("a.jsonl", "[1]\n", {}, "FL602", "line 1 of `{path}` is no object"),
    ("a.parquet", "no parquet", {}, "FL602", "is no valid Parquet file"),
    ("a.xlsx", "x", {}, "FL602", "is no table that feedline reads"),
    ("a.csv", "x\n1\n", {"delimiter": "::"}, "FL602", "the delimiter must be one character"),
    ("a.csv", "kind,x\na,1\n", {"label": "kimd"}, "FL608", "has no column `kimd`"),
    ("a.csv", "kind,x\na,1\n", {"image": "file"}, "FL608", "has no column `file`"),
    ("a.csv", "kind,x\na,1\n", {"features": ["x", "y"]}, "FL608", "has no column `y`"),
    ("a.csv", "kind,x\na,1\n", {"features": ["kind", "x"]}, "FL609", "1 column of `{path}` without numbers"),
    ("a.csv", "a,x\n1,1\n2,\n", {"features": ["a", "x"]}, "FL609", "1 row of `{path}` without a value in the feature"),
    ("a.csv", "y,x\na,1\n,2\n", {"label": "y"}, "FL609", "without a value in the label column `y`: lines `3`"),
    ("a.csv", "y,x\n1,1\n,2\n", {"label": "y"}, "FL609", "without a value in the label column `y`: lines `3`"),
    ("a.csv", "f,x\na.png,1\n,2\n", {"image": "f"}, "FL609", "without a value in the image path column `f`"),
    ("a.csv", "f,x\n1,1\n", {"image": "f"}, "FL609", "holds no paths"),
    ("a.csv", "f\ngone.png\n", {"image": "f"}, "FL605", "1 image of 1 listed in `{path}` cannot be found"),
    ("a.csv", "f\n../a.png\n", {"image": "f"}, "FL604", "would leave the image folder"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "args", "code", "words"), WRONG, ids=[f"{item[3]}-{item[4][:30]}" for item in WRONG]
)
def test_a_wrong_table_is_one_error(
    tmp_path: Path, name: str, content: str | bytes, args: dict[str, Any], code: str, words: str
) -> None:
    """The right code, the table's absolute path, and its line where one is to blame."""
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    diagnostic = fault("Table", path=path, **args)
    assert code == diagnostic.code
    assert words.replace("{path}", str(path)) in diagnostic.message


def test_a_misspelt_column_gets_the_nearest(tmp_path: Path) -> None:
    """And the list of those that are there."""
    diagnostic = fault("Table", path=write(tmp_path / "a.csv", "kind,x\na,1\n"), label="kimd")
    assert ("did you mean `kind`?", ("its columns are `kind`, `x`",)) == (diagnostic.help, diagnostic.notes)


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    """Absent, or a folder."""
    assert "FL601" == fault("Table", path=tmp_path / "none.csv").code
    assert "FL601" == fault("Table", path=tmp_path).code
