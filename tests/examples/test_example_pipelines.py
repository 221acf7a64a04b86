"""Every example compiles as it stands and delivers what its comments promise."""

from __future__ import annotations

import importlib.util
from collections import Counter
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

import feedline

EXAMPLES = Path(__file__).parents[2] / "examples"
PIPES = sorted(EXAMPLES.glob("*.pipe"))


def _pipeline(name: str, **params: Any) -> feedline.Pipeline:
    return feedline.compile(EXAMPLES / f"{name}.pipe", **params)


def _train_digits() -> ModuleType:
    spec = importlib.util.spec_from_file_location("train_digits", EXAMPLES / "train_digits.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", PIPES, ids=lambda path: path.stem)
def test_every_example_is_checked_without_a_word(path: Path) -> None:
    """No error, no warning, no hint."""
    assert feedline.check(path) == []


@pytest.mark.parametrize("path", PIPES, ids=lambda path: path.stem)
def test_every_loader_delivers(path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The first batches of every loader come, from any working directory, with the workers the file asks for."""
    monkeypatch.chdir(tmp_path)
    for loader in feedline.compile(path).values():
        assert min(3, len(loader)) == len(list(islice(loader, 3)))


def test_every_batch_of_defects_holds_three() -> None:
    """Exactly three of eight castings are defective in every batch of an epoch, by what the targets say."""
    loader = _pipeline("defects").train
    with_boxes = [sum("image_id" in target for target in targets) for _, targets in loader]
    assert with_boxes == [8] * len(loader)
    flawed = set(_flawed_ids())
    assert [3] * len(loader) == [sum(int(t["image_id"]) in flawed for t in targets) for _, targets in loader]


def _flawed_ids() -> list[int]:
    import json

    document = json.loads((EXAMPLES / "castings" / "annotations.json").read_bytes())
    return [item["image_id"] for item in document["annotations"]]


def test_a_batch_of_defects_is_what_a_detection_model_takes() -> None:
    """One float tensor of images; a dict with boxes and labels for each, empty ones of the right shape included."""
    images, targets = next(iter(_pipeline("defects").train))
    assert (images.shape, images.dtype) == ((8, 3, 96, 128), torch.float32)
    assert {(target["boxes"].shape[1], target["boxes"].dtype) for target in targets} == {(4, torch.float32)}
    assert [len(target["labels"]) for target in targets] == [len(target["boxes"]) for target in targets]


def test_transfer_knows_its_parts_and_classes() -> None:
    """The folders are the parts; both chains end at the size the network takes."""
    pipeline = _pipeline("transfer")
    assert (pipeline.classes, pipeline.sizes["train"], pipeline.sizes["val"]) == (["ants", "bees"], 80, 32)
    for loader in pipeline.values():
        images, labels = next(iter(loader))
        assert (images.shape, labels.dtype) == ((4, 3, 224, 224), torch.int64)


def test_digits_come_fifty_at_a_time() -> None:
    """Train, validation and test in whole batches of fifty grey images."""
    pipeline = _pipeline("digits")
    assert {name: len(loader) for name, loader in pipeline.items()} == {"train": 20, "val": 4, "test": 4}
    images, labels = next(iter(pipeline.test))
    assert (images.shape, labels.shape) == ((50, 1, 28, 28), (50,))


def test_simclr_gives_two_views() -> None:
    """Two different pictures of each sample, and the labels beside them."""
    (x_i, x_j), labels = next(iter(_pipeline("simclr").train))
    assert x_i.shape == x_j.shape == (16, 3, 96, 96)
    assert not torch.equal(x_i, x_j)
    assert labels.shape == (16,)


def test_balanced_draws_every_class_alike() -> None:
    """Over a few epochs each class is near a third, where the plain loader keeps to 120 : 36 : 12."""
    pipeline = _pipeline("balanced")
    counts = Counter(label for _ in range(6) for _, labels in pipeline.train for label in labels.tolist())
    total = sum(counts.values())
    assert all(abs(count / total - 1 / 3) < 0.08 for count in counts.values())
    assert Counter(label for _, labels in pipeline.plain for label in labels.tolist()) == {0: 36, 1: 120, 2: 12}


def test_folds_divide_the_data() -> None:
    """Five validation parts, disjoint and together everything, whichever fold is asked for."""
    parts = [_pipeline("folds", fold=fold) for fold in range(5)]
    assert sum(part.sizes["val"] for part in parts) == 168
    assert {part.sizes["train"] + part.sizes["val"] for part in parts} == {168}


def test_table_gives_vectors() -> None:
    """Four measurements and a class a row, without an image anywhere."""
    pipeline = _pipeline("table")
    features, labels = next(iter(pipeline.train))
    assert (features.shape, features.dtype, labels.shape) == ((16, 4), torch.float32, (16,))
    assert pipeline.classes == ["buttercup", "daisy", "poppy"]


def test_sequences_are_padded_to_the_longest() -> None:
    """The mask says where tokens are, and padding is nowhere else."""
    (tokens, mask), labels = next(iter(_pipeline("sequences").train))
    assert tokens.shape == mask.shape
    assert len(labels) == 20
    assert mask.any(0).all()
    assert torch.equal(mask, tokens != 0)


def test_training_on_digits_learns_in_one_epoch() -> None:
    """One epoch of twenty batches is already far better than a guess."""
    assert _train_digits().train(epochs=1) > 0.3


@pytest.mark.slow
def test_training_on_digits_reaches_95_percent() -> None:
    """The whole training, as the example runs it."""
    assert _train_digits().train(epochs=8) > 0.95
