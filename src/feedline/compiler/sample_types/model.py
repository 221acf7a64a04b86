"""Sample types: what can be said of a sample at one point of a chain without opening any data.

A type is a set of alternatives (`Types`), each of which some sample may really have: `maybe` and `one of` leave two.
An alternative is a record of fields. What is not known is None, and nothing is ever reported about it: the user's own
code makes everything after it unknown, so the checker is silent rather than guessing.
"""

from __future__ import annotations

from functools import reduce
from typing import Any, Literal, TypeAlias

from feedline.dsl.frozen import evolve, field, fields, frozen
from feedline.dsl.source import Span

Backend = Literal["pil", "tensor"]


@frozen
class Dim:
    """A height, a width or a length: from `low` to `high` in any one sample (None: no bound is known), and whether the
    samples of one batch differ in it (None: not known)."""

    low: int = 1
    high: int | None = None
    varies: bool | None = None

    @classmethod
    def of(cls, size: int) -> Dim:
        """One known number for every sample."""
        return cls(size, size, False)

    @property
    def known(self) -> int | None:
        """The number, where there can be only one."""
        return self.low if self.low == self.high else None


ANY = Dim()
PER_IMAGE = Dim(varies=True)


@frozen
class Normalised:
    """The statistics that were taken off."""

    mean: tuple[float, ...] | None
    std: tuple[float, ...] | None


@frozen
class Image:
    """An image: a PIL image, or a tensor (C, H, W). A video is one with more leading dimensions.

    `low` and `high` bound the values (None: not known). The spans say where the image became what it is, for the second
    place that a message shows; they take no part in equality.
    """

    backend: Backend | None = "tensor"
    channels: int | None = None
    dtype: str | None = "uint8"
    """torch's name, `uint8`, `float32`, ...; a PIL image counts as `uint8`."""
    low: float | None = 0.0
    high: float | None = 255.0
    height: Dim = ANY
    width: Dim = ANY
    same_size: bool | None = None
    """Whether all images of a batch have one size, where height and width alone do not say it (None: not known)."""
    shorter: Dim | None = None
    """The shorter side, where more is known of it than of height and width. A `low` above 1 is met by some image."""
    alone: tuple[str, ...] | None = ()
    """What moved only this field, inside `on FIELD { ... }`, and always in the same way (None: not known)."""
    normalised: Normalised | None = None
    wrapped: bool = True
    """Whether it is an image to torchvision (a PIL image, a `tv_tensors.Image`), not a bare tensor."""
    made_float: Span | None = field(default=None, eq=False)
    normalised_at: Span | None = field(default=None, eq=False)
    sized_at: Span | None = field(default=None, eq=False)
    channels_at: Span | None = field(default=None, eq=False)
    moved_at: Span | None = field(default=None, eq=False)


@frozen
class Boxes:
    """Bounding boxes, float32 (n, 4)."""

    format: str | None = "XYXY"
    may_be_empty_sized: bool | None = False
    """Whether a box may have no area (None: not known)."""
    alone: tuple[str, ...] | None = ()
    """What moved only this field, as of an image."""
    cropped_at: Span | None = field(default=None, eq=False)
    """The last step that may have cut a box away."""
    emptied_at: Span | None = field(default=None, eq=False)
    """The last step that leaves boxes without area on purpose."""
    sanitized_at: Span | None = field(default=None, eq=False)
    converted_at: Span | None = field(default=None, eq=False)
    moved_at: Span | None = field(default=None, eq=False)


@frozen
class Mask:
    """Masks: of classes, (H, W), or one an object, (n, H, W)."""

    objects: bool = False
    alone: tuple[str, ...] | None = ()
    """What moved only this field, as of an image."""
    moved_at: Span | None = field(default=None, eq=False)


@frozen
class Number:
    """A label, a column or a vector: a tensor of `shape`, () for a single number."""

    dtype: str | None = None
    shape: tuple[int | None, ...] | None = ()
    classes: int | None = None


@frozen
class Ragged:
    """A list of numbers a sample."""

    dtype: str | None = None
    length: Dim = PER_IMAGE


@frozen
class Text:
    """A string."""


@frozen
class Tuple:
    """Several values in the place of one: views, or what `FiveCrop` makes."""

    items: tuple[Field, ...]
    made_at: Span | None = field(default=None, eq=False)


@frozen
class Unknown:
    """Anything."""


UNKNOWN = Unknown()

Field: TypeAlias = "Image | Boxes | Mask | Number | Ragged | Text | Tuple | Unknown"


@frozen
class Sample:
    """One alternative: its fields in the order of the record. `open`: there may be others, of which nothing is known.

    What is listed is known; so after code that the checker cannot see, nothing is listed (`UNKNOWN_SAMPLE`)."""

    fields: tuple[tuple[str, Field], ...] = ()
    open: bool = False

    @classmethod
    def of(cls, **named: Field) -> Sample:
        """A closed sample of these fields."""
        return cls(tuple(named.items()))

    def get(self, name: str) -> Field | None:
        """A field, None where the sample has none of that name."""
        return dict(self.fields).get(name, UNKNOWN if self.open else None)

    def with_(self, **changes: Field) -> Sample:
        """The same with some fields changed or added."""
        return evolve(self, fields=tuple({**dict(self.fields), **changes}.items()))


UNKNOWN_SAMPLE = Sample(open=True)

Types: TypeAlias = tuple[Sample, ...]
"""Alternatives without repeats, never empty."""


@frozen
class Role:
    """What a batch is made of when the file does not say, as `runtime/sources/base.py` has it."""

    data: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    detection: bool = False


def one_size(image: Image) -> bool | None:
    """Whether the images of a batch have one size, None where nothing says it."""
    if image.same_size is not None:
        return image.same_size
    sides = (image.height, image.width)
    if any(side.varies for side in sides):
        return False
    return True if all(side.known or side.varies is False for side in sides) else None


def cover(types: Types) -> Sample:
    """One sample type that covers all alternatives."""
    return reduce(join, types)


def join(one: Sample, other: Sample) -> Sample:
    """One type that covers both: what they agree on, hulls of bounds, and unknown where they differ."""
    mine, theirs = dict(one.fields), dict(other.fields)
    named = {name: join_fields(mine[name], theirs[name]) for name in mine if name in theirs}
    return Sample(tuple(named.items()), open=one.open or other.open or mine.keys() != theirs.keys())


def join_fields(one: Field, other: Field) -> Field:
    """A field type that covers both."""
    if type(one) is not type(other):
        return UNKNOWN
    if isinstance(one, Tuple) and isinstance(other, Tuple):
        if len(one.items) != len(other.items):
            return UNKNOWN
        return evolve(one, items=tuple(map(join_fields, one.items, other.items)))
    changes = {
        item.name: _joined(item.name, mine, theirs) if item.eq else mine or theirs
        for item in fields(type(one))
        for mine, theirs in [(getattr(one, item.name), getattr(other, item.name))]
    }
    if isinstance(one, Image) and isinstance(other, Image):
        changes["same_size"] = _joined_size(one, other)
    return evolve(one, **changes)


def differ(one: Image, other: Image) -> bool:
    """Whether two images are sure to differ in height or width."""
    return _apart(one.height, other.height) or _apart(one.width, other.width)


def _apart(one: Dim, other: Dim) -> bool:
    above = one.high is not None and one.high < other.low
    return above or (other.high is not None and other.high < one.low)


def _joined_size(one: Image, other: Image) -> bool | None:
    mine, theirs = one_size(one), one_size(other)
    if mine is False or theirs is False or differ(one, other):
        return False
    known = all(side.known for side in (one.height, one.width))
    return True if known and (one.height, one.width) == (other.height, other.width) else None


def _joined(name: str, one: Any, other: Any) -> Any:
    if isinstance(one, Dim) and isinstance(other, Dim):
        return join_dims(one, other)
    if one == other:
        return one
    if name in ("low", "high") and one is not None and other is not None:
        return min(one, other) if name == "low" else max(one, other)
    return None


def join_dims(one: Dim, other: Dim) -> Dim:
    """The dimension that covers both. Two different known numbers vary: some samples have one, some the other."""
    if one == other:
        return one
    high = None if one.high is None or other.high is None else max(one.high, other.high)
    varies = True if one.varies or other.varies or _apart(one, other) else None
    return Dim(min(one.low, other.low), high, varies)
