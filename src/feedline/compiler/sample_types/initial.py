"""The type of a sample as its source hands it over, from the source's class and arguments alone.

What only the data can say (sizes of files, columns of a table) is unknown here; `Facts` adds it where the data has been
opened (`feedline check --data`).
"""

from __future__ import annotations

from collections.abc import Mapping

from feedline.compiler import ir
from feedline.compiler.sample_types import sources
from feedline.compiler.sample_types.model import (
    ANY,
    PER_IMAGE,
    UNKNOWN_SAMPLE,
    Dim,
    Field,
    Image,
    Number,
    Role,
    Sample,
    Types,
)
from feedline.dsl.frozen import evolve, field, frozen

_CHANNELS = {"L": 1, "RGB": 3, "RGBA": 4}


@frozen
class Facts:
    """What opened data says of a loader's samples: the smallest and largest height and width, and the number of
    classes. `complete`: of all its samples, not of some that were looked at."""

    heights: tuple[int, int] | None = None
    widths: tuple[int, int] | None = None
    classes: int | None = None
    complete: bool = True
    columns: Mapping[str, Field] = field(factory=dict)
    """The columns of a table that are fields as they are."""
    role: Role | None = None
    examples: tuple[str, ...] = ()
    """Two files of differing size, each with its size, where there are such."""


def initial_types(
    program: ir.Program, data: ir.DataRef, facts: Mapping[str, Facts] | None = None, *, one_size: bool = False
) -> Types:
    """The alternatives that a loader's data may hand over; several for data sets put together.

    `one_size`: as if all files of a user's own had one size, which only the data can say."""
    known = (facts or {}).get(data.dataset)
    every = [_sample(source, known, one_size) for source in _sources(program, data.dataset)]
    return tuple(dict.fromkeys(every)) or (UNKNOWN_SAMPLE,)


def role_of(program: ir.Program, data: ir.DataRef, facts: Mapping[str, Facts] | None = None) -> Role | None:
    """What a batch is made of when the file does not say, None where only the data can tell."""
    known = (facts or {}).get(data.dataset)
    if known is not None and known.role is not None:
        return known.role
    first = next(iter(_sources(program, data.dataset)), None)
    return None if first is None else sources.role(first)


def _sources(program: ir.Program, name: str, seen: frozenset[str] = frozenset()) -> list[ir.SourceCall]:
    """The source of a dataset, or those of all that it is made of with `+`."""
    dataset = next((item for item in program.datasets if item.name == name), None)
    if dataset is None or name in seen:
        return []
    if dataset.source is not None:
        return [dataset.source]
    return [source for part in dataset.concat for source in _sources(program, part.dataset, seen | {name})]


def _sample(source: ir.SourceCall, facts: Facts | None, one_size: bool) -> Sample:
    if source.target is not None or source.registered:
        return UNKNOWN_SAMPLE
    args = {arg.name: arg.value for arg in source.args}
    names = sources.fields_of(source.name, args)
    size = _size(source.name, args, facts, one_size)
    found = {name: _field(name, kind, source.name, args, size, facts) for name, kind in names.items()}
    if facts is not None and source.name == "Table":
        found |= facts.columns
    found["index"] = Number("int64")
    return Sample(tuple(found.items()), open=sources.is_open(source.name, args) and not (facts and facts.columns))


def _field(
    name: str, kind: Field, source: str, args: Mapping[str, ir.Value], size: tuple[Dim, Dim], facts: Facts | None
) -> Field:
    match kind:
        case Image():
            mode = args.get("mode")
            channels = _CHANNELS.get(str(mode), 3)
            backend = "pil" if args.get("image_backend") == "pil" else "tensor"
            return evolve(kind, backend=backend, channels=channels, height=size[0], width=size[1])
        case Number(dtype="int64", shape=()) if name == "label":
            known = facts.classes if facts is not None else None
            return evolve(kind, classes=known or kind.classes or sources.classes(source, args))
        case _:
            return kind


def _size(source: str, args: Mapping[str, ir.Value], facts: Facts | None, one_size: bool) -> tuple[Dim, Dim]:
    known = sources.size(source, args)
    if known is not None:
        return Dim.of(known[0]), Dim.of(known[1])
    if facts is not None and facts.heights is not None and facts.widths is not None:
        return _looked_at(facts.heights, facts.complete), _looked_at(facts.widths, facts.complete)
    if sources.sizes_differ(source, args):
        return PER_IMAGE, PER_IMAGE
    if facts is not None or not sources.has_own_files(source):
        return ANY, ANY
    side = Dim(varies=False) if one_size else PER_IMAGE
    return side, side


def _looked_at(bounds: tuple[int, int], complete: bool) -> Dim:
    low, high = bounds
    if complete:
        return Dim(low, high, low != high)
    return PER_IMAGE if low != high else ANY
