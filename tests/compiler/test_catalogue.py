"""The catalogue: its data, and that it says of the installed torchvision what is true."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torchvision
from torchvision import datasets
from torchvision.transforms import v2

from feedline.compiler import catalogue, ir
from feedline.compiler.catalogue.types import ENUMS, Misfit, parse_type

ROOT = Path(__file__).parents[2]
FOLDER = Path(catalogue.__file__).parent
INSTALLED = torchvision.__version__.partition("+")[0]


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    """`scripts/make_catalogue.py` as a module."""
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        spec = importlib.util.spec_from_file_location("make_catalogue", ROOT / "scripts" / "make_catalogue.py")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.pop(0)


def test_files_are_what_the_script_writes(generator):
    """The checked-in files are those of the installed torchvision, or of another version than the installed one."""
    fresh = generator.catalogue()
    stale = [name for name, text in fresh.items() if text != (FOLDER / name).read_text(encoding="utf-8")]
    assert not stale or catalogue.version() != INSTALLED


def test_every_transform_of_torchvision_is_known_or_left_out_for_a_reason(generator):
    """A class of `transforms.v2` is in the catalogue, or in the script's list of those that a file cannot use."""
    classes = {name for name in dir(v2) if isinstance(getattr(v2, name), type)}
    known = {*catalogue.transform_names(), *generator.tables.EXCLUDED_TRANSFORMS}
    assert not classes - known or catalogue.version() != INSTALLED


def test_every_dataset_of_torchvision_is_known_or_left_out_for_a_reason(generator):
    """A name of `torchvision.datasets` is in the catalogue, or in the script's list of those that a file cannot use."""
    known = {*catalogue.dataset_names(), *generator.tables.EXCLUDED_DATASETS}
    assert not set(datasets.__all__) - known or catalogue.version() != INSTALLED


def test_catalogue_is_read_without_torch():
    """Looking entries up imports neither torch nor torchvision."""
    code = (
        "import sys; from feedline.compiler import catalogue as c\n"
        "c.transform('Resize'); c.dataset('MNIST'); c.constants()\n"
        "print(sorted({'torch', 'torchvision', 'numpy', 'PIL'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("kind", ["transform", "dataset"])
def test_every_entry_can_be_loaded(kind):
    """Types parse, defaults fit them, and every entry has a line of documentation."""
    names = catalogue.transform_names() if kind == "transform" else catalogue.dataset_names()
    entries = [getattr(catalogue, kind)(name) for name in names]
    assert all(
        entry is not None and entry.doc and entry.name == name for name, entry in zip(names, entries, strict=True)
    )


@pytest.mark.parametrize("lookup", [catalogue.transform, catalogue.dataset])
def test_unknown_name_has_no_entry(lookup):
    """A name that torchvision does not have gives None."""
    assert lookup("Rezise") is None


def test_vague_annotations_are_made_exact():
    """Where torchvision says `Sequence` or `str`, the catalogue says what is meant."""
    wanted = {
        ("Resize", "size"): "int 1.. | [int 1.. 1,2] | none",
        ("Normalize", "mean"): "[float]",
        ("Pad", "padding_mode"): "{constant edge reflect symmetric}",
        ("AutoAugment", "policy"): "autoaugment",
        ("ToDtype", "dtype"): "dtype",
        ("RandomResizedCrop", "scale"): "(float 0.., float 0..)",
        ("RandomHorizontalFlip", "p"): "float 0..1",
    }
    found = {}
    for transform, parameter in wanted:
        entry = catalogue.transform(transform)
        assert entry is not None
        found[transform, parameter] = getattr(entry.parameter(parameter), "type", None)
    assert {key: parse_type(text) for key, text in wanted.items()} == found


def test_required_and_default():
    """A parameter is required, or has its default in the form that a written value would get."""
    entry = catalogue.transform("RandomResizedCrop")
    assert entry is not None
    found = {item.name: (item.required, item.default) for item in entry.parameters}
    assert {
        "size": (True, None),
        "scale": (False, (0.08, 1.0)),
        "ratio": (False, (0.75, 4 / 3)),
        "interpolation": (False, ir.Symbol("bilinear")),
        "antialias": (False, True),
    } == found


@pytest.mark.parametrize(
    ("name", "mode"), [("MNIST", "L"), ("USPS", "L"), ("CIFAR10", "RGB"), ("ImageFolder", "RGB"), ("Kinetics", None)]
)
def test_mode_is_that_of_the_stored_images(name, mode):
    """Datasets that store grey images decode to one channel by default; videos have no mode."""
    entry = catalogue.dataset(name)
    assert entry is not None
    parameter = entry.parameter("mode")
    assert (mode, mode) == (entry.mode, parameter.default if parameter else None)


def test_image_options_are_given_by_name():
    """feedline's own arguments never take a place among torchvision's."""
    entry = catalogue.dataset("ImageFolder")
    assert entry is not None
    assert {"mode": "keyword", "image_backend": "keyword", "exif": "keyword"} == {
        item.name: item.kind for item in entry.parameters if item.name in ("mode", "image_backend", "exif")
    }


def test_arrays_have_no_orientation():
    """`exif` exists only where image files are decoded."""
    folder, arrays = catalogue.dataset("ImageFolder"), catalogue.dataset("CIFAR10")
    assert folder is not None and arrays is not None
    assert (True, False) == (folder.parameter("exif") is not None, arrays.parameter("exif") is not None)


def test_own_mode_of_a_class_is_kept():
    """`Cityscapes(mode=...)` means what torchvision means by it."""
    entry = catalogue.dataset("Cityscapes")
    assert entry is not None
    assert [parse_type("{fine coarse}")] == [item.type for item in entry.parameters if item.name == "mode"]


def test_paths_are_known():
    """Which arguments are paths decides what is relative to the file."""
    entry = catalogue.dataset("CocoDetection")
    assert entry is not None
    assert ["root", "annFile"] == [item.name for item in entry.parameters if item.is_path]


def test_code_parameters_are_refused_with_advice():
    """Parameters that hold functions are left out, each with what to write instead."""
    entry = catalogue.dataset("ImageFolder")
    assert entry is not None
    assert {"transform", "target_transform", "loader", "is_valid_file"} == set(entry.refused)
    assert not set(entry.refused) & {item.name for item in entry.parameters}


def test_forwarded_arguments_are_known():
    """`EMNIST` hands `**kwargs` to `MNIST`: the arguments that this reaches are its own."""
    entry = catalogue.dataset("EMNIST")
    assert entry is not None
    assert ["root", "split", "train", "download"] == [item.name for item in entry.parameters][:4]


def test_own_sources_are_there():
    """`Table` and `Files` stand beside torchvision's datasets."""
    table, files = catalogue.dataset("Table"), catalogue.dataset("Files")
    assert table is not None and files is not None
    assert ["path"] == [item.name for item in table.parameters if item.required]
    assert ["pattern"] == [item.name for item in files.parameters if item.required]


def test_random_and_batch_transforms_are_marked():
    """The marks that the checker and the chain read."""
    entries = [catalogue.transform(name) for name in ("Resize", "ColorJitter", "GaussianNoise", "MixUp", "ToTensor")]
    assert [(False, False), (True, False), (True, False), (True, True), (False, False)] == [
        (entry.random, entry.batch) for entry in entries if entry is not None
    ]


def test_constants_have_a_mean_and_a_deviation():
    """Each constant has as many means as deviations, all of them possible for pixels from 0 to 1."""
    for parts in catalogue.constants().values():
        mean, std = parts["mean"], parts["std"]
        assert isinstance(mean, tuple) and isinstance(std, tuple) and len(mean) == len(std)
        assert all(isinstance(value, float) and 0 < value < 1 for value in (*mean, *std))
    assert (0.485, 0.456, 0.406) == catalogue.constants()["imagenet"]["mean"]


def test_synonyms_are_not_names():
    """A name that exists needs no advice."""
    assert not set(catalogue.synonyms("transform")) & set(catalogue.transform_names())
    assert not set(catalogue.synonyms("dataset")) & set(catalogue.dataset_names())


def test_words_are_of_one_set():
    """A word names one object of torch: no word is in two sets."""
    words = [word for members in ENUMS.values() for word in members]
    assert len(words) == len(set(words))


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        ("int", 3, 3),
        ("int", True, "type"),
        ("int", 3.0, "type"),
        ("int", ir.Percent(50), "type"),
        ("float", 3, 3.0),
        ("float", ir.Percent(80), 0.8),
        ("float 0..1", ir.Percent(120), "range"),
        ("float 0..1", 1.5, "range"),
        ("int 1..", 0, "range"),
        ("bool", 1, "type"),
        ("str", ir.Symbol("bilinear"), "type"),
        ("{a b}", "b", "b"),
        ("{a b}", ir.Symbol("b"), "b"),
        ("{a b}", "c", "member"),
        ("{a b}", 3, "type"),
        ("interpolation", "nearest-exact", ir.Symbol("nearest_exact")),
        ("interpolation", ir.Symbol("bicubic"), ir.Symbol("bicubic")),
        ("(float, float)", (1, 2), (1.0, 2.0)),
        ("(float, float)", ir.ListValue((1, 2)), ir.ListValue((1.0, 2.0))),
        ("(float, float)", (1, 2, 3), "length"),
        ("(float, float)", 1, "type"),
        ("[float]", (), "length"),
        ("[int 1,2]", (1, 2, 3), "length"),
        ("[int]", ("a",), "type"),
        ("int | float", 3, 3),
        ("float 0..1 | (float, float)", 2, "range"),
        ("float | [float] | {random}", "randon", "member"),
        ("int | none", None, None),
        ("path", "a/b", "a/b"),
        ("transform", 3, "type"),
        ("any", (1, "a"), (1, "a")),
    ],
)
def test_values_fit_their_type(type_, value, expected):
    """A value gets its final form, or the reason why it has none."""
    fitted = parse_type(type_).fit(value)
    actual = fitted.kind if isinstance(fitted, Misfit) else fitted
    assert (type(expected), expected) == (type(actual), actual)


@pytest.mark.parametrize("text", ["", "int |", "(int", "{a", "quux", "int) ", "(int, float)", "[int 1"])
def test_broken_types_are_refused(text):
    """A slip in the script's tables stops the script."""
    with pytest.raises(ValueError, match="type"):
        parse_type(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("int 1.. | none", "a whole number of at least 1 or `none`"),
        ("(float 0..1, float 0..1)", "2 numbers from 0 to 1"),
        ("[int 1,2]", "1 or 2 whole numbers"),
        ("{a b+c}", '`a` or `"b+c"`'),
        ("[transform]", "a list of transforms"),
    ],
)
def test_types_are_described_in_words(text, words):
    """What a message says is wanted."""
    assert words == parse_type(text).describe()


def test_type_knows_its_words():
    """The bare words of a type are those of everything inside it."""
    assert {"a", "b"} == parse_type("int | [{a b}]").symbols
    assert "float32" in parse_type("dtype").symbols
    assert (True, False) == (parse_type("[transform]").takes_transforms, parse_type("int").takes_transforms)
    assert (True, False) == (parse_type("path | none").takes_path, parse_type("str").takes_path)
