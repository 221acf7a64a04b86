"""What bad data gets: from `feedline check --data` what metadata shows, from `feedline run` what only reading does."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from feedline.cli import main

Found = list[tuple[str, int, int]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[..., list[dict[str, Any]]]:
    """Run a command on `text` as `a.pipe`; its diagnostics, after a look at the exit code and for tracebacks."""

    def run(text: str, *arguments: str) -> list[dict[str, Any]]:
        Path("a.pipe").write_text(text)
        code = main([*arguments, "a.pipe"])
        printed = capsys.readouterr()
        assert "Traceback" not in printed.out + printed.err
        found = json.loads(printed.out)
        assert (1 if found["counts"]["error"] else 0) == code
        return found["diagnostics"]

    return run


CHECK = ("check", "--data", "--format", "json")
RUN = ("run", "--json")

COCO = 'dataset d = CocoDetection("images", "a.json")\n'
LOADER = "loader images from d {\n  sample { batch 2 }\n  collate list\n}\n"


def _image(path: str, size: tuple[int, int] = (8, 8)) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Image.effect_noise(size, 50).convert("RGB").save(path)


def _coco(boxes: list[dict[str, Any]], names: tuple[str, ...] = ("0.jpg", "1.jpg"), **more: Any) -> None:
    """Two images of 8 by 8, and annotations `boxes` completed with ids and a category."""
    for name in ("0.jpg", "1.jpg"):
        _image(f"images/{name}")
    common = {"category_id": 1, "area": 4, "iscrowd": 0, "image_id": 0, "bbox": [1, 1, 2, 2]}
    content = {
        "images": [{"id": i, "file_name": name, "width": 8, "height": 8} for i, name in enumerate(names)],
        "annotations": [{**common, "id": i, **box} for i, box in enumerate(boxes)],
        "categories": [{"id": 1, "name": "crack"}],
    }
    Path("a.json").write_text(json.dumps({**content, **more}))


def _places(found: list[dict[str, Any]]) -> list[tuple[str, str, int]]:
    return [(item["code"], item["path"], item["line"]) for item in found]


def _words(item: dict[str, Any]) -> str:
    return " ".join([item["message"], item["label"], *item["notes"], item["help"] or ""])


def test_good_data(folder: Path, said: Callable[..., Any]) -> None:
    """The data that the other tests break is good."""
    _coco([{}])
    assert [] == said(COCO + LOADER, *CHECK)
    assert [] == said(COCO + LOADER, *RUN)


BAD_COCO = {
    "an image id that no image has": ("FL603", [{"image_id": 7}], {}),
    "a category id that no category has": ("FL603", [{"category_id": 7}], {}),
    "an image that is not there": ("FL605", [{}], {"names": ("0.jpg", "gone.jpg")}),
    "a path above the root": ("FL604", [{}], {"names": ("0.jpg", "../images/1.jpg")}),
    "an absolute path": ("FL604", [{}], {"names": ("0.jpg", "/etc/hostname")}),
    "a box outside its image": ("FL606", [{"bbox": [6, 6, 4, 4]}], {}),
    "a box without width": ("FL606", [{"bbox": [1, 1, 0, 2]}], {}),
    "no images": ("FL607", [], {"images": []}),
    "an image without a name": ("FL603", [], {"images": [{"id": 0}]}),
    "images that are no list": ("FL603", [], {"images": 3}),
}


@pytest.mark.parametrize("case", BAD_COCO)
def test_bad_coco(case: str, folder: Path, said: Callable[..., Any]) -> None:
    """One diagnostic at the dataset, found without reading a pixel."""
    code, boxes, more = BAD_COCO[case]
    _coco(boxes, **more)
    assert [(code, "a.pipe", 1)] == _places(said(COCO + LOADER, *CHECK))


def test_every_wrong_box_is_one_diagnostic(folder: Path, said: Callable[..., Any]) -> None:
    """A hundred wrong boxes are one diagnostic that counts them."""
    _coco([{"bbox": [6, 6, 4, 4]}] * 100)
    (found,) = said(COCO + LOADER, *CHECK)
    assert "100" in _words(found)


def test_broken_json_names_the_line(folder: Path, said: Callable[..., Any]) -> None:
    """Where the annotation file itself cannot be read."""
    Path("images").mkdir()
    Path("a.json").write_text('{"images": [\n  {"id": 1,,}\n]}')
    (found,) = said(COCO + LOADER, *CHECK)
    assert "FL602" == found["code"]
    assert "2" in _words(found)


def test_absent_root_and_annotations(folder: Path, said: Callable[..., Any]) -> None:
    """A folder and a file that are not there, each at its own dataset."""
    text = 'dataset d = CocoDetection("images", "a.json")\ndataset e = ImageFolder("nowhere")\n'
    assert [("FL601", "a.pipe", 1), ("FL601", "a.pipe", 2)] == _places(said(text, *CHECK))


def test_table_with_a_missing_image(folder: Path, said: Callable[..., Any]) -> None:
    """A row whose image is not there."""
    _image("a.png")
    Path("rows.csv").write_text("file,class\na.png,x\nb.png,y\n")
    (found,) = said('dataset d = Table("rows.csv", image="file", label="class")\n' + LOADER, *CHECK)
    assert ("FL605", 1) == (found["code"], found["line"])
    assert "b.png" in _words(found)


def test_table_without_the_column(folder: Path, said: Callable[..., Any]) -> None:
    """A column that the table lacks, with the nearest that it has."""
    Path("rows.csv").write_text("file,class\na.png,x\n")
    (found,) = said('dataset d = Table("rows.csv", image="file", label="clas")\n' + LOADER, *CHECK)
    assert ("FL608", 1) == (found["code"], found["line"])
    assert "`class`" in _words(found)


GROUPS = """\
dataset d = FakeData(size=20, num_classes=2)
group never = d where label == 1 and label == 0
"""


def test_empty_group(folder: Path, said: Callable[..., Any]) -> None:
    """A group that matches nothing is an error once, whether something is forced from it or not."""
    assert [("FL410", "a.pipe", 2)] == _places(said(GROUPS, *CHECK))
    forced = GROUPS + "loader train from d {\n  sample { force 1 never per 4 }\n}\n"
    assert [("FL410", "a.pipe", 2)] == _places(said(forced, *CHECK))


def test_unknown_class(folder: Path, said: Callable[..., Any]) -> None:
    """A class that the data does not have, with the nearest that it has."""
    _coco([{}])
    (found,) = said(COCO + 'group g = d where category == "crak"\n' + LOADER, *CHECK)
    assert ("FL432", 2) == (found["code"], found["line"])
    assert "`crack`" in _words(found)


def test_empty_part(folder: Path, said: Callable[..., Any]) -> None:
    """A part that its percentage leaves without samples."""
    text = "dataset d = FakeData(size=3)\nsplit d into train 99%, val 1%\nloader val from d.val {}\n"
    assert [("FL441", "a.pipe", 2)] == _places(said(text, *CHECK))


# ---- what only reading can find


FILES = 'dataset d = Files("*.jpg", root="images")\n'
BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "truncated": lambda data: data[: len(data) // 2],
    "no bytes": lambda data: b"",
    "another format": lambda data: b"this is no image",
}


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("how", BROKEN)
def test_unreadable_image(how: str, workers: int, folder: Path, said: Callable[..., Any]) -> None:
    """The loader's data is pointed at, and the file and its index are named; workers make no difference."""
    for name in ("0.jpg", "1.jpg"):
        _image(f"images/{name}", (64, 64))
    path = Path("images/1.jpg")
    path.write_bytes(BROKEN[how](path.read_bytes()))
    text = FILES + LOADER.replace("collate", f"num_workers = {workers}\n  collate")
    (found,) = said(text, *RUN)
    assert ("FL612", "a.pipe", 2) == (found["code"], found["path"], found["line"])
    assert "1.jpg" in _words(found)
    assert "sample 1" in _words(found)


def test_image_that_goes_away(folder: Path, said: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """An image that was there when the data was opened and is gone when it is read."""
    _image("images/0.jpg")
    from feedline.runtime import pipeline

    opened = pipeline.bind

    def bind_and_remove(*arguments: Any, **more: Any) -> Any:
        result = opened(*arguments, **more)
        Path("images/0.jpg").unlink()
        return result

    monkeypatch.setattr(pipeline, "bind", bind_and_remove)
    (found,) = said(FILES + LOADER, *RUN)
    assert ("FL612", "a.pipe", 2) == (found["code"], found["path"], found["line"])


def test_unequal_images_in_a_batch(folder: Path, said: Callable[..., Any]) -> None:
    """Two of the files whose sizes do not go together, found before an image is decoded."""
    _image("images/0.jpg", (8, 8))
    _image("images/1.jpg", (8, 9))
    (found,) = said(FILES + LOADER.replace("list", "stack"), *CHECK)
    assert "FL340" == found["code"]
    assert ("a.pipe", 4) == (found["path"], found["line"])
    for words in ("8 x 8", "9 x 8", "0.jpg", "1.jpg"):
        assert words in _words(found)


def test_step_that_fails(folder: Path, said: Callable[..., Any]) -> None:
    """A step that refuses a sample is pointed at, and the sample named: one whose header was not looked at before."""
    for number in range(60):
        _image(f"images/{number:02}.jpg", (8, 8) if number == 4 else (40, 40))
    text = (
        FILES + "loader images from d {\n  transform {\n    ToDtype(float32, scale=true)\n    RandomCrop(32)\n  }\n}\n"
    )
    (found,) = said(text, *RUN)
    assert ("FL211", "a.pipe", 5) == (found["code"], found["path"], found["line"])
    assert "04.jpg" in _words(found)


def test_step_that_every_image_is_too_small_for(folder: Path, said: Callable[..., Any]) -> None:
    """What the headers show is found before an image is decoded."""
    _image("images/0.jpg", (8, 8))
    (found,) = said(FILES + "loader images from d {\n  transform {\n    RandomCrop(32)\n  }\n}\n", *CHECK)
    assert ("FL325", "a.pipe", 4) == (found["code"], found["path"], found["line"])


def test_field_that_is_not_there(folder: Path, said: Callable[..., Any]) -> None:
    """A field that is collated and that the sample does not have, with those that it has."""
    _image("images/0.jpg")
    (found,) = said(FILES + "loader images from d {\n  collate {\n    mask stack\n  }\n}\n", *RUN)
    assert ("FL552", "a.pipe", 4) == (found["code"], found["path"], found["line"])
    assert "image" in _words(found)
