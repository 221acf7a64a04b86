"""The structure of a batch: what collation makes of the end types, with dtypes and shapes, None for what is unknown.

It follows `runtime/collate.py` form by form; a property test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from feedline.compiler import ir
from feedline.compiler.sample_types.model import (
    Boxes,
    Field,
    Image,
    Mask,
    Number,
    Ragged,
    Role,
    Sample,
    Text,
    Tuple,
)
from feedline.dsl.frozen import frozen

TARGET_KEYS = ("boxes", "labels", "masks", "keypoints", "image_id", "area", "iscrowd")
"""The keys of a detection target, in their order."""

_FOUR = {"XYXY", "XYWH", "CXCYWH"}


@frozen
class TensorType:
    """One tensor."""

    dtype: str | None = None
    shape: tuple[int | None, ...] | None = None
    classes: int | None = None
    """Of a label, where it is known."""


@frozen
class ValueType:
    """A Python value: `int`, `str`, `PIL image`."""

    name: str


@frozen
class ListType:
    """A list with an item a sample."""

    item: BatchType


@frozen
class TupleType:
    """A tuple of these."""

    items: tuple[BatchType, ...]


@frozen
class DictType:
    """A dict of these, in this order."""

    items: tuple[tuple[str, BatchType], ...]


@frozen
class UnknownType:
    """What only the data or the user's own code can say."""


BatchType: TypeAlias = "TensorType | ValueType | ListType | TupleType | DictType | UnknownType"

_UNKNOWN = UnknownType()


@frozen
class Structure:
    """Makes the batch type of one loader. `batch` is the number of samples of a full batch, None if it is not known;
    `stacked`: whether detection images are one tensor."""

    collate: ir.Collate
    role: Role | None
    batch: int | None
    stacked: bool

    def of(self, sample: Sample) -> BatchType:
        """The type of a full batch of samples of this type."""
        how = self.collate.how
        if how is not None and how.kind == "python":
            return _UNKNOWN
        if self.collate.fields:
            kinds = {part.field: part.how for part in self.collate.fields}
            return self._by_field(kinds, sample, self.collate.shape == "dict")
        if self.role is None:
            return _UNKNOWN
        if self.role.detection and (how is None or how.kind == "detection"):
            return self._detection(sample)
        return self._whole(self.role, how, sample)

    def _detection(self, sample: Sample) -> BatchType:
        image = sample.get("image")
        images = _UNKNOWN if image is None else self._stack(image) if self.stacked else ListType(single(image))
        return TupleType((images, self._targets(sample)))

    def _targets(self, sample: Sample) -> BatchType:
        if sample.open:
            return ListType(_UNKNOWN)
        found = {name: sample.get(name) for name in TARGET_KEYS}
        items = [(name, single(value)) for name, value in found.items() if value is not None]
        return ListType(DictType(tuple((n, ValueType("int") if n == "image_id" else item) for n, item in items)))

    def _whole(self, role: Role, how: ir.CollateKind | None, sample: Sample) -> BatchType:
        how = how or ir.CollateKind(kind="stack", span=self.collate.span)
        stack = ir.CollateKind(kind="stack", span=how.span)
        if not role.data:
            if sample.open:
                return _UNKNOWN
            kinds = {n: how if how.kind != "pad" or has_length(value) else stack for n, value in sample.fields}
            return self._by_field(kinds, sample, as_dict=True)
        parts = [self._join(sample.get(name), how) for name in role.data]
        if role.detection:
            parts.append(self._targets(sample))
        else:
            parts += [self._join(sample.get(name), stack if how.kind == "pad" else how) for name in role.targets]
        return TupleType(tuple(parts)) if len(parts) > 1 else parts[0]

    def _by_field(self, kinds: dict[str, ir.CollateKind], sample: Sample, as_dict: bool) -> BatchType:
        joined: dict[str, BatchType] = {}
        for name, how in kinds.items():
            joined[name] = made = self._join(sample.get(name), how)
            if how.kind == "pad" and as_dict and isinstance(made, TupleType):
                joined[name], joined[f"{name}_mask"] = made.items
        return DictType(tuple(joined.items())) if as_dict else TupleType(tuple(joined.values()))

    def _join(self, value: Field | None, how: ir.CollateKind) -> BatchType:
        if value is None:
            return _UNKNOWN
        match how.kind:
            case "list":
                return ListType(single(value))
            case "pad":
                return self._pad(value, how)
            case _:
                return self._stack(value)

    def _stack(self, value: Field) -> BatchType:
        match single(value):
            case TensorType(dtype=dtype, shape=shape, classes=classes):
                return TensorType(dtype, None if shape is None else (self.batch, *shape), classes)
            case ValueType(name="int"):
                return TensorType("int64", (self.batch,))
            case ValueType() as other:
                return ListType(other)
            case TupleType() if isinstance(value, Tuple):
                return TupleType(tuple(self._stack(item) for item in value.items))
            case _:
                return _UNKNOWN

    def _pad(self, value: Field, how: ir.CollateKind) -> BatchType:
        if isinstance(value, Tuple):
            pairs = [self._pad(item, how) for item in value.items]
            known = [pair.items for pair in pairs if isinstance(pair, TupleType)]
            return TupleType(tuple(map(TupleType, zip(*known, strict=True)))) if len(known) == len(pairs) else _UNKNOWN
        inner = single(value)
        if not isinstance(inner, TensorType) or inner.shape is None:
            return _UNKNOWN
        multiple = next((arg.value for arg in how.args if arg.name == "multiple"), 1)
        assert isinstance(multiple, int)
        padded = {1, 2} if len(inner.shape) == 3 else {0}
        shape = [_rounded(n, multiple) if axis in padded else n for axis, n in enumerate(inner.shape)]
        mask = [n for axis, n in enumerate(shape) if axis in padded]
        return TupleType((TensorType(inner.dtype, (self.batch, *shape)), TensorType("bool", (self.batch, *mask))))


def single(value: Field) -> BatchType:
    """One sample's field, as collation finds it."""
    match value:
        case Image(backend="pil"):
            return ValueType("PIL image")
        case Image(backend="tensor", channels=channels, height=height, width=width):
            return TensorType(value.dtype, (channels, height.known, width.known))
        case Boxes(format=format):
            return TensorType("float32", (None, 4 if format in _FOUR else None))
        case Mask(objects=objects):
            return TensorType(None, (None, None, None) if objects else (None, None))
        case Number(dtype=dtype, shape=shape, classes=classes):
            return TensorType(dtype, shape, classes)
        case Ragged(dtype=dtype, length=length):
            return TensorType(dtype, (length.known,))
        case Text():
            return ValueType("str")
        case Tuple(items=items):
            return TupleType(tuple(map(single, items)))
        case _:
            return _UNKNOWN


def has_length(value: Field) -> bool:
    """Whether a field may differ in length from sample to sample, so that `pad` means it."""
    return not isinstance(value, Text | Tuple) and not (isinstance(value, Number) and value.shape == ())


def parts(batch: BatchType, path: str = "batch") -> list[tuple[str, str | None, tuple[int | None, ...] | None]]:
    """A batch type as lines (path, dtype, shape), each by how Python reaches it, as `feedline run` lists real ones."""
    match batch:
        case TensorType(dtype=dtype, shape=shape):
            return [(path, dtype, shape)]
        case ValueType(name=name):
            return [(path, name, None)]
        case ListType(item=item):
            return [(path, "list", None), *parts(item, f"{path}[*]")]
        case TupleType(items=items):
            return _flat((f"{path}[{number}]", item) for number, item in enumerate(items))
        case DictType(items=items):
            return _flat((f'{path}["{name}"]', item) for name, item in items)
        case UnknownType():
            return [(path, None, None)]


def _flat(items: Iterable[tuple[str, BatchType]]) -> list[tuple[str, str | None, tuple[int | None, ...] | None]]:
    return [part for path, item in items for part in parts(item, path)]


def _rounded(size: int | None, multiple: int) -> int | None:
    return None if size is None else -(-size // multiple) * multiple
