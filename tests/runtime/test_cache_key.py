"""What a kept sample is known by: whatever an argument of a source changes of a sample changes its digest too."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from sourcing import try_bind

from feedline.compiler import catalogue
from feedline.runtime.cache.key import digests
from feedline.runtime.sources.torchvision_rows import FILES

HOW = ({"mode": "L"}, {"image_backend": "pil"}, {"exif": False})
"""How images are read: what every source of files has beside its own arguments."""

VARIED: dict[str, tuple[dict[str, Any], ...]] = {
    "ImageFolder": ({"root": "photos"}, {"root": "moved"}, {"allow_empty": True}, *HOW),
    "DatasetFolder": ({"root": "photos", "extensions": [".jpg"]}, {"root": "moved"}, {"extensions": [".jpg", ".png"]},
                      {"allow_empty": True}, *HOW),
    "Files": ({"pattern": "**/*.jpg", "root": "photos"}, {"root": "moved"}, {"root": "photos/ants", "pattern": "*.jpg"},
              {"pattern": "**/*.png"}, *HOW),
    "CocoDetection": ({"root": "photos/ants", "annFile": "stored.json"}, {"annFile": "upright.json"},
                      {"annFile": "moved.json"}, {"annFile": "named.json"}, {"root": "moved/ants"}, {"masks": True},
                      {"masks": True, "annFile": "drawn.json"}, {"bad_boxes": "repair", "annFile": "outside.json"},
                      *HOW),
    "Table": ({"path": "rows.csv", "image": "file"}, {"path": "others.csv"}, {"image": "twin"}, {"label": "b"},
              {"label": "c"}, {"features": ["a"]}, {"features": ["b"]}, {"features": ["a", "b"]},
              {"features": ["b", "a"]}, {"features": ["a", "b"], "label": "c"}, {"path": "floats.csv"},
              {"path": "semicolons.csv", "delimiter": ";"}, *HOW),
}  # fmt: skip
"""The arguments of one call, and of others what they have instead."""

SAME = {"allow_empty"}
"""Arguments that change no sample of this data."""


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Pictures that EXIF turns, in two folders of one layout, with tables and annotations of them."""
    for root, seed in (("photos", 0), ("moved", 1)):
        for number, name in enumerate(("ants/0.jpg", "bees/1.jpg", "bees/2.png")):
            path = tmp_path / root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = np.random.default_rng(10 * seed + number).integers(0, 256, (14, 20, 3), np.uint8)
            exif = Image.Exif()
            exif[0x0112] = 6
            Image.fromarray(pixels).save(path, exif=exif)
    for path in tmp_path.rglob("*.*"):
        os.utime(path, (1, 1))
    rows = [
        "file,twin,a,b,c,label",
        "photos/ants/0.jpg,moved/ants/0.jpg,0,1,x,1",
        "photos/bees/1.jpg,moved/bees/1.jpg,2,3,y,0",
    ]
    text = "\n".join(rows)
    (tmp_path / "rows.csv").write_text(text)
    (tmp_path / "semicolons.csv").write_text(text.replace(",2,3,", ",2,4,").replace(",", ";"))
    (tmp_path / "others.csv").write_text(text.replace(",0,1,", ",5,1,").replace(",2,3,", ",2,9,"))
    (tmp_path / "floats.csv").write_text(text.replace(",2,3,", ",2.5,3,"))  # which makes 0 a 0.0
    annotations(tmp_path / "stored.json")
    annotations(tmp_path / "upright.json", width=14, height=20)
    annotations(tmp_path / "moved.json", bbox=[2, 2, 4, 6])
    annotations(tmp_path / "outside.json", bbox=[1, 2, 4, 16])
    annotations(tmp_path / "named.json", category_id=7)
    annotations(tmp_path / "drawn.json", segmentation=[[1, 1, 5, 1, 5, 7]])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def annotations(path: Path, **other: Any) -> None:
    """One image with one object."""
    image = {"id": 1, "file_name": "0.jpg", "width": 20, "height": 14}
    box = {"id": 1, "image_id": 1, "category_id": 3, "bbox": [1, 2, 4, 6], "segmentation": [[1, 1, 5, 1, 5, 5]]}
    image |= {name: value for name, value in other.items() if name in image}
    box |= {name: value for name, value in other.items() if name in box}
    names = [{"id": 3, "name": "crack"}, {"id": 7, "name": "dent"}]
    path.write_text(json.dumps({"images": [image], "annotations": [box], "categories": names}))


def plain(sample: dict[str, Any]) -> str:
    """All of a sample as text: names in order, types and values."""

    def whole(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return value.dtype, getattr(value, "canvas_size", None), value.tolist()
        return value.tobytes() if isinstance(value, Image.Image) else value

    return repr([(name, type(value), whole(value)) for name, value in sample.items()])


def test_the_table_has_every_argument_of_the_catalogue() -> None:
    """What feedline reads by a class of torchvision's that lists its files has an image, a label, and nothing else."""
    names = {name for name in catalogue.dataset_names() if (entry := catalogue.dataset(name)) and entry.files}
    assert names == {*VARIED, *FILES}
    for name, calls in VARIED.items():
        entry = catalogue.dataset(name)
        assert entry is not None
        base = calls[0]
        changed = {key for call in calls[1:] for key, value in call.items() if value != base.get(key)}
        assert {parameter.name for parameter in entry.parameters} == changed


@pytest.mark.parametrize("hashed", [False, True])
def test_samples_that_differ_are_known_by_other_digests(data: Path, hashed: bool) -> None:
    """Of any two calls of all of them, and of samples of one call."""
    by_digest: dict[bytes, str] = {}
    for name, calls in VARIED.items():
        first: list[str] = []
        for call in calls:
            source, faults = try_bind(name, **{**calls[0], **call})
            assert source is not None, faults
            digest = digests(source, str(data), hashed)
            assert digest is not None
            samples = [plain(source.read(index)) for index in range(len(source))]
            assert call is calls[0] or (samples == first) == (set(call) <= SAME), f"{name}{call} says nothing"
            first = first or samples
            for index, sample in enumerate(samples):
                key = digest(index)
                assert key is not None
                assert by_digest.setdefault(key, sample) == sample, f"{name}{call}: sample {index}"


def test_a_class_whose_name_is_no_utf8_is_a_class(tmp_path: Path) -> None:
    """It is what the file system says."""
    for folder in (b"ants", b"b\xff"):
        place = os.fsencode(tmp_path / "photos") + b"/" + folder
        os.makedirs(place)
        Image.new("RGB", (8, 8)).save(os.fsdecode(place + b"/0.png"))
    source, _ = try_bind("ImageFolder", root=str(tmp_path / "photos"))
    assert source is not None
    digest = digests(source, str(tmp_path), False)
    assert digest is not None and digest(0) != digest(1) is not None


def test_a_sample_keeps_its_digest_as_its_table_grows(tmp_path: Path) -> None:
    """Though its numbers then need more bits."""
    import pyarrow
    import pyarrow.parquet as parquet

    found: list[list[bytes | None]] = []
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    for rows in (2**15, 2**15 + 1):
        table = {"id": range(rows), "x": [0.5] * rows, "photo": ["a.png"] * rows}
        parquet.write_table(pyarrow.table(table), tmp_path / "a.parquet")
        source, faults = try_bind("Table", path=str(tmp_path / "a.parquet"), image="photo")
        assert source is not None, faults
        digest = digests(source, str(tmp_path), False)
        assert digest is not None
        found.append([digest(index) for index in (0, 1, 2**15 - 1)])
    assert found[0] == found[1]
