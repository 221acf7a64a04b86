"""Bound data: datasets, groups and parts together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

import feedline
from feedline.compiler import compile_source
from feedline.dsl.diagnostics import Reporter
from feedline.dsl.source import SourceText
from feedline.runtime.data import BoundData


def compiled(text: str, root: Path) -> feedline.Pipeline:
    """A text with `root` declared in front."""
    return feedline.compile("param root: path\n" + text, root=str(root))


def test_a_concatenation_joins_whole_datasets_and_parts(image_folder: Callable[..., Path]) -> None:
    """Sizes add up; labels keep their meaning by name."""
    root = image_folder({"ants": 6, "bees": 2}).parent
    image_folder({"bees": 3, "wasps": 1}, root="more")
    text = """
dataset a = ImageFolder("${root}/photos")
dataset b = ImageFolder("${root}/more")
split a into train 50%, val 50% stratified by label
dataset both = a.train + b
loader all from both { transform { ToTensor() }; sample { batch 8 } }
"""
    pipeline = compiled(text, root)
    assert ["ants", "bees", "wasps"] == pipeline.classes
    ((_, labels),) = list(pipeline.all)
    assert [0, 0, 0, 1, 1, 1, 1, 2] == labels.tolist()


def test_a_group_follows_its_dataset_into_the_parts(image_folder: Callable[..., Path]) -> None:
    """The same group is forced in train and counted in val."""
    text = """
dataset photos = ImageFolder(root)
group bees = photos where label == "bees"
split photos into train 50%, val 50% stratified by label
loader train from photos.train { transform { ToTensor() }; sample { force 1 bees per 4 } }
loader val from photos.val { transform { ToTensor() }; sample { force 2 bees per 4 with replacement } }
"""
    pipeline = compiled(text, image_folder({"ants": 12, "bees": 4}))
    assert {1} == {int((labels == 1).sum()) for _, labels in pipeline.train}
    assert {2} == {int((labels == 1).sum()) for _, labels in pipeline.val}


def test_groups_combine(image_folder: Callable[..., Path]) -> None:
    """`not`, `and` and membership of other groups."""
    text = """
dataset photos = ImageFolder(root)
group bees = photos where label == "bees"
group early = photos where index < 3
group others = not bees and not early
loader train from photos { transform { ToTensor() }; sample { force 2 others per 4 } }
"""
    loader = compiled(text, image_folder({"ants": 6, "bees": 3})).train
    assert [3, 4, 5] == list(loader.populations.groups["others"])


def test_an_unreadable_header_is_a_diagnostic_when_a_group_needs_sizes(image_folder: Callable[..., Path]) -> None:
    """Widths are read from the headers only when something asks for them."""
    root = image_folder()
    (root / "ants" / "004.png").write_bytes(b"nothing")
    text = "dataset photos = ImageFolder(root)\n{group}loader all from photos {{ transform {{ ToTensor() }} }}\n"
    assert 16 == len(compiled(text.format(group=""), root).all)
    with pytest.raises(feedline.CompileError) as caught:
        compiled(text.format(group="group wide = photos where width > 10\n"), root)
    (found,) = caught.value.diagnostics
    assert any("004.png" in note for note in found.notes)
    assert 2 == found.line


def test_a_group_without_samples_is_an_error(image_folder: Callable[..., Path]) -> None:
    """One, at the group, also where a loader forces it."""
    text = """
dataset photos = ImageFolder(root)
group huge = photos where width > 1000
loader all from photos { transform { ToTensor() }; sample { force 1 huge per 4 } }
"""
    with pytest.raises(feedline.CompileError) as caught:
        compiled(text, image_folder())
    (found,) = caught.value.diagnostics
    assert ("FL410", 4, "no sample of `photos` is in group `huge`") == (found.code, found.line, found.message)


def test_a_missing_image_is_tolerated_only_where_every_loader_can_do_without(coco_set: Callable[..., Path]) -> None:
    """`on error skip` lets the data bind; without it the file is missed before anything runs."""
    root = coco_set()
    (root / "images" / "0005.png").unlink()
    text = """
dataset castings = CocoDetection("${{root}}/images", "${{root}}/annotations.json")
loader all from castings {{ transform {{ Resize((8, 8)) }}; sample {{ batch 8 }}; {option} }}
"""
    assert [8, 8, 8, 8, 7] == sorted(
        (len(targets) for _, targets in compiled(text.format(option="on error skip"), root).all), reverse=True
    )
    with pytest.raises(feedline.CompileError) as caught:
        compiled(text.format(option=""), root)
    assert "0005.png" in str(caught.value)


def test_folders_that_are_parts_find_their_classes_inside(tmp_path: Path) -> None:
    """root/train/ant/1.png: `by folder` divides, labels come from the folders within."""
    for part, count in (("train", 3), ("val", 2)):
        for name in ("ant", "bee"):
            (tmp_path / part / name).mkdir(parents=True)
            for number in range(count):
                Image.new("RGB", (4, 4)).save(tmp_path / part / name / f"{number}.png")
    text = """
dataset photos = ImageFolder(root)
split photos by folder into train = "train", val = "val"
loader train from photos.train { transform { ToTensor() }; sample { batch 6 } }
loader val from photos.val { transform { ToTensor() }; sample { batch 4 } }
"""
    pipeline = compiled(text, tmp_path)
    assert ["ant", "bee"] == pipeline.classes
    assert [[0, 0, 0, 1, 1, 1], [0, 0, 1, 1]] == [
        labels.tolist() for loader in pipeline.values() for _, labels in loader
    ]


def test_groups_of_where_samples_come_from() -> None:
    """Each dataset and part that a concatenation is made of, also those further in, is a group of it."""
    text = """
dataset a = FakeData(size=4)
dataset b = FakeData(size=6)
split b into train 4, val rest
dataset both = a + b.train
dataset all = both + b.val
loader train from all { sample { mix a 1, b.train 1, b.val 1, b 1, both 1 per 5 } }
"""
    result = compile_source(SourceText("<text>", text))
    assert result.program is not None
    data = BoundData(result.program, Reporter())
    sizes = {
        group.name: int(mask.sum()) for group in result.program.groups if (mask := data.group(group.name)) is not None
    }
    assert {"a in all": 4, "b.train in all": 4, "b.val in all": 2, "b in all": 6, "both in all": 8} == sizes
    mask = data.group("b in all")
    assert mask is not None
    assert [4, 5, 6, 7, 8, 9] == mask.nonzero()[0].tolist()


def test_values_of_a_field_are_groups(image_folder: Callable[..., Path]) -> None:
    """`of each` forces groups that nobody declared, each named by its condition."""
    text = """
dataset photos = ImageFolder(root)
loader train from photos { transform { ToTensor() }; sample { force 1 of each label in ("ants", "bees") per 4 } }
"""
    loader = compiled(text, image_folder({"ants": 6, "bees": 3, "wasps": 4})).train
    assert {'photos where label == "ants"': 6, 'photos where label == "bees"': 3} == {
        name: len(members) for name, members in loader.populations.groups.items()
    }


def test_a_value_that_the_data_does_not_have_is_shown_where_it_is_written(image_folder: Callable[..., Path]) -> None:
    """The class is named, with the nearest that there is."""
    text = """
dataset photos = ImageFolder(root)
loader train from photos { transform { ToTensor() }; sample { force 1 of each label in ("ants", "bess") per 4 } }
"""
    with pytest.raises(feedline.CompileError) as caught:
        compiled(text, image_folder({"ants": 6, "bees": 3}))
    (found,) = caught.value.diagnostics
    assert ("FL432", 'the data has no label "bess"', "did you mean `bees`?") == (found.code, found.message, found.help)
    assert (4, 97) == (found.line, found.column)


def test_the_index_is_the_position_whatever_the_data_calls_so(tmp_path: Path) -> None:
    """Samples and groups see the same; the column of that name gets a word."""
    (tmp_path / "a.csv").write_text("index,n\n9,0\n8,1\n1,2\n")
    text = """
dataset a = Table("${root}/a.csv")
group second = a where index == 1
loader all from a { sample { batch 3 }; collate { index list; n list } as dict }
"""
    with pytest.warns(feedline.FeedlineWarning, match="FL617"):
        pipeline = compiled(text, tmp_path)
    assert [{"index": [0, 1, 2], "n": [0, 1, 2]}] == list(pipeline.all)
    second = pipeline.bound.group("second")
    assert second is not None
    assert [False, True, False] == second.tolist()
