"""Values of the Program as Python and torch have them."""

from __future__ import annotations

import pytest
import torch
from torchvision.transforms import AutoAugmentPolicy, InterpolationMode
from torchvision.tv_tensors import BoundingBoxFormat

from feedline.compiler import ir
from feedline.compiler.catalogue.types import ENUMS
from feedline.dsl.source import Span
from feedline.runtime.arguments import load_python, positional_arguments, python_arguments, python_value

SPAN = Span("a.pipe", 0, 1)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, 3),
        (None, None),
        ("bilinear", "bilinear"),
        ((1, "a"), (1, "a")),
        (ir.ListValue((1, (2, 3))), [1, (2, 3)]),
        (ir.Percent(80.0), 0.8),
        (ir.Symbol("float32"), torch.float32),
        (ir.Symbol("bool"), torch.bool),
        (ir.Symbol("nearest_exact"), InterpolationMode.NEAREST_EXACT),
        (ir.Symbol("cifar10"), AutoAugmentPolicy.CIFAR10),
        (ir.Symbol("CXCYWH"), BoundingBoxFormat.CXCYWH),
        (ir.Symbol("auto"), "auto"),
    ],
)
def test_values_become_objects(value, expected):
    """Symbols become what they name, lists lists, percentages fractions."""
    actual = python_value(value)
    assert (type(expected), expected) == (type(actual), actual)


def test_every_word_names_an_object():
    """Each word of every set stands for something in the installed torch."""
    assert all(not isinstance(python_value(ir.Symbol(word)), str) for words in ENUMS.values() for word in words)


def test_transforms_are_no_values():
    """Nested transforms are built as steps, never as arguments."""
    with pytest.raises(TypeError, match="Identity"):
        python_value(ir.ListValue((ir.Apply("Identity", (), span=SPAN),)))


def test_arguments_by_name_and_by_position():
    """User code's arguments without a name have the empty one."""
    args = (ir.Arg("", 1, span=SPAN), ir.Arg("", ir.Percent(50), span=SPAN), ir.Arg("by", 3, span=SPAN))
    assert ((1, 0.5), {"by": 3}) == (positional_arguments(args), python_arguments(args))


def test_load_python_follows_dots():
    """A class in a class, a function in a package."""
    assert torch.nn.functional.relu is load_python("torch.nn.functional:relu")
    assert torch.Tensor.add is load_python("torch:Tensor.add")
