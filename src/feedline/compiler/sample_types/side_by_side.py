"""Views that were meant as steps: `views { Resize(64); ToTensor() }` makes two images, and not one in two steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from feedline.compiler import ir
from feedline.compiler.sample_types.call import Fault
from feedline.compiler.sample_types.model import Image, Tuple, Types
from feedline.compiler.sample_types.words import words
from feedline.dsl.frozen import evolve
from feedline.dsl.rules.types_values import NeedsTensor, RefusedNumbers, ViewsDiffer

_CONVERSIONS = frozenset(
    {"ToTensor", "ToImage", "PILToTensor", "ToDtype", "ConvertImageDtype", "ToPureTensor", "Normalize"}
)
_APART = "views stand side by side: each begins with the image as it is before `views`"
_IN_ORDER = "for views that are all made by all of these steps write `views 2 { ... }`"


def told_apart(step: ir.Views, faults: Iterable[Fault]) -> Iterator[Fault]:
    """The faults found in views and behind them. Where views look like steps, that is why the image is not ready."""
    meant = _lone_conversion(step) is not None
    for fault in faults:
        blamed = meant and fault.rule in (NeedsTensor, RefusedNumbers)
        yield evolve(fault, notes=(*fault.notes, _APART), help=_IN_ORDER, fixes=()) if blamed else fault


def unlike_views(step: ir.Views, after: Types) -> Iterator[Fault]:
    """The warning where a sample's views end up as different kinds of image."""
    for sample in after:
        views = sample.get("image")
        if not isinstance(views, Tuple):
            continue
        images = [view for view in views.items if isinstance(view, Image)]
        kinds = {(image.backend, image.dtype): image for image in images}
        if len(images) < len(views.items) or len(kinds) < 2 or any(None in kind for kind in kinds):
            continue
        first, second, *_ = kinds.values()
        numbers = images.index(first) + 1, images.index(second) + 1
        lone = _lone_conversion(step)
        yield Fault(
            ViewsDiffer,
            step.span if lone is None else lone.span,
            f"view {numbers[0]} and view {numbers[1]} of an image are not alike: "
            f"{first.dtype if first.backend == 'tensor' else 'a PIL image'} and "
            f"{second.dtype if second.backend == 'tensor' else 'a PIL image'}",
            label="changes one view alone" if lone is not None else "",
            notes=(_APART, *(f"view {number}: {words(images[number - 1])}" for number in numbers)),
            help=_IN_ORDER if lone is not None else "convert every view, or all of them after `views { ... }`",
        )
        return


def _lone_conversion(step: ir.Views) -> ir.Apply | None:
    """A view that is nothing but a conversion, beside others."""
    if len(set(step.chains)) < 2:
        return None
    lone = (chain[0] for chain in step.chains if len(chain) == 1)
    return next((item for item in lone if isinstance(item, ir.Apply) and item.name in _CONVERSIONS), None)
