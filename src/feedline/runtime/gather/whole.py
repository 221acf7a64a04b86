"""A whole batch from an array in memory: which samples, where in the epoch they stand, to the collated batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from threading import local
from typing import Any

import numpy as np
import torch
from attrs import frozen
from torchvision.transforms import v2

from feedline.compiler import ir
from feedline.runtime.draws import in_floats
from feedline.runtime.failures import PipelineFailure
from feedline.runtime.gather import draws
from feedline.runtime.gather.affine import Warp, warp_of
from feedline.runtime.gather.geometry import Geometry, Move, NotGathered, Places, moves_of
from feedline.runtime.gather.jit import Compiled
from feedline.runtime.gather.pixels import Pixels
from feedline.runtime.gather.windows import Windows
from feedline.runtime.memory import Memory
from feedline.runtime.randomness import sample_keys
from feedline.runtime.sources.arrays import ArraySource
from feedline.runtime.sources.base import Source
from feedline.runtime.transforms import Chain
from feedline.runtime.transforms.combine import AnyStep

_BLOCK = 1 << 14
"""Places of an epoch whose windows are drawn at once, at most."""

_FLOAT32 = np.dtype(np.float32)

Stage = Geometry | Warp
"""What moves pixels: one `Warp`, or what lies between two."""

_Moving = Callable[[np.ndarray, np.ndarray, Any, Memory], torch.Tensor]
"""Bytes (N, C * H * W), the samples of them, what the stage draws for those, to bytes (n, C, h, w)."""


@frozen(eq=False)
class Form:
    """The structure of a batch: its fields, and whether they come as a dict, a tuple, or the only one by itself."""

    fields: tuple[str, ...]
    kind: str


class _Room(local):
    """Where a thread's batches are bytes before they are floats; nobody ever gets it. It is kept because each tensor
    or view that is made of an array takes as long as looking up hundreds of labels."""

    size = -1

    def make(self, size: int, shape: tuple[int, int, int]) -> None:
        """For batches of so many samples, uint8 `shape`."""
        self.size, self.shape = size, (size, *shape)
        self.raw = np.empty(self.shape, np.uint8)
        self.rows, self.images = self.raw.reshape(size, -1), torch.from_numpy(self.raw)


class Gather:
    """Batches of one loader. Pure in what it is called with, safe to use from several threads, and can be pickled."""

    def __init__(
        self, source: ArraySource, seed: int, stages: tuple[Stage, ...], pixels: Pixels, form: Form, span: int
    ):
        self._state = source.pixels, source.labels, seed, stages, pixels, form, span
        self._open()

    def _open(self) -> None:
        pixels, labels, self._seed, self._stages, self._pixels, self._form, self._span = self._state
        self._flat, self._labels = pixels.reshape(len(pixels), -1).numpy(), labels.numpy()
        self._memory, self._room = Memory(), _Room()
        channels, height, width = pixels.shape[1:]
        last = self._stages[-1] if self._stages else Geometry((), channels, height, width, 0)
        geometry = last if isinstance(last, Geometry) else Geometry((), last.channels, *last.size, 0)
        self._windows = Windows(geometry) if geometry.moves else None
        before = self._stages[:-1] if geometry.moves else self._stages
        self._before: list[_Moving] = [Windows(at) if isinstance(at, Geometry) else at for at in before]
        self._shape = (geometry.channels, geometry.height, geometry.width)
        self._geometry = geometry
        self._drawn: dict[tuple[int, int], list[Any]] = {}

    @cached_property
    def _compiled(self) -> Compiled | None:
        return Compiled.of(self._geometry, self._pixels)  # not before a batch is made: this may import Numba

    def __getstate__(self) -> dict[str, Any]:
        return {"_state": self._state}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._open()

    def __call__(self, index: np.ndarray, epoch: int, places: range) -> Any:
        """The batch of the samples `index` int64 (B,), which stand at `places` of an epoch: images (B, C, H, W), labels
        int64 (B,) or (B, 8), indices int64 (B,), in the structure that the loader collates."""
        form = self._form
        made = [self._field(name, index, epoch, places) for name in form.fields]
        if form.kind == "tuple":
            return tuple(made)
        return dict(zip(form.fields, made, strict=True)) if form.kind == "dict" else made[0]

    def _field(self, name: str, index: np.ndarray, epoch: int, places: range) -> torch.Tensor:
        if name == "label":
            return torch.from_numpy(self._labels.take(index, 0))
        if name == "index":
            return torch.from_numpy(index.astype(np.int64))
        if not self._stages:
            return self._finished(self._flat, index, None)
        where = self._places(epoch, places)
        pixels, at = self._flat, index
        for stage, rows in zip(self._before, where, strict=False):
            pixels = stage(pixels, at, rows, self._memory).reshape(len(index), -1).numpy()
            at = np.arange(len(index))
        return self._finished(pixels, at, where[-1] if self._windows is not None else None)

    def _finished(self, pixels: np.ndarray, index: np.ndarray, where: Places | None) -> torch.Tensor:
        """The samples `index` of `pixels` uint8 (N, C * H * W), their windows cut, as the steps on values make them."""
        if self._compiled is None and self._windows is not None and where is not None:
            return self._pixels(self._windows(pixels, index, where, self._memory), self._memory)
        if not self._pixels.floats:
            raw = self._memory.array((len(index), *self._shape), pixels.dtype)
            pixels.take(index, 0, raw.reshape(len(index), -1), "clip")
            return torch.from_numpy(raw)
        room = self._room
        if room.size != len(index):
            room.make(len(index), self._shape)
        pixels.take(index, 0, room.rows, "clip")
        if self._compiled is not None:
            return torch.from_numpy(self._compiled(room.raw, where, self._memory))
        return self._pixels.scaled(room.images, self._memory.array(room.shape, _FLOAT32))

    def _places(self, epoch: int, places: range) -> list[Any]:
        """What is drawn for some places, a stage each, out of blocks that are drawn when they are first asked for."""
        first, last = places[0] // self._span, places[-1] // self._span
        found = [self._block(epoch, number) for number in range(first, last + 1)]
        stages = found[0] if len(found) == 1 else [type(parts[0]).joined(parts) for parts in zip(*found, strict=True)]
        start = places[0] - first * self._span
        return [rows[start : start + len(places) * places.step : places.step] for rows in stages]

    def _block(self, epoch: int, number: int) -> list[Any]:
        found = self._drawn.get((epoch, number))
        if found is None:
            at = np.arange(number * self._span, (number + 1) * self._span)
            found = _drawn_for(self._stages, sample_keys(self._seed, "augment", epoch, at))
            # A new dict, not a lock: two threads may draw the same block, and get the same.
            self._drawn = {**dict([*self._drawn.items()][-1:]), (epoch, number): found}
        return found


def _drawn_for(stages: Sequence[Stage], keys: np.ndarray) -> list[Any]:
    """What the stages draw, one after the other, for samples with these keys, uint64 (n,)."""
    counts = np.cumsum([stage.outputs for stage in stages])
    drawn = draws.outputs(keys, int(counts[-1])) if counts[-1] else np.empty((0, len(keys)), np.uint32)
    return [stage.places(part) for stage, part in zip(stages, np.split(drawn, counts[:-1]), strict=True)]


def gather_of(
    source: Source, chain: Chain, late: Chain | None, collate: ir.Collate, seed: int, samples: int
) -> Gather | None:
    """How batches of this loader are gathered; None where a step, its arguments, or the data are nothing that is proved
    to come out the same. `late`: what runs on the batch; `samples`: about how many an epoch has."""
    form = _form(collate)
    if not isinstance(source, ArraySource) or form is None or not _as_stored(source):
        return None
    if not in_floats():  # torch draws other numbers then
        return None
    steps = [*chain.steps.steps, *(late.steps.steps if late is not None else ())]
    channels, height, width = source.pixels.shape[1:]
    try:
        stages, pixels = _compiled(steps, channels, height, width)
    except (NotGathered, PipelineFailure):  # a step that fails does so on the first sample, with its place in the file
        return None
    return Gather(source, seed, stages, pixels, form, min(_BLOCK, -(-samples // 256) * 256))


def _as_stored(source: ArraySource) -> bool:
    stored = {1: "L", 3: "RGB"}.get(source.pixels.shape[1])
    return source.options.backend == "tensor" and source.options.mode in ("KEEP", stored)


def _form(collate: ir.Collate) -> Form | None:
    """The structure of the batch where every field is stacked; else None."""
    if collate.fields:
        names = tuple(part.field for part in collate.fields)
        kinds = {part.how.kind for part in collate.fields}
        known = len({*names}) == len(names) and {*names} <= {"image", "label", "index"} and kinds == {"stack"}
        return Form(names, collate.shape) if known else None
    stacked = collate.how is None or collate.how.kind == "stack"
    return Form(("image", "label"), "tuple") if stacked else None


def _compiled(steps: list[AnyStep], channels: int, height: int, width: int) -> tuple[tuple[Stage, ...], Pixels]:
    stages: list[Stage] = []
    pixels, before = Pixels(channels), list[AnyStep]()
    moves, fill, start, size = tuple[Move, ...](), 0, (height, width), (height, width)
    for step in steps:
        try:
            pixels = pixels.after(step)
            before.append(step)
            continue
        except NotGathered:
            transform: Any = getattr(step, "transform", None)
        if isinstance(transform, v2.RandomAffine | v2.RandomRotation):
            warp = warp_of(transform, channels, *size, _byte(transform.fill, pixels))
            if warp.smooth and pixels.floats:
                raise NotGathered
            stages += [Geometry(moves, channels, *start, fill)] if moves else []
            stages.append(warp)
            moves, fill, start = (), 0, size
            continue
        added = moves_of(transform, *size)
        if any(move.kind == "pad" for move in added):
            byte = _byte(transform.fill, pixels)
            if byte != fill and any(move.kind == "pad" for move in moves):
                raise NotGathered
            fill = byte
        moves += added
        size = Geometry(moves, channels, *start, fill).size
    stages += [Geometry(moves, channels, *start, fill)] if moves else []
    if not pixels.equals(before) or sum(stage.outputs for stage in stages) > draws.MOST:
        raise NotGathered
    return tuple(stages), pixels


def _byte(fill: Any, pixels: Pixels) -> int:
    """The byte that is `fill` after these steps, in every channel. Raises `NotGathered` where there is none."""
    if isinstance(fill, int | float):
        found = np.flatnonzero((pixels.table() == fill).all(1))
        if len(found):
            return int(found[0])
    raise NotGathered


def same_bits(left: Any, right: Any) -> bool:
    """Whether two batches have the same structure, dtypes, shapes and bits."""
    if isinstance(left, torch.Tensor) and isinstance(right, torch.Tensor):
        same_kind = (left.dtype, left.shape) == (right.dtype, right.shape)
        return same_kind and left.contiguous().numpy().tobytes() == right.contiguous().numpy().tobytes()
    if isinstance(left, dict) and isinstance(right, dict):
        return [*left] == [*right] and all(same_bits(left[name], right[name]) for name in left)
    if isinstance(left, list | tuple) and type(left) is type(right):
        return len(left) == len(right) and all(map(same_bits, left, right))
    return False
