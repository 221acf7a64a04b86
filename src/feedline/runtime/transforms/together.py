"""The views of a whole batch step by step, instead of sample by sample: the same numbers drawn, the same bits.

Calls right after the decoding of a picture take longer: it probably throws what they need out of the processor's
cache. So all pictures of a batch are decoded and cut first; then each step runs on all views that there are, one after
the other, and a blur on several in one convolution. Each view keeps the stream of words that it draws from, so it does
not matter whose turn it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from attrs import define, field, frozen
from torchvision import tv_tensors

from feedline.runtime.draws import draw_from, hits, in_floats, stream_of
from feedline.runtime.sources.base import Sample
from feedline.runtime.transforms import combine
from feedline.runtime.transforms.blur import all_blurred
from feedline.runtime.transforms.combine import AnyStep, Chain, Maybe, Views
from feedline.runtime.transforms.direct_colour import ColourStep, sigma_of
from feedline.runtime.transforms.drawn import CutStep
from feedline.runtime.transforms.fields import only_image


@define(eq=False)
class _View:
    """One view of a picture, as far as it has come: uint8 (3, H, W)."""

    words: Iterator[int]
    image: torch.Tensor

    def after(self, step: AnyStep, sample: Sample, name: str) -> None:
        """Take what a step makes of the one image of a sample."""
        draw_from(self.words)
        self.image = step(sample, 0)[name].as_subclass(torch.Tensor)

    def wrapped(self) -> tv_tensors.Image:
        """The image as a sample holds it."""
        return self.image.as_subclass(tv_tensors.Image)


@frozen(eq=False)
class Cut:
    """In a sample, in place of its picture: the views that have been cut from it."""

    views: tuple[_View, ...]


def _untimed(name: str) -> AbstractContextManager[object]:
    return nullcontext()


@frozen(eq=False)
class Together:
    """A chain of views, in two parts: what is done as each sample is read, and what is done to all of a batch."""

    views: Views
    timed: Callable[[str], AbstractContextManager[object]] = field(default=_untimed)
    """Opened around each step, with its name."""

    @classmethod
    def of(cls, chain: Chain) -> Together | None:
        """None for a chain that is not of views that are cut at once and draw from words."""
        steps = chain.steps.steps
        if len(steps) != 1 or not isinstance(views := steps[0], Views):
            return None
        fits = all(each.in_words and each.takes_words and isinstance(each.steps[0], CutStep) for each in views.chains)
        return cls(views) if fits else None

    def begun(self, sample: Sample, key: int) -> Sample | None:
        """The sample with the views cut from its picture, which `finished` takes; None for one that the chain has to
        take as a whole. Raises `StepFailed`."""
        if not in_floats() or (found := only_image(sample)) is None or len(found[1]) != 3:
            return None
        name, image = found
        views = tuple(_View(stream_of(self.views.key(key, number)), image) for number in range(len(self.views.chains)))
        try:
            for view, chain in zip(views, self.views.chains, strict=True):
                with self.timed(_name(chain.steps[0])):
                    view.after(chain.steps[0], sample, name)
        finally:
            draw_from(None)
        return {**sample, name: Cut(views)}

    def finished(self, samples: Sequence[Sample]) -> tuple[Sample, ...]:
        """The samples after the chain, those that were not begun as they are. Raises what a step raises, without saying
        for which sample."""
        cuts = [cut for sample in samples for cut in sample.values() if isinstance(cut, Cut)]
        try:
            for number, chain in enumerate(self.views.chains):
                self._on_all(chain.steps[1:], [cut.views[number] for cut in cuts])
        finally:
            draw_from(None)
        return tuple(map(self._joined, samples))

    def _on_all(self, steps: Sequence[AnyStep], views: Sequence[_View]) -> None:
        for step in steps:
            if isinstance(step, combine.Sequence):
                self._on_all(step.steps, views)
            elif isinstance(step, Maybe):
                self._on_all((step.steps,), [view for view in views if _hit(view, step.probability)])
            else:
                with self.timed(_name(step)):
                    _on_each(step, views)

    def _joined(self, sample: Sample) -> Sample:
        for name, cut in sample.items():
            if isinstance(cut, Cut):
                views = [{**sample, name: view.wrapped()} for view in cut.views]
                return self.views.joined(views[0], views)
        return sample


def _hit(view: _View, chance: float) -> bool:
    draw_from(view.words)
    return hits(chance)


def _on_each(step: AnyStep, views: Sequence[_View]) -> None:
    if not isinstance(step, ColourStep):
        for view in views:
            view.after(step, {"image": view.wrapped()}, "image")
        return
    transform: Any = step.transform
    if (blur := step.blur) is None:
        for view in views:
            draw_from(view.words)
            view.image = step.direct(transform, view.image)
        return
    sigmas: list[float] = []
    for view in views:
        draw_from(view.words)
        sigmas.append(sigma_of(transform))
    made = all_blurred([view.image for view in views], transform.kernel_size, sigmas, blur)
    for view, image in zip(views, made, strict=True):
        view.image = image


def _name(step: AnyStep) -> str:
    return getattr(step, "name", type(step).__name__)
