"""The examples' data: small, what it says it is, and what its scripts draw."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

EXAMPLES = Path(__file__).parents[2] / "examples"
DRAWN = {
    "castings": EXAMPLES / "castings",
    "insects": EXAMPLES / "insects",
    "digits": EXAMPLES / "digits" / "MNIST" / "raw",
    "fasteners": EXAMPLES / "fasteners",
}
"""What each script draws and where."""


def _draw(script: str, folder: Path) -> None:
    spec = importlib.util.spec_from_file_location(script, EXAMPLES / "draw" / f"{script}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main(folder)


def _files(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}


def test_everything_is_small() -> None:
    """All examples together take less than 3 MB."""
    paths = [path for path in EXAMPLES.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert sum(path.stat().st_size for path in paths) < 3_000_000


@pytest.mark.parametrize("name", list(DRAWN))
def test_a_script_draws_the_pictures_again(name: str, tmp_path: Path) -> None:
    """The same files with the same contents; another JPEG library may round a pixel differently."""
    _draw(name, tmp_path)
    shipped, drawn = _files(DRAWN[name]), _files(tmp_path)
    assert sorted(shipped) == sorted(drawn)
    for key, path in shipped.items():
        if path.suffix == ".jpg":
            old, new = (np.asarray(Image.open(item), np.int16) for item in (path, drawn[key]))
            assert old.shape == new.shape
            assert np.abs(old - new).mean() < 4
        elif path.suffix == ".json":
            assert json.loads(path.read_bytes()) == json.loads(drawn[key].read_bytes())
        else:
            old, new = (np.frombuffer(item.read_bytes(), np.uint8) for item in (path, drawn[key]))
            assert old.shape == new.shape
            assert np.abs(old.astype(np.int16) - new).mean() < 4


def test_a_script_writes_the_tables_again(tmp_path: Path) -> None:
    """The tables come out of their script byte for byte."""
    _draw("tables", tmp_path)
    for name in ("flowers.csv", "brackets.jsonl"):
        assert (EXAMPLES / name).read_bytes() == (tmp_path / name).read_bytes()


def test_three_percent_of_the_castings_have_a_flaw_inside_the_picture() -> None:
    """18 of 600 castings, as the README says; no box leaves its picture, and the ids are no indices."""
    document = json.loads((EXAMPLES / "castings" / "annotations.json").read_bytes())
    images = {image["id"]: image for image in document["images"]}
    assert (len(images), len({item["image_id"] for item in document["annotations"]})) == (600, 18)
    assert set(images).isdisjoint(range(600))
    for item in document["annotations"]:
        x, y, width, height = item["bbox"]
        image = images[item["image_id"]]
        assert x >= 0 and y >= 0 and width > 0 and height > 0
        assert x + width <= image["width"] + 0.1 and y + height <= image["height"] + 0.1
