"""Which fields a torchvision dataset's samples have, as data: `FILES`, `TARGETS` and `ROWS`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from attrs import frozen

FilesAndLabels = tuple[Sequence[Any], Sequence[Any]]


def _attributes(files: str, labels: str) -> Callable[[Any], FilesAndLabels]:
    return lambda dataset: (getattr(dataset, files), getattr(dataset, labels))


def _pairs(attribute: str) -> Callable[[Any], FilesAndLabels]:
    return lambda dataset: tuple(zip(*getattr(dataset, attribute), strict=True)) or ((), ())  # pyright: ignore[reportReturnType]  (pairs of tuples, which zip does not say)


def _caltech101(dataset: Any) -> FilesAndLabels:
    place = Path(dataset.root, "101_ObjectCategories")
    names = [f"image_{number:04d}.jpg" for number in dataset.index]
    return [place / dataset.categories[y] / name for y, name in zip(dataset.y, names, strict=True)], dataset.y


def _caltech256(dataset: Any) -> FilesAndLabels:
    place = Path(dataset.root, "256_ObjectCategories")
    names = [f"{y + 1:03d}_{number:04d}.jpg" for y, number in zip(dataset.y, dataset.index, strict=True)]
    return [place / dataset.categories[y] / name for y, name in zip(dataset.y, names, strict=True)], dataset.y


def _omniglot(dataset: Any) -> FilesAndLabels:
    dataset.classes = sorted(dataset._characters)
    code = {name: number for number, name in enumerate(dataset.classes)}
    named = [(dataset._characters[character], image) for image, character in dataset._flat_character_images]
    named.sort()
    return [Path(dataset.target_folder, *pair) for pair in named], [code[character] for character, _ in named]


def _inaturalist(dataset: Any) -> FilesAndLabels:
    dataset.index.sort()
    places = [Path(dataset.root, category) for category in dataset.all_categories]
    return [places[category] / name for category, name in dataset.index], [category for category, _ in dataset.index]


def _sun397(dataset: Any) -> FilesAndLabels:
    ordered = sorted(zip(dataset._image_files, dataset._labels, strict=True))
    return [path for path, _ in ordered], [label for _, label in ordered]


FILES: dict[str, Callable[[Any], FilesAndLabels]] = {
    "CLEVRClassification": _attributes("_image_files", "_labels"),
    "Caltech101": _caltech101,
    "Caltech256": _caltech256,
    "Country211": _pairs("samples"),
    "DTD": _attributes("_image_files", "_labels"),
    "EuroSAT": _pairs("samples"),
    "FGVCAircraft": _attributes("_image_files", "_labels"),
    "Flowers102": _attributes("_image_files", "_labels"),
    "Food101": _attributes("_image_files", "_labels"),
    "GTSRB": _pairs("_samples"),
    "INaturalist": _inaturalist,
    "ImageNet": _pairs("samples"),
    "Imagenette": _pairs("_samples"),
    "LFWPeople": _attributes("data", "targets"),
    "Omniglot": _omniglot,
    "OxfordIIITPet": _attributes("_images", "_labels"),
    "Places365": _pairs("imgs"),
    "RenderedSST2": _pairs("_samples"),
    "SUN397": _sun397,
    "StanfordCars": _pairs("_samples"),
}
"""Files and labels of classification datasets. Three of them hold other things too when asked: see `TARGETS`."""

# What the values of `target_type` (`target_types` for the pets) become; the first of each is the class's default.
TARGETS = {
    "Caltech101": {"category": "label:label", "annotation": "contour:tensor"},
    "CelebA": {
        "attr": "attr:tensor",
        "identity": "identity:label",
        "bbox": "bbox:box",
        "landmarks": "landmarks:points",
    },
    "Cityscapes": {"instance": "mask:mask", "semantic": "mask:mask", "color": "mask:mask", "polygon": "polygons:plain"},
    "INaturalist": {"full": "label:label"},
    "OxfordIIITPet": {"category": "label:label", "binary-category": "species:label", "segmentation": "mask:mask"},
}


@frozen
class Row:
    """How one class's samples become ours: `field:kind` for each value of its tuple, in order."""

    values: str
    sort: tuple[str, ...] = ()
    """Attributes, lists of one length, that the file system's order got into: sorted together by the first."""
    labels: Callable[[Any], Sequence[Any]] | None = None
    """Class numbers without decoding, where the object has them."""
    reopen: bool = False
    """The object holds what cannot be sent to a worker: there it is made anew."""


_LABELLED = "image:image label:label"
_FLOW = Row("image:image image2:image flow:tensor valid:tensor", sort=("_image_list", "_flow_list"))
_STEREO = Row("image:image image2:image disparity:tensor valid:tensor", sort=("_images", "_disparities"))
_VIDEO = Row("video:video audio:tensor label:label")

ROWS: dict[str, Row] = {
    **{name: Row(_LABELLED) for name in ("Caltech101", "INaturalist", "OxfordIIITPet")},
    "CelebA": Row("image:image"),
    "Cityscapes": Row("image:image", sort=("images", "targets")),
    "CocoCaptions": Row("image:image captions:plain"),
    "FER2013": Row(_LABELLED, labels=lambda dataset: [label for _, label in dataset._samples]),
    "FakeData": Row(_LABELLED),
    "Flickr30k": Row("image:image captions:plain"),
    "Flickr8k": Row("image:image captions:plain"),
    **dict.fromkeys(("FlyingChairs", "FlyingThings3D", "HD1K", "KittiFlow", "Sintel"), _FLOW),
    **dict.fromkeys(("HMDB51", "Kinetics", "UCF101"), _VIDEO),
    "Kitti": Row("image:image :kitti", sort=("images", "targets")),
    "LFWPairs": Row("image:image image2:image label:label", labels=lambda dataset: dataset.targets),
    "LSUN": Row(
        _LABELLED,
        labels=lambda dataset: np.repeat(np.arange(len(dataset.indices)), np.diff([0, *dataset.indices])).tolist(),
        reopen=True,
    ),
    "LSUNClass": Row("image:image", reopen=True),
    "MovingMNIST": Row("video:video"),
    "PCAM": Row(_LABELLED, reopen=True),
    "PhotoTour": Row("image:image image2:image label:label"),
    "SBDataset": Row("image:image mask:mask"),
    "SBU": Row("image:image caption:plain"),
    "VOCDetection": Row("image:image :voc"),
    "VOCSegmentation": Row("image:image mask:mask"),
    "WIDERFace": Row("image:image :widerface"),
    **dict.fromkeys(
        (
            *("CREStereo", "CarlaStereo", "ETH3DStereo", "FallingThingsStereo", "InStereo2k", "Kitti2012Stereo"),
            *("Kitti2015Stereo", "Middlebury2014Stereo", "SceneFlowStereo", "SintelStereo"),
        ),
        _STEREO,
    ),
}
