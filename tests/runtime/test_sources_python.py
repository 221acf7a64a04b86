"""A user's own datasets: permission, shapes of samples, metadata, and failures in their code."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from sourcing import call, fault, try_bind
from torch.utils.data import Dataset, IterableDataset

from feedline.compiler import registry
from feedline.dsl.diagnostics import Reporter
from feedline.runtime.sources import Source, UnreadableSample, bind_source
from feedline.runtime.sources.base import BadData
from feedline.runtime.sources.python import to_sample

ALLOWED = {"allow_python": True}


class Pairs(Dataset[Any]):
    """What a user writes: a list of things to return, with metadata beside it."""

    def __init__(self, *items: Any, **attributes: Any):
        self.items = items
        self.__dict__.update(attributes)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Any:
        item = self.items[index]
        if isinstance(item, Exception):
            raise item
        return item


class Stream(IterableDataset[Any]):
    """A dataset without positions."""

    def __iter__(self) -> Iterator[int]:
        return iter(())


def grey() -> Image.Image:
    """A small grey picture."""
    return Image.new("L", (6, 4), 7)


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module on the path that makes datasets, and notes that it was imported."""
    (tmp_path / "own_data.py").write_text(
        "import sys\nsys.own_data_imported = True\n"
        "def make(*args, **kwargs):\n    return kwargs.get('items', list(args))\n"
        "def fail():\n    raise KeyError('root')\n"
        "number = 3\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "own_data", raising=False)
    monkeypatch.setattr(sys, "own_data_imported", False, raising=False)
    return "own_data"


def registered(monkeypatch: pytest.MonkeyPatch, dataset: Any) -> Source:
    """The source of a registered dataset."""
    monkeypatch.setattr(registry, "_REGISTERED", {})
    registry.dataset("Own")(lambda: dataset)
    reporter = Reporter()
    source = bind_source(call("Own", registered=True), reporter)
    assert [] == reporter.diagnostics
    assert source is not None
    return source


def test_nothing_is_imported_without_permission(module: str) -> None:
    """The refusal comes before the import."""
    assert "FL611" == fault("python", target=f"{module}:make").code
    assert not sys.own_data_imported  # pyright: ignore[reportAttributeAccessIssue]  (the module under test sets it)


def test_arguments_reach_the_factory(module: str) -> None:
    """By position and by name, lists as lists."""
    source, diagnostics = try_bind("python", 1, 2, target=f"{module}:make", options=ALLOWED, items=[5, 6, 7])
    assert ([], 3) == (diagnostics, len(source or ()))  # pyright: ignore[reportArgumentType]  (a source has a length)
    assert source is not None and {"features": 6} == source.read(1)
    assert f"{module}:make[1]" == source.describe(1)


@pytest.mark.parametrize(
    ("target", "code", "words"),
    [
        ("own_data:fail", "FL611", "`own_data:fail` failed: KeyError: 'root'"),
        ("own_data:absent", "FL210", "`own_data:absent` cannot be imported"),
        ("own_dta:make", "FL210", "`own_dta:make` cannot be imported"),
        ("own_data:number", "FL210", "is not callable"),
        ("own_data:make", "FL607", "returned a dataset without samples"),
    ],
)
def test_user_code_that_fails_is_a_diagnostic(module: str, target: str, code: str, words: str) -> None:
    """The user's exception in one line, no traceback."""
    diagnostic = fault("python", target=target, options=ALLOWED)
    assert code == diagnostic.code
    assert words in diagnostic.message


def test_pairs_and_dicts_become_samples() -> None:
    """(image, label), (image, targets), (vector, label), an image alone, a dict."""
    assert ((1, 4, 6), 3) == (tuple((found := to_sample((grey(), 3)))["image"].shape), found["label"])
    boxes = torch.zeros(1, 4)
    assert {"image", "boxes", "labels"} == set(to_sample((grey(), {"boxes": boxes, "labels": torch.ones(1)})))
    assert {"features", "label"} == set(to_sample((torch.zeros(5), torch.tensor(2))))
    assert 2 == to_sample((torch.zeros(5), torch.tensor(2)))["label"]
    assert (3, 4, 6) == tuple(to_sample(np.zeros((4, 6, 3), np.uint8))["image"].shape)
    assert {"tokens": [1, 2]} == to_sample({"tokens": [1, 2]})


@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("1", 1), ("P", 3), ("RGB", 3), ("RGBA", 4), ("CMYK", 3)])
def test_channels_of_a_users_image_stay_its_own(mode: str, channels: int) -> None:
    """Only what is no plain picture is converted."""
    assert (channels, 4, 6) == tuple(to_sample(grey().convert(mode))["image"].shape)


def test_metadata_of_the_object_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """classes, targets and columns spare reading the samples."""
    dataset = Pairs(
        (grey(), 1), (grey(), 0), classes=["a", "b"], targets=[1, 0], columns={"age": [3, 4], "who": ["x", "y"]}
    )
    source = registered(monkeypatch, dataset)
    assert (("a", "b"), ("image",), ("label",)) == (source.classes, source.role.data, source.role.targets)
    assert {"label", "age", "who"} == set(source.columns)
    assert [1, 0] == source.columns["label"].values.tolist()  # pyright: ignore[reportAttributeAccessIssue]  (columns of numbers)
    assert "y" == source.columns["who"][1]  # pyright: ignore[reportIndexIssue]  (a column of text, which the type does not say)


def test_boxes_make_it_a_detection_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first sample says what the fields are."""
    target = {"boxes": torch.zeros(0, 4), "labels": torch.zeros(0, dtype=torch.int64)}
    assert registered(monkeypatch, Pairs((grey(), target))).role.detection


def test_a_failing_sample_is_unreadable_not_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    """`on error` applies to user code too."""
    source = registered(monkeypatch, Pairs((grey(), 1), OSError("disk gone")))
    with pytest.raises(UnreadableSample, match=r"sample 1 \(Own\[1\]\) cannot be read: OSError: disk gone"):
        source.read(1)


@pytest.mark.parametrize(
    ("dataset", "words"),
    [
        (Stream(), "no map-style dataset"),
        (3, "returned int"),
        (Pairs(ValueError("bad")), "the first sample of `Own` cannot be used: ValueError: bad"),
        (Pairs((1, 2, 3)), "a sample of 3 values has no names for them"),
        (Pairs(1, 2, columns={"age": [1]}), "the column `age` has 1 values for 2 samples"),
    ],
)
def test_what_is_no_dataset_is_refused(monkeypatch: pytest.MonkeyPatch, dataset: Any, words: str) -> None:
    """Before the first batch."""
    monkeypatch.setattr(registry, "_REGISTERED", {})
    registry.dataset("Own")(lambda: dataset)
    diagnostic = fault("Own", registered=True)
    assert "FL611" == diagnostic.code
    assert words in diagnostic.message


def test_a_length_that_fails_is_a_diagnostic(monkeypatch: pytest.MonkeyPatch) -> None:
    """`__len__` is the user's code too."""
    monkeypatch.setattr(Pairs, "__len__", lambda self: 1 // 0)
    monkeypatch.setattr(registry, "_REGISTERED", {})
    registry.dataset("Own")(lambda: Pairs())
    reporter = Reporter()
    assert bind_source(call("Own", registered=True), reporter) is None
    assert ["FL611"] == [diagnostic.code for diagnostic in reporter.diagnostics]


def test_a_mask_is_the_target_of_an_image(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segmentation gives (images, masks)."""
    source = registered(monkeypatch, Pairs({"image": grey(), "mask": torch.zeros(4, 6)}))
    assert (("image",), ("mask",)) == (source.role.data, source.role.targets)


@pytest.mark.parametrize(("field", "attribute"), [("label", "`targets`"), ("site", "`columns`")])
def test_a_field_of_the_samples_that_is_not_listed_says_how_to_list_it(
    monkeypatch: pytest.MonkeyPatch, field: str, attribute: str
) -> None:
    """Reading every sample to learn it is not done behind the user's back."""
    source = registered(monkeypatch, Pairs({"image": grey(), field: 1}))
    with pytest.raises(BadData, match=f"the samples of `Own` have a `{field}`") as caught:
        source.columns[field]
    assert attribute in (caught.value.help or "")
