"""The tutorial's loader for a file: which classes it is made of, and that it reads the same samples."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import Subset
from torchvision import transforms
from torchvision.transforms import v2

import feedline
from feedline.runtime.bench.hand import ByHand, CannotWrite, by_hand, of_hand
from feedline.runtime.pipeline import Pipeline

PHOTOS = 'dataset photos = ImageFolder("{root}")\n'
FAKE = "dataset photos = FakeData(size=20, image_size=(3, 16, 16), num_classes=4)\n"
V1 = "RandomCrop(8); RandomHorizontalFlip(); ToTensor(); Normalize(imagenet.mean, imagenet.std)"


def written(text: str) -> tuple[ByHand, Pipeline]:
    """The tutorial's loader for the last loader of a text, and the pipeline."""
    pipeline = feedline.compile(text)
    declaration = pipeline.program.loaders[-1]
    return by_hand(pipeline.program, declaration, pipeline[declaration.name]), pipeline


def reason(text: str) -> str:
    """Why there is none."""
    with pytest.raises(CannotWrite) as raised:
        written(text)
    return str(raised.value)


def train(chain: str, more: str = "", head: str = FAKE) -> str:
    """A file with one loader."""
    return f"{head}loader shown from photos {{ transform {{ {chain} }}; sample {{ batch 4 }}; {more} }}\n"


def test_v1_where_the_chain_is_v1(image_folder: Callable[..., Path]) -> None:
    """As the tutorials with `ToTensor` are written: on PIL images, torchvision's own class."""
    made, pipeline = written(train(V1, head=PHOTOS.format(root=image_folder())))
    dataset: Any = made.loader.dataset
    steps = dataset.transform.transforms
    names = ["RandomCrop", "RandomHorizontalFlip", "ToTensor", "Normalize"]
    assert ("ImageFolder", names) == (type(dataset).__name__, [type(step).__name__ for step in steps])
    assert isinstance(dataset.transform, transforms.Compose)
    images, labels = next(iter(made.loader))
    assert ((4, 3, 8, 8), torch.float32) == (tuple(images.shape), images.dtype)
    assert pipeline["shown"].dataset.indices.tolist() == list(range(len(dataset)))
    assert torch.equal(next(iter(pipeline["shown"]))[1], labels)


def test_v2_makes_a_tensor_first() -> None:
    """As torchvision's own guide does, where the chain converts nothing itself."""
    made, _ = written(train("RandomCrop(8); ToDtype(float32, scale=true)"))
    compose: Any = made.loader.dataset
    assert [v2.ToImage, v2.RandomCrop, v2.ToDtype] == [type(step) for step in compose.transform.transforms]


def test_containers() -> None:
    """`maybe`, `one of`, `shuffled` as torchvision calls them."""
    chain = (
        "RandomCrop(8); maybe 50% { RandomHorizontalFlip() }; one of { Grayscale(3) weight 2; RandomVerticalFlip() }"
    )
    made, _ = written(train(f"{chain}; ToTensor()"))
    compose: Any = made.loader.dataset
    kinds = [transforms.RandomCrop, transforms.RandomApply, transforms.RandomChoice, transforms.ToTensor]
    assert kinds == [type(step) for step in compose.transform.transforms]
    assert [2.0, 1.0] == compose.transform.transforms[2].p


def test_views() -> None:
    """The usual wrapper, with what follows in each view."""
    made, _ = written(train("views 2 { RandomCrop(8) }; ToTensor()"))
    (first, second), labels = next(iter(made.loader))
    assert ((4, 3, 8, 8), (4, 3, 8, 8), (4,)) == (tuple(first.shape), tuple(second.shape), tuple(labels.shape))
    assert [4] * 5 == [samples for _, samples in of_hand(made.loader, None)()]


def test_detection(coco_set: Callable[..., Path]) -> None:
    """torchvision's wrapper of its own class, and a tuple of images."""
    root = coco_set()
    head = f'dataset photos = CocoDetection("{root}/images", "{root}/annotations.json")\n'
    made, _ = written(train("RandomHorizontalFlip(); ToDtype(float32, scale=true)", head=head))
    images, targets = next(iter(made.loader))
    assert (4, 4) == (len(images), len(targets))
    assert [4] * 10 == [samples for _, samples in of_hand(made.loader, None)()]


def test_files(image_folder: Callable[..., Path]) -> None:
    """Images without labels."""
    head = f'dataset photos = Files("**/*.png", root="{image_folder()}")\n'
    made, _ = written(train("ToTensor()", head=head))
    assert [4, 4, 4, 4] == [samples for _, samples in of_hand(made.loader, None)()]


def test_a_part_is_a_subset() -> None:
    """Of the same samples."""
    text = f"{FAKE}split photos into train 12, val 8 seed 1\n" + train("ToTensor()", head="").replace(
        "from photos", "from photos.val"
    )
    made, pipeline = written(text)
    assert isinstance(made.loader.dataset, Subset)
    assert pipeline["shown"].dataset.indices.tolist() == list(made.loader.dataset.indices)


def test_the_policy_is_not_the_tutorials() -> None:
    """What it cannot say of the policy is a note."""
    text = f"{FAKE}group rare = photos where label == 1\n" + train("ToTensor()", head="").replace(
        "batch 4", "force 1 rare per 4 with replacement"
    )
    assert "without the policy" in written(text)[0].note
    assert "" == written(train("ToTensor()"))[0].note


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (train("ToTensor(); batch { MixUp(num_classes=4) }"), "it changes whole batches in `batch { ... }`"),
        (train("on image { ToTensor() }"), "it changes one field alone with `on`"),
        (train("ToTensor()", "collate { image list; label stack }"), "it collates in a way of its own"),
        (
            train("ToTensor()", head=FAKE.replace("num_classes=4", "num_classes=4, mode=L")),
            "torchvision's `FakeData` has no `mode`",
        ),
        (
            train("ToTensor()", head=f"{FAKE.replace('photos', 'one')}dataset photos = one + one\n"),
            "`photos` is made of several datasets",
        ),
    ],
)
def test_why_there_is_none(text: str, expected: str) -> None:
    """In the words of the file."""
    assert expected == reason(text)
