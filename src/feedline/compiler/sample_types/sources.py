"""What the samples of each source of the catalogue hold: fields, and sizes and class counts of the well-known sets.

Only what holds for every copy of a data set stands here. A set of one's own (`ImageFolder`, `Files`, a table, a COCO
file) says nothing of sizes before it is opened.
"""

from __future__ import annotations

from collections.abc import Mapping

from feedline.compiler import catalogue, ir
from feedline.compiler.sample_types.model import UNKNOWN, Boxes, Field, Image, Mask, Number, Role, Text

Args = Mapping[str, ir.Value]

_SIZES: dict[str, tuple[int, int]] = {
    **dict.fromkeys(("MNIST", "FashionMNIST", "KMNIST", "EMNIST", "QMNIST"), (28, 28)),
    **dict.fromkeys(("USPS", "SEMEION"), (16, 16)),
    **dict.fromkeys(("CIFAR10", "CIFAR100", "SVHN"), (32, 32)),
    **dict.fromkeys(("EuroSAT", "PhotoTour"), (64, 64)),
    **dict.fromkeys(("STL10", "PCAM"), (96, 96)),
    **dict.fromkeys(("LFWPeople", "LFWPairs"), (250, 250)),
    "CLEVRClassification": (320, 480),
    "CelebA": (218, 178),
    "Cityscapes": (1024, 2048),
    "FER2013": (48, 48),
    "Omniglot": (105, 105),
    "RenderedSST2": (448, 448),
}
"""Height and width."""

_CLASSES = {
    **dict.fromkeys(("MNIST", "FashionMNIST", "KMNIST", "USPS", "SEMEION", "CIFAR10", "SVHN", "STL10", "EuroSAT"), 10),
    **{"CIFAR100": 100, "Caltech101": 101, "Caltech256": 257, "Country211": 211, "DTD": 47, "Flowers102": 102},
    **{"Food101": 101, "GTSRB": 43, "ImageNet": 1000, "Imagenette": 10, "OxfordIIITPet": 37, "Places365": 365},
    **{"SUN397": 397, "StanfordCars": 196, "FER2013": 7, "RenderedSST2": 2, "PCAM": 2},
}

_EMNIST_CLASSES = {"byclass": 62, "bymerge": 47, "balanced": 47, "letters": 27, "digits": 10, "mnist": 10}
_AIRCRAFT_CLASSES = {"variant": 100, "family": 70, "manufacturer": 30}

_DIFFER = {
    *("Caltech101", "Caltech256", "DTD", "FGVCAircraft", "Flickr30k", "Flickr8k", "Flowers102", "Food101", "GTSRB"),
    *("INaturalist", "ImageNet", "Imagenette", "Kitti", "LSUN", "LSUNClass", "OxfordIIITPet", "SBDataset", "SBU"),
    *("SUN397", "StanfordCars", "VOCDetection", "VOCSegmentation", "WIDERFace", "Places365", "Country211"),
}
"""Sets whose pictures are known to differ in size."""

_OWN_FILES = {"ImageFolder", "DatasetFolder", "Files", "Table", "CocoDetection", "CocoCaptions"}

_DETECTION = {"CocoDetection", "VOCDetection", "Kitti", "WIDERFace"}

_LABEL = Number("int64")
_ROWS = Number("int64", (None,))
_FLOATS = Number("float32", (None,))
_VECTORS = Number("float32", (None, 3))
_BOXES: dict[str, Field] = {"image": Image(), "boxes": Boxes(), "labels": _ROWS}

_FIELDS: dict[str, dict[str, Field]] = {
    "CocoDetection": {**_BOXES, "area": _FLOATS, "iscrowd": _ROWS, "image_id": Number("int64")},
    "Files": {"image": Image(), "path": Text()},
    "Kitti": {
        **_BOXES,
        **dict.fromkeys(("truncated", "alpha", "rotation_y"), _FLOATS),
        **{"occluded": _ROWS, "dimensions": _VECTORS, "location": _VECTORS},
    },
    "LFWPairs": {"image": Image(), "image2": Image(), "label": _LABEL},
    "LSUNClass": {"image": Image()},
    "PhotoTour": {"image": Image(), "image2": Image(), "label": _LABEL},
    "SBDataset": {"image": Image(), "mask": Mask()},
    "SBU": {"image": Image(), "caption": Text()},
    "VOCDetection": {**_BOXES, "difficult": _ROWS, "truncated": _ROWS},
    "VOCSegmentation": {"image": Image(), "mask": Mask()},
    "WIDERFace": {
        **{"image": Image(), "boxes": Boxes()},
        **dict.fromkeys(("blur", "expression", "illumination", "occlusion", "pose", "invalid"), _ROWS),
    },
}
"""Classes of torchvision that are not here and have a label hold an image and that label."""

_TARGETS: dict[str, dict[str, tuple[str, Field]]] = {
    "Caltech101": {"category": ("label", _LABEL), "annotation": ("contour", UNKNOWN)},
    "CelebA": {
        "attr": ("attr", Number("int64", (40,))),
        "identity": ("identity", _LABEL),
        "bbox": ("bbox", Boxes()),
        "landmarks": ("landmarks", UNKNOWN),
    },
    "Cityscapes": {
        **dict.fromkeys(("instance", "semantic"), ("mask", Mask())),
        "color": ("mask", UNKNOWN),
        "polygon": ("polygons", UNKNOWN),
    },
    "INaturalist": {"full": ("label", _LABEL)},
    "OxfordIIITPet": {
        "category": ("label", _LABEL),
        "binary-category": ("species", Number("int64", classes=2)),
        "segmentation": ("mask", Mask()),
    },
}
"""What the values of `target_type` (`target_types` for the pets) add to the image."""


def fields_of(name: str, args: Args) -> dict[str, Field]:
    """The fields of a source's samples that are known, in order; images and labels still without their details."""
    if name in _TARGETS:
        return {"image": Image(), **_targets(name, args)}
    if name == "Table":
        return _table(args)
    if name == "CocoDetection" and args.get("masks"):
        return {**_FIELDS[name], "masks": Mask(objects=True)}
    if name == "PhotoTour" and args.get("train", True):
        return {"image": Image()}
    if name == "QMNIST" and args.get("compat") is False:
        return {"image": Image(), "label": Number("int64", (8,))}
    if name in _FIELDS:
        return _FIELDS[name]
    known = _catalogued(name)
    return {item: Image() if item.startswith("image") else _LABEL for item in known if item in _PLAIN}


_PLAIN = {"image", "image2", "label"}


def is_open(name: str, args: Args) -> bool:
    """Whether the samples of a source may hold fields that `fields_of` does not list, or lack some in a test part."""
    if name in ("Kitti", "WIDERFace"):
        return args.get("train") is False or args.get("split") == "test"
    if name in _FIELDS or name in _TARGETS:
        return False
    return name == "Table" or not set(_catalogued(name)) <= _PLAIN


def size(name: str, args: Args) -> tuple[int, int] | None:
    """Height and width of every image, where the class and its arguments say it."""
    if name == "FakeData":
        shape = _numbers(args.get("image_size"))
        return (shape[1], shape[2]) if len(shape) == 3 else None
    if name == "Places365" and args.get("small"):
        return (256, 256)
    return _SIZES.get(name)


def sizes_differ(name: str, args: Args) -> bool:
    """Whether the pictures of a well-known set are known to differ in size."""
    return name in _DIFFER and size(name, args) is None


def has_own_files(name: str) -> bool:
    """Whether the images are the user's own files, of one size or not."""
    return name in _OWN_FILES


def classes(name: str, args: Args) -> int | None:
    """The number of classes of `label`, where the class and its arguments say it."""
    match name:
        case "FakeData":
            count = args.get("num_classes")
            return count if isinstance(count, int) else None
        case "EMNIST":
            return _EMNIST_CLASSES.get(str(args.get("split")))
        case "FGVCAircraft":
            return _AIRCRAFT_CLASSES.get(str(args.get("annotation_level")))
        case "QMNIST":
            return 10 if args.get("compat", True) else None
        case _:
            return _CLASSES.get(name)


def role(source: ir.SourceCall) -> Role | None:
    """What a batch of a source's samples is made of, None where only the data can say."""
    args = {arg.name: arg.value for arg in source.args}
    if source.target is not None or source.registered:
        return None
    if source.name in _DETECTION:
        return Role(("image",), detection=True)
    names = fields_of(source.name, args)
    if source.name != "Table" and is_open(source.name, args):
        return None
    data = tuple(name for name in names if name in ("image", "image2", "features"))
    if source.name == "Table" and "label" not in names:
        return None  # a column called `label` would be one
    return Role(data, tuple(name for name in names if name not in (*data, "path")))


def _targets(name: str, args: Args) -> dict[str, Field]:
    known = _TARGETS[name]
    chosen = args.get("target_types" if name == "OxfordIIITPet" else "target_type") or next(iter(known))
    items = chosen.items if isinstance(chosen, ir.ListValue) else chosen if isinstance(chosen, tuple) else (chosen,)
    # Further ranks of INaturalist's taxonomy are numbers under their own names.
    found = [(str(item), known.get(str(item), (str(item), _LABEL))) for item in items]
    repeated = len({field for _, (field, _) in found}) < len(found)
    return {item if repeated else field: kind for item, (field, kind) in found}


def _table(args: Args) -> dict[str, Field]:
    names: dict[str, Field] = {}
    if args.get("image") is not None:
        names["image"] = Image()
    if args.get("features") is not None:
        features = args["features"]
        items = features.items if isinstance(features, ir.ListValue) else features
        names["features"] = Number("float32", (len(items) if isinstance(items, tuple) else None,))
    if args.get("label") is not None:
        names["label"] = UNKNOWN
    return names


def _catalogued(name: str) -> tuple[str, ...]:
    entry = catalogue.dataset(name)
    return () if entry is None else entry.fields


def _numbers(value: ir.Value) -> tuple[int, ...]:
    items = value.items if isinstance(value, ir.ListValue) else value
    return tuple(item for item in items if isinstance(item, int)) if isinstance(items, tuple) else ()
