"""What the lints say of torchvision is true of it."""

from __future__ import annotations

import re

import pytest
import torch
from torchvision.transforms import functional, v2

import feedline
from feedline.compiler import catalogue
from feedline.compiler.catalogue import renamed, synonyms
from feedline.compiler.misfits import OLD_INTERPOLATIONS

PIPE = """
dataset d = FakeData(size=8, image_size=(3, 16, 16))
loader {name} from d {{ transform {{ {chain} }}; sample {{ batch 8 }} }}
"""


def _is_blamed(chain: str) -> bool:
    return "FL350" in [found.code for found in feedline.check(PIPE.format(name="val", chain=chain))]


def _changes(chain: str) -> bool:
    """Whether one of a few epochs differs from the first."""
    loader = feedline.compile(PIPE.format(name="any", chain=chain)).any
    epochs = []
    for epoch in range(4):
        loader.set_epoch(epoch)
        epochs.append(next(iter(loader))[0])
    return any(not torch.equal(epochs[0], images) for images in epochs[1:])


@pytest.mark.parametrize(
    "chain",
    [
        "RandomHorizontalFlip(p=1.0); RandomVerticalFlip(p=0.0)",
        "RandomInvert(p=1.0); RandomSolarize(128, p=1.0); RandomPosterize(3, p=1.0); RandomEqualize(p=1.0)",
        "RandomAutocontrast(p=1.0); RandomAdjustSharpness(2.0, p=1.0); RandomGrayscale(p=1.0)",
        "GaussianBlur(3, sigma=1.5); JPEG(50); RandomRotation((90, 90))",
        "maybe 100% { Grayscale(3) }; maybe 0.0 { RandomGrayscale() }",
        "one of { Grayscale(3) }; shuffled { Grayscale(3) }; RandomApply([Grayscale(3)], p=1.0)",
    ],
)
def test_what_is_not_blamed_is_the_same_every_epoch(chain: str) -> None:
    """Probabilities of 0 and 1, ranges of one number."""
    assert (False, False) == (_is_blamed(chain), _changes(chain))


@pytest.mark.parametrize(
    "chain",
    [
        "RandomHorizontalFlip()",
        "RandomErasing(p=1.0)",
        "GaussianBlur(3)",
        "JPEG((10, 90))",
        "RandomRotation(90)",
        "maybe 50% { Grayscale(3) }",
        "one of { Grayscale(3); Identity() }",
        "shuffled { RandomSolarize(128, p=1.0); RandomInvert(p=1.0) }",
        "RandomApply([Grayscale(3)], p=0.5)",
        "Compose([RandomHorizontalFlip()])",
    ],
)
def test_what_is_blamed_changes_from_epoch_to_epoch(chain: str) -> None:
    """Every form of chance."""
    chain = chain if "Erasing" not in chain else "ToDtype(float32, scale=true); " + chain
    assert (True, True) == (_is_blamed(chain), _changes(chain))


def test_conversion_and_what_takes_its_place_give_the_same() -> None:
    """`ConvertImageDtype(t)` and `ToDtype(t, scale=true)`, for every type of pixel."""
    pixels = torch.arange(256, dtype=torch.uint8).reshape(1, 16, 16)
    for dtype in (torch.float32, torch.float64, torch.uint8, torch.int32):
        assert torch.equal(v2.ConvertImageDtype(dtype)(pixels), v2.ToDtype(dtype, scale=True)(pixels))


def test_numbers_of_interpolations_are_those_of_v1() -> None:
    """`interpolation=2` meant `bilinear`."""
    modes = {number: functional._interpolation_modes_from_int(number).value for number in range(6)}
    assert modes == OLD_INTERPOLATIONS


def test_other_names_lead_to_what_is_there() -> None:
    """Renames name a transform, and so does every call in a help; nothing that exists counts as unknown."""
    known = set(catalogue.transform_names())
    assert set() == set(renamed("transform").values()) - known
    called = {word for text in synonyms("transform").values() for word in re.findall(r"([A-Z]\w+)\(", text)}
    assert set() == called - known - {"A", "B"}
    used = {word for text in synonyms("transform").values() for word in re.findall(r"use `([A-Z]\w+)`", text)}
    assert set() == used - known
    assert set() == (set(synonyms("transform")) | set(renamed("transform"))) & known
    parameters = {item.name for name in known for item in getattr(catalogue.transform(name), "parameters", ())}
    assert set() == (set(renamed("argument").values()) | set(synonyms("argument").values())) - parameters
