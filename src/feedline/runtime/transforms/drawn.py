"""A chain of a random crop and flips on JPEGs that are not decoded yet: see `feedline.compiler.passes.draw_first`.

Beside decoding and resizing, what a sample costs are calls: each of torch's takes ten times as long as it does by
itself, because decoding a picture throws out of the processor's cache all that the call needs. So there is one for all
that is drawn, one for the decoding, one for the resizing, and one that mirrors, lays out in planes and puts away.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from attrs import evolve, field, frozen
from torchvision import tv_tensors
from torchvision.transforms import v2
from torchvision.transforms.v2 import InterpolationMode

from feedline.runtime.draws import between, exponential, hits, in_floats, share, words
from feedline.runtime.memory import Memory
from feedline.runtime.randomness import seeded
from feedline.runtime.sources.base import Sample, UnreadableSample
from feedline.runtime.sources.images import BrokenImage, Undecoded
from feedline.runtime.transforms.combine import AnyStep, Chain, Sequence
from feedline.runtime.transforms.direct import DirectStep, Planes, Region, central, cut, region_of, trial_image
from feedline.runtime.transforms.fields import only_image
from feedline.runtime.transforms.scaled import factor_of, part_of
from feedline.runtime.transforms.steps import Step, StepFailed

_FLIPS = {v2.RandomHorizontalFlip: 1, v2.RandomVerticalFlip: 0}
_MOST = 9
"""Steps of a chain: more flips would need more words than are drawn at once."""


@frozen(eq=False)
class DrawnStep(Step):
    """`RandomResizedCrop` and the flips after it, on one image and nothing else that has its size."""

    crop: v2.RandomResizedCrop = field(kw_only=True)
    size: tuple[int, int] = field(kw_only=True)
    """Height and width of what it makes."""
    flips: tuple[tuple[int, float], ...] = field(kw_only=True)
    """Each flip's axis of (H, W) and its probability, a float32."""
    otherwise: Chain = field(kw_only=True)
    """The same chain for a picture that is decoded already."""
    scaled: bool = field(default=False, kw_only=True)
    """Whether a picture that is shrunk may be decoded smaller."""
    memory: Memory = field(factory=Memory, kw_only=True)
    """Where the images lie until they are in a batch."""

    @property
    def draws(self) -> bool:
        """No: it draws from generators of its own."""
        return False

    def __call__(self, sample: Sample, key: int) -> Sample:
        """The sample after the steps, its image in planes. Raises `UnreadableSample` for one that cannot be decoded."""
        image = sample["image"]
        if not isinstance(image, Undecoded):
            return self.otherwise(sample, key)
        try:
            if not in_floats():
                return self._one_by_one(sample, image, key)
            made = self.made(image, key)
        except BrokenImage as error:
            raise UnreadableSample(sample["index"], image.path, str(error)) from None
        except StepFailed:
            raise
        except Exception:  # the steps themselves say it better, of a crop without a pixel say
            return self._one_by_one(sample, image, key)
        return {**sample, "image": made.as_subclass(tv_tensors.Image)}

    def _one_by_one(self, sample: Sample, image: Undecoded, key: int) -> Sample:
        return self.otherwise({**sample, "image": tv_tensors.Image(image.decode())}, key)

    def made(self, image: Any, key: int) -> torch.Tensor:
        """What becomes of an `Undecoded`, or of what decodes like one: uint8 (3, H, W)."""
        drawn = iter(words(key))
        region = _region(self.crop, image.height, image.width, drawn)
        mirror = [1, 1]
        for axis, chance in self.flips:
            if share(next(drawn)) < chance:
                mirror[axis] = -mirror[axis]
        factor = factor_of(region, self.size) if self.scaled else 1
        if factor == 1:
            part = _resized(self.crop, self.size, image.decode(), region)
        else:
            part = part_of(self.crop, image, region, self.size, factor)
        planes = self.memory.array((3, *self.size), _BYTE)
        np.copyto(planes, part.numpy()[:, :: mirror[0], :: mirror[1]])
        return torch.from_numpy(planes)


@frozen(eq=False)
class CutStep(Step):
    """The same steps on a picture that is decoded, its colours side by side, as in views. It draws as they do."""

    crop: v2.RandomResizedCrop = field(kw_only=True)
    size: tuple[int, int] = field(kw_only=True)
    flips: tuple[tuple[int, float], ...] = field(kw_only=True)
    otherwise: Sequence = field(kw_only=True)
    """The steps one after the other, for any other sample; then planes."""

    @property
    def takes_words(self) -> bool:
        """Whether every step does."""
        return self.otherwise.takes_words

    def _run(self, sample: Sample, /) -> Sample:
        if (found := only_image(sample)) is None or len(found[1]) != 3:
            return self.otherwise(sample, 0)
        name, image = found
        part = _resized(self.crop, self.size, image, region_of(self.crop, *image.shape[1:]))
        mirror = [1, 1]
        for axis, chance in self.flips:
            if hits(chance):
                mirror[axis] = -mirror[axis]
        planes = np.empty((3, *self.size), _BYTE)
        np.copyto(planes, part.numpy()[:, :: mirror[0], :: mirror[1]])
        return {**sample, name: torch.from_numpy(planes).as_subclass(tv_tensors.Image)}

    def _failure(self, error: Exception, sample: Any) -> StepFailed:
        first = self.otherwise.steps[0]  # nothing but the crop fails
        assert isinstance(first, Step)
        return first._failure(error, sample)


def _resized(crop: v2.RandomResizedCrop, size: tuple[int, int], image: torch.Tensor, region: Region) -> torch.Tensor:
    """The region of an image in the size of the crop; what it lies in is used again by the same thread."""
    window = image[:, region.top : region.top + region.height, region.left : region.left + region.width]
    if window.shape[1:] == size:
        return window
    # Of planes, or of a side of one pixel, torch's kernel writes beside a room whose colours are side by side.
    mixed = window.stride(0) == 1 and min(window.shape[1:]) > 1
    if crop.interpolation is not InterpolationMode.BILINEAR or not crop.antialias or not mixed:
        return cut(crop, image, region)
    room = _room.of(*size)
    torch.ops.aten._upsample_bilinear2d_aa.out(window[None], size, False, None, None, out=room)
    return room[0]


_BYTE = np.dtype(np.uint8)


class _Room(threading.local):
    """A thread's memory for one resized image, colours side by side."""

    tensor = torch.empty(0)

    def of(self, height: int, width: int) -> torch.Tensor:
        """(1, 3, `height`, `width`)"""
        if self.tensor.shape[2:] != (height, width):
            self.tensor = torch.empty((1, height, width, 3), dtype=torch.uint8).permute(0, 3, 1, 2)
        return self.tensor


_room = _Room()


def _region(crop: v2.RandomResizedCrop, height: int, width: int, drawn: Iterator[int]) -> Region:
    """`RandomResizedCrop.make_params` for an image of this size, from the words that it would draw."""
    least, most = (float(np.float32(bound)) for bound in crop.scale)
    low, high = crop._log_ratio.tolist()
    for _ in range(10):
        area = height * width * between(next(drawn), least, most)
        ratio = exponential(between(next(drawn), low, high))
        w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < w <= width and 0 < h <= height:
            return Region(next(drawn) % (height - h + 1), next(drawn) % (width - w + 1), h, w)
    return central(height, width, crop.ratio)


def drawn_first(chain: Chain, scaled: bool) -> Chain | None:
    """The chain for images that are not decoded; None where it is not of this kind, or does not give the bits that its
    steps give, with the versions installed here."""
    steps = tuple(step for step in chain.steps.steps if not isinstance(step, Planes))
    found = _crop_and_flips(steps)
    if found is None or len(steps) > _MOST:
        return None
    made = DrawnStep(**found, otherwise=chain, scaled=scaled)
    return Chain(Sequence((made,))) if _holds(made) else None


def cut_at_once(steps: tuple[AnyStep, ...]) -> tuple[AnyStep, ...]:
    """Steps that begin with a random crop and flips, and the planes after them, with one in their place, if it gives
    their bits; else as they are."""
    count = next((place for place, step in enumerate(steps) if isinstance(step, Planes)), 0)
    found = _crop_and_flips(steps[:count])
    if found is None:
        return steps
    made = CutStep(**found, otherwise=Sequence(steps[: count + 1]))
    return (made, *steps[count + 1 :]) if _cuts(made) else steps


def _crop_and_flips(steps: tuple[AnyStep, ...]) -> dict[str, Any] | None:
    """What `DrawnStep` and `CutStep` say of a `RandomResizedCrop` and flips; None for any other steps."""
    moves = [step for step in steps if isinstance(step, DirectStep)]
    made: list[Any] = [step.transform for step in moves]
    if not moves or len(moves) < len(steps) or not isinstance(made[0], v2.RandomResizedCrop):
        return None
    crop, *flips = made
    if any(type(flip) not in _FLIPS for flip in flips):
        return None
    return {
        "name": ", ".join(step.name for step in moves),
        "span": moves[0].span,
        "crop": crop,
        "size": tuple(crop.size),
        "flips": tuple((_FLIPS[type(flip)], float(np.float32(flip.p))) for flip in flips),
    }


@frozen
class _Trial:
    """An image that decodes like an `Undecoded`."""

    height: int
    width: int

    def decode(self) -> torch.Tensor:
        """Colours side by side."""
        return trial_image(self.height, self.width, as_decoded=True)


def _holds(step: DrawnStep) -> bool:
    """Whether the step makes what its chain makes: of small and of wide images, for a few keys."""
    step = evolve(step, scaled=False)
    trials = [(_Trial(height, width), key) for height, width in ((37, 53), (90, 61), (20, 170)) for key in range(1, 6)]
    try:
        return all(
            torch.equal(
                step.made(trial, key), step.otherwise({"image": tv_tensors.Image(trial.decode())}, key)["image"]
            )
            for trial, key in trials
        )
    except Exception:  # whatever a version of torch without these kernels raises, the chain as it was says it better
        return False


def _cuts(step: CutStep) -> bool:
    """Whether the step makes what its steps make: of small and of wide images, for a few keys."""
    sizes = ((37, 53), (90, 61), (20, 170), step.size)
    images = [trial_image(*size, as_decoded=decoded) for size in sizes for decoded in (True, False)]

    def made(part: AnyStep, image: torch.Tensor, key: int) -> torch.Tensor:
        with seeded(key):
            return part({"image": tv_tensors.Image(image)}, key)["image"]

    trials = [(image, key) for image in images for key in range(3)]
    try:
        return all(torch.equal(made(step, *trial), made(step.otherwise, *trial)) for trial in trials)
    except Exception:  # whatever a version of torch without these kernels raises, the steps as they were say it better
        return False
