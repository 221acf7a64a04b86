"""From the samples of a batch to the batch: which fields, in which structure, joined how.

The field kinds are `stack`, `pad` and `list`; `detection` and `python` take the whole sample. Where a file says
nothing, the source's role decides: (images, labels), (images, targets), ((x_i, x_j), labels), or a dict of everything.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from attrs import evolve, frozen
from torch.utils.data import default_collate, get_worker_info

from feedline.compiler import ir
from feedline.dsl.source import Span
from feedline.dsl.suggest import did_you_mean
from feedline.runtime.failures import Failure, PipelineFailure
from feedline.runtime.memory import Memory
from feedline.runtime.sources.base import Role, Sample

_TARGET_KEYS = ("boxes", "labels", "masks", "keypoints", "image_id", "area", "iscrowd")
"""The keys of a detection target, as torchvision's models and references name them."""


def plain(value: Any) -> Any:
    """A field as a batch holds it: plain tensors for `tv_tensors`, NumPy arrays and numbers; floats are float32."""
    if isinstance(value, torch.Tensor):
        return value.as_subclass(torch.Tensor)
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value)
    if isinstance(value, bool | int | np.integer | np.bool_):
        return torch.tensor(value)
    if isinstance(value, float | np.floating):
        # A regression target beside float32 predictions; default_collate's float64 makes the loss fail.
        return torch.tensor(value, dtype=torch.float32)
    if isinstance(value, list | tuple):
        return type(value)(plain(item) for item in value)
    return value


def _own(value: Any) -> Any:
    """A value that stays as it is in a batch, without what it may be a part of: an image that was cropped would keep
    all of its pixels in memory, and send them from a worker."""
    if isinstance(value, list | tuple):
        return type(value)(_own(item) for item in value)
    return value.contiguous() if isinstance(value, torch.Tensor) else value


def bare(value: Any) -> Any:
    """A field as a single sample shows it: plain tensors for `tv_tensors`, everything else as it is."""
    return value.as_subclass(torch.Tensor) if isinstance(value, torch.Tensor) else value


def describe(value: Any) -> str:
    """A value as a message names it: its shape if it has one, else its type."""
    if isinstance(value, torch.Tensor):
        return f"{str(value.dtype).removeprefix('torch.')} {tuple(value.shape)}"
    return "PIL image" if _is_pil(value) else type(value).__name__


def _is_pil(value: Any) -> bool:
    return type(value).__module__.startswith("PIL.")


_LARGE = 1 << 20
"""Bytes from which on a batch is stacked into memory that is used again: fresh pages cost more than what fills them."""


def stacked(values: Sequence[torch.Tensor], memory: Memory) -> torch.Tensor:
    """Tensors of one shape and dtype as one with a batch dimension in front, contiguous, as `default_collate` makes it;
    a large one in memory that is used again."""
    first = values[0]
    if len(values) * first.nbytes < _LARGE or not memory.holds(first.dtype) or get_worker_info() is not None:
        return default_collate(list(values))
    batch = memory.take((len(values), *first.shape), first.dtype)
    for value, row in zip(values, batch, strict=True):
        row.copy_(value)
    return batch


@frozen
class Joiner:
    """What the joining of one field needs: how, and what to say when it fails, the field, the files, the place in the
    `.pipe` file."""

    field: str
    where: Sequence[str]
    span: Span
    join: Callable[[Sequence[torch.Tensor]], torch.Tensor]
    """Makes one of tensors that have one shape and dtype."""

    def fail(self, message: str, values: Sequence[Any] = (), help: str | None = None) -> PipelineFailure:
        """The failure, with one file for each kind of value."""
        seen: dict[str, str] = {}
        for value, where in zip(values, self.where, strict=False):
            seen.setdefault(describe(value), where)
        notes = tuple(f"{shape}: {where}" for shape, where in list(seen.items())[:4])
        return PipelineFailure(Failure("FL551", f"`{self.field}` {message}", span=self.span, notes=notes, help=help))

    def stack(self, values: Sequence[Any]) -> Any:
        """Tensors of one shape and dtype as one with a batch dimension in front; views as a tuple; texts as a list."""
        first = values[0]
        if isinstance(first, tuple):
            if len({len(value) if isinstance(value, tuple) else -1 for value in values}) > 1:
                raise self.fail("does not have the same number of views in every sample", values)
            return tuple(self.stack(items) for items in zip(*values, strict=True))
        if not all(isinstance(value, torch.Tensor) for value in values):
            if _is_pil(first):
                help = "end the chain with `ToImage(); ToDtype(float32, scale=true)` or `ToTensor()`"
                raise self.fail("is a PIL image, which cannot be stacked", values, help)
            return list(values)
        if len({value.shape for value in values}) > 1:
            help = f"collate `{self.field}` with `pad` or `list`"
            if first.ndim == 3 and len({value.shape[1:] for value in values}) == 1:
                help = "the images differ in channels: give every dataset the same `mode`"
            elif first.ndim == 3:
                help = f"end the chain with a step that fixes the size, such as `Resize((224, 224))`, or {help}"
            raise self.fail("differs in shape within the batch and cannot be stacked", values, help)
        if len({value.dtype for value in values}) > 1:
            raise self.fail("differs in dtype within the batch and cannot be stacked", values)
        return self.join(values)

    def pad(self, values: Sequence[Any], value: float, multiple: int) -> tuple[Any, Any]:
        """(padded, mask): every tensor filled with `value` at its end to the largest of the batch, rounded up to a
        `multiple`. Images (C, H, W) give (B, C, H', W') with a mask (B, H', W'); sequences (L, ...) give (B, L', ...)
        with a mask (B, L'). The mask is bool, true where there is data."""
        if isinstance(values[0], tuple):
            pairs = [self.pad(items, value, multiple) for items in zip(*values, strict=True)]
            return tuple(padded for padded, _ in pairs), tuple(mask for _, mask in pairs)
        if not all(isinstance(item, torch.Tensor) and item.ndim > 0 for item in values):
            raise self.fail("is not made of tensors and cannot be padded", values)
        image = values[0].ndim == 3
        dims = (1, 2) if image else (0,)
        if (
            len({(item.ndim, item.dtype, *(n for d, n in enumerate(item.shape) if d not in dims)) for item in values})
            > 1
        ):
            raise self.fail("differs in more than its size within the batch and cannot be padded", values)
        largest = [-(-max(item.shape[d] for item in values) // multiple) * multiple for d in dims]
        shape = list(values[0].shape)
        for d, size in zip(dims, largest, strict=True):
            shape[d] = size
        padded = values[0].new_full((len(values), *shape), value)
        mask = torch.zeros((len(values), *largest), dtype=torch.bool)
        for row, item in enumerate(values):
            region = tuple(slice(0, n) for n in item.shape)
            padded[row][region] = item
            mask[row][tuple(region[d] for d in dims)] = True
        return padded, mask


def _has_length(value: Any) -> bool:
    """Whether a field may differ in length from sample to sample, so that `pad` means it."""
    return isinstance(value, torch.Tensor | np.ndarray) and value.ndim > 0


class Collator:
    """The `collate` of one loader, ready to run. `fixed_size`: the chain gives every image the same size."""

    def __init__(
        self,
        collate: ir.Collate,
        role: Role,
        fixed_size: bool,
        load_python: Callable[[str], Callable[..., Any]],
        arguments: Callable[[tuple[ir.Arg, ...]], dict[str, Any]],
    ):
        self._collate = collate
        self._role = role
        self._fixed_size = fixed_size
        self.memory = Memory()
        """Where large batches lie."""
        self.joins: dict[str, Callable[[Sequence[torch.Tensor]], torch.Tensor]] = {}
        """How the tensors of a field are joined, where they are not just stacked."""
        self._kinds = {part.field: part.how for part in collate.fields}
        how = collate.how
        self._user: Callable[[list[Any]], Any] | None = None
        if how is not None and how.kind == "python":
            assert how.target is not None
            try:
                self._user = _Partial(load_python(how.target), arguments(how.args))
            except PipelineFailure as error:
                raise PipelineFailure(evolve(error.failure, span=collate.span)) from error

    @property
    def user_code(self) -> bool:
        """Whether collating runs the user's code, which may draw random numbers."""
        return self._user is not None

    @property
    def copies_images(self) -> bool:
        """Whether a batch's images are never those of the samples themselves."""
        if self._user is not None:
            return False
        if self._kinds:
            return all(how.kind in ("stack", "pad") for name, how in self._kinds.items() if name in self._role.data)
        how = self._collate.how
        if self._role.detection and (how is None or how.kind == "detection"):
            return self._fixed_size
        return how is None or how.kind in ("stack", "pad")

    @property
    def names(self) -> tuple[str, ...]:
        """The fields that a batch holds by themselves; those of a detection target and of user code are not among
        them."""
        if self._user is not None:
            return ()
        if self._kinds:
            return tuple(self._kinds)
        return self._role.data if self._role.detection else (*self._role.data, *self._role.targets)

    def part(self, batch: Any, name: str) -> Any:
        """One of `names` in a batch, or in a single sample of its structure."""
        key = self._key(name)
        return batch if key is None else batch[key]

    def with_part(self, batch: Any, name: str, value: Any) -> Any:
        """The batch with one of `names` replaced."""
        key = self._key(name)
        if key is None:
            return value
        if isinstance(key, str):
            return {**batch, key: value}
        return (*batch[:key], value, *batch[key + 1 :])

    def _key(self, name: str) -> int | str | None:
        """Where a field is in a batch; None where it is the whole of it."""
        if self._kinds and self._collate.shape == "dict":
            return name
        alone = not self._kinds and not self._role.detection and len(self.names) == 1
        return None if alone else self.names.index(name)

    def single(self, sample: Sample) -> Any:
        """One sample in the structure of a batch, without the batch dimension."""
        if self._kinds:
            fields = {name: bare(self._field(sample, name, "")) for name in self._kinds}
            return fields if self._collate.shape == "dict" else tuple(fields.values())
        role = self._role
        data = [bare(self._field(sample, name, "")) for name in role.data]
        if role.detection:
            return (*data, self._target(sample))
        if not data:
            return {name: bare(value) for name, value in sample.items()}
        targets = [bare(self._field(sample, name, "")) for name in role.targets]
        return (*data, *targets) if targets or len(data) > 1 else data[0]

    def collate(self, samples: Sequence[Sample], where: Sequence[str]) -> Any:
        """The batch. Raises `PipelineFailure` naming the field, the shapes and the files."""
        if self._user is not None:
            return self._by_user(self._user, [self.single(sample) for sample in samples])
        if self._kinds:
            return self._by_field(self._kinds, samples, where, as_dict=self._collate.shape == "dict")
        how = self._collate.how
        if how is not None and how.kind == "detection" and not self._role.detection:
            self._require_detection(samples[0])
        if self._role.detection and (how is None or how.kind == "detection"):
            return self._detection(samples, where)
        return self._whole(samples, where, how)

    def _detection(self, samples: Sequence[Sample], where: Sequence[str]) -> tuple[Any, list[dict[str, Any]]]:
        images = self._values("image", samples, where)
        joined = self._joiner("image", where).stack(images) if self._fixed_size else [_own(image) for image in images]
        return joined, [self._target(sample) for sample in samples]

    def _whole(self, samples: Sequence[Sample], where: Sequence[str], how: ir.CollateKind | None) -> Any:
        how = how or ir.CollateKind(kind="stack", span=self._collate.span)
        if not self._role.data:
            kinds = {name: self._kind_of(name, how, _has_length(value)) for name, value in samples[0].items()}
            return self._by_field(kinds, samples, where, as_dict=True)
        names = self._role.data + (() if self._role.detection else self._role.targets)
        parts = [self._join(name, samples, where, self._kind_of(name, how, name in self._role.data)) for name in names]
        if self._role.detection:
            parts.append([self._target(sample) for sample in samples])
        return tuple(parts) if len(parts) > 1 else parts[0]

    @staticmethod
    def _kind_of(name: str, how: ir.CollateKind, is_data: bool) -> ir.CollateKind:
        """`pad` is for the data; targets beside it are stacked as ever."""
        return how if how.kind != "pad" or is_data else ir.CollateKind(kind="stack", span=how.span)

    def _by_field(
        self, kinds: Mapping[str, ir.CollateKind], samples: Sequence[Sample], where: Sequence[str], *, as_dict: bool
    ) -> Any:
        joined: dict[str, Any] = {}
        for name, how in kinds.items():
            joined[name] = self._join(name, samples, where, how)
            if how.kind == "pad" and as_dict:
                joined[name], joined[f"{name}_mask"] = joined[name]
        return joined if as_dict else tuple(joined.values())

    def _by_user(self, function: Callable[[list[Any]], Any], samples: list[Any]) -> Any:
        try:
            return function(samples)
        except Exception as error:  # the user's code raises whatever it likes
            assert self._collate.how is not None
            last = traceback.extract_tb(error.__traceback__)[-1]
            said = " ".join(f"{type(error).__name__}: {error}".split())
            raise PipelineFailure(
                Failure(
                    "FL551",
                    f"`{self._collate.how.target}` failed: {said}",
                    span=self._collate.span,
                    notes=(f"raised in {last.filename}:{last.lineno}",),
                    cause=error,
                )
            ) from error

    def _join(self, name: str, samples: Sequence[Sample], where: Sequence[str], how: ir.CollateKind) -> Any:
        values = self._values(name, samples, where)
        joiner = self._joiner(name, where)
        if how.kind == "list":
            return [_own(value) for value in values]
        if how.kind == "pad":
            options = {arg.name: arg.value for arg in how.args}
            value, multiple = options.get("value", 0), options.get("multiple", 1)
            assert isinstance(value, int | float) and isinstance(multiple, int)
            return joiner.pad(values, value, multiple)
        return joiner.stack(values)

    def _values(self, name: str, samples: Sequence[Sample], where: Sequence[str]) -> list[Any]:
        lacking = next((place for place, sample in enumerate(samples) if name not in sample), None)
        at = "" if lacking is None else where[lacking]
        return [plain(self._field(sample, name, at)) for sample in samples]

    def _joiner(self, name: str, where: Sequence[str]) -> Joiner:
        return Joiner(name, where, self._span_of(name), self.joins.get(name, self._stacked))

    def _stacked(self, values: Sequence[torch.Tensor]) -> torch.Tensor:
        return stacked(values, self.memory)

    def _span_of(self, name: str) -> Span:
        """The line of a field in a collate block, else the whole `collate`."""
        return next((part.span for part in self._collate.fields if part.field == name), self._collate.span)

    def _field(self, sample: Sample, name: str, where: str) -> Any:
        if name not in sample:
            at = f" ({where})" if where else ""
            have = ", ".join(f"`{field}`" for field in sample)
            raise PipelineFailure(
                Failure(
                    "FL552",
                    f"the sample{at} has no field `{name}` to collate",
                    span=self._span_of(name),
                    notes=(f"its fields are {have}",),
                    help="say `masks=true` in the dataset" if name == "masks" else did_you_mean(name, sample),
                )
            )
        return sample[name]

    def _target(self, sample: Sample) -> dict[str, Any]:
        names = (*_TARGET_KEYS, *(name for name in self._role.targets if name not in _TARGET_KEYS))
        # An image id stays a Python int: references index a COCO evaluator with it.
        return {
            name: sample[name] if name == "image_id" else _own(plain(sample[name])) for name in names if name in sample
        }

    def _require_detection(self, sample: Sample) -> None:
        have = ", ".join(f"`{field}`" for field in sample)
        raise PipelineFailure(
            Failure(
                "FL552",
                "`collate detection` needs samples with `boxes` and `labels`",
                span=self._collate.span,
                notes=(f"the fields of a sample here are {have}",),
                help="leave `collate` out for the default, (images, labels)",
            )
        )


@frozen
class _Partial:
    """A user's collate function with the arguments of the file; unlike a closure it travels to spawned workers."""

    function: Callable[..., Any]
    arguments: dict[str, Any]

    def __call__(self, samples: list[Any]) -> Any:
        return self.function(samples, **self.arguments)
