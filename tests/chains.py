"""Steps of a Program written by hand, and samples to run them on, for the tests of transforms."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from PIL import Image
from torchvision import tv_tensors

from feedline.compiler import catalogue, ir
from feedline.dsl.source import Span

SPAN = Span("a.pipe", 3, 9)
FLOAT32 = ir.Symbol("float32")


def apply(name: str, *values: ir.Value, **named: ir.Value) -> ir.Apply:
    """A step of the catalogue as the compiler gives it: every argument by name, defaults filled in."""
    entry = catalogue.transform(name)
    assert entry is not None, name
    given = dict(zip((item.name for item in entry.parameters), values, strict=False)) | named
    args = []
    for item in entry.parameters:
        value = item.type.fit(given[item.name]) if item.name in given else item.default
        assert not isinstance(value, catalogue.Misfit), (name, item.name)
        args.append(ir.Arg(item.name, value, item.name in given, span=SPAN))
    assert not set(given) - {item.name for item in entry.parameters}
    return ir.Apply(name, tuple(args), span=SPAN)


def python(target: str, *values: ir.Value, **named: ir.Value) -> ir.Apply:
    """A `python(...)` step: arguments without a name keep the empty name."""
    args = [ir.Arg("", value, span=SPAN) for value in values]
    args += [ir.Arg(name, value, span=SPAN) for name, value in named.items()]
    return ir.Apply("python", tuple(args), target, span=SPAN)


def registered(name: str, **named: ir.Value) -> ir.Apply:
    """A step registered from Python."""
    args = tuple(ir.Arg(key, value, span=SPAN) for key, value in named.items())
    return ir.Apply(name, args, registered=True, span=SPAN)


def maybe(probability: float, *steps: ir.Step) -> ir.Maybe:
    """`maybe P { steps }`"""
    return ir.Maybe(probability, steps, span=SPAN)


def one_of(*branches: ir.Step, weights: tuple[float, ...] = ()) -> ir.OneOf:
    """`one of { branches }`"""
    weights = weights or (1.0,) * len(branches)
    return ir.OneOf(
        tuple(ir.Branch((step,), weight, span=SPAN) for step, weight in zip(branches, weights, strict=True)), span=SPAN
    )


def shuffled(*steps: ir.Step) -> ir.Shuffled:
    """`shuffled { steps }`"""
    return ir.Shuffled(steps, span=SPAN)


def views(*chains: tuple[ir.Step, ...]) -> ir.Views:
    """`views { chains }`, counts expanded."""
    return ir.Views(chains, span=SPAN)


def on(field: str, *steps: ir.Step) -> ir.OnField:
    """`on FIELD { steps }`"""
    return ir.OnField(field, steps, span=SPAN)


def image(height: int = 24, width: int = 32, channels: int = 3, seed: int = 0) -> tv_tensors.Image:
    """A uint8 image of noise."""
    pixels = np.random.default_rng(seed).integers(0, 256, (channels, height, width), np.uint8)
    return tv_tensors.Image(torch.from_numpy(pixels))


def pil(height: int = 24, width: int = 32, mode: str = "RGB", seed: int = 0) -> Image.Image:
    """A PIL image of noise."""
    shape = (height, width) if mode == "L" else (height, width, len(mode))
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, np.uint8), mode)


def detection(height: int = 24, width: int = 32) -> dict[str, Any]:
    """A detection sample: three objects, the second of which has no width."""
    boxes = torch.tensor([[2, 3, 12, 15], [5, 5, 5, 9], [20, 10, 30, 22]], dtype=torch.float32)
    masks = torch.zeros(3, height, width, dtype=torch.uint8)
    for row, (x1, y1, x2, y2) in enumerate(boxes.int().tolist()):
        masks[row, y1:y2, x1:x2] = 1
    return {
        "image": image(height, width),
        "boxes": tv_tensors.BoundingBoxes(boxes, format="XYXY", canvas_size=(height, width)),  # pyright: ignore  (the stubs know neither keyword)
        "labels": torch.tensor([1, 2, 3]),
        "masks": tv_tensors.Mask(masks),
        "area": torch.tensor([120.0, 0.0, 120.0]),
        "iscrowd": torch.tensor([0, 0, 1]),
        "image_id": 17,
        "index": 4,
    }
