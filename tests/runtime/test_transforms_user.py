"""The user's own steps: what they are made of, what they are handed, and how their mistakes are told."""

from __future__ import annotations

import pickle
from collections import namedtuple
from copy import deepcopy
from functools import partial
from typing import Any

import pytest
import torch
from chains import SPAN, apply, detection, image, maybe, on, pil, python, registered, views
from torch import nn
from torchvision import transforms as v1
from torchvision.transforms import v2
from torchvision.transforms.v2.functional import to_image

from feedline.compiler import ir, registry
from feedline.runtime.failures import PipelineFailure
from feedline.runtime.transforms import StepFailed, build_batch_chain, build_chain

Both = namedtuple("Both", "left right")
HERE = f"{__name__}:"
build = partial(build_chain, allow_python=True)


class Brighten:
    """A class as PyTorch users write them."""

    def __init__(self, by: int, times: int = 1):
        self.by = by * times

    def __call__(self, img: torch.Tensor) -> torch.Tensor:
        """The image, brighter."""
        assert type(img) is torch.Tensor
        return img + self.by


class Halve(nn.Module):
    """A module."""

    def forward(self, img):
        """Every other pixel."""
        return img[..., ::2, ::2]


class Flip(v2.Transform):
    """A subclass of torchvision's, which sees whatever geometry moves."""

    def transform(self, inpt, params):
        """Whatever it is, flipped."""
        return v2.functional.horizontal_flip(inpt)


class Crowded:
    """A callable that takes the whole sample, as in PyTorch's data loading tutorial."""

    def __call__(self, sample):
        """The sample with a field more."""
        return {**sample, "count": len(sample["boxes"])}


def darken(img, by=1):
    """The step itself."""
    return img - by


def make_darken(by=1):
    """A function that makes a step."""
    return partial(darken, by=by)


def scribble(img):
    """A step that writes into what it gets."""
    if isinstance(img, torch.Tensor):
        img[..., ::2] = 7
    else:
        img.paste(7, (0, 0, 9, 9))
    return img


def add_within(sample):
    """Writes into what lies in a named tuple and a dict."""
    sample["both"].left.add_(1)
    sample["both"].right["inner"].add_(1)
    return sample


def relabel(sample):
    """The same for a field that is no image."""
    sample["label"] += 1
    return sample


def double(value):
    """A step for a field."""
    return value * 2


def forget(sample):
    """A step that loses the sample."""


def noise(img):
    """A step that draws."""
    return img + torch.randint(0, 9, img.shape)


def fail(img):
    """A step with a fault."""
    raise ValueError("no such luck")


def swap(batch):
    """A step for a batch."""
    images, labels = batch
    return labels, images


NOT_CALLABLE = 3


def result(step: ir.Step, sample: dict[str, Any] | None = None) -> dict[str, Any]:
    """The sample after one step."""
    return build((step,))(sample or {"image": image(), "label": 3}, 0)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (python(HERE + "Brighten", 2, times=3), image() + 6),
        (python(HERE + "darken"), image() - 1),
        (python(HERE + "darken", by=5), image() - 5),
        (python(HERE + "make_darken"), image() - 1),
        (python(HERE + "make_darken", 5), image() - 5),
        (python(HERE + "Halve"), image()[..., ::2, ::2]),
    ],
)
def test_a_callable_gets_the_image(step, expected):
    """Classes are instantiated, makers called, functions used; the image stays an image, the label is left alone."""
    after = result(step)
    assert torch.equal(expected.as_subclass(torch.Tensor), after["image"].as_subclass(torch.Tensor))
    assert ("Image", 3) == (type(after["image"]).__name__, after["label"])


def test_steps_can_be_pickled():
    """A chain with user code reaches a spawned worker."""
    steps = (python(HERE + "Brighten", 2), python(HERE + "make_darken", 5), apply("RandomHorizontalFlip"))
    chain = build(steps)
    assert torch.equal(
        chain({"image": image()}, 3)["image"], pickle.loads(pickle.dumps(chain))({"image": image()}, 3)["image"]
    )


def test_a_subclass_of_torchvision_moves_everything():
    """Geometry of the user's own reaches boxes and masks."""
    after = result(python(HERE + "Flip"), detection())
    assert [[20, 3, 30, 15], [27, 5, 27, 9], [2, 10, 12, 22]] == after["boxes"].int().tolist()


def test_a_parameter_named_sample_gets_all_fields():
    """And may add some."""
    assert 3 == result(python(HERE + "Crowded"), detection())["count"]


def test_a_step_that_loses_the_sample_is_told():
    """The message says what was expected back."""
    with pytest.raises(StepFailed, match="must give one back, a dict of fields, not NoneType"):
        result(python(HERE + "forget"))


def test_on_field_hands_over_that_field():
    """A number, a tensor, whatever it is."""
    assert 6 == result(on("label", python(HERE + "double")))["label"]
    doubled = result(on("area", python(HERE + "double")), detection())["area"]
    assert [240.0, 0.0, 240.0] == doubled.tolist()


def test_pil_images_stay_pil():
    """A chain of v1 classes works on PIL images as it always has."""
    after = result(python("torchvision.transforms:CenterCrop", 8), {"image": pil()})
    assert v1.CenterCrop(8)(pil()).tobytes() == after["image"].tobytes()


def test_without_an_image_a_step_says_what_to_write():
    """A table has no image: the help names `on FIELD`."""
    with pytest.raises(StepFailed, match="on FIELD"):
        result(python(HERE + "darken"), {"features": torch.zeros(3)})


def test_unknown_code_counts_as_random():
    """It is seeded by the key, in every view by its own."""
    chain = build((views((python(HERE + "noise"),), (python(HERE + "noise"),)),))
    first, again = chain({"image": image()}, 1)["image"], chain({"image": image()}, 1)["image"]
    assert chain.is_random and torch.equal(first[0], again[0]) and not torch.equal(first[0], first[1])


def test_a_failing_step_says_where_it_raised():
    """The user's own line stands in a note."""
    with pytest.raises(StepFailed) as caught:
        result(python(HERE + "fail"))
    failure = caught.value.failure
    assert (f"`{HERE}fail` failed: ValueError: no such luck", SPAN) == (failure.message, failure.span)
    assert any(note.startswith(f"raised in {__file__}:") for note in failure.notes)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("no_such_package:Step", "`no_such_package:Step` cannot be imported: ModuleNotFoundError"),
        (HERE + "Missing", f"`{HERE}Missing` cannot be imported: AttributeError"),
        (HERE + "NOT_CALLABLE", f"`{HERE}NOT_CALLABLE` is not callable, it is int"),
    ],
)
def test_code_that_cannot_be_imported(target, message):
    """Told when the chain is built, at the step."""
    with pytest.raises(PipelineFailure) as caught:
        build((python(target),))
    assert ("FL210", SPAN) == (caught.value.failure.code, caught.value.failure.span)
    assert caught.value.failure.message.startswith(message)


def test_arguments_that_a_class_refuses():
    """The class's own words."""
    with pytest.raises(PipelineFailure, match=r"refuses its arguments: .*unexpected keyword argument 'bye'"):
        build((python(HERE + "Brighten", bye=2),))


def test_foreign_code_needs_permission():
    """A Program that was allowed it does not carry the permission along."""
    with pytest.raises(PipelineFailure) as caught:
        build_chain((python(HERE + "Brighten", 2),))
    assert "FL116" == caught.value.failure.code


def test_registered_steps_need_no_permission():
    """Whoever registers a class has run its code already."""
    registry.transform("BrightenForTests")(Brighten)
    chain = build_chain((registered("BrightenForTests", by=2),))
    assert torch.equal(image() + 2, chain({"image": image()}, 0)["image"].as_subclass(torch.Tensor))


def test_a_registered_step_that_is_gone():
    """A Program from elsewhere may name what nobody registered here."""
    with pytest.raises(PipelineFailure, match="was registered when the file was checked"):
        build_chain((registered("NobodyHasThis"),))


def test_a_step_of_a_batch_gets_the_batch():
    """Whole, in its structure."""
    images, labels = torch.rand(2, 3, 4, 4), torch.tensor([0, 1])
    after = build_batch_chain((python(HERE + "swap"),), allow_python=True)((images, labels), 0)
    assert labels is after[0] and images is after[1]


@pytest.mark.parametrize("given", [image(40, 50), pil(40, 50)], ids=["tensor", "PIL"])
@pytest.mark.parametrize("before", [(), (apply("RandomCrop", 32),)], ids=["at once", "after a crop"])
def test_what_one_view_writes_no_other_sees(given: Any, before: tuple[ir.Step, ...]):
    """The views before and after it, and the picture that they are made of, are as if nothing had been written."""
    writes = (*before, maybe(1.0, python(f"{HERE}scribble")))
    for short in (False, True):
        alone, beside = (
            build((views(before, first, before),), direct=1 if short else 0, colour=short) for first in (before, writes)
        )
        picture = deepcopy(given)
        expected, actual = (chain({"image": picture}, 5)["image"] for chain in (alone, beside))
        same = [bool((to_image(one) == to_image(other)).all()) for one, other in zip(expected, actual, strict=True)]
        assert same == [True, False, True]
        assert (to_image(picture) == to_image(given)).all()


def test_a_view_has_its_own_labels():
    """Not only the picture: whatever is a tensor."""
    step = python(f"{HERE}relabel")
    before = {"image": image(), "label": torch.tensor(3)}
    after = build((views((step,), (step,)),))(before, 0)
    assert before["label"] == 3 and after["label"] == 3


def test_a_view_has_its_own_of_what_lies_in_other_things():
    """In a named tuple and in a dict."""
    both = Both(torch.zeros(1), {"inner": torch.zeros(1)})
    step = python(f"{HERE}add_within")
    build((views((step,), (step,)),))({"image": image(), "both": both}, 0)
    assert both.left == 0 == both.right["inner"]
