"""Chains against torchvision run by hand: under the same seed they give the same bits."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
import torch
from chains import FLOAT32, apply, detection, image, maybe, one_of, pil, shuffled
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.transforms import v2

from feedline.compiler import ir
from feedline.runtime.arguments import python_arguments
from feedline.runtime.transforms import build_chain

STEPS: list[ir.Apply] = [
    apply("RandomHorizontalFlip"),
    apply("RandomVerticalFlip", 0.3),
    apply("RandomResizedCrop", (20, 24), scale=(0.5, 1.0)),
    apply("RandomCrop", (22, 26), padding=4, padding_mode="reflect"),
    apply("Resize", 25),
    apply("Resize", (24, 30), interpolation="nearest"),
    apply("CenterCrop", 20),
    apply("Pad", (1, 2)),
    apply("RandomRotation", 20),
    apply("RandomAffine", 10, translate=(0.1, 0.1), scale=(0.9, 1.1)),
    apply("RandomPerspective"),
    apply("RandomZoomOut"),
    apply("ColorJitter", 0.4, 0.4, 0.4, 0.1),
    apply("RandomGrayscale", 0.5),
    apply("GaussianBlur", 3),
    apply("RandomSolarize", 100),
    apply("RandomPosterize", 4),
    apply("RandomEqualize"),
    apply("RandomAutocontrast"),
    apply("RandomAdjustSharpness", 2),
    apply("RandomInvert"),
    apply("RandomPhotometricDistort"),
    apply("RandomErasing", 0.8),
    apply("TrivialAugmentWide"),
    apply("RandAugment"),
    apply("AutoAugment", "cifar10"),
    apply("AugMix"),
    apply("RandomShortestSize", (18, 20, 22)),
    apply("ScaleJitter", (20, 20)),
    apply("RandomChannelPermutation"),
    apply("ElasticTransform", 8.0, 3.0),
]
NOT_ON_PIL = {"RandomErasing", "AugMix"}
NOT_ON_BOXES = {"TrivialAugmentWide", "RandAugment", "AutoAugment", "AugMix", "RandomChannelPermutation"}

steps = st.sampled_from(STEPS)
combinations = st.one_of(
    steps,
    st.tuples(st.floats(0, 1), steps, steps).map(lambda parts: maybe(*parts)),
    st.tuples(steps, steps, st.floats(0.1, 5)).map(lambda parts: one_of(*parts[:2], weights=(1.0, parts[2]))),
    st.lists(steps, min_size=1, max_size=3).map(lambda inner: shuffled(*inner)),
)
chains = st.lists(combinations, min_size=1, max_size=4)


def by_hand(step: ir.Step) -> Any:
    """The step as a PyTorch user writes it."""
    match step:
        case ir.Apply(name=name, args=args):
            return getattr(v2, name)(**python_arguments(args))
        case ir.Maybe(probability=probability, steps=inner):
            return v2.RandomApply([by_hand(item) for item in inner], p=probability)
        case ir.OneOf(branches=branches):
            return v2.RandomChoice(
                [by_hand(branch.steps[0]) for branch in branches], p=[branch.weight for branch in branches]
            )
        case ir.Shuffled(steps=inner):
            return v2.RandomOrder([by_hand(item) for item in inner])
    raise AssertionError(step)


def names(step: ir.Step) -> set[str]:
    """The classes in a step."""
    match step:
        case ir.Apply(name=name):
            return {name}
        case ir.Maybe(steps=inner) | ir.Shuffled(steps=inner):
            return {name for item in inner for name in names(item)}
        case ir.OneOf(branches=branches):
            return {name for branch in branches for item in branch.steps for name in names(item)}
    raise AssertionError(step)


def run_by_hand(chain: list[ir.Step], sample: Any, key: int) -> Any:
    """torchvision's result under the seed that a key stands for."""
    torch.manual_seed(key), np.random.seed(key % 2**32), random.seed(key)
    return v2.Compose([by_hand(step) for step in chain])(sample)


def outcome(run: Any) -> Any:
    """What a chain gives, or that it refuses: `RandomCrop` of an image that became too small raises in both."""
    try:
        return run()
    except Exception:
        return None


def same(left: Any, right: Any) -> bool:
    """Whether two results are the same bits."""
    if left is None or right is None:
        return left is right
    return (
        torch.equal(v2.functional.pil_to_tensor(left), v2.functional.pil_to_tensor(right))
        if not isinstance(left, torch.Tensor)
        else torch.equal(left, right)
    )


@given(chains, st.integers(0, 2**31))
@settings(max_examples=60, deadline=None)
def test_tensors(chain, key):
    """uint8 tensors, one image and its label."""
    expected = outcome(lambda: run_by_hand(chain, image(), key))
    actual = outcome(lambda: build_chain(tuple(chain))({"image": image(), "label": 3}, key)["image"])
    assert same(expected, actual)


@given(chains, st.integers(0, 2**31))
@settings(max_examples=40, deadline=None)
def test_pil_images(chain, key):
    """PIL images, as `image_backend = pil` hands them over."""
    chain = [step for step in chain if not names(step) & NOT_ON_PIL]
    chain = [*chain, apply("ToImage"), apply("ToDtype", FLOAT32, scale=True)]
    expected = outcome(lambda: run_by_hand(chain, pil(), key))
    actual = outcome(lambda: build_chain(tuple(chain))({"image": pil(), "label": 3}, key)["image"])
    assert same(expected, actual)


@given(chains, st.integers(0, 2**31))
@settings(max_examples=40, deadline=None)
def test_detections(chain, key):
    """Image, boxes and masks of one sample, moved together."""
    chain = [step for step in chain if not names(step) & NOT_ON_BOXES] or [apply("Identity")]
    chain = [apply("RandomIoUCrop"), *chain, apply("SanitizeBoundingBoxes")]
    fields = ("image", "boxes", "labels", "masks")
    sample = {name: detection()[name] for name in fields}
    expected = outcome(lambda: run_by_hand(chain, sample, key))
    actual = outcome(lambda: build_chain(tuple(chain))(detection(), key))
    assert (expected is None) == (actual is None)
    assert expected is None or all(same(expected[name], actual[name]) for name in fields)


@pytest.mark.parametrize("container", ["Compose", "RandomApply", "RandomChoice", "RandomOrder"])
@pytest.mark.parametrize("key", range(5))
def test_containers_by_their_torchvision_names(container, key):
    """`RandomApply([...], p=0.3)` written as in Python draws as torchvision's class does."""
    inner = [apply("ColorJitter", 0.4), apply("RandomHorizontalFlip")]
    more = {"p": 0.3} if container == "RandomApply" else {"p": (0.2, 0.8)} if container == "RandomChoice" else {}
    step = apply(container, ir.ListValue(tuple(inner)), **more)
    torch.manual_seed(key)
    expected = getattr(v2, container)([by_hand(item) for item in inner], **more)(image())
    assert same(expected, build_chain((step,))({"image": image()}, key)["image"])
