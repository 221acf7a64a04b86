"""Steps made of steps. Each draws exactly as torchvision's container of the same meaning does, so that a chain under a
key gives the very bits that torchvision's classes give under the same seed."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from attrs import field, frozen

from feedline.compiler.catalogue import object_fields
from feedline.dsl.source import Span
from feedline.runtime.draws import by_words, generator, hits, in_floats, order
from feedline.runtime.failures import Failure
from feedline.runtime.randomness import derive_key, seeded, words_hold
from feedline.runtime.sources.base import Sample
from feedline.runtime.transforms.fields import is_visual, only_image
from feedline.runtime.transforms.steps import StepFailed


class AnyStep(Protocol):
    """A single step or a combination: both take a sample and the key of the sample's place."""

    @property
    def random(self) -> bool:
        """Whether the result may differ from one time to the next."""
        ...

    @property
    def draws(self) -> bool:
        """Whether it draws from the global generators, so that they must be seeded around it."""
        ...

    @property
    def takes_words(self) -> bool:
        """Whether, of a sample that has one image of bytes, it makes another, and draws with `by_words`' functions."""
        ...

    def __call__(self, sample: Any, key: int) -> Any:
        """The sample after the step."""
        ...


@frozen(eq=False)
class Sequence:
    """One step after another."""

    steps: tuple[AnyStep, ...]
    draws: bool = field(init=False)
    """Whether a step does."""
    in_words: bool = field(init=False)
    """Whether, for one image of bytes, all that is drawn can be drawn `by_words`."""

    def __attrs_post_init__(self) -> None:
        last = max((place for place, step in enumerate(self.steps) if step.draws), default=-1)
        in_words = last >= 0 and all(step.takes_words for step in self.steps[: last + 1])
        in_words = in_words and not any(isinstance(step, Views) for step in self.steps)  # these seed themselves
        object.__setattr__(self, "draws", last >= 0)
        object.__setattr__(self, "in_words", in_words and in_floats() and words_hold())

    @property
    def random(self) -> bool:
        """Whether a step is."""
        return any(step.random for step in self.steps)

    @property
    def takes_words(self) -> bool:
        """Whether every step does."""
        return all(step.takes_words for step in self.steps)

    def __call__(self, sample: Any, key: int) -> Any:
        """The sample after every step."""
        for step in self.steps:
            sample = step(sample, key)
        return sample


class _Random:
    """A combination that draws from the generators itself."""

    @property
    def takes_words(self) -> bool:
        """No."""
        return False

    @property
    def random(self) -> bool:
        """Always."""
        return True

    @property
    def draws(self) -> bool:
        """Always."""
        return True


@frozen(eq=False)
class Maybe(_Random):
    """The steps with a probability, as `RandomApply`."""

    probability: float
    steps: Sequence

    @property
    def takes_words(self) -> bool:
        """Whether every step does."""
        return self.steps.takes_words

    def __call__(self, sample: Any, key: int) -> Any:
        """The sample after the steps, or as it was."""
        return self.steps(sample, key) if hits(self.probability) else sample


@frozen(eq=False)
class OneOf(_Random):
    """One of several branches, as `RandomChoice`; the weights need not sum to 1."""

    branches: tuple[AnyStep, ...]
    weights: tuple[float, ...]

    def __call__(self, sample: Any, key: int) -> Any:
        """The sample after the branch that was drawn."""
        total = sum(self.weights)
        shares = torch.tensor([weight / total for weight in self.weights])
        chosen = int(torch.multinomial(shares, 1, generator=generator()))
        return self.branches[chosen](sample, key)


@frozen(eq=False)
class Shuffled(_Random):
    """The steps in a random order, as `RandomOrder`."""

    steps: tuple[AnyStep, ...]

    @property
    def takes_words(self) -> bool:
        """Whether every step does."""
        return all(step.takes_words for step in self.steps)

    def __call__(self, sample: Any, key: int) -> Any:
        """The sample after every step."""
        for index in order(len(self.steps)):
            sample = self.steps[index](sample, key)
        return sample


@frozen(eq=False)
class OnField:
    """The steps on one field alone."""

    name: str
    steps: Sequence
    span: Span

    @property
    def random(self) -> bool:
        """Whether a step is."""
        return self.steps.random

    @property
    def draws(self) -> bool:
        """Whether a step does."""
        return self.steps.draws

    @property
    def takes_words(self) -> bool:
        """No."""
        return False

    def __call__(self, sample: Sample, key: int) -> Sample:
        """The sample with the field changed. Raises `StepFailed` where the sample lacks it."""
        if not isinstance(sample, dict):
            message = (
                f"the batch is a {type(sample).__name__}, not a dict of fields; `collate {{ ... }} as dict` gives one"
            )
            raise StepFailed(Failure("FL211", message, self.span))
        if self.name not in sample:
            have = ", ".join(f"`{name}`" for name in sample)
            raise StepFailed(Failure("FL211", f"the sample has no field `{self.name}`, only {have}", self.span))
        return {**sample, self.name: self.steps({self.name: sample[self.name]}, key)[self.name]}


@frozen(eq=False)
class Views:
    """Several chains on the same sample, each under a key of its own. What follows in the file is part of each chain.

    Every field that a chain might change becomes a tuple with one value a view: whatever geometry moves, and where
    there are boxes or keypoints, whatever has a row an object. It never depends on what was drawn. Other fields stay as
    the sample has them; a field that the chains add becomes a tuple as well."""

    chains: tuple[Sequence, ...]

    @property
    def draws(self) -> bool:
        """No: a view seeds the generators itself and leaves them as they were."""
        return False

    @property
    def takes_words(self) -> bool:
        """No."""
        return False

    @property
    def random(self) -> bool:
        """Whether a view is."""
        return any(chain.random for chain in self.chains)

    def __call__(self, sample: Sample, key: int) -> Sample:
        """The sample of views."""
        views: list[Sample] = []
        for number, chain in enumerate(self.chains):
            views.append(_run(chain, dict(sample), self.key(key, number)))
        return self.joined(sample, views)

    @staticmethod
    def key(key: int, number: int) -> int:
        """The key of a view of a sample that has the key `key`."""
        return derive_key(key, "view", number)

    @staticmethod
    def joined(sample: Sample, views: list[Sample]) -> Sample:
        """The sample of views, of what the sample was before and what each view made of it."""
        has_rows = "boxes" in sample or "keypoints" in sample
        own = {name for name, value in sample.items() if is_visual(value) or (has_rows and name in object_fields())}
        changed = [name for name in views[0] if name in own or name not in sample]
        return {**sample, **{name: tuple(view[name] for view in views) for name in changed}}


def _run(chain: Sequence, sample: Any, key: int) -> Any:
    if not chain.draws:
        return chain(sample, key)
    short = chain.in_words and in_floats() and isinstance(sample, dict) and only_image(sample) is not None
    with by_words(key) if short else seeded(key):
        return chain(sample, key)


@frozen(eq=False)
class Chain:
    """A whole chain: a pure function of the sample and a 64-bit key. Can be pickled."""

    steps: Sequence

    @property
    def is_random(self) -> bool:
        """Whether the key matters."""
        return self.steps.random

    def __call__(self, sample: Sample, key: int) -> Sample:
        """The sample after the chain; the caller's generators are left as they were. Raises `StepFailed`."""
        return _run(self.steps, sample, key)


@frozen(eq=False)
class BatchChain:
    """What stands in `batch { ... }`: a pure function of the collated batch and a 64-bit key. Can be pickled."""

    steps: Sequence

    def __call__(self, batch: Any, key: int) -> Any:
        """The batch after the steps, in the structure it had. Raises `StepFailed`."""
        return _run(self.steps, batch, key)
