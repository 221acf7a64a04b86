"""Concatenation: fields, classes put together by name, and sources that do not fit."""

from __future__ import annotations

import json
import pickle
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image
from sourcing import SPAN, bind

from feedline.dsl.diagnostics import Diagnostic, Reporter
from feedline.runtime.columns import Column, RaggedColumn, TextColumn
from feedline.runtime.sources import Source, UnreadableSample, concatenate


def folder(root: Path, *names: str) -> Source:
    """An ImageFolder of the given files."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (6, 4)).save(root / name)
    return bind("ImageFolder", root=root)


def coco(root: Path, categories: dict[int, str]) -> Source:
    """One image with one object of each category."""
    root.mkdir()
    Image.new("RGB", (20, 10)).save(root / "a.png")
    found = {
        "images": [{"id": 1, "file_name": "a.png", "width": 20, "height": 10}],
        "annotations": [
            {"id": number, "image_id": 1, "category_id": number, "bbox": [1, 1, 5, 5]} for number in categories
        ],
        "categories": [{"id": number, "name": name} for number, name in categories.items()],
    }
    (root / "a.json").write_text(json.dumps(found))
    return bind("CocoDetection", root=root, annFile=root / "a.json")


def joined(*sources: Source) -> Source:
    """The sources as one, without a diagnostic."""
    reporter = Reporter()
    source = concatenate(sources, reporter, SPAN)
    assert [] == reporter.diagnostics
    assert source is not None
    return source


def refused(sources: Sequence[Source]) -> Diagnostic:
    """Why the sources do not fit."""
    reporter = Reporter()
    assert concatenate(sources, reporter, SPAN) is None
    (diagnostic,) = reporter.diagnostics
    return diagnostic


def test_positions_follow_one_another(tmp_path: Path) -> None:
    """The second source's samples come after the first's."""
    first, second = folder(tmp_path / "1", "a/1.png", "b/1.png"), folder(tmp_path / "2", "a/2.png", "b/2.png")
    source = joined(first, second)
    assert 4 == len(source)
    assert [first.describe(0), first.describe(1), second.describe(0), second.describe(1)] == [
        source.describe(index) for index in range(4)
    ]
    assert [0, 1, 0, 1] == [source.read(index)["label"] for index in range(4)]
    path = source.columns["path"]
    assert isinstance(path, TextColumn) and ["a/1.png", "b/1.png", "a/2.png", "b/2.png"] == path.tolist()
    assert [6] * 4 == source.columns["width"].values.tolist()  # pyright: ignore[reportAttributeAccessIssue]  (columns of numbers)


def test_classes_are_put_together_by_name(tmp_path: Path) -> None:
    """The first keeps its numbers; labels of the second are renumbered, in samples and columns."""
    source = joined(
        folder(tmp_path / "1", "b/1.png", "d/1.png"), folder(tmp_path / "2", "a/1.png", "b/1.png", "d/1.png")
    )
    assert ("b", "d", "a") == source.classes
    assert [0, 1, 2, 0, 1] == [source.read(index)["label"] for index in range(5)]
    label = source.columns["label"]
    assert isinstance(label, Column)
    assert ([0, 1, 2, 0, 1], ("b", "d", "a")) == (label.values.tolist(), label.names)
    assert 2 == pickle.loads(pickle.dumps(source)).read(2)["label"]


def test_category_ids_stay_unless_they_collide(tmp_path: Path) -> None:
    """One id for two names: the later source's is renumbered; one name under two ids: the first id holds."""
    source = joined(coco(tmp_path / "1", {1: "crack", 2: "void"}), coco(tmp_path / "2", {1: "scratch", 3: "void"}))
    assert ("crack", "void", "scratch") == source.classes
    assert [[1, 2], [3, 2]] == [source.read(index)["labels"].tolist() for index in range(2)]
    category, labels = source.columns["category"], source.columns["labels"]
    assert isinstance(category, RaggedColumn) and isinstance(labels, RaggedColumn) and category.names is not None
    assert ["crack", "void", "scratch", "void"] == [category.names[code] for code in category.values]
    assert [1, 2, 3, 2] == labels.values.tolist()


def test_numbers_join_names_where_they_fit(tmp_path: Path) -> None:
    """A table of class numbers beside a folder of class names."""
    (tmp_path / "t.csv").write_text("file,label\n1/a/1.png,1\n")
    named = folder(tmp_path / "1", "a/1.png", "b/1.png")
    numbered = bind("Table", path=tmp_path / "t.csv", image="file")
    assert (("a", "b"), 1) == ((source := joined(named, numbered)).classes, source.read(2)["label"])
    (tmp_path / "t.csv").write_text("file,label\n1/a/1.png,2\n")
    assert "FL613" == refused([named, bind("Table", path=tmp_path / "t.csv", image="file")]).code


def test_different_fields_do_not_fit(tmp_path: Path) -> None:
    """Labels beside boxes: the message says who gives what."""
    diagnostic = refused([folder(tmp_path / "1", "a/1.png"), coco(tmp_path / "2", {1: "crack"})])
    assert "FL613" == diagnostic.code
    assert ("the first gives `image`, `label`", "number 2 gives `image`, `boxes`, `labels`") == diagnostic.notes


def test_an_unreadable_sample_has_the_joint_index(tmp_path: Path) -> None:
    """The index is that of the whole, the file its own."""
    source = joined(folder(tmp_path / "1", "a/1.png"), folder(tmp_path / "2", "a/2.png"))
    (tmp_path / "2" / "a" / "2.png").write_bytes(b"")
    with pytest.raises(UnreadableSample, match=r"sample 1 \(.*2\.png\)"):
        source.read(1)


def test_one_source_is_itself(tmp_path: Path) -> None:
    """Nothing is wrapped for nothing."""
    source = folder(tmp_path, "a/1.png")
    assert source is joined(source)
