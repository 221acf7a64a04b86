"""Datasets in memory, on small files in torchvision's own formats (with the MD5 sums of those files)."""

from __future__ import annotations

import bz2
import hashlib
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from sourcing import bind, fault
from torchvision import datasets

from feedline.runtime.columns import Column
from feedline.runtime.sources import Source

SIZE = 5


def label_column(source: Source) -> Column:
    """The label column."""
    column = source.columns["label"]
    assert isinstance(column, Column)
    return column


def random(*shape: int) -> np.ndarray:
    """Noise of a shape."""
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def md5(data: bytes) -> str:
    """A file's sum."""
    return hashlib.md5(data).hexdigest()


def write_idx(folder: Path, images: np.ndarray, labels: np.ndarray, prefix: str = "train") -> None:
    """MNIST's own files."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{prefix}-images-idx3-ubyte").write_bytes(struct.pack(">IIII", 2051, *images.shape) + images.tobytes())
    (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 2049, len(labels)) + labels.tobytes())


@pytest.fixture
def mnist(tmp_path: Path) -> Path:
    """Both parts of a small MNIST."""
    for prefix in ("train", "t10k"):
        write_idx(tmp_path / "MNIST" / "raw", random(SIZE, 28, 28), np.array([3, 1, 4, 1, 5], np.uint8), prefix)
    return tmp_path


@pytest.fixture
def cifar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[type], Path]:
    """A small CIFAR of either kind, its sums patched."""

    def make(kind: Any) -> Path:
        folder = tmp_path / kind.base_folder
        folder.mkdir()
        entry = {"data": random(SIZE, 3072), "labels": [3, 1, 4, 1, 5], "fine_labels": [3, 1, 4, 1, 5]}
        batch = pickle.dumps(entry)
        meta = pickle.dumps({kind.meta["key"]: [f"class {number}" for number in range(10)]})
        (folder / "one").write_bytes(batch)
        (folder / kind.meta["filename"]).write_bytes(meta)
        monkeypatch.setattr(kind, "train_list", [["one", md5(batch)]])
        monkeypatch.setattr(kind, "test_list", [])
        monkeypatch.setattr(kind, "meta", {**kind.meta, "md5": md5(meta)})
        return tmp_path

    return make


@pytest.fixture
def stl10(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small STL10 with two unlabeled images, its sums patched."""
    folder = tmp_path / "stl10_binary"
    folder.mkdir()
    content = {
        "train_X.bin": random(SIZE, 3, 96, 96).tobytes(),
        "train_y.bin": np.array([1, 2, 3, 10, 1], np.uint8).tobytes(),
        "unlabeled_X.bin": random(2, 3, 96, 96).tobytes(),
        "test_X.bin": random(1, 3, 96, 96).tobytes(),
        "test_y.bin": np.array([7], np.uint8).tobytes(),
    }
    for name, data in content.items():
        (folder / name).write_bytes(data)
    (folder / "class_names.txt").write_text("\n".join(f"class {number}" for number in range(10)))
    lists = {"train_list": ["train_X.bin", "train_y.bin", "unlabeled_X.bin"], "test_list": ["test_X.bin", "test_y.bin"]}
    for attribute, names in lists.items():
        monkeypatch.setattr(datasets.STL10, attribute, [[name, md5(content[name])] for name in names])
    return tmp_path


def assert_like_torchvision(source: Source, theirs: Any, mode: str = "RGB") -> None:
    """Every image and label is what torchvision's own `__getitem__` gives."""
    assert len(theirs) == len(source)
    for index in range(len(source)):
        image, label = theirs[index]
        sample = source.read(index)
        expected = np.asarray(image.convert(mode))
        expected = expected[None] if mode == "L" else expected.transpose(2, 0, 1)
        assert expected.tolist() == sample["image"].tolist()
        assert label == sample["label"]


def test_mnist_is_grey_unless_asked(mnist: Path) -> None:
    """(1, 28, 28) uint8 and the label; three equal channels with mode = "RGB"."""
    source = bind("MNIST", root=mnist)
    assert_like_torchvision(source, datasets.MNIST(mnist), "L")
    assert [3, 1, 4, 1, 5] == label_column(source).values.tolist()
    assert "3 - three" == (source.classes or ())[3]
    colour = bind("MNIST", root=mnist, mode="RGB", train=False)
    assert_like_torchvision(colour, datasets.MNIST(mnist, train=False))
    assert ("MNIST[2]", True) == (source.describe(2), source.role.fixed_size)


def test_every_member_of_the_family_is_read_from_its_own_files(mnist: Path) -> None:
    """FashionMNIST and KMNIST keep the same format in folders of their own."""
    for name in ("FashionMNIST", "KMNIST"):
        (mnist / name).symlink_to(mnist / "MNIST")
        assert_like_torchvision(bind(name, root=mnist), getattr(datasets, name)(mnist), "L")


def test_emnist_and_qmnist(tmp_path: Path) -> None:
    """EMNIST takes a split; QMNIST's further label columns come with compat = false."""
    labels = np.array([3, 1, 4, 1, 5], np.uint8)
    write_idx(tmp_path / "EMNIST" / "raw", random(SIZE, 28, 28), labels, "emnist-letters-train")
    assert_like_torchvision(bind("EMNIST", root=tmp_path, split="letters"), datasets.EMNIST(tmp_path, "letters"), "L")
    folder = tmp_path / "QMNIST" / "raw"
    write_idx(folder, random(SIZE, 28, 28), labels, "qmnist-train")
    table = np.arange(SIZE * 8, dtype=">i4").reshape(SIZE, 8)
    (folder / "qmnist-train-images-idx3-ubyte").rename(folder / "qmnist-train-images-idx3-ubyte.tmp")
    (folder / "qmnist-train-images-idx3-ubyte.tmp").rename(folder / "qmnist-train-images-idx3-ubyte")
    (folder / "qmnist-train-labels-idx2-int").write_bytes(struct.pack(">III", 3074, SIZE, 8) + table.tobytes())
    assert_like_torchvision(bind("QMNIST", root=tmp_path), datasets.QMNIST(tmp_path), "L")
    source = bind("QMNIST", root=tmp_path, compat=False)
    assert list(range(8, 16)) == source.read(1)["label"].tolist()
    assert 8 == label_column(source).values[1]


@pytest.mark.parametrize("kind", [datasets.CIFAR10, datasets.CIFAR100])
def test_cifar_equals_torchvision(cifar: Callable[[type], Path], kind: Any) -> None:
    """Channels first, class names from the meta file."""
    root = cifar(kind)
    source = bind(kind.__name__, root=root)
    assert_like_torchvision(source, kind(root))
    assert "class 4" == (source.classes or ())[4]
    grey = bind(kind.__name__, root=root, mode="L")
    assert_like_torchvision(grey, kind(root), "L")


@pytest.mark.parametrize("split", ["train", "test", "unlabeled", "train+unlabeled"])
def test_stl10_equals_torchvision(stl10: Path, split: str) -> None:
    """Its columns of pixels are turned as torchvision turns them; unlabeled samples have label -1."""
    source = bind("STL10", root=stl10, split=split)
    assert_like_torchvision(source, datasets.STL10(stl10, split))
    if split == "train+unlabeled":
        assert [0, 1, 2, 9, 0, -1, -1] == label_column(source).values.tolist()


def test_a_damaged_file_is_torchvisions_own_finding(stl10: Path) -> None:
    """A wrong MD5 sum is an error that offers the download."""
    (stl10 / "stl10_binary" / "train_X.bin").write_bytes(b"x")
    diagnostic = fault("STL10", root=stl10)
    assert ("FL601", True) == (diagnostic.code, "download=true" in (diagnostic.help or ""))
    assert "missing or damaged" in diagnostic.message


def test_a_dataset_that_is_not_there_offers_the_download(tmp_path: Path) -> None:
    """Nothing is fetched unless the file says so."""
    diagnostic = fault("MNIST", root=tmp_path / "nowhere", download=False)
    assert ("FL601", "say `download=true` to let torchvision fetch it") == (diagnostic.code, diagnostic.help)


def test_usps_and_semeion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixteen by sixteen, from text."""
    rows = [f"{label} " + " ".join(f"{number}:{number % 3 - 1}" for number in range(256)) for label in (1, 10)]
    (tmp_path / "usps.bz2").write_bytes(bz2.compress("\n".join(rows).encode()))
    assert_like_torchvision(bind("USPS", root=tmp_path), datasets.USPS(str(tmp_path)), "L")
    one_hot = np.eye(10)[[4, 9]]
    table = np.concatenate([np.tile([0.0, 1.0], (2, 128)), one_hot], 1)
    np.savetxt(tmp_path / "semeion.data", table, fmt="%.4f")
    monkeypatch.setattr(datasets.SEMEION, "md5_checksum", md5((tmp_path / "semeion.data").read_bytes()))
    theirs = datasets.SEMEION(str(tmp_path), download=False)
    assert_like_torchvision(bind("SEMEION", root=tmp_path, download=False), theirs, "L")


def test_svhn_without_scipy_names_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that only this dataset needs is a diagnostic, not a traceback."""
    import sys

    monkeypatch.setitem(sys.modules, "scipy", None)
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    (tmp_path / "train_32x32.mat").write_bytes(b"x")
    split = ["", "train_32x32.mat", md5(b"x")]
    monkeypatch.setattr(datasets.SVHN, "split_list", {**datasets.SVHN.split_list, "train": split})
    diagnostic = fault("SVHN", root=tmp_path)
    assert ("FL610", "pip install scipy") == (diagnostic.code, diagnostic.help)


def test_a_sample_is_a_copy(mnist: Path) -> None:
    """A step that works in place must not change the dataset."""
    source = bind("MNIST", root=mnist)
    before = source.read(0)["image"].clone()
    source.read(0)["image"].zero_()
    assert before.tolist() == source.read(0)["image"].tolist()


def test_pil_images_on_request(mnist: Path) -> None:
    """image_backend = pil gives the image that torchvision would give."""
    image = bind("MNIST", root=mnist, image_backend="pil").read(0)["image"]
    assert isinstance(image, Image.Image)
    assert (datasets.MNIST(mnist)[0][0].tobytes(), "L") == (image.tobytes(), image.mode)


def test_it_travels_to_workers_as_tensors(mnist: Path) -> None:
    """Nothing of torchvision's object is left in the source."""
    source = pickle.loads(pickle.dumps(bind("MNIST", root=mnist)))
    assert torch.uint8 == source.read(4)["image"].dtype
    assert 5 == source.read(4)["label"]
