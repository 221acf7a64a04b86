"""What the plan moved from each sample to the batch: steps that treat every value of an image alone.

Where they run: while the images are stacked, in this process or a thread of it; on the stacked bytes, where worker
processes sent them; on the device, where batches go to one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from attrs import frozen
from torchvision import tv_tensors

from feedline.compiler.plan import Late
from feedline.runtime.arithmetic import Arithmetic, arithmetic_of
from feedline.runtime.collate import Collator, stacked
from feedline.runtime.memory import Memory
from feedline.runtime.transforms import Chain, build_chain


@frozen(eq=False)
class LateSteps:
    """The steps of `Plan.late`, ready to run on a batch, or on a single sample in the structure of one. Can be pickled.

    Pure: the batch handed in keeps its values. Raises `StepFailed`."""

    chain: Chain
    arithmetic: Arithmetic | None
    """What the steps do, where they are nothing but arithmetic."""
    fields: tuple[str, ...]
    collator: Collator
    memory: Memory

    @classmethod
    def of(cls, late: Late, collator: Collator, memory: Memory) -> LateSteps:
        """The steps built with torchvision's own classes."""
        chain = build_chain(late.steps)
        return cls(chain, arithmetic_of(chain.steps.steps), late.fields, collator, memory)

    def __call__(self, batch: Any) -> Any:
        """The batch with its images changed: uint8 (..., C, H, W) to what the steps make of them."""
        for name in self.fields:
            if name in self.collator.names:
                batch = self._with(batch, name)
        return batch

    def on_lists(self, batch: Any) -> Any:
        """The same for a batch whose stacked images `stack` has made: those that are listed are left."""
        for name in self.fields:
            if name in self.collator.names and isinstance(self.collator.part(batch, name), list):
                batch = self._with(batch, name)
        return batch

    def stack(self, images: Sequence[torch.Tensor]) -> torch.Tensor:
        """Images of one shape (C, H, W) as the batch (B, C, H, W) that stacking them and the steps make of them."""
        arithmetic = self.arithmetic
        if arithmetic is None or not arithmetic.fits(images):
            return self._changed(stacked(images, self.memory))
        batch = self.memory.take((len(images), *images[0].shape), arithmetic.dtype)
        for image, row in zip(images, batch, strict=True):
            arithmetic.write(image, row)
        return batch

    def _with(self, batch: Any, name: str) -> Any:
        return self.collator.with_part(batch, name, _each(self._changed, self.collator.part(batch, name)))

    def _changed(self, images: torch.Tensor) -> torch.Tensor:
        if self.arithmetic is None or not self.arithmetic.fits([images]):
            return self.chain({"image": tv_tensors.Image(images)}, 0)["image"].as_subclass(torch.Tensor)
        if images.ndim == 3 or images.device.type != "cpu":
            made = torch.empty(images.shape, dtype=self.arithmetic.dtype, device=images.device)
            self.arithmetic.write(images, made)
            return made
        made = self.memory.take(tuple(images.shape), self.arithmetic.dtype)
        for image, row in zip(images, made, strict=True):
            self.arithmetic.write(image, row)
        return made


def _each(change: Callable[[torch.Tensor], torch.Tensor], value: Any) -> Any:
    if isinstance(value, tuple | list):
        return type(value)(_each(change, item) for item in value)
    return change(value)
