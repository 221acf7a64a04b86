"""What can be written at the cursor."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from marked import at_cursor

from feedline.compiler.ide import KnownData, analyse
from feedline.compiler.ide.completion import completions
from feedline.compiler.ide.offers import Completion
from feedline.dsl.tokens import is_name, offsets

BASE = """\
param root: path = "castings"
let size = 224
dataset castings = CocoDetection(root, "a.json")
dataset other = FakeData(10)
group defects = castings where category == "crack"
group odd = other where label == 1
split castings into train 80%, val 20%
transform pixels { ToDtype(float32, scale=true) }
policy mixed { batch 4 }
"""


def offered(marked: str, known: KnownData | None = None) -> dict[str, Completion]:
    """What is offered at the mark of a text behind `BASE`, by label, in order."""
    analysis, offset = at_cursor(BASE + marked, known=known)
    return {one.label: one for one in completions(analysis, offset)}


@pytest.mark.parametrize(
    "marked, expected",
    [
        ("‸", ["param", "let", "import", "dataset", "group", "split", "transform", "policy", "loader"]),
        ("load‸", ["param", "let", "import", "dataset", "group", "split", "transform", "policy", "loader"]),
        ("loader x from ‸", ["castings.train", "castings.val", "castings", "other"]),
        ("loader x from castings.‸ { }", ["train", "val"]),
        ("loader x from castings { sample ‸ }", ["mixed"]),
        ("loader x from castings {\n  sample { force 3 ‸\n}", ["of", "defects"]),
        ("loader x from castings { sample { force 3 defects ‸", ["per"]),
        ("loader x from castings { sample { batch 4; last ‸ } }", ["drop", "keep", "pad"]),
        ("loader x from castings { collate ‸ }", ["stack", "list", "detection", "pad", "python"]),
        ("split other into train 80%, ‸", ["val", "test"]),
        ("param x: ‸", ["one", "int", "float", "bool", "str", "path"]),
        ("transform t { Normalize(imagenet.‸", ["mean", "std"]),
        ("transform t { Resize(4); on ‸", ["image", "label"]),
        ("# da‸", []),
        ("let a = 12‸", []),
        ("dataset ‸", []),
    ],
)
def test_only_what_fits_is_offered(marked: str, expected: list[str]) -> None:
    """And all of it, in the order of reading."""
    assert expected == list(offered(marked))


def test_statements_of_a_policy_come_in_their_order() -> None:
    """With what they mean, and a snippet."""
    found = offered("loader x from castings {\n  sample {\n    batch 4\n    ‸\n  }\n}")
    assert ["batch", "force", "mix", "draw", "rest"] == list(found)[:5]
    assert "force [at least | at most] K GROUP per N" in found["force"].detail
    assert found["force"].doc and "${1:3}" in str(found["force"].snippet)


def test_statements_that_are_said_once_are_not_offered_again() -> None:
    """In a loader; its options neither."""
    found = offered("loader x from castings {\n  transform pixels\n  num_workers = 2\n  ‸\n}")
    assert {"sample", "collate", "on"} == {"transform", "sample", "collate", "on"} & set(found)
    assert "pin_memory" in found and "num_workers" not in found


def test_steps_are_offered_with_their_documentation() -> None:
    """The file's own chains before torchvision's, which come with stops for what they need."""
    found = offered("loader x from castings { transform { Resize(4); ‸ } }")
    names = list(found)
    assert names.index("pixels") < names.index("RandomResizedCrop")
    crop = found["RandomResizedCrop"]
    assert ("RandomResizedCrop(${1:size})$0", "RandomResizedCrop(") == (crop.snippet, crop.text)
    assert "size, scale=(0.08, 1.0)" in crop.detail and crop.doc


def test_steps_on_batches_stand_in_batch() -> None:
    """And nowhere else."""
    assert "MixUp" in offered("transform t { batch { ‸ } }")
    assert "MixUp" not in offered("transform t { ‸ }")
    assert "Resize" not in offered("transform t { batch { ‸ } }")


def test_a_chain_is_not_offered_to_itself() -> None:
    """It would need itself."""
    assert "other_chain" not in offered("transform other_chain { ‸ }")


def test_arguments_that_are_given_are_not_offered() -> None:
    """By position, and by name before and behind the cursor."""
    found = offered("transform t { Resize(224, ‸, antialias=true) }")
    assert {"interpolation=", "max_size="} == {label for label in found if label.endswith("=")}


def test_an_argument_is_offered_its_members() -> None:
    """The words of its type, first of all; elsewhere none."""
    assert "bilinear" in offered("transform t { Resize(224, interpolation=‸) }")
    assert "bilinear" not in offered("let a = ‸")
    assert ["true", "false"] == list(offered("transform t { Resize(224, antialias=‸) }"))[:2]
    assert "imagenet.mean" in offered("transform t { Normalize(‸) }")
    assert "imagenet.std" in offered("transform t { Normalize(imagenet.mean, ‸) }")


def test_options_are_offered_their_words() -> None:
    """Caches with their forms."""
    assert "auto" in offered("loader x from castings { num_workers = ‸ }")
    assert {"off", "memory", "disk"} <= set(offered("loader x from castings { cache = ‸ }"))


def test_sources_and_datasets_can_be_a_dataset() -> None:
    """Also behind a `+`."""
    for marked in ("dataset more = ‸", "dataset more = castings + ‸"):
        assert {"castings", "castings.train", "CocoDetection", "Table"} <= set(offered(marked))


def test_groups_of_other_datasets_are_left_out() -> None:
    """They would not fit."""
    found = offered("loader x from castings { sample { force 1 ‸ per 8 } }")
    assert "defects" in found and "odd" not in found
    assert "defects" not in offered("group g = other where not ‸")


def test_conditions_are_offered_fields_and_values() -> None:
    """Classes and columns where the data is known."""
    known = KnownData(classes={"castings": ("crack", "void")}, fields={"castings": ("image", "patient")})
    assert {"label", "width", "patient", "count"} <= set(offered("group g = castings where ‸", known))
    assert {'"crack"', '"void"', "size"} <= set(offered("group g = castings where category == ‸", known))
    assert ["crack", "void"] == list(offered('group g = castings where category in ("‸")', known))
    assert {"patient", "label", "defects"} <= set(offered("split castings into a 80%, b 20% stratified by ‸", known))


def test_columns_are_offered_to_tables() -> None:
    """In the strings that name them."""
    known = KnownData(fields={"rows": ("file", "age")})
    assert ["file", "age"] == list(offered('dataset rows = Table("rows.csv", features=["‸"])', known))


def test_paths_are_offered_where_paths_stand(tmp_path: Path) -> None:
    """Folders first; behind a parameter what is in its folder; imports see `.pipe` files alone."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "one.json").touch()
    (tmp_path / "shared.pipe").write_text("transform image { ToImage() }\nlet a = 1\n")
    path = str(tmp_path / "main.pipe")

    def labels(marked: str) -> list[str]:
        analysis, offset = at_cursor(marked, path=path)
        return [one.label for one in completions(analysis, offset)]

    assert ["data/", "shared.pipe"] == labels('dataset d = ImageFolder("‸")')
    assert ["one.json"] == labels('param root: path = "data"\ndataset d = ImageFolder("${root}/‸")')
    assert ["root"] == labels('param root: path = "data"\ndataset d = ImageFolder("${r‸")')
    assert ["data/", "shared.pipe"] == labels('import "‸"')
    assert ["a"] == labels('import "shared.pipe" (image, ‸)')


def test_a_file_is_reached_through_its_alias() -> None:
    """Its names behind the dot, their parts behind another."""
    shared = "dataset photos = FakeData(10)\nsplit photos into first 80%, last 20%\ntransform pixels { ToImage() }\n"
    for marked, expected in {
        'import "s.pipe" as s\nloader x from ‸': ["s"],
        'import "s.pipe" as s\nloader x from s.‸ { }': ["photos", "pixels"],
        'import "s.pipe" as s\nloader x from s.photos.‸ { }': ["first", "last"],
    }.items():
        analysis, offset = at_cursor(marked, {"/nowhere/s.pipe": shared})
        assert expected == [one.label for one in completions(analysis, offset)]


@pytest.mark.parametrize("before", ["rubbish (", "loader y from castings {\n  transform { Resize(\n", "let a = = 1"])
def test_an_error_before_does_not_matter(before: str) -> None:
    """What stands below is completed as ever."""
    found = offered(f"{before}\n\nloader x from castings {{\n  transform {{ Resize(4); ‸ }}\n}}\n")
    assert "CenterCrop" in found


EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("*.pipe"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
@pytest.mark.parametrize("cut", [False, True])
def test_every_word_of_an_example_would_have_been_offered(path: Path, cut: bool) -> None:
    """Where it stands, before anything behind it was written and after; but for names that are declared there, and
    columns that are named once."""
    text = path.read_text()
    whole = analyse(text, str(path))
    declared = {place.span.start for place in whole.places if place.role in ("declares", "part")}
    words = [token for token in whole.significant if is_name(token) and offsets(token)[0] not in declared]
    missing: set[str] = set()
    for word in words[:: 5 if cut else 1]:
        start, _ = offsets(word)
        analysis = analyse(text[:start], str(path)) if cut else whole
        found = completions(analysis, start)
        offers = {text for one in found for text in (one.text.rstrip(" =("), one.label, *re.split(r"[.\[]", one.label))}
        if word not in offers:
            line = text[: start + len(word)].rpartition("\n")[2]
            missing.update([] if line.endswith(("by garden", "  tokens")) else [line])
    assert set() == missing
