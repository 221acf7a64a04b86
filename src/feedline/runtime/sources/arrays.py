"""Datasets that fit in memory: their pixels become one uint8 tensor (N, C, H, W), shared with workers, never copied.

torchvision's class reads the files, so its MD5 checks and `download=true` stay its own; the object is then let go of.
The mode is as stored unless given: grey for the MNIST family, USPS and SEMEION, RGB for the others.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from attrs import field, frozen
from torchvision import tv_tensors
from torchvision.transforms.v2 import functional as F  # noqa: N812  (torchvision's own convention)

from feedline.runtime.columns import AnyColumn, Column
from feedline.runtime.sources.base import Role, Sample
from feedline.runtime.sources.binding import Binding
from feedline.runtime.sources.construct import class_names, construct
from feedline.runtime.sources.images import ImageOptions, with_mode
from feedline.runtime.sources.metadata import Columns


@frozen(eq=False)
class ArraySource:
    """Images and labels in memory. `label` -1 marks a sample without one (STL10's unlabeled part)."""

    name: str
    pixels: torch.Tensor
    """uint8 (N, C, H, W), as stored; `options` say what the chain sees."""
    labels: torch.Tensor
    """int64 (N,), or (N, 8) for QMNIST with `compat=false`."""
    options: ImageOptions
    columns: Columns
    classes: tuple[str, ...] | None
    role: Role = field(factory=lambda: Role(("image",), ("label",), fixed_size=True))

    def __len__(self) -> int:
        return len(self.pixels)

    def describe(self, index: int) -> str:
        """The dataset's name and the index: its samples have no file of their own."""
        return f"{self.name}[{index}]"

    def read(self, index: int) -> Sample:
        """image and label."""
        pixels = with_mode(self.pixels[index], self.options.mode).clone()  # a step in the chain may work in place
        image = F.to_pil_image(pixels) if self.options.backend == "pil" else tv_tensors.Image(pixels)
        label = self.labels[index]
        return {"image": image, "label": int(label) if label.ndim == 0 else label.clone()}


def bind(binding: Binding) -> ArraySource:
    """A dataset with torchvision's arguments. Raises `BadData`."""
    dataset: Any = construct(binding)
    pixels = _stored(dataset.data)
    labels = torch.as_tensor(np.asarray(dataset.labels if hasattr(dataset, "labels") else dataset.targets)).long()
    if labels.ndim == 2 and binding.get("compat", True):
        labels = labels[:, 0].clone()
    classes = class_names(dataset)
    codes = (labels if labels.ndim == 1 else labels[:, 0]).numpy()
    ready: dict[str, AnyColumn] = {
        "label": Column(codes, classes),
        "width": Column(np.full(len(pixels), pixels.shape[3])),
        "height": Column(np.full(len(pixels), pixels.shape[2])),
    }
    options = binding.image_options("L" if pixels.shape[1] == 1 else "RGB")
    return ArraySource(binding.name, pixels, labels, options, Columns(ready), classes)


def _stored(data: Any) -> torch.Tensor:
    """(N, H, W), (N, H, W, 3) or (N, 3, H, W) of any array type as uint8 (N, C, H, W)."""
    pixels = torch.as_tensor(data)
    if pixels.ndim == 3:
        pixels = pixels[:, None]
    elif pixels.shape[-1] == 3:
        pixels = pixels.permute(0, 3, 1, 2)
    return pixels.contiguous()
