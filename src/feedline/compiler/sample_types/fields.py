"""Which fields of a sample a step sees, and what to say where a field is missing."""

from __future__ import annotations

from feedline.compiler import ir
from feedline.compiler.catalogue import object_fields
from feedline.compiler.sample_types.call import Fault
from feedline.compiler.sample_types.model import Boxes, Field, Image, Mask, Sample, Tuple
from feedline.dsl.rules.batch_types import NoSuchField
from feedline.dsl.source import Span
from feedline.dsl.suggest import did_you_mean


def is_visual(value: Field) -> bool:
    """Whether a field is something that geometry moves, or a tuple of such."""
    if isinstance(value, Tuple):
        return bool(value.items) and all(map(is_visual, value.items))
    return isinstance(value, Boxes | Mask) or (isinstance(value, Image) and value.wrapped)


def visible(sample: Sample) -> set[str]:
    """The fields that views may change: what geometry moves and, beside boxes, whatever has a row an object."""
    rows = object_fields() if any(isinstance(value, Boxes) for _, value in sample.fields) else frozenset()
    return {name for name, value in sample.fields if is_visual(value) or name in rows}


def listed(sample: Sample) -> str:
    """The sample's fields for a note: "`image`, `label`". The position, which is always there, is left out."""
    return ", ".join(f"`{name}`" for name, _ in sample.fields if name != "index") or "none"


def without_field(step: ir.OnField, sample: Sample) -> Fault:
    """`on FIELD` of a field that the sample lacks."""
    start = step.span.start
    where = Span(step.span.path, start, min(step.span.end, start + len("on ") + len(step.field)))
    return Fault(
        NoSuchField,
        where,
        f"the sample has no field `{step.field}`",
        label="no such field",
        notes=(f"its fields here are {listed(sample)}",),
        help=did_you_mean(step.field, [name for name, _ in sample.fields]),
    )
