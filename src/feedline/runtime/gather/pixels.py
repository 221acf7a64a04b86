"""What treats every value of an image alone, on a batch: torchvision's arithmetic, in its order, in place.

Nothing is folded: (x / 255 - mean) / std as one multiplication and one addition differs in the last bit. There are 256
bytes, so a chain of these steps is proved equal to torchvision's classes by trying it on every one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from attrs import evolve, field, frozen
from torchvision import tv_tensors
from torchvision.transforms import v2

from feedline.runtime.gather.geometry import NotGathered
from feedline.runtime.memory import Memory
from feedline.runtime.transforms import Chain
from feedline.runtime.transforms.combine import AnyStep, Sequence
from feedline.runtime.transforms.steps import ToTensor

_FLOAT32 = np.dtype(np.float32)

Operation = tuple[str, np.ndarray]
"""`divide`, `multiply` or `subtract`, and by what: float32 () or (C, 1, 1)."""


@frozen(eq=False)
class Pixels:
    """Bytes (..., C, H, W) to float32, or to the same bytes where there is nothing to do. Can be pickled."""

    channels: int
    operations: tuple[Operation, ...] = ()
    floats: bool = False
    alike: bool = field(init=False)
    """Whether all channels are treated alike."""
    _functions: tuple[tuple[Any, Any], ...] = field(init=False)
    _shift: torch.Tensor | None = field(init=False)
    """What is added after the division that comes first, in one pass with it; None where there is no such pair."""
    _planes: dict[tuple[int, ...], torch.Tensor] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        alike = all(by.ndim == 0 for _, by in self.operations)
        shifts = [name for name, _ in self.operations[:2]] == ["divide", "subtract"]
        # NumPy starts an operation in half the time that torch does, torch is faster where channels differ. A number
        # stays an array: NumPy would make one of it each time.
        functions = tuple(
            (getattr(np, name), by) if alike else (getattr(torch, name), torch.from_numpy(by))
            for name, by in self.operations[2 * shifts :]
        )
        object.__setattr__(self, "alike", alike)
        object.__setattr__(self, "_shift", torch.as_tensor(-self.operations[1][1]) if shifts else None)
        object.__setattr__(self, "_functions", functions)

    def __reduce__(self) -> tuple[type[Pixels], tuple[Any, ...]]:
        return Pixels, (self.channels, self.operations, self.floats)

    def after(self, step: AnyStep) -> Pixels:
        """With one more step of a chain. Raises `NotGathered`."""
        transform = getattr(step, "transform", None)
        match transform:
            case v2.ToImage():
                return self
            case v2.ToDtype(dtype=torch.float32) | v2.ConvertImageDtype(dtype=torch.float32):
                if self.floats:
                    return self
                scales = getattr(transform, "scale", True)
                return self._with("multiply", 1 / 255) if scales else evolve(self, floats=True)
            case v2.Normalize() if self.floats:
                return self._with("subtract", transform.mean)._with("divide", transform.std)
        if isinstance(step, ToTensor) and not self.floats:
            return self._with("divide", 255)
        raise NotGathered

    def _with(self, name: str, by: Any) -> Pixels:
        values = np.array(by, np.float32).reshape(-1)
        if len(values) not in (1, self.channels):
            raise NotGathered
        operand = values[0] if len({*values.tolist()}) == 1 else values.reshape(-1, 1, 1)
        return evolve(self, operations=(*self.operations, (name, np.asarray(operand))), floats=True)

    def __call__(self, images: torch.Tensor, memory: Memory) -> torch.Tensor:
        """The batch, uint8 (B, C, H, W) with any strides, as the steps make it, in recycled memory."""
        if not self.floats:
            made = memory.take(tuple(images.shape), torch.uint8)
            return made.copy_(images)
        return self.scaled(images, memory.array(tuple(images.shape), _FLOAT32))

    def scaled(self, images: torch.Tensor, array: np.ndarray) -> torch.Tensor:
        """The same where there are floats to be made, in `array` float32 of the batch's shape."""
        made = torch.from_numpy(array).copy_(images)
        if self._shift is not None:
            torch.addcdiv(self._shift, made, self._plane(array.shape[2:]), out=made)
        if self.alike:
            for function, by in self._functions:
                function(array, by, array)
        else:
            for function, by in self._functions:
                function(made, by, out=made)
        return made

    def _plane(self, size: tuple[int, ...]) -> torch.Tensor:
        """What comes first divides by, float32 (H, W): torch's loop takes one operand at most that is the same
        everywhere, and is slow with two."""
        found = self._planes.get(size)
        if found is None:
            found = self._planes[size] = torch.full(size, float(self.operations[0][1]), dtype=torch.float32)
        return found

    def table(self) -> np.ndarray:
        """What becomes of each byte: (256, C), float32 or uint8."""
        every = torch.arange(256, dtype=torch.uint8)[:, None, None, None].expand(-1, self.channels, 1, 1)
        return self(every, Memory())[:, :, 0, 0].numpy()

    def equals(self, steps: list[AnyStep]) -> bool:
        """Whether torchvision's own classes make the same of every byte in every channel, to the bit."""
        image = torch.arange(256, dtype=torch.uint8).reshape(1, 16, 16).repeat(self.channels, 1, 1)
        expected = Chain(Sequence(tuple(steps)))({"image": tv_tensors.Image(image)}, 0)["image"]
        table = self.table().T.reshape(self.channels, 16, 16)
        mine = torch.from_numpy(np.ascontiguousarray(table))
        return mine.dtype == expected.dtype and mine.numpy().tobytes() == expected.contiguous().numpy().tobytes()
