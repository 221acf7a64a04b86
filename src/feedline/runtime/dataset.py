"""The Dataset of a Loader: positions in, transformed samples out, each keyed by where it stands in the epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from attrs import evolve, frozen
from torch.utils.data import Dataset

from feedline.compiler import ir
from feedline.dsl.source import Span
from feedline.runtime.collate import Collator
from feedline.runtime.columns import Column
from feedline.runtime.failures import Failure, PipelineFailure, failure_of
from feedline.runtime.randomness import derive_key
from feedline.runtime.sources.base import Sample, Source, UnreadableSample

_REPLACEMENT_TRIES = 20
"""Samples of the group tried in place of an unreadable one before the batch fails."""


class BatchIndices(list[int]):
    """The positions of one batch, a plain list to a DataLoader, with the epoch and the batch's global number."""

    def __init__(self, positions: Iterable[int] = (), epoch: int = 0, number: int = 0):
        super().__init__(positions)
        self.epoch = epoch
        self.number = number


@frozen(eq=False)
class Fetched:
    """The transformed samples of one batch, the positions they really are, and how many replace an unreadable one."""

    key: BatchIndices
    samples: tuple[Sample, ...]
    positions: tuple[int, ...]
    where: tuple[str, ...]
    replaced: int


class PipeDataset(Dataset[Any]):
    """The samples of one part of a dataset, after the loader's chain. `dataset[i]` is sample i as epoch 0 shows it at
    position i, in the structure of a batch: (image, label), (image, target), ..."""

    def __init__(
        self,
        source: Source,
        indices: np.ndarray,
        chain: Callable[[Sample, int], Sample],
        batch_chain: Callable[[Any, int], Any] | None,
        collator: Collator,
        policy: ir.Policy,
        on_error: ir.OnError,
        membership: np.ndarray,
        span: Span,
    ):
        self.source = source
        self._indices = Column(indices)
        self._membership = Column(membership)
        self._chain = chain
        self._batch_chain = batch_chain
        self._collator = collator
        self._seed = policy.seed
        self._batch_size = policy.batch
        self._on_error = on_error
        self._span = span

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, position: int) -> Any:
        if not -len(self) <= position < len(self):
            raise IndexError(f"position {position} of a dataset of {len(self)} samples")
        position = int(position) % len(self)
        return self._collator.single(self._sample(position, epoch=0, place=position))

    def __getitems__(self, key: list[int]) -> Fetched | Failure:
        """All samples of one batch. A failure comes back as a value, see `feedline.runtime.loader`."""
        batch = key if isinstance(key, BatchIndices) else BatchIndices(key)
        try:
            return self._fetch(batch)
        except Exception as error:
            return failure_of(error)

    def batch_of(self, fetched: Fetched) -> Any:
        """The fetched samples collated, with the batch chain applied."""
        batch = self._collator.collate(fetched.samples, fetched.where)
        if self._batch_chain is None:
            return batch
        key = derive_key(self._seed, "batch", fetched.key.epoch, fetched.key.number)
        return self._batch_chain(batch, key)

    def dataset_index(self, position: int) -> int:
        """The index in the whole dataset of a position in this part."""
        return int(self._indices.values[position])

    def describe(self, position: int) -> str:
        """What a message calls the sample at a position: its file, or its source and index."""
        return self.source.describe(self.dataset_index(position))

    def _sample(self, position: int, epoch: int, place: int) -> Sample:
        index = self.dataset_index(position)
        sample = self.source.read(index)
        sample["index"] = index
        try:
            return self._chain(sample, derive_key(self._seed, "augment", epoch, place))
        except PipelineFailure as error:
            note = f"on sample {index} ({self.source.describe(index)})"
            raise PipelineFailure(evolve(error.failure, notes=(*error.failure.notes, note))) from error

    def _fetch(self, batch: BatchIndices) -> Fetched:
        samples: list[Sample] = []
        positions: list[int] = []
        replaced = 0
        for place, position in enumerate(batch):
            global_place = batch.number * self._batch_size + place
            try:
                samples.append(self._sample(position, batch.epoch, global_place))
                positions.append(position)
            except UnreadableSample as error:
                if self._on_error.mode == "fail":
                    raise PipelineFailure(self._unreadable(position, error)) from error
                if self._on_error.mode == "replace":
                    taken = {*positions, *batch[place:]}
                    position, sample = self._replacement(position, taken, batch.epoch, global_place, error)
                    samples.append(sample)
                    positions.append(position)
                    replaced += 1
        if not samples:
            raise PipelineFailure(
                Failure(
                    "FL612",
                    f"no sample of batch {batch.number} could be read",
                    span=self._span,
                    notes=tuple(self.describe(position) for position in batch[:5]),
                )
            )
        where = tuple(self.describe(position) for position in positions)
        return Fetched(batch, tuple(samples), tuple(positions), where, replaced)

    def _replacement(
        self, position: int, taken: set[int], epoch: int, place: int, error: UnreadableSample
    ) -> tuple[int, Sample]:
        """Another sample of exactly the same groups, drawn by key, so that every promise of the policy survives."""
        membership = self._membership.values
        alike = np.flatnonzero(membership == membership[position])
        order = np.random.Generator(np.random.Philox(key=derive_key(self._seed, "replace", epoch, place)))
        tries = [int(alike[i]) for i in order.integers(len(alike), size=_REPLACEMENT_TRIES * 4)]
        fresh = list(dict.fromkeys(choice for choice in tries if choice not in taken))
        for choice in fresh[:_REPLACEMENT_TRIES]:
            try:
                return choice, self._sample(choice, epoch, place)
            except UnreadableSample:
                continue
        failure = self._unreadable(position, error)
        raise PipelineFailure(
            Failure(
                failure.code,
                failure.message,
                failure.span,
                notes=(f"{len(fresh[:_REPLACEMENT_TRIES])} other samples of the same groups were tried in its place",),
                help="mend or remove the unreadable files",
            )
        ) from error

    def _unreadable(self, position: int, error: UnreadableSample) -> Failure:
        return Failure(
            "FL612",
            f"sample {self.dataset_index(position)} (`{error.where}`) cannot be read: {error.why}",
            span=self._span,
            label="read by this dataset",
            help="mend or remove the file, or say `on error replace` or `on error skip` in the loader",
        )
