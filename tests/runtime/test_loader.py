"""Loaders end to end: what a training loop sees, whatever the worker processes do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader, Subset

import feedline

DEFECTS = """
param root: path
dataset castings = CocoDetection("${{root}}/images", "${{root}}/annotations.json")
group defects = castings where category == "crack"
loader train from castings {{
  transform {{
    RandomResizedCrop(8, scale=(0.5, 1.0))
    RandomHorizontalFlip(p=0.5)
    SanitizeBoundingBoxes()
    ToDtype(float32, scale=true)
  }}
  sample {{ force 2 defects per 5 with replacement; seed 3 }}
  {options}
}}
"""

FOLDER = """
param root: path
dataset photos = ImageFolder(root)
loader train from photos {{
  transform {{ Resize((8, 8)); ToDtype(float32, scale=true) }}
  sample {{ {sample} }}
  {options}
}}
"""


def defects(root: Path, options: str = "") -> feedline.Loader:
    """The loader of the defects file."""
    return feedline.compile(DEFECTS.format(options=options), root=str(root)).train


def folder(root: Path, sample: str = "batch 4", options: str = "") -> feedline.Loader:
    """The loader of the folder file."""
    return feedline.compile(FOLDER.format(sample=sample, options=options), root=str(root)).train


def assert_same(left: Any, right: Any) -> None:
    """Two batches are equal to the bit."""
    if isinstance(left, torch.Tensor):
        assert torch.equal(left, right)
    elif isinstance(left, dict):
        assert list(left) == list(right)
        for key in left:
            assert_same(left[key], right[key])
    elif isinstance(left, list | tuple):
        assert len(left) == len(right)
        for one, other in zip(left, right, strict=True):
            assert_same(one, other)
    else:
        assert left == right


def test_a_loader_is_a_dataloader_whose_length_is_true(coco_set: Callable[..., Path]) -> None:
    """`len(loader)` batches come, each with exactly the forced count."""
    loader = defects(coco_set())
    assert isinstance(loader, DataLoader)
    batches = list(loader)
    assert len(loader) == len(batches) == 12
    assert {2} == {sum(target["image_id"] % 30 == 10 for target in targets) for _, targets in batches}


def test_images_and_targets_come_in_torchvisions_form(coco_set: Callable[..., Path]) -> None:
    """Stacked float images; boxes (N, 4) float32 and labels (N,) int64, also for images without objects."""
    images, targets = next(iter(defects(coco_set())))
    assert ((5, 3, 8, 8), torch.float32) == (images.shape, images.dtype)
    for target in targets:
        count = len(target["labels"])
        assert ((count, 4), torch.float32) == (tuple(target["boxes"].shape), target["boxes"].dtype)
        assert torch.int64 == target["labels"].dtype


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("context", ["fork", "forkserver", "spawn"])
def test_batches_do_not_depend_on_workers(coco_set: Callable[..., Path], workers: int, context: str) -> None:
    """Two epochs are equal to the bit for any number of workers and any way of starting them."""
    root = coco_set(images=20)
    expected = defects(root)
    actual = defects(root, f'num_workers = {workers}; multiprocessing_context = "{context}"; persistent_workers = true')
    for _ in range(2):
        assert_same(list(expected), list(actual))


def test_epochs_advance_by_themselves(image_folder: Callable[..., Path]) -> None:
    """The second epoch has another order; a fresh loader told to start there gives the same."""
    root = image_folder()
    loader = folder(root, "batch 4; order shuffled")
    first, second = list(loader), list(loader)
    assert [labels.tolist() for _, labels in first] != [labels.tolist() for _, labels in second]
    again = folder(root, "batch 4; order shuffled")
    again.set_epoch(1)
    assert_same(second, list(again))


def test_two_iterators_of_one_loader_do_not_disturb_each_other(image_folder: Callable[..., Path]) -> None:
    """`zip(loader, loader)` pairs epoch 0 with epoch 1."""
    root = image_folder()
    loader, fresh = (folder(root, "batch 4; order shuffled") for _ in range(2))
    left, right = zip(*zip(loader, loader, strict=True), strict=True)
    assert_same(list(fresh), list(left))
    assert_same(list(fresh), list(right))


def test_iterating_leaves_the_callers_random_state_alone(coco_set: Callable[..., Path]) -> None:
    """Neither sampling nor augmentation draws from the global generators."""
    loader = defects(coco_set())
    torch.manual_seed(11)
    expected = torch.rand(3)
    torch.manual_seed(11)
    list(loader)
    assert torch.equal(expected, torch.rand(3))


def test_two_occurrences_of_a_sample_are_augmented_differently(coco_set: Callable[..., Path]) -> None:
    """The key is the place in the epoch, not the sample."""
    loader = defects(coco_set(images=10))
    crops = [
        image
        for images, targets in loader
        for image, target in zip(images, targets, strict=True)
        if target["image_id"] == 100
    ]
    assert len(crops) > 1
    assert not torch.equal(crops[0], crops[1])


def test_without_a_sample_block_it_behaves_as_dataloader_does(image_folder: Callable[..., Path]) -> None:
    """Batches of one in order."""
    text = "param root: path\ndataset photos = ImageFolder(root)\nloader all from photos { transform { ToTensor() } }\n"
    loader = feedline.compile(text, root=str(image_folder({"ants": 2, "bees": 1}))).all
    assert [[0], [0], [1]] == [labels.tolist() for _, labels in loader]


def test_a_dataset_position_gives_one_sample_in_batch_structure(image_folder: Callable[..., Path]) -> None:
    """`loader.dataset[i]` is (image, label), as with any torchvision dataset."""
    loader = folder(image_folder())
    image, label = loader.dataset[12]
    assert ((3, 8, 8), 1) == (tuple(image.shape), label)
    assert 16 == len(loader.dataset)


def test_a_truncated_image_is_named(image_folder: Callable[..., Path]) -> None:
    """The error holds the file and the index, with or without workers."""
    root = image_folder()
    broken = root / "bees" / "002.png"
    broken.write_bytes(broken.read_bytes()[:45])
    for options in ("", "num_workers = 1"):
        with pytest.raises(feedline.LoadError) as caught:
            list(folder(root, options=options))
        assert "FL612" == caught.value.diagnostics[0].code
        assert "sample 12" in caught.value.diagnostics[0].message
        assert "002.png" in caught.value.diagnostics[0].message


def test_skip_leaves_an_unreadable_sample_out(image_folder: Callable[..., Path]) -> None:
    """The batch comes shorter."""
    root = image_folder()
    (root / "ants" / "005.png").write_bytes(b"")
    assert [4, 3, 4, 4] == [len(labels) for _, labels in folder(root, options="on error skip")]


def test_replace_draws_from_the_same_group_and_counts(coco_set: Callable[..., Path]) -> None:
    """Every batch still holds exactly two defects, and the loader says how many were replaced."""
    root = coco_set()
    for name in ("0010.png", "0003.png", "0021.png"):
        (root / "images" / name).write_bytes(b"no image")
    for options in ("on error replace", "on error replace; num_workers = 2"):
        loader = defects(root, options)
        for _, targets in loader:
            assert 2 == sum(target["image_id"] % 30 == 10 for target in targets)
            assert not {130, 109, 163} & {target["image_id"] for target in targets}
        assert loader.replaced >= 3


def test_too_many_replacements_fail(coco_set: Callable[..., Path]) -> None:
    """`on error replace max 1%` with more than one in a hundred."""
    root = coco_set()
    for number in range(1, 9):
        (root / "images" / f"{number:04}.png").write_bytes(b"")
    with pytest.raises(feedline.LoadError) as caught:
        list(defects(root, "on error replace max 1%"))
    assert "FL616" == caught.value.diagnostics[0].code


def test_sizes_that_differ_are_reported_with_their_files(image_folder: Callable[..., Path]) -> None:
    """Stacking names the field and the files, and points at the file's text: not every header is read beforehand."""
    from PIL import Image

    root = image_folder({"ants": 60})
    Image.new("RGB", (30, 20)).save(root / "ants" / "004.png")
    text = FOLDER.format(sample="batch 4", options="").replace("Resize((8, 8))", "RandomHorizontalFlip()")
    with pytest.raises(feedline.LoadError) as caught:
        list(feedline.compile(text, root=str(root)).train)
    found = caught.value.diagnostics[0]
    assert "FL551" == found.code
    assert any("004.png" in note for note in found.notes)


def test_pipelines_know_their_loaders_sizes_and_classes(image_folder: Callable[..., Path]) -> None:
    """Loaders by attribute and key; sizes by loader, dataset and part."""
    text = """
param root: path
dataset photos = ImageFolder(root)
split photos into train 75%, val 25% stratified by label seed 0
loader train from photos.train { transform { ToTensor() }; sample { batch 4 } }
loader val from photos.val { transform { ToTensor() }; sample { batch 4 } }
"""
    pipeline = feedline.compile(text, root=str(image_folder({"ants": 8, "bees": 4})))
    assert pipeline.train is pipeline["train"]
    assert ["train", "val"] == list(pipeline)
    assert ["ants", "bees"] == pipeline.classes
    assert {"photos": 12, "photos.train": 9, "photos.val": 3, "train": 9, "val": 3} == pipeline.sizes
    with pytest.raises(AttributeError, match="no loader 'test'; its loaders: train, val"):
        _ = pipeline.test


def test_mixup_runs_on_the_whole_batch(image_folder: Callable[..., Path]) -> None:
    """Labels become class probabilities, the same in every run."""
    root = image_folder()
    text = FOLDER.format(sample="batch 4; order shuffled", options="").replace(
        "ToDtype(float32, scale=true)", "ToDtype(float32, scale=true); batch { MixUp(num_classes=2) }"
    )
    once, again = (list(feedline.compile(text, root=str(root)).train) for _ in range(2))
    assert (4, 2) == tuple(once[0][1].shape)
    assert_same(once, again)


def test_a_negative_epoch_is_refused(image_folder: Callable[..., Path]) -> None:
    """With a sentence, not an odd order."""
    with pytest.raises(ValueError, match="from 0 on, not -1"):
        folder(image_folder()).set_epoch(-1)


def test_the_dataset_of_a_loader_serves_a_subset_and_another_dataloader(image_folder: Callable[..., Path]) -> None:
    """They ask for lists of positions, as `torch.utils.data.random_split` makes them."""
    dataset = folder(image_folder()).dataset
    images, labels = next(iter(DataLoader(Subset(dataset, [15, 0, 3]), batch_size=3)))
    assert [1, 0, 0] == labels.tolist()
    assert_same(dataset[15][0], images[0])


def test_a_position_is_a_whole_number(image_folder: Callable[..., Path]) -> None:
    """`dataset[1.5]` is no sample."""
    with pytest.raises(TypeError):
        folder(image_folder()).dataset[1.5]  # pyright: ignore[reportArgumentType]  # that is the point
