"""`draw`, `repeat factor` and `bucket by` from a file to batches: labels, sizes and replacements as promised."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import FolderMaker
from PIL import Image

import feedline


def compiled(folder: Path, loader: str) -> Any:
    """The loader of a file over a folder of images, indices and labels alone."""
    text = f"""
dataset photos = ImageFolder("{folder.as_posix()}")
group ants = photos where label == "ants"
loader train from photos {{
  collate {{ index stack; label stack }} as tuple
  {loader}
}}
"""
    path = folder.parent / "a.pipe"
    path.write_text(text)
    return feedline.compile(path)["train"]


def epoch(loader: Any) -> list[tuple[list[int], list[int]]]:
    """The indices and labels of every batch."""
    return [(index.tolist(), label.tolist()) for index, label in loader]


def test_draw(image_folder: FolderMaker) -> None:
    """Two classes with three samples each in every batch; a class of two is never drawn."""
    with pytest.warns(feedline.FeedlineWarning, match="`cats` 2"):
        loader = compiled(image_folder({"ants": 7, "bees": 9, "cats": 2}), "sample { draw 2 label with 3 each }")
    batches = epoch(loader)
    assert (len(loader), len(batches)) == (3, 3)
    assert [Counter(labels) for _, labels in batches] == [Counter({0: 3, 1: 3})] * 3
    assert [len({*indices}) for indices, _ in batches] == [6] * 3


def test_draw_replaces_within_the_class(image_folder: FolderMaker) -> None:
    """A file that cannot be read gives way to another of its class."""
    folder = image_folder({"ants": 6, "bees": 6})
    (folder / "ants" / "003.png").write_bytes(b"no picture")
    loader = compiled(folder, "sample { draw 2 label with 3 each }; on error replace")
    assert [Counter(labels) for _, labels in epoch(loader)] == [Counter({0: 3, 1: 3})] * 2


def test_repeat_factor(image_folder: FolderMaker) -> None:
    """The rare class comes sqrt(0.4 / 0.1) = 2 times an epoch, the other once."""
    loader = compiled(image_folder({"ants": 2, "bees": 18}), "sample { batch 4; repeat factor 0.4 by label; distinct }")
    batches = epoch(loader)
    seen = Counter(index for indices, _ in batches for index in indices)
    assert seen == Counter({0: 2, 1: 2, **dict.fromkeys(range(2, 20), 1)})
    assert [len({*indices}) for indices, _ in batches] == [4, 4, 4, 4, 4, 2]


@pytest.fixture
def shapes(tmp_path: Path) -> Path:
    """Twelve wide images of class `ants` and twelve tall ones, four of them `ants`."""
    for number in range(24):
        name = "ants" if number < 4 or number >= 20 else "bees"
        folder = tmp_path / "photos" / name
        folder.mkdir(parents=True, exist_ok=True)
        size = (20 + number, 10) if number < 12 else (10, 20 + number)
        Image.new("RGB", size).save(folder / f"{number:03}.png")
    return tmp_path / "photos"


def test_bucket_by_aspect_ratio(shapes: Path) -> None:
    """Widths and heights come from the headers: every batch is wide or tall, with its forced samples near it."""
    loader = compiled(shapes, "sample { force 1 ants per 5; bucket by aspect_ratio into 2 }")
    columns = loader.dataset.source.columns
    wide = columns["width"].values > columns["height"].values
    batches = epoch(loader)
    assert len(batches) == 4
    assert [len({*wide[indices].tolist()}) for indices, _ in batches] == [1] * 4
    assert [labels.count(0) for _, labels in batches] == [1] * 4
    assert sorted(
        index for indices, labels in batches for index, label in zip(indices, labels, strict=True) if label
    ) == [*np.flatnonzero(columns["label"].values == 1)]


def test_repeat_factor_beside_force(image_folder: FolderMaker) -> None:
    """Only the rest is repeated; a sample with more copies than there are batches still comes once a batch."""
    folder = image_folder({"ants": 3, "bees": 40, "cats": 1})
    loader = compiled(folder, "sample { force 1 ants per 12; repeat factor 1 by label; distinct }")
    for _ in range(3):
        batches = epoch(loader)
        assert [labels.count(0) for _, labels in batches] == [1] * len(batches)
        assert [len({*indices}) for indices, _ in batches] == [len(indices) for indices, _ in batches]
        assert len(batches) == -(-sum(len(labels) - 1 for _, labels in batches) // 11)


def test_a_stage_in_buckets(shapes: Path) -> None:
    """A curriculum may go over to buckets; each stage has the numbers it needs."""
    loader = compiled(shapes, "sample { batch 4; order shuffled; from epoch 1 { bucket by width into 3 } }")
    width = loader.dataset.source.columns["width"].values
    assert sorted(index for indices, _ in epoch(loader) for index in indices) == [*range(24)]
    spreads = [int(np.ptp(width[indices])) for indices, _ in epoch(loader)]
    assert len(spreads) == 6
    assert max(spreads) <= 13  # twelve are 10 wide, the others 20 to 31


def test_a_field_without_sizes(tmp_path: Path) -> None:
    """Data that has no sizes says which field is missing, before anything runs."""
    path = tmp_path / "a.pipe"
    data = 'dataset d = Table("t.csv", features=("x",), label="y")'
    path.write_text(f"{data}\nloader a from d {{ sample {{ batch 2; bucket by aspect_ratio into 2 }} }}\n")
    (tmp_path / "t.csv").write_text("x,y\n1,0\n2,1\n")
    with pytest.raises(feedline.CompileError, match="the data has no `width` and no `height`"):
        feedline.compile(path)
