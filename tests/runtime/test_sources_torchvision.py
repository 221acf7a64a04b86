"""torchvision's other datasets: every one has a row, and those that can be drawn small give torchvision's samples."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from sourcing import bind, fault, try_bind
from torchvision import datasets, tv_tensors

from feedline.compiler import catalogue
from feedline.runtime import sources
from feedline.runtime.columns import Column, RaggedColumn
from feedline.runtime.sources import Source, UnreadableSample
from feedline.runtime.sources.torchvision_rows import FILES, ROWS


def draw(path: Path, seed: int = 0, mode: str = "RGB", size: tuple[int, int] = (8, 6), **options: Any) -> Path:
    """A small noisy picture in a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    Image.fromarray(noise).convert(mode).save(path, **options)
    return path


def labels(source: Source) -> list[int]:
    """The label column."""
    column = source.columns["label"]
    assert isinstance(column, Column)
    return column.values.tolist()


def assert_pixels(image: Any, sample: dict[str, Any]) -> None:
    """The sample has torchvision's pixels."""
    assert np.asarray(image.convert("RGB")).transpose(2, 0, 1).tolist() == sample["image"].tolist()


def test_every_dataset_of_the_catalogue_has_a_row() -> None:
    """A new class of torchvision is noticed here, and nothing has two homes."""
    homes = [set(sources._FAMILIES), FILES.keys() | ROWS.keys()]
    assert set(catalogue.dataset_names()) == homes[0] | homes[1]
    assert not homes[0] & homes[1]


def test_rows_give_the_fields_of_the_catalogue() -> None:
    """What the checker assumes about a sample is what the row makes of it (but for what a choice of targets adds)."""
    for name, row in ROWS.items():
        fields = [value.partition(":")[0] for value in row.values.split()]
        entry = catalogue.dataset(name)
        assert entry is not None
        if "" in fields or name in ("CelebA", "Cityscapes", "PhotoTour"):
            continue
        assert set(entry.fields) <= set(fields), name


def test_fake_data_is_torchvisions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same images and labels, the caller's generator untouched, labels for groups without a file to read."""
    theirs = datasets.FakeData(5, (3, 6, 8), 4)
    source = bind("FakeData", size=5, image_size=(3, 6, 8), num_classes=4)
    before = torch.get_rng_state()
    for index in range(5):
        assert_pixels(theirs[index][0], source.read(index))
    assert [theirs[index][1] for index in range(5)] == labels(source)
    assert before.tolist() == torch.get_rng_state().tolist()
    assert ([8] * 5, [6] * 5) == tuple(source.columns[name].values.tolist() for name in ("width", "height"))  # pyright: ignore[reportAttributeAccessIssue]  (columns of numbers)
    assert (1, 6, 8) == tuple(bind("FakeData", size=1, image_size=(1, 6, 8), mode="L").read(0)["image"].shape)
    assert source.role.fixed_size
    assert source.read(2)["label"] == pickle.loads(pickle.dumps(source)).read(2)["label"]


def test_files_and_labels_are_taken_over(tmp_path: Path) -> None:
    """EuroSAT: torchvision's list of files, decoded as everywhere, sizes and paths as columns."""
    for number, name in enumerate(("Forest/a.jpg", "River/b.jpg", "River/a.jpg")):
        draw(tmp_path / "eurosat" / "2750" / name, number)
    theirs = datasets.EuroSAT(tmp_path)
    source = bind("EuroSAT", root=tmp_path)
    assert (("Forest", "River"), [0, 1, 1]) == (source.classes, labels(source))
    for index in range(3):
        assert_pixels(theirs[index][0], source.read(index))
    assert [8, 8, 8] == source.columns["width"].values.tolist()  # pyright: ignore[reportAttributeAccessIssue]  (columns of numbers)
    assert (3, 6, 8) == tuple(pickle.loads(pickle.dumps(source)).read(0)["image"].shape)


def test_dtd_and_its_splits(tmp_path: Path) -> None:
    """Classes and files from DTD's own lists."""
    base = tmp_path / "dtd" / "dtd"
    for number, name in enumerate(("banded/1.jpg", "dotted/1.jpg")):
        draw(base / "images" / name, number)
    (base / "labels").mkdir()
    (base / "labels" / "val2.txt").write_text("dotted/1.jpg\nbanded/1.jpg\n")
    source = bind("DTD", root=tmp_path, split="val", partition=2)
    assert (("banded", "dotted"), [1, 0]) == (source.classes, labels(source))
    assert source.describe(0).endswith("images/dotted/1.jpg")


def test_omniglots_classes_do_not_depend_on_the_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """torchvision numbers characters in the order of the folder listing; here they are sorted."""
    for alphabet, character in (("Z", "b"), ("Z", "a"), ("A", "c")):
        draw(tmp_path / "omniglot-py" / "images_background" / alphabet / character / "1.png", mode="L")
    monkeypatch.setattr(datasets.Omniglot, "_check_integrity", lambda self: True)
    source = bind("Omniglot", root=tmp_path)
    assert (("A/c", "Z/a", "Z/b"), [0, 1, 2]) == (source.classes, labels(source))
    assert (1, 6, 8) == tuple(source.read(0)["image"].shape)


@pytest.fixture
def voc(tmp_path: Path) -> Path:
    """Two images of VOC2012, the second without objects and turned by EXIF."""
    base = tmp_path / "VOCdevkit" / "VOC2012"
    exif = Image.Exif()
    exif[0x0112] = 6
    draw(base / "JPEGImages" / "a.jpg", 1)
    draw(base / "JPEGImages" / "b.jpg", 2, exif=exif)
    box = "<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>5</xmax><ymax>4</ymax></bndbox>"
    objects = {
        "a": f"<object><name>dog</name><difficult>1</difficult><truncated>0</truncated>{box}</object>",
        "b": f"<object><name>cat</name>{box}</object><object><name>dog</name>{box}</object>",
    }
    (base / "Annotations").mkdir()
    for name, text in objects.items():
        (base / "Annotations" / f"{name}.xml").write_text(f"<annotation><size/>{text}</annotation>")
    for kind in ("Main", "Segmentation"):
        (base / "ImageSets" / kind).mkdir(parents=True)
        (base / "ImageSets" / kind / "train.txt").write_text("a\nb\n")
    for name in "ab":
        draw(base / "SegmentationClass" / f"{name}.png", mode="P")
    return tmp_path


def test_voc_detection(voc: Path) -> None:
    """Boxes, labels by torchvision's numbers, categories as a column, all from the XML files."""
    source = bind("VOCDetection", root=voc)
    sample = source.read(0)
    assert ([[1.0, 2.0, 5.0, 4.0]], [12], [1]) == tuple(
        sample[key].tolist() for key in ("boxes", "labels", "difficult")
    )
    assert "dog" == (source.classes or ())[12]
    category = source.columns["category"]
    assert isinstance(category, RaggedColumn) and category.names is not None
    assert ["dog", "cat", "dog"] == [category.names[code] for code in category.values]
    assert [0, 1, 3] == category.offsets.tolist()
    assert source.role.detection
    turned = source.read(1)
    assert ((3, 8, 6), (8, 6)) == (tuple(turned["image"].shape), turned["boxes"].canvas_size)
    assert [[2.0, 1.0, 4.0, 5.0]] * 2 == turned["boxes"].tolist()


def test_voc_segmentation(voc: Path) -> None:
    """The mask holds class numbers, (H, W), turned with its image."""
    source = bind("VOCSegmentation", root=voc)
    theirs = datasets.VOCSegmentation(voc)
    assert np.asarray(theirs[0][1]).tolist() == source.read(0)["mask"].tolist()
    assert isinstance(source.read(0)["mask"], tv_tensors.Mask)
    assert (8, 6) == tuple(source.read(1)["mask"].shape)
    assert (("image",), ("mask",)) == (source.role.data, source.role.targets)


def test_kitti_is_sorted(tmp_path: Path) -> None:
    """The order of a folder listing decides nothing; targets follow their image."""
    base = tmp_path / "Kitti" / "raw" / "training"
    (base / "label_2").mkdir(parents=True)
    for name in ("000002", "000000", "000001"):
        draw(base / "image_2" / f"{name}.png")
        line = f"Car 0.5 1 -1.5 1 2 5 4 1 2 3 4 5 {int(name)} 0.25\n"
        (base / "label_2" / f"{name}.txt").write_text(line)
    source = bind("Kitti", root=tmp_path)
    assert [0.0, 1.0, 2.0] == [source.read(index)["location"][0, 2].item() for index in range(3)]
    sample = source.read(0)
    assert ([[1.0, 2.0, 5.0, 4.0]], [0], [1]) == tuple(sample[key].tolist() for key in ("boxes", "labels", "occluded"))
    assert [[0], [0], [0]] == [source.columns["labels"].of(index).tolist() for index in range(3)]  # pyright: ignore[reportAttributeAccessIssue, reportCallIssue]  (a column of several values)


def celeba(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two faces with every annotation file."""
    base = root / "celeba"
    for number in range(2):
        draw(base / "img_align_celeba" / f"{number}.jpg", number)
    (base / "list_eval_partition.txt").write_text("0.jpg 0\n1.jpg 0\n")
    (base / "identity_CelebA.txt").write_text("0.jpg 7\n1.jpg 9\n")
    for name, header, row in (
        ("list_bbox_celeba.txt", "image_id x_1 y_1 width height", "1 2 3 4"),
        ("list_landmarks_align_celeba.txt", "a b c d e f g h i j", "1 1 2 2 3 3 4 4 5 5"),
        ("list_attr_celeba.txt", "Smiling Hat", "1 -1"),
    ):
        (base / name).write_text(f"2\n{header}\n0.jpg {row}\n1.jpg {row}\n")
    monkeypatch.setattr(datasets.CelebA, "_check_integrity", lambda self: True)
    return root


def test_celeba_targets_by_choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One field a target; attributes are columns that groups can use."""
    root = celeba(tmp_path, monkeypatch)
    source = bind("CelebA", root=root)
    assert ([1, 0], ("attr",)) == (source.read(0)["attr"].tolist(), source.role.targets)
    assert ([1, 1], [7, 9]) == tuple(source.columns[name].values.tolist() for name in ("Smiling", "identity"))  # pyright: ignore[reportAttributeAccessIssue]  (columns of numbers)
    source = bind("CelebA", root=root, target_type=["identity", "bbox", "landmarks"])
    sample = source.read(1)
    assert (9, [[1.0, 2.0, 4.0, 6.0]], (5, 2)) == (
        sample["identity"],
        sample["bbox"].tolist(),
        tuple(sample["landmarks"].shape),
    )
    assert ("identity", "bbox", "landmarks") == source.role.targets


def test_pets_give_what_is_asked_for(tmp_path: Path) -> None:
    """Category alone is a folder of labelled files; with a segmentation the object stays."""
    base = tmp_path / "oxford-iiit-pet"
    draw(base / "images" / "Abyssinian_1.jpg")
    draw(base / "annotations" / "trimaps" / "Abyssinian_1.png", mode="L")
    (base / "annotations" / "trainval.txt").write_text("Abyssinian_1 1 1 1\n")
    assert {"image", "label"} == set(bind("OxfordIIITPet", root=tmp_path).read(0))
    source = bind("OxfordIIITPet", root=tmp_path, target_types=["category", "binary-category", "segmentation"])
    assert {"image", "label", "species", "mask"} == set(source.read(0))


def test_captions(tmp_path: Path) -> None:
    """CocoCaptions: the texts of an image."""
    draw(tmp_path / "a.png")
    found = {
        "images": [{"id": 1, "file_name": "a.png"}],
        "annotations": [{"id": 1, "image_id": 1, "caption": "one"}, {"id": 2, "image_id": 1, "caption": "two"}],
    }
    (tmp_path / "a.json").write_text(json.dumps(found))
    source = bind("CocoCaptions", root=tmp_path, annFile=tmp_path / "a.json")
    assert ["one", "two"] == source.read(0)["captions"]


def test_flow_pairs(tmp_path: Path) -> None:
    """Two images and the flow; scenes in sorted order; a test part has no flow."""
    for part in ("training", "test"):
        for scene in ("b", "a"):
            for number in range(2):
                draw(tmp_path / "Sintel" / part / "clean" / scene / f"{number}.png", number)
    for scene, value in (("a", 1.0), ("b", 2.0)):
        path = tmp_path / "Sintel" / "training" / "flow" / scene / "0.flo"
        path.parent.mkdir(parents=True)
        header = np.array([202021.25], np.float32).tobytes() + np.array([8, 6], np.int32).tobytes()
        path.write_bytes(header + np.full((6, 8, 2), value, np.float32).tobytes())
    source = bind("Sintel", root=tmp_path)
    sample = source.read(0)
    assert (1.0, (2, 6, 8)) == (sample["flow"][0, 0, 0].item(), tuple(sample["flow"].shape))
    assert (3, 6, 8) == tuple(sample["image2"].shape)
    assert {"image", "image2"} == set(bind("Sintel", root=tmp_path, split="test").read(0))


def test_stereo_pairs(tmp_path: Path) -> None:
    """Left and right image and the left disparity."""
    for scene in ("shapenet", "reflective", "tree", "hole"):
        for side in ("left", "right"):
            draw(tmp_path / "CREStereo" / scene / f"1_{side}.jpg")
            draw(tmp_path / "CREStereo" / scene / f"1_{side}.disp.png", mode="L")
    sample = bind("CREStereo", root=tmp_path).read(0)
    assert ((3, 6, 8), (1, 6, 8)) == (tuple(sample["image2"].shape), tuple(sample["disparity"].shape))


def test_moving_mnist_is_a_video(tmp_path: Path) -> None:
    """(T, 1, H, W) uint8."""
    (tmp_path / "MovingMNIST").mkdir()
    np.save(tmp_path / "MovingMNIST" / "mnist_test_seq.npy", np.zeros((20, 2, 64, 64), np.uint8))
    source = bind("MovingMNIST", root=tmp_path)
    assert isinstance(source.read(1)["video"], tv_tensors.Video)
    assert ((20, 1, 64, 64), ("video",)) == (tuple(source.read(1)["video"].shape), source.role.data)


def test_a_mode_of_torchvisions_own_is_passed_on(tmp_path: Path) -> None:
    """Cityscapes' `mode` says which annotations, not which channels."""
    for kind, suffix in (("gtFine", "gtFine_labelIds"), ("gtCoarse", "gtCoarse_labelIds")):
        draw(tmp_path / kind / "train" / "ulm" / f"ulm_1_{suffix}.png", mode="L")
    draw(tmp_path / "leftImg8bit" / "train" / "ulm" / "ulm_1_leftImg8bit.png")
    sample = bind("Cityscapes", root=tmp_path, mode="coarse", target_type="semantic").read(0)
    assert ((3, 6, 8), (6, 8)) == (tuple(sample["image"].shape), tuple(sample["mask"].shape))


def test_broken_files_of_a_wrapped_dataset_are_unreadable(voc: Path) -> None:
    """The dataset's name, the index, and why."""
    (voc / "VOCdevkit" / "VOC2012" / "JPEGImages" / "a.jpg").write_bytes(b"")
    source = bind("VOCDetection", root=voc)
    with pytest.raises(UnreadableSample, match=r"sample 0 \(VOCDetection\[0\]\) cannot be read"):
        source.read(0)


@pytest.mark.parametrize(
    ("name", "args", "code"),
    [
        ("VOCDetection", {}, "FL601"),
        ("Sintel", {}, "FL601"),
        ("Food101", {}, "FL601"),
        ("CelebA", {}, "FL601"),
        ("DTD", {"split": "tset"}, "FL611"),
        ("GTSRB", {"split": "tset"}, "FL611"),
    ],
)
def test_what_torchvision_refuses_is_a_diagnostic(tmp_path: Path, name: str, args: dict[str, Any], code: str) -> None:
    """Its exception in one line, never a traceback."""
    diagnostic = fault(name, root=tmp_path, **args)
    assert code == diagnostic.code
    assert "\n" not in diagnostic.message


@pytest.mark.parametrize("name", sorted(FILES.keys() | ROWS.keys() - {"FakeData"}))
def test_no_dataset_crashes_on_an_empty_folder(tmp_path: Path, name: str) -> None:
    """Every class of torchvision, bound where its files are not."""
    needed = {
        "annFile": tmp_path / "a.json", "ann_file": tmp_path / "a.txt", "annotation_path": tmp_path,
        "frames_per_clip": 2, "name": "notredame", "download": False,
    }  # fmt: skip
    entry = catalogue.dataset(name)
    assert entry is not None
    args = {key: value for key, value in needed.items() if entry.parameter(key) is not None}
    source, diagnostics = try_bind(name, root=tmp_path, **args)
    assert source is None
    assert {"FL601", "FL607", "FL610", "FL611"} >= {found.code for found in diagnostics}
    assert 1 == len(diagnostics)
