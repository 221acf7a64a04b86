"""Late steps as bare arithmetic: what `ToTensor`, `ToDtype` and `Normalize` do to each value, in the order they do it.

Applied in place and image by image, so that the image is still in the processor's cache from one operation to the next,
and into memory that is used again: the same operations of torch on the same values give the same bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from attrs import field, frozen
from torchvision.transforms import v2

from feedline.runtime.transforms.combine import AnyStep
from feedline.runtime.transforms.steps import TorchvisionStep, ToTensor

Kind = Literal["div", "mul", "sub"]


@frozen
class Operation:
    """`value = value <kind> operand`: one number, or one a channel."""

    kind: Kind
    operand: tuple[float, ...] | float

    def on(self, image: torch.Tensor, operand: torch.Tensor | float) -> None:
        """Change a float image (..., C, H, W) in place; `operand` as `Arithmetic.operands` gives it."""
        match self.kind:
            case "div":
                image.div_(operand)
            case "mul":
                image.mul_(operand)
            case "sub":
                image.sub_(operand)


@frozen(eq=False)
class Arithmetic:
    """What steps do to bytes: convert to `dtype`, then the operations in turn."""

    dtype: torch.dtype
    operations: tuple[Operation, ...]
    _made: dict[torch.device, list[torch.Tensor | float]] = field(factory=dict, init=False)

    @property
    def channels(self) -> int | None:
        """How many channels an image must have, None for any number: with others torchvision makes another shape."""
        counts = {len(item.operand) for item in self.operations if isinstance(item.operand, tuple)} - {1}
        return max(counts, default=None)

    def operands(self, device: torch.device) -> list[torch.Tensor | float]:
        """The operands, where they are needed. On a GPU they are tensors: dividing by a plain number would there
        multiply by its reciprocal, which is another value."""
        if device not in self._made:
            self._made[device] = [self._operand(item, device) for item in self.operations]
        return self._made[device]

    def _operand(self, operation: Operation, device: torch.device) -> torch.Tensor | float:
        if isinstance(operation.operand, tuple):
            return torch.tensor(operation.operand, dtype=self.dtype, device=device).view(-1, 1, 1)
        if device.type == "cpu" or operation.kind == "mul":
            return operation.operand
        return torch.tensor(operation.operand, dtype=self.dtype, device=device)

    def write(self, image: torch.Tensor, into: torch.Tensor) -> None:
        """Write what becomes of an image of bytes (..., C, H, W) into a tensor of `dtype` and its shape."""
        into.copy_(image)
        for operation, operand in zip(self.operations, self.operands(into.device), strict=True):
            operation.on(into, operand)

    def fits(self, images: Sequence[torch.Tensor]) -> bool:
        """Whether images (..., C, H, W) are what the arithmetic was read off for."""
        return all(
            type(image) is torch.Tensor
            and image.dtype == torch.uint8
            and image.ndim >= 3
            and self.channels in (None, image.shape[-3])
            for image in images
        )


def arithmetic_of(steps: Sequence[AnyStep]) -> Arithmetic | None:
    """The arithmetic of steps on bytes, None where a step does something else or would refuse."""
    dtype: torch.dtype | None = None
    operations: list[Operation] = []
    for step in steps:
        transform = step.transform if isinstance(step, TorchvisionStep) else None
        if isinstance(transform, v2.ToImage):
            continue
        if isinstance(step, ToTensor) and dtype is None:
            dtype = torch.float32
            operations.append(Operation("div", 255))
        elif isinstance(transform, v2.ToDtype | v2.ConvertImageDtype):
            wanted, scale = transform.dtype, isinstance(transform, v2.ConvertImageDtype) or transform.scale
            if not isinstance(wanted, torch.dtype) or not wanted.is_floating_point or dtype not in (None, wanted):
                return None
            if dtype is None and scale:
                operations.append(Operation("mul", 1.0 / 255))
            dtype = wanted
        elif isinstance(transform, v2.Normalize) and dtype is not None and _is_plain(transform):
            operations += [Operation("sub", tuple(transform.mean)), Operation("div", tuple(transform.std))]
        else:
            return None
    return None if dtype is None else Arithmetic(dtype, tuple(operations))


def _is_plain(normalize: v2.Normalize) -> bool:
    """Whether mean and std are numbers a channel, none of them a division by zero."""
    mean, std = normalize.mean, normalize.std
    if not all(isinstance(values, list | tuple) and values for values in (mean, std)):
        return False
    return all(std) and all(isinstance(value, float | int) for value in (*mean, *std))
