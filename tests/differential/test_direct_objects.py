"""The short way through a chain for samples with boxes and masks: torchvision's bits, in either layout."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from chains import apply
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision import tv_tensors
from torchvision.transforms import v2

from feedline.compiler import ir
from feedline.runtime.transforms import build_chain, with_planes
from feedline.runtime.transforms.direct import DirectStep
from feedline.runtime.transforms.direct_objects import DirectSanitize

# From 2: torch's antialiased kernel fails an assertion of its own on some images of one row, by how they lie in memory.
SIDES = st.integers(2, 40)
FLIPS = st.sampled_from([apply("RandomHorizontalFlip"), apply("RandomVerticalFlip", 0.3)])
RESIZES = st.one_of(
    st.tuples(SIDES, SIDES).map(lambda size: apply("Resize", size)),
    st.tuples(SIDES, st.sampled_from(["bilinear", "nearest", "nearest-exact", "bicubic"]), st.booleans()).map(
        lambda parts: apply("Resize", parts[0], interpolation=parts[1], antialias=parts[2])
    ),
    SIDES.map(lambda side: apply("Resize", side, max_size=side + 7)),
)
CROPS = st.sampled_from(
    [apply("CenterCrop", 12), apply("RandomResizedCrop", (9, 11), scale=(0.3, 1.0)), apply("RandomCrop", (9, 8))]
)
SANITIZE = st.sampled_from(
    [apply("SanitizeBoundingBoxes"), apply("SanitizeBoundingBoxes", 3.5), apply("SanitizeBoundingBoxes", 1.0, 9.1)]
)
OTHERS = st.sampled_from([apply("Pad", 2), apply("RandomInvert"), apply("ConvertBoundingBoxFormat", "CXCYWH")])
CHAINS = st.lists(st.one_of(RESIZES, FLIPS, CROPS, SANITIZE, OTHERS), min_size=1, max_size=4)


@st.composite
def samples(draw: st.DrawFn) -> dict[str, Any]:
    """An image with any number of objects, some of them without a width, or outside of it."""
    height, width, count = draw(SIDES), draw(SIDES), draw(st.integers(0, 4))
    numbers = np.random.default_rng(draw(st.integers(0, 1000)))
    points = numbers.uniform(-2, 42, (count, 2, 2)) if count % 2 else numbers.integers(0, 20, (count, 2, 2))
    corners = np.sort(points, 1)
    boxes = torch.from_numpy(corners.reshape(count, 4).astype(np.float32))
    sample: dict[str, Any] = {
        "image": tv_tensors.Image(torch.from_numpy(numbers.integers(0, 256, (3, height, width), np.uint8))),
        "boxes": tv_tensors.BoundingBoxes(boxes, format="XYXY", canvas_size=(height, width)),  # pyright: ignore[reportCallIssue]  (the stubs know neither keyword)
        "labels": torch.arange(count),
        "image_id": 3,
    }
    if draw(st.booleans()):
        sample["masks"] = tv_tensors.Mask(torch.from_numpy(numbers.integers(0, 2, (count, height, width), np.uint8)))
    return sample


def as_decoded(sample: dict[str, Any]) -> dict[str, Any]:
    """The same values, the image's colours side by side in memory and the masks column by column."""
    found = dict(sample)
    image = sample["image"].as_subclass(torch.Tensor)
    found["image"] = tv_tensors.Image(image.permute(1, 2, 0).contiguous().permute(2, 0, 1))
    if "masks" in sample:
        masks = sample["masks"].as_subclass(torch.Tensor)
        found["masks"] = tv_tensors.Mask(masks.transpose(1, 2).contiguous().transpose(1, 2))
    return found


def outcome(run: Any) -> Any:
    """What a chain gives, or that it refuses."""
    try:
        return run()
    except Exception:
        return None


def facts(value: Any) -> Any:
    """Everything there is to a field."""
    if not isinstance(value, torch.Tensor):
        return value
    plain = value.as_subclass(torch.Tensor)
    extra = (value.format, value.canvas_size) if isinstance(value, tv_tensors.BoundingBoxes) else ()
    return type(value), plain.dtype, tuple(plain.shape), plain.flatten().tolist(), extra


@given(chain=CHAINS, sample=samples(), key=st.integers(0, 2**31), decoded=st.booleans())
@settings(max_examples=150, deadline=None)
def test_the_short_way_gives_torchvisions_bits(chain: list[ir.Step], sample: Any, key: int, decoded: bool) -> None:
    """Any chain, whatever part of it has a short way, on any sample; and what comes out is laid out as ever."""
    expected = outcome(lambda: build_chain(tuple(chain))(sample, key))
    short = build_chain(tuple(chain), direct=len(chain))
    if decoded:
        short = with_planes(short) or build_chain(())
        given = as_decoded(sample) if short.steps.steps else sample
        actual = outcome(lambda: short(given, key)) if short.steps.steps else expected
    else:
        actual = outcome(lambda: short(sample, key))
    assert (expected is None) == (actual is None)
    if expected is not None:
        assert {name: facts(value) for name, value in expected.items()} == {
            name: facts(value) for name, value in actual.items()
        }
        assert not decoded or _rows(expected) <= _rows(actual)


def _rows(sample: dict[str, Any]) -> set[str]:
    """The fields that lie in memory plane by plane and row by row."""
    return {name for name, value in sample.items() if isinstance(value, torch.Tensor) and value.is_contiguous()}


@pytest.mark.parametrize("name", ["Resize", "RandomHorizontalFlip", "RandomVerticalFlip", "SanitizeBoundingBoxes"])
def test_the_common_steps_have_a_short_way(name: str) -> None:
    """The trial before a step is taken does not refuse it with the versions installed here."""
    step = apply(name, (20, 30)) if name == "Resize" else apply(name)
    [built] = build_chain((step,), direct=1).steps.steps
    assert isinstance(built, DirectStep | DirectSanitize)


def test_a_short_way_with_other_bits_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A torchvision that moves boxes in another way is followed."""

    def other(self: Any, value: Any, params: Any) -> Any:
        return value

    monkeypatch.setattr(v2.RandomHorizontalFlip, "transform", other)
    [built] = build_chain((apply("RandomHorizontalFlip", 1.0),), direct=1).steps.steps
    assert not isinstance(built, DirectStep)
