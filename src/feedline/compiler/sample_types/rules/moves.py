"""What all steps that move pixels share: which fields move, and what is left behind or may be cut away."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from feedline.compiler.sample_types.call import Call
from feedline.compiler.sample_types.fields import is_visual
from feedline.compiler.sample_types.model import (
    UNKNOWN,
    Boxes,
    Dim,
    Field,
    Image,
    Mask,
    Number,
    Ragged,
    Sample,
    Tuple,
    Unknown,
)
from feedline.dsl.diagnostics import Edit, Fix
from feedline.dsl.frozen import evolve
from feedline.dsl.rules.types_shapes import LeftBehind
from feedline.dsl.source import Span

Change = Callable[[Image], Image]


def seen(sample: Sample, call: Call) -> list[tuple[str, Field]]:
    """The fields that the step changes: what is visual, or the one field of `on FIELD`, whatever it is."""
    return [(name, value) for name, value in sample.fields if call.on_field == name or is_visual(value)]


def leaves(value: Field) -> Iterator[Field]:
    """A field, or what a tuple of views or crops is made of."""
    if isinstance(value, Tuple):
        for item in value.items:
            yield from leaves(item)
    else:
        yield value


def images(sample: Sample, call: Call) -> list[Image]:
    """The images that the step changes."""
    return [leaf for _, value in seen(sample, call) for leaf in leaves(value) if isinstance(leaf, Image)]


def first_of(sample: Sample, call: Call, kind: type[Boxes] | type[Mask]) -> str | None:
    """The name of the first field of boxes, or of masks, that the step changes."""
    found = ((name, leaf) for name, value in seen(sample, call) for leaf in leaves(value))
    return next((name for name, leaf in found if isinstance(leaf, kind)), None)


def may_hide(sample: Sample) -> bool:
    """Whether a sample may hold fields that nothing is known of."""
    return sample.open or any(isinstance(value, Unknown) for _, value in sample.fields)


def move(
    sample: Sample,
    call: Call,
    change: Change | None = None,
    *,
    always: str | None = None,
    scales: bool = False,
    cuts: bool = False,
) -> Sample:
    """The sample after a step that moves pixels: its images after `change`.

    `always`: the step without what does not matter to where things lie, if it moves every sample in the same way.
    `scales`: it only scales, so masks still lie on the image. `cuts`: boxes may lose all their area."""
    alone = _moves_alone(sample, call, always, scales)
    changed: dict[str, Field] = {}
    for name, value in seen(sample, call):
        changed[name] = _moved(value, call, change, cuts, alone)
    return sample.with_(**changed)


def _moved(value: Field, call: Call, change: Change | None, cuts: bool, alone: str | None) -> Field:
    match value:
        case Tuple(items=items):
            return evolve(value, items=tuple(_moved(item, call, change, cuts, alone) for item in items))
        case Image():
            return _log(change(value) if change is not None else value, call, alone)
        case Boxes():
            span = call.step.span
            value = evolve(value, may_be_empty_sized=True, cropped_at=span) if cuts else value
            return _log(value, call, alone)
        case Mask():
            return _log(value, call, alone)
        case Number() | Ragged() if change is not None:
            return UNKNOWN  # torchvision takes a plain tensor for an image
        case _:
            return value


def _log(value: Image | Boxes | Mask, call: Call, alone: str | None) -> Image | Boxes | Mask:
    if alone is None or value.alone is None:
        return value
    return evolve(value, alone=(*value.alone, alone), moved_at=call.step.span)


def _moves_alone(sample: Sample, call: Call, always: str | None, scales: bool) -> str | None:
    """What to remember of a step inside `on FIELD`; a random one, which nothing else can follow, is reported."""
    if call.around is None:
        return None
    field, whole = call.around[0].field, call.around[1]
    mine = sample.get(field)
    if mine is None or not is_visual(mine):
        return None
    others = [name for name, other in whole.fields if name != field and _belong(mine, other)]
    if not others:
        return None
    if always is not None:
        # A mask of another scale still lies on its image, so only other moves count for masks.
        return f"scale {always}" if scales else always
    left_behind(call, field, others)
    return None


def _belong(one: Field, other: Field) -> bool:
    """Whether two fields show the same scene, so that what moves one has to move the other."""
    return is_visual(one) and is_visual(other) and not (isinstance(one, Image) and isinstance(other, Image))


def left_behind(call: Call, field: str, others: list[str]) -> None:
    """Report a step that moves one field at random and none of the others."""
    names = " and ".join(f"`{name}`" for name in others)
    call.report(
        LeftBehind,
        f"`{call.name}` moves `{field}` at random, and {names} {'is' if len(others) == 1 else 'are'} left behind",
        label=f"sees only `{field}`",
        help=f"move it out of `on {field} {{ ... }}`: outside of it everything in the picture moves together",
        fixes=_taken_out(call),
    )


def _taken_out(call: Call) -> tuple[Fix, ...]:
    """The step without the `on FIELD { ... }` around it, where it is the only thing in there."""
    step = call.step.span
    around = call.around[0] if call.around is not None else None
    if around is None or around.steps != (call.step,) or step.path != around.span.path:
        return ()
    if not around.span.start < step.start < step.end < around.span.end:
        return ()  # a step of a named chain stands elsewhere
    edits = (
        Edit(Span(step.path, around.span.start, step.start), ""),
        Edit(Span(step.path, step.end, around.span.end), ""),
    )
    return (Fix(f"move `{call.name}` out of `on {around.field}`", edits),)


def fixed(image: Image, height: int, width: int, call: Call) -> Image:
    """The image at one known size."""
    return sized(image, Dim.of(height), Dim.of(width), call)


def sized(
    image: Image, height: Dim, width: Dim, call: Call, *, same: bool | None = None, shorter: Dim | None = None
) -> Image:
    """The image at a new size."""
    where = call.step.span
    return evolve(image, height=height, width=width, same_size=same, shorter=shorter, sized_at=where)
