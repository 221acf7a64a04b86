"""ImageFolder and Files: torchvision's order and numbers, parts as folders, and what is not there."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from sourcing import bind, fault, try_bind
from torchvision.datasets import ImageFolder

from feedline.runtime.columns import Column, TextColumn
from feedline.runtime.sources import Source, UnreadableSample


def values(source: Source, name: str) -> list[int]:
    """A column of numbers."""
    column = source.columns[name]
    assert isinstance(column, Column)
    return column.values.tolist()


def named(source: Source, name: str) -> list[str]:
    """A column of names."""
    column = source.columns[name]
    assert isinstance(column, Column) and column.names is not None
    return [column.names[code] for code in column.values]


def paths(source: Source) -> list[str]:
    """The path column."""
    column = source.columns["path"]
    assert isinstance(column, TextColumn)
    return column.tolist()


def draw(root: Path, *names: str) -> Path:
    """Small images below a folder."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (6, 4)).save(root / name)
    return root


def test_samples_are_torchvisions_in_torchvisions_order(tmp_path: Path) -> None:
    """Files and class numbers, subfolders and mixed endings included."""
    root = draw(tmp_path, "b/2.png", "b/1.jpg", "b/deep/0.png", "b/deep.x/0.png", "a/z.JPG", "a/y.webp")
    theirs = ImageFolder(root)
    ours = bind("ImageFolder", root=root)
    assert [path for path, _ in theirs.samples] == [ours.describe(index) for index in range(len(ours))]
    assert theirs.targets == values(ours, "label")
    assert tuple(theirs.classes) == ours.classes
    assert (3, 4, 6) == tuple(ours.read(0)["image"].shape)
    assert 1 == ours.read(2)["label"]


def test_stray_files_and_hidden_folders_are_passed_over(tmp_path: Path) -> None:
    """A text, a gif, a file beside the classes, and what tools leave behind."""
    root = draw(tmp_path, "a/1.png", ".ipynb_checkpoints/1.png", "top.png")
    (root / "a" / "notes.txt").write_text("x")
    Image.new("P", (1, 1)).save(root / "a" / "not_found.gif")
    source = bind("ImageFolder", root=root)
    assert (("a",), ["a/1.png"]) == (source.classes, paths(source))


def test_sizes_are_read_from_headers_when_asked(tmp_path: Path) -> None:
    """`width` and `height` are columns like any other; a file that cannot tell is an error then."""
    root = draw(tmp_path, "a/1.png", "a/2.png")
    source = bind("ImageFolder", root=root)
    assert ([6, 6], [4, 4]) == (values(source, "width"), values(source, "height"))
    (root / "a" / "2.png").write_bytes(b"")
    source = bind("ImageFolder", root=root)
    assert 2 == len(source)
    with pytest.raises(Exception, match="the size of 1 of 2 images"):
        source.columns["width"]


def test_parts_as_folders_find_classes_inside_each_part(tmp_path: Path) -> None:
    """`split ... by folder`: the folder column says the part, the label comes from below it."""
    root = draw(tmp_path, "train/ant/1.png", "train/bee/1.png", "val/ant/2.png", "val/bee/2.png", "other/x/1.png")
    source = bind("ImageFolder", root=root, options={"folder_parts": ("train", "val")})
    assert ("ant", "bee") == source.classes
    assert ["train/ant/1.png", "train/bee/1.png", "val/ant/2.png", "val/bee/2.png"] == paths(source)
    assert ["train", "train", "val", "val"] == named(source, "folder")
    assert ["ant", "bee", "ant", "bee"] == named(source, "label")


def test_parts_must_agree_on_their_classes(tmp_path: Path) -> None:
    """Otherwise a number would mean two things."""
    root = draw(tmp_path, "train/ant/1.png", "train/bee/1.png", "val/ant/2.png", "val/wasp/2.png")
    diagnostic = fault("ImageFolder", root=root, options={"folder_parts": ("train", "val")})
    assert "FL615" == diagnostic.code
    assert (f"`{root}/train` has no `wasp`", f"`{root}/val` has no `bee`") == diagnostic.notes


def test_a_part_that_is_no_folder_is_named_with_the_nearest(tmp_path: Path) -> None:
    """The folders that are there, and the one that was meant."""
    root = draw(tmp_path, "train/ant/1.png", "valid/ant/2.png")
    diagnostic = fault("ImageFolder", root=root, options={"folder_parts": ("train", "vaild")})
    assert ("FL601", "did you mean `valid`?") == (diagnostic.code, diagnostic.help)
    assert "it has `train`, `valid`" == diagnostic.notes[0]


def test_without_the_hint_the_first_folders_are_classes(tmp_path: Path) -> None:
    """As torchvision has it."""
    root = draw(tmp_path, "train/ant/1.png", "val/ant/2.png")
    assert ("train", "val") == bind("ImageFolder", root=root).classes


@pytest.mark.parametrize(
    ("prepare", "code", "words"),
    [
        (lambda root: root, "FL607", "holds no class folders"),
        (lambda root: draw(root, "1.png"), "FL607", "holds no class folders"),
        (lambda root: (draw(root, "a/1.png"), (root / "b").mkdir()), "FL607", "1 class folder in"),
        (lambda root: (root / "a").mkdir(), "FL607", "1 class folder in"),
    ],
)
def test_empty_folders_are_errors(tmp_path: Path, prepare: Callable[[Path], object], code: str, words: str) -> None:
    """An empty root, images beside no folder, an empty class."""
    prepare(tmp_path)
    diagnostic = fault("ImageFolder", root=tmp_path)
    assert code == diagnostic.code
    assert words in diagnostic.message
    assert diagnostic.help


def test_allow_empty_keeps_the_class_without_images(tmp_path: Path) -> None:
    """The class has its number, as in torchvision."""
    root = draw(tmp_path, "b/1.png")
    (root / "a").mkdir()
    source = bind("ImageFolder", root=root, allow_empty=True)
    assert (("a", "b"), [1]) == (source.classes, values(source, "label"))


def test_allow_empty_does_not_allow_nothing_at_all(tmp_path: Path) -> None:
    """A source has a sample."""
    (tmp_path / "a").mkdir()
    assert "FL607" == fault("ImageFolder", root=tmp_path, allow_empty=True).code


def test_links_to_folders_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    """A link upwards would never end."""
    root = draw(tmp_path / "root", "a/1.png")
    draw(tmp_path / "elsewhere", "2.png")
    (root / "a" / "more").symlink_to(tmp_path / "elsewhere")
    (root / "a" / "up").symlink_to(root / "a")
    assert ["a/1.png", "a/more/2.png"] == paths(bind("ImageFolder", root=root))


def test_unicode_names_survive(tmp_path: Path) -> None:
    """Class and file names beyond ASCII."""
    source = bind("ImageFolder", root=draw(tmp_path, "mücken/größe ½.png"))
    assert (("mücken",), ["mücken/größe ½.png"]) == (source.classes, paths(source))
    assert 0 == pickle.loads(pickle.dumps(source)).read(0)["label"]


def test_modes_and_backends_of_a_source(tmp_path: Path) -> None:
    """`mode` and `image_backend` are arguments of every image source."""
    root = draw(tmp_path, "a/1.png")
    assert (1, 4, 6) == tuple(bind("ImageFolder", root=root, mode="L").read(0)["image"].shape)
    assert isinstance(bind("ImageFolder", root=root, image_backend="pil").read(0)["image"], Image.Image)


def test_files_are_sorted_paths_below_the_root(tmp_path: Path) -> None:
    """A sample is the image and its path."""
    root = draw(tmp_path, "b/2.png", "a.png", "b/10.png", "c.jpg")
    source = bind("Files", pattern="**/*.png", root=root)
    assert ["a.png", "b/10.png", "b/2.png"] == paths(source)
    sample = source.read(2)
    assert ((3, 4, 6), "b/2.png") == (tuple(sample["image"].shape), sample["path"])
    assert (str(root / "b/2.png"), 3) == (source.describe(2), len(source))


def test_files_that_match_nothing(tmp_path: Path) -> None:
    """The message says what is there instead."""
    diagnostic = fault("Files", pattern="**/*.jpeg", root=draw(tmp_path, "a.png", "b.png", "c.jpg"))
    assert ("FL607", f"no file in `{tmp_path}` matches `**/*.jpeg`") == (diagnostic.code, diagnostic.message)
    assert ("the folder and those below it hold 2 `*.png`, 1 `*.jpg`",) == diagnostic.notes
    (tmp_path / "empty").mkdir()
    assert ("the folder holds no files",) == fault("Files", pattern="*", root=tmp_path / "empty").notes


@pytest.mark.parametrize("pattern", ["../*.png", "/etc/*"])
def test_files_stay_below_their_root(tmp_path: Path, pattern: str) -> None:
    """A pattern may not climb."""
    assert "FL604" == fault("Files", pattern=pattern, root=tmp_path).code


def test_a_file_that_is_no_image_is_named_when_it_is_read(tmp_path: Path) -> None:
    """The pattern decides what is read, the decoder whether it can be."""
    (tmp_path / "a.txt").write_text("x")
    source, _ = try_bind("Files", pattern="*", root=tmp_path)
    assert source is not None
    with pytest.raises(UnreadableSample, match=r"sample 0 \(.*a\.txt\).*no image"):
        source.read(0)
