"""The single steps of a chain: each takes a sample and gives the sample after it, and may say where it failed."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import torch
from attrs import field, frozen
from torchvision import tv_tensors
from torchvision.transforms import functional as v1
from torchvision.transforms import v2

from feedline.compiler.catalogue import object_fields
from feedline.dsl.source import Span
from feedline.runtime.draws import applied
from feedline.runtime.failures import Failure, PipelineFailure
from feedline.runtime.sources.base import Sample
from feedline.runtime.transforms.fields import (
    describe,
    first_of,
    is_visual,
    merge,
    rewrap,
    row_fields,
    unwrap,
    visual_fields,
)

_KNOWN_PLACES = {Path(v2.__file__).parents[2], Path(__file__).parents[2]}
"""The folders of torchvision and feedline: where in them an error was raised tells a user nothing."""


def _advice(said: str) -> str | None:
    """The step that is most likely missing before one that failed with these words."""
    if "PIL" in said:
        return "put `ToImage()` before it, or `ToTensor()`"
    if "float" in said.lower() and ("uint8" in said or "Byte" in said):
        return "put `ToDtype(float32, scale=true)` before it"
    return None


class StepFailed(PipelineFailure):
    """A step that raised on a sample or a batch; its failure carries the step's place in the file. Can be pickled."""

    def __reduce__(self) -> tuple[type[StepFailed], tuple[Failure]]:
        return StepFailed, (self.failure,)


@frozen(eq=False)
class Step:
    """One step under its name, from its place in the file. `random`: whether it draws from the global generators."""

    name: str
    span: Span
    random: bool = True

    @property
    def draws(self) -> bool:
        """A random step draws from the global generators."""
        return self.random

    @property
    def takes_words(self) -> bool:
        """Whether, of a sample that has one image of bytes, it makes another, and draws with `by_words`' functions."""
        return False

    def __call__(self, sample: Any, key: int) -> Any:
        """The sample after the step. Raises `StepFailed`."""
        try:
            return self._run(sample)
        except PipelineFailure:
            raise
        except Exception as error:
            raise self._failure(error, sample) from error

    def _run(self, sample: Any, /) -> Any:
        raise NotImplementedError

    def _applied(self, transform: Callable[[Any], Any], value: Any) -> Any:
        """What a transform makes of a value, drawing from the thread's generator."""
        return applied(transform, value) if self.random else transform(value)

    def _failure(self, error: Exception, sample: Any) -> StepFailed:
        said = str(error).strip().rstrip(".") or type(error).__name__
        given = visual_fields(sample) or sample if isinstance(sample, dict) else {"batch": sample}
        notes = [f"it was given {', '.join(f'`{name}`: {describe(value)}' for name, value in given.items())}"]
        last = traceback.extract_tb(error.__traceback__)[-1]
        if not _KNOWN_PLACES & set(Path(last.filename).parents):
            notes.append(f"raised in {last.filename}:{last.lineno}")
            said = f"{type(error).__name__}: {said}"  # of the user's own code a bare "'x'" would say little
        message = f"`{self.name}` failed: {said}"
        return StepFailed(Failure("FL211", message, self.span, help=_advice(said), notes=tuple(notes), cause=error))


@frozen(eq=False)
class TorchvisionStep(Step):
    """A transform of torchvision, or the user's subclass of its `Transform`, on every visual field together."""

    transform: Callable[[Any], Any] = field(kw_only=True)

    def _run(self, sample: Sample, /) -> Sample:
        before = visual_fields(sample)
        if not before:
            return sample
        return merge(sample, before, self._applied(self.transform, before))


@frozen(eq=False)
class ToTensor(Step):
    """torchvision's v1 class, also on images that are tensors already: uint8 becomes float32 from 0 to 1."""

    def _run(self, sample: Sample, /) -> Sample:
        return {name: to_tensor(value) for name, value in sample.items()}


def to_tensor(value: Any) -> Any:
    """A field after v1's `ToTensor`: images change, everything else stays. Raises TypeError for a float image."""
    if isinstance(value, tuple | list) and is_visual(value):
        return type(value)(to_tensor(item) for item in value)
    if isinstance(value, PIL.Image.Image):
        return tv_tensors.Image(v1.to_tensor(value))
    if isinstance(value, tv_tensors.Image | tv_tensors.Video):
        if value.is_floating_point():
            raise TypeError("the image is a float tensor already")
        # v1 scales bytes only: a 16-bit image keeps its values.
        return rewrap(value, unwrap(value).to(torch.float32).div(255)) if value.dtype == torch.uint8 else value
    return value


@frozen(eq=False)
class Sanitize(Step):
    """`SanitizeBoundingBoxes`, `SanitizeKeyPoints`: every field with a row an object loses the dropped rows."""

    transform: Callable[[Any], Any] = field(kw_only=True)
    kind: type[tv_tensors.TVTensor] = field(kw_only=True)

    def _run(self, sample: Sample, /) -> Sample:
        anchor = first_of(sample, self.kind)
        if anchor is None:
            raise ValueError(f"the sample has no {'boxes' if self.kind is tv_tensors.BoundingBoxes else 'keypoints'}")
        names = sorted({"boxes", *object_fields()} - {anchor})
        before = {anchor: sample[anchor], **row_fields(sample, sample[anchor], names)}
        return merge(sample, before, self.transform(before))


@frozen
class Rows:
    """The `labels_getter` of a `Sanitize` step: all tensors it was handed but those that torchvision filters itself."""

    kind: type[tv_tensors.TVTensor]

    def __call__(self, inputs: Sample) -> tuple[torch.Tensor, ...]:
        """The tensors to filter along."""
        own = (self.kind, tv_tensors.Mask) if self.kind is tv_tensors.BoundingBoxes else (self.kind,)
        return tuple(value for value in inputs.values() if not isinstance(value, own))


@frozen(eq=False)
class FieldStep(Step):
    """A transform of torchvision, or the user's callable, on the only field of a sample, whatever that field is."""

    transform: Callable[[Any], Any] = field(kw_only=True)
    plain: bool = field(default=False, kw_only=True)
    """Whether the callable expects plain tensors."""

    def _run(self, sample: Sample, /) -> Sample:
        return {
            name: rewrap(value, self._applied(self.transform, unwrap(value) if self.plain else value))
            for name, value in sample.items()
        }


@frozen
class FieldToDtype:
    """`ToDtype` on one field: given a single dtype, torchvision's own passes over masks, boxes and numbers."""

    dtype: torch.dtype
    scale: bool

    def __call__(self, value: Any) -> Any:
        """The field in the dtype; a number becomes a tensor of it."""
        if isinstance(value, bool | int | float):
            return torch.tensor(value, dtype=self.dtype)
        return v2.ToDtype({"others": self.dtype}, scale=self.scale)(value)


@frozen(eq=False)
class ImageStep(Step):
    """The user's callable on the sample's image, which it gets as a plain tensor (C, H, W) or as a PIL image."""

    transform: Callable[[Any], Any] = field(kw_only=True)

    def _run(self, sample: Sample, /) -> Sample:
        if "image" not in sample:
            have = ", ".join(f"`{name}`" for name in sample)
            raise KeyError(f"the sample has no image, only {have}; say which with `on FIELD {{ ... }}`")
        image = sample["image"]
        return {**sample, "image": rewrap(image, self.transform(unwrap(image)))}


@frozen(eq=False)
class SampleStep(Step):
    """The user's callable on the whole sample, a dict of fields; it gives a dict back."""

    transform: Callable[[Any], Any] = field(kw_only=True)

    def _run(self, sample: Sample, /) -> Sample:
        result = self.transform(dict(sample))
        if not isinstance(result, dict):
            raise TypeError(f"it takes a `sample` and must give one back, a dict of fields, not {describe(result)}")
        return result


@frozen(eq=False)
class Own(Step):
    """Every field in memory of its own: of several views each sees only what was written into itself."""

    def _run(self, sample: Sample, /) -> Sample:
        return {name: _copied(value) for name, value in sample.items()}


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):  # a namedtuple of the user's
        return type(value)(*map(_copied, value))
    if isinstance(value, tuple | list):
        return type(value)(map(_copied, value))
    if isinstance(value, torch.Tensor):
        return value.clone()
    return value.copy() if isinstance(value, np.ndarray | PIL.Image.Image) else value


@frozen(eq=False)
class BatchStep(Step):
    """A transform of torchvision on the images and labels of a collated batch: `(images, labels, ...)` or a dict."""

    transform: Callable[[Any], Any] = field(kw_only=True)

    def _run(self, batch: Any, /) -> Any:
        if isinstance(batch, dict):
            names = [name for name in ("image", "label", "labels") if name in batch]
            return {**batch, **dict(zip(names, self._mix([batch[name] for name in names]), strict=True))}
        if isinstance(batch, tuple | list):
            return type(batch)([*self._mix(list(batch[:2])), *batch[2:]])
        return self._mix([batch])[0]

    def _mix(self, parts: list[Any]) -> list[Any]:
        """The images first, as images, so that of several views every one is changed, and in the same way."""
        images = _as_images(parts[0])
        # Alone, not as a list of one: torchvision's transforms look for labels in whatever is a list.
        given = images if len(parts) == 1 else [images, *parts[1:]]
        after = unwrap(self._applied(self.transform, given))
        return [after] if len(parts) == 1 else after


@frozen(eq=False)
class UserBatchStep(Step):
    """The user's callable on a whole collated batch."""

    transform: Callable[[Any], Any] = field(kw_only=True)

    def _run(self, batch: Any, /) -> Any:
        return self.transform(batch)


def _as_images(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return type(value)(_as_images(item) for item in value)
    return tv_tensors.Image(value) if isinstance(value, torch.Tensor) and value.ndim >= 3 else value


def takes_sample(function: Callable[..., Any]) -> bool:
    """Whether a callable's first parameter is named `sample`, as in PyTorch's data loading tutorial: it gets all."""
    try:
        target = function.forward if isinstance(function, torch.nn.Module) else function
        return next(iter(inspect.signature(target).parameters), "") == "sample"
    except (TypeError, ValueError):
        return False
