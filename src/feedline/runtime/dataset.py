"""The Dataset of a Loader: positions in, transformed samples out, each keyed by where it stands in the epoch."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, overload

import numpy as np
import torch
from attrs import evolve, frozen
from torch.utils.data import Dataset

from feedline.compiler import ir
from feedline.dsl.source import Span
from feedline.runtime.cache.source import KeptSamples
from feedline.runtime.collate import Collator
from feedline.runtime.columns import Column
from feedline.runtime.draws import apart
from feedline.runtime.failures import Failure, PipelineFailure, failure_of
from feedline.runtime.gather import Gather, same_bits
from feedline.runtime.keys import BatchIndices
from feedline.runtime.late import LateSteps
from feedline.runtime.randomness import derive_key, sample_key, seeded, undisturbed
from feedline.runtime.replacing import StandIns
from feedline.runtime.sources.base import Sample, Source, UnreadableSample, runs_user_code
from feedline.runtime.sources.images import layout
from feedline.runtime.threads import one_thread
from feedline.runtime.transforms import Chain
from feedline.runtime.transforms.drawn import DrawnStep
from feedline.runtime.transforms.together import Together

_TRIED = 8
"""Samples on which a plan that gathers is held against the chain as written before it is used."""


@frozen(eq=False)
class Names(Sequence[str]):
    """What a message calls the samples at some positions. Each is made when it is asked for: few batches fail."""

    describe: Callable[[int], str]
    positions: Sequence[int]

    def __len__(self) -> int:
        return len(self.positions)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> Names: ...
    def __getitem__(self, place: int | slice) -> str | Names:
        if isinstance(place, slice):
            return Names(self.describe, self.positions[place])
        return self.describe(self.positions[place])


@frozen(eq=False)
class Fetched:
    """The transformed samples of one batch, the positions they really are, and how many replace an unreadable one."""

    key: BatchIndices
    samples: tuple[Sample, ...]
    positions: tuple[int, ...]
    where: Names
    replaced: int


class PipeDataset(Dataset[Any]):
    """The samples of one part of a dataset, after the loader's chain. `dataset[i]` is sample i as epoch 0 shows it at
    position i, in the structure of a batch: (image, label), (image, target), ..."""

    def __init__(
        self,
        source: Source,
        indices: np.ndarray,
        chain: Chain,
        late: LateSteps | None,
        batch_chain: Callable[[Any, int], Any] | None,
        collator: Collator,
        policy: ir.Policy,
        on_error: ir.OnError,
        stand_ins: StandIns | None,
        span: Span,
    ):
        self.source = source
        # Nobody writes into these: of ten million samples a copy is 80 MB.
        self._indices = Column(torch.from_numpy(indices) if indices.flags.writeable else indices)
        self._stand_ins = stand_ins
        self._chain = chain
        self._together = Together.of(chain)
        self._late = late
        self._late_apart = False
        if late is not None:
            collator.joins.update(dict.fromkeys(late.fields, late.stack))
        self.gather: Gather | None = None
        """What makes a whole batch at once, where the plan says so and `try_gather` has found it right."""
        self.kept: KeptSamples | None = None
        """What reads the samples after the first steps of the chain, where the plan keeps them."""
        self.as_decoded = False
        """Whether the chain takes the pixels of an image as the decoder lays them out."""
        self.undecoded = False
        """Whether it takes JPEGs before they are decoded."""
        self._batch_chain = batch_chain
        self._collator = collator
        self._seed = policy.seed
        self._batch_size = policy.batch
        self._on_error = on_error
        self._span = span
        self.shares_draws = True
        """Whether something in it may draw from the process's generators, whatever thread it runs in."""
        self._user_code = runs_user_code(source)
        self._seeds = chain.is_random or self._user_code
        self.expect(1)

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, position: int) -> Any:
        position = operator.index(position)
        if not -len(self) <= position < len(self):
            raise IndexError(f"position {position} of a dataset of {len(self)} samples")
        position %= len(self)
        with self._apart():
            sample = self._sample(position, epoch=0, place=position)
        single = self._collator.single(sample)
        return single if self._late is None else self._late(single)

    def __getitems__(self, key: list[int]) -> Fetched | Failure | list[Any]:
        """All samples of one of the Loader's batches; a failure comes back as a value, see `feedline.runtime.loader`.
        For any other list of positions, as a `Subset` or another DataLoader asks: each as `dataset[i]` gives it."""
        if not isinstance(key, BatchIndices):
            return [self[position] for position in key]
        if self.gather is not None:
            return Fetched(key, (), tuple(key), Names(self.describe, key), 0)
        try:
            with one_thread(), self._apart(), undisturbed() if self._seeds else nullcontext():
                return self._fetch(key)
        except Exception as error:
            return failure_of(error)

    def batch_of(self, fetched: Fetched) -> Any:
        """The fetched samples collated, with what the plan moved to the batch and the batch chain applied."""
        key = fetched.key
        if self.gather is not None:
            return self.gathered(self.indices[key], key.epoch, key.number, key.places())
        return self._finished(self._collated(fetched), key.epoch, key.number, key.places().start)

    def gathered(self, index: np.ndarray, epoch: int, number: int, places: range) -> Any:
        """The same for samples of the source, int64 (B,), that stand at `places` of a global batch, by `gather`."""
        assert self.gather is not None
        start = number * self._batch_size
        batch = self.gather(index, epoch, range(start + places.start, start + places.stop, places.step))
        return self._finished(batch, epoch, number, places.start)

    def _collated(self, fetched: Fetched) -> Any:
        key, rank = fetched.key, fetched.key.places().start
        place = _place(key.epoch, key.number, rank)
        with seeded(derive_key(self._seed, "collate", *place)) if self._collator.user_code else nullcontext():
            batch = self._collator.collate(fetched.samples, fetched.where)
        return batch if self._late is None or self._late_apart else self._late.on_lists(batch)

    def put_off_late(self) -> LateSteps | None:
        """The steps that the plan moved to the batch, which whoever asks now applies to every batch that comes; None
        where there are none, and where the batch chain needs what they make."""
        if self._late is None or self._batch_chain is not None or self.gather is not None:
            return None
        self._late_apart = True
        self._collator.joins.clear()
        return self._late

    def expect(self, batches: int) -> None:
        """So many batches are under way at once: their memory is worth keeping."""
        self._collator.memory.kept = max(self._collator.memory.kept, batches)
        for step in self._chain.steps.steps:
            if isinstance(step, DrawnStep):
                step.memory.kept = max(step.memory.kept, batches * self._batch_size)

    def _finished(self, batch: Any, epoch: int, number: int, rank: int) -> Any:
        if self._batch_chain is None:
            return batch
        with self._apart():
            return self._batch_chain(batch, derive_key(self._seed, "batch", *_place(epoch, number, rank)))

    def _apart(self) -> AbstractContextManager[object]:
        return nullcontext() if self.shares_draws else apart()

    def try_gather(self, gather: Gather) -> None:
        """Gather batches from now on, if a first one comes out as the chain makes it, sample by sample, to the bit: the
        versions of torch and torchvision installed here may not be those that this was written for."""
        key = BatchIndices(range(min(_TRIED, len(self))))
        key.epoch = key.number = 0
        try:
            with one_thread(), undisturbed():
                expected = self._collated(self._fetch(key))
        except PipelineFailure:
            return  # the first batch says it
        if same_bits(expected, gather(self.indices[key], 0, key.places())):
            self.gather = gather

    @property
    def indices(self) -> np.ndarray:
        """The index in the whole dataset of every position, (m,): int32 for a whole dataset that fits, else int64."""
        return self._indices.values

    def dataset_index(self, position: int) -> int:
        """The index in the whole dataset of a position in this part."""
        return int(self._indices.values[position])

    def describe(self, position: int) -> str:
        """What a message calls the sample at a position: its file, or its source and index."""
        return self.source.describe(self.dataset_index(position))

    def _sample(self, position: int, epoch: int, place: int, lend: bool = False) -> Sample:
        """`lend`: the sample is for a batch, see `KeptSamples.through`, and may only be begun, see `Together`."""
        index = self.dataset_index(position)
        try:
            if self.kept is not None:
                return self.kept.through(index, partial(self._changed, index, epoch, place, lend), lend)
            return self._changed(index, epoch, place, lend, self._read(index, epoch, place))
        except PipelineFailure as error:
            note = f"on sample {index} ({self.source.describe(index)})"
            raise PipelineFailure(evolve(error.failure, notes=(*error.failure.notes, note))) from error

    def _changed(self, index: int, epoch: int, place: int, lend: bool, sample: Sample) -> Sample:
        sample["index"] = index
        key = sample_key(self._seed, "augment", epoch, place)
        begun = self._together.begun(sample, key) if lend and self._together is not None else None
        return self._chain(sample, key) if begun is None else begun

    def _read(self, index: int, epoch: int, place: int) -> Sample:
        if not self._user_code:
            with layout(self.as_decoded, self.undecoded):
                return self.source.read(index)
        with seeded(derive_key(self._seed, "read", epoch, place)):
            return self.source.read(index)

    def _fetch(self, batch: BatchIndices) -> Fetched:
        samples: list[Sample] = []
        positions: list[int] = []
        places: list[int] = []
        replaced = 0
        for place, position in zip(batch.places(), batch, strict=True):
            global_place = batch.number * self._batch_size + place
            try:
                samples.append(self._sample(position, batch.epoch, global_place, lend=True))
                positions.append(position)
                places.append(global_place)
            except UnreadableSample as error:
                if self._on_error.mode == "fail":
                    raise PipelineFailure(self._unreadable(position, error)) from error
                if self._stand_ins is not None:
                    choices = self._stand_ins.choices(batch, place, position, positions)
                    position, sample = self._replacement(position, choices, batch.epoch, global_place, error)
                    samples.append(sample)
                    positions.append(position)
                    places.append(global_place)
                    replaced += 1
        if not samples:
            raise PipelineFailure(
                Failure(
                    "FL612",
                    f"no sample of batch {batch.number} could be read",
                    span=self._span,
                    notes=tuple(self.describe(position) for position in batch[:5]),
                    help="mend or remove the files, make the batch larger, or say `on error replace`",
                )
            )
        ended = self._ended(samples, positions, batch.epoch, places)
        return Fetched(batch, ended, tuple(positions), Names(self.describe, positions), replaced)

    def _ended(
        self, samples: list[Sample], positions: Sequence[int], epoch: int, places: Sequence[int]
    ) -> tuple[Sample, ...]:
        """The samples after all of the chain, where they were only begun."""
        if self._together is None:
            return tuple(samples)
        try:
            return self._together.finished(samples)
        except Exception:  # one by one they say which of them it was
            return tuple(self._sample(*each) for each in zip(positions, itertools.repeat(epoch), places, strict=False))

    def _replacement(
        self, position: int, choices: list[int], epoch: int, place: int, error: UnreadableSample
    ) -> tuple[int, Sample]:
        """The first of `choices` that can be read."""
        for choice in choices:
            try:
                return choice, self._sample(choice, epoch, place, lend=True)
            except UnreadableSample:
                continue
        failure = self._unreadable(position, error)
        tried = f"{len(choices)} other samples of the same groups were tried in its place"
        none = "no other sample of the same groups may stand in for it"
        raise PipelineFailure(
            Failure(
                failure.code,
                failure.message,
                failure.span,
                notes=(tried if choices else none,),
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
            cause=error,
        )


def _place(epoch: int, number: int, rank: int) -> tuple[int, ...]:
    # Ranks that share a batch each draw for their own share; the first as one rank alone would.
    return (epoch, number, rank) if rank else (epoch, number)
