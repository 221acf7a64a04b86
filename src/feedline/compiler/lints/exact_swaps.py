"""Steps that are the same for every sample, behind random ones that they could stand before without changing a bit."""

from __future__ import annotations

from collections.abc import Mapping

from feedline.compiler import ir
from feedline.compiler.names import Unit
from feedline.compiler.sample_types.check import LoaderTypes
from feedline.compiler.sample_types.model import Dim, Image, Number, Sample, Text, Types
from feedline.dsl.diagnostics import Edit, Fix, Label, Reporter
from feedline.dsl.rules.lints import FixedAfterRandom
from feedline.dsl.source import Span

_FLIPS = {"RandomHorizontalFlip": 1, "RandomVerticalFlip": 0}
"""Flips, each with the side that it turns over: 0 the height, 1 the width."""

_BY_PIXEL = {"RandomGrayscale", "RandomInvert", "RandomPosterize", "RandomSolarize", "RandomChannelPermutation"}
"""Random steps that change each pixel without regard to the others and to its place."""


def steps_in_the_wrong_order(
    program: ir.Program, types: Mapping[str, LoaderTypes], main: Unit, reporter: Reporter
) -> None:
    """Hint at `Grayscale` behind flips, and at `CenterCrop` behind what changes pixels one by one."""
    said: set[Span] = set()
    for loader in program.loaders:
        trace = types[loader.name].trace
        before = [types[loader.name].start, *(after.types for after in trace)]
        steps = [after.step for after in trace]
        for place, step in enumerate(steps):
            first = place
            while first and _may_swap(steps[first - 1], step, before[first - 1]):
                first -= 1
            if first < place and step.span not in said:
                said.add(step.span)
                _report(steps[first], steps[place - 1], step, reporter)


def _may_swap(random: ir.Step, fixed: ir.Step, types: Types) -> bool:
    """Whether two steps give the same bits in either order, on samples of these types."""
    if not isinstance(random, ir.Apply) or not isinstance(fixed, ir.Apply) or random.registered or fixed.registered:
        return False
    if random.target is not None or fixed.target is not None or not all(map(_only_images, types)):
        return False
    images = [value for sample in types for _, value in sample.fields if isinstance(value, Image)]
    if fixed.name == "Grayscale":
        return random.name in _FLIPS
    if fixed.name != "CenterCrop":
        return False
    size = _pair(fixed)
    if size is None or any(
        side.low < wanted for image in images for side, wanted in zip(_sides(image), size, strict=True)
    ):
        return False  # what a larger crop adds would be changed, or turned over, as well
    if random.name in _FLIPS:
        axis = _FLIPS[random.name]
        return all(_even_border(_sides(image)[axis], size[axis]) for image in images)
    return random.name in _BY_PIXEL


def _only_images(sample: Sample) -> bool:
    return not sample.open and all(isinstance(value, Image | Number | Text) for _, value in sample.fields)


def _sides(image: Image) -> tuple[Dim, Dim]:
    return image.height, image.width


def _even_border(side: Dim, wanted: int) -> bool:
    """Whether as much is cut off on the one hand as on the other."""
    return side.known is not None and (side.known - wanted) % 2 == 0


def _pair(crop: ir.Apply) -> tuple[int, int] | None:
    size = next((arg.value for arg in crop.args if arg.name == "size"), None)
    items = size.items if isinstance(size, ir.ListValue) else size if isinstance(size, tuple) else (size, size)
    pair = [item for item in items if isinstance(item, int)]
    if len(pair) == 1 == len(items):
        return pair[0], pair[0]
    return (pair[0], pair[1]) if len(pair) == 2 == len(items) else None


def _report(first: ir.Step, last: ir.Step, fixed: ir.Step, reporter: Reporter) -> None:
    assert isinstance(first, ir.Apply) and isinstance(fixed, ir.Apply)
    help = f"put `{fixed.name}` first: `cache` can keep what it yields, and `{first.name}` has less to work on"
    reporter.report(
        FixedAfterRandom,
        fixed.span,
        f"`{fixed.name}` after `{first.name}` gives the same bits as before it",
        label="the same for every sample",
        secondary=[Label(first.span, "random")],
        help=help,
        fixes=_swapped(first, last, fixed, help, reporter),
    )


def _swapped(first: ir.Step, last: ir.Step, fixed: ir.Step, title: str, reporter: Reporter) -> list[Fix]:
    """The two steps in each other's place, where nothing but an end of line stands between them in the text."""
    if first is not last or first.span.path != fixed.span.path:
        return []
    text = reporter.sources[first.span.path].text
    one, two = text[first.span.start : first.span.end], text[fixed.span.start : fixed.span.end]
    if text[first.span.end : fixed.span.start].strip(" \n;"):
        return []
    return [Fix(title, (Edit(first.span, two), Edit(fixed.span, one)))]
