"""What docs/guide/mistakes.md says that plain PyTorch does is what torch and torchvision do here."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, default_collate
from torchvision import transforms, tv_tensors
from torchvision.transforms import InterpolationMode, v2

MISTAKES = Path(__file__).parents[1] / "mistakes"
FLOATS = v2.ToDtype(torch.float32, scale=True)
NORMALIZE = v2.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])


def image(side: int = 32, channels: int = 3) -> tv_tensors.Image:
    """A picture with all values from 0 to 255."""
    row = torch.linspace(0, 255, side * side).to(torch.uint8).reshape(1, side, side)
    return tv_tensors.Image(row.expand(channels, side, side).clone())


def pil(side: int = 32) -> Image.Image:
    """The same as a PIL image."""
    return Image.fromarray(image(side).permute(1, 2, 0).numpy())


def detection() -> dict[str, Any]:
    """A sample with a box."""
    boxes = tv_tensors.BoundingBoxes([[2.0, 2, 10, 10]], format="XYXY", canvas_size=(32, 32))  # pyright: ignore[reportCallIssue]  (the stubs do not know the keywords)
    return {"image": image(), "boxes": boxes, "labels": torch.tensor([1])}


def batch(classes: int = 10) -> tuple[torch.Tensor, torch.Tensor]:
    """Eight images with labels, the last of which is the last class."""
    return torch.rand(8, 3, 4, 4), torch.arange(classes - 8, classes)


def unequal() -> object:
    """Two pictures of differing size, collated."""
    return default_collate([torch.rand(3, 8, 9), torch.rand(3, 8, 8)])


def loss_of_masks() -> object:
    """A loss of classes, of masks that were converted with the image."""
    mask = tv_tensors.Mask(torch.zeros(1, 4, 4, dtype=torch.uint8))
    converted = v2.ConvertImageDtype(torch.float32)({"image": image(4), "mask": mask})["mask"]
    return nn.functional.cross_entropy(torch.rand(1, 3, 4, 4), converted.as_subclass(torch.Tensor))


RAISES: dict[str, Callable[[], object]] = {
    "range/bicubic_rotation": lambda: v2.RandomRotation([10, 10], interpolation=InterpolationMode.BICUBIC)(image()),
    "range/deviation_zero": lambda: v2.Normalize([0.5], [0.0])(FLOATS(image())),
    "range/four_channels": lambda: v2.ColorJitter(0.4)(image(channels=4)),
    "range/jpeg_of_floats": lambda: v2.JPEG(50)(FLOATS(image())),
    "range/mixup_of_bytes": lambda: v2.MixUp(num_classes=10)((batch()[0] * 255).to(torch.uint8), batch()[1]),
    "range/normalize_before_scaling": lambda: NORMALIZE(image()),
    "range/normalize_before_to_tensor": lambda: NORMALIZE(pil()),
    "range/normalised_bytes": lambda: NORMALIZE(image()),
    "range/solarize_threshold": lambda: v2.RandomSolarize(128, p=1)(FLOATS(image())),
    "range/to_dtype_of_pil": lambda: NORMALIZE(FLOATS(pil())),
    "range/to_tensor_twice": lambda: transforms.ToTensor()(transforms.ToTensor()(pil())),
    "range/two_statistics": lambda: v2.Normalize([0.5, 0.5], [0.5, 0.5])(FLOATS(image())),
    "range/whitening_pil": lambda: v2.LinearTransformation(torch.eye(3), torch.zeros(3))(pil(1)),
    "shapes/blur_too_large": lambda: v2.GaussianBlur(57)(image(28)),
    "shapes/channels_differ": lambda: default_collate([torch.rand(3, 8, 8), torch.rand(1, 8, 8)]),
    "shapes/crop_too_large": lambda: v2.RandomCrop(32)(image(28)),
    "shapes/no_resize": unequal,
    "shapes/padding_beyond": lambda: v2.Pad(28, padding_mode="reflect")(image(28)),
    "shapes/pil_in_batch": lambda: default_collate([pil(), pil()]),
    "shapes/pil_views_padded": lambda: default_collate([(pil(), pil())] * 2),
    "shapes/range_of_nothing": lambda: v2.RandomResize(256, 256)(image()),
    "shapes/resize_keeps_ratio": unequal,
    "shapes/resize_own_files": unequal,
    "shapes/resize_to_zero": lambda: v2.Resize((0, 0))(image()),
    "shapes/two_sizes": lambda: v2.Resize(64, 64)(image()),
    "shapes/views_differ": unequal,
    "objects/five_crops_of_boxes": lambda: v2.FiveCrop(16)(detection()),
    "objects/masks_made_float": loss_of_masks,
    "objects/mixup_of_detection": lambda: v2.CutMix(num_classes=3)(batch()[0], [detection()] * 8),
    "objects/mixup_too_few_classes": lambda: v2.MixUp(num_classes=10)(*batch(100)),
    "objects/mixup_without_classes": lambda: v2.MixUp()(*batch()),
    "objects/randaugment_of_boxes": lambda: v2.RandAugment()(detection()),
    "objects/reflected_boxes": lambda: v2.Pad(16, padding_mode="reflect")(detection()),
    "objects/sanitize_without_boxes": lambda: v2.SanitizeBoundingBoxes()(image(), torch.tensor(1)),
    "objects/stacked_boxes": lambda: default_collate([torch.rand(2, 4), torch.rand(3, 4)]),
    "data/last_batch_of_one": lambda: nn.BatchNorm1d(4)(torch.rand(1, 4)),
    "loading/persistent_without_workers": lambda: DataLoader([1], persistent_workers=True),  # pyright: ignore[reportArgumentType]  (the mistake itself)
    "loading/prefetch_without_workers": lambda: DataLoader([1], prefetch_factor=4),  # pyright: ignore[reportArgumentType]  (the mistake itself)
    "names/albumentations": lambda: getattr(v2, "HorizontalFlip"),  # noqa: B009  (the mistake itself)
    "names/misspelt_argument": lambda: v2.RandomResizedCrop(64, scales=(0.2, 1.0)),  # pyright: ignore[reportCallIssue]  (the mistake itself)
    "names/misspelt_transform": lambda: getattr(v2, "RandomHorizontalFlop"),  # noqa: B009  (the mistake itself)
    "names/old_argument": lambda: v2.RandomRotation(10, resample=2),  # pyright: ignore[reportCallIssue]  (the mistake itself)
    "names/old_fill": lambda: v2.RandomAffine(10, fillcolor=0),  # pyright: ignore[reportCallIssue]  (the mistake itself)
}
"""What raises, by the file that shows the mistake."""

RUNS: dict[str, tuple[Callable[[], torch.Tensor], float, float]] = {
    "range/back_to_bytes": (lambda: v2.ToDtype(torch.uint8, scale=True)(NORMALIZE(FLOATS(image()))), 0, 255),
    "range/deviation_negative": (lambda: v2.Normalize([0.5], [-0.5])(FLOATS(image())), -1, 1),
    "range/equalize_after_normalize": (lambda: v2.RandomEqualize(p=1)(NORMALIZE(FLOATS(image()))), 0, 1),
    "range/erasing_value": (lambda: v2.RandomErasing(p=1, value=128)(FLOATS(image())), 0, 128),
    "range/float_without_scale": (lambda: NORMALIZE(v2.ToDtype(torch.float32)(image())), -2.1, 1136.4),
    "range/grey_with_colour_statistics": (lambda: NORMALIZE(FLOATS(image(channels=1))), -2.1, 2.6),
    "range/jitter_after_normalize": (lambda: v2.ColorJitter((1.2, 1.2))(NORMALIZE(FLOATS(image()))), 0, 1),
    "range/normalised_twice": (lambda: NORMALIZE(NORMALIZE(FLOATS(image()))), -11.4, 9.9),
    "range/scaled_too_late": (lambda: FLOATS(v2.ToDtype(torch.float32)(image())), 0, 255),
    "range/scaled_twice": (lambda: FLOATS(FLOATS(image())), 0, 1),
    "range/statistics_of_bytes": (lambda: v2.Normalize([123.7], [58.4])(FLOATS(image())), -2.1, -2.1),
    "range/swapped_statistics": (
        lambda: v2.Normalize([0.229, 0.224, 0.225], [0.485, 0.456, 0.406])(FLOATS(image())),
        -0.55,
        1.91,
    ),
    "shapes/conversion_sometimes": (lambda: default_collate([FLOATS(image()), image()]), 0, 255),
}
"""What runs, and the least and the largest value of what comes out."""


def said(name: str) -> str:
    """What a file says that PyTorch does."""
    return (MISTAKES / f"{name}.pipe").read_text(encoding="utf-8").splitlines()[1].partition(": ")[2]


@pytest.mark.parametrize("name", RAISES)
def test_pytorch_raises_with_these_words(name: str) -> None:
    """PyTorch raises what the page quotes."""
    (words,) = re.findall(r'"([^"]+)"', said(name))
    with pytest.raises(Exception, match=re.escape(words)):
        RAISES[name]()


def test_every_quotation_is_checked() -> None:
    """A file that quotes a message has a program that brings it about."""
    names = [path.relative_to(MISTAKES).with_suffix("").as_posix() for path in MISTAKES.glob("*/*.pipe")]
    quoting = {name for name in names if re.search(r': "[^"]+"', said(name))}
    assert quoting <= set(RAISES)


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.filterwarnings("error")
def test_pytorch_runs_without_a_word(name: str) -> None:
    """PyTorch neither raises nor warns, and its values are in another range than meant."""
    run, low, high = RUNS[name]
    assert said(name).startswith("runs")
    values = run().float()
    assert (pytest.approx(low, abs=0.1), pytest.approx(high, abs=0.1)) == (values.min().item(), values.max().item())
