"""Steps that change height and width: resizes, crops, pads."""

from __future__ import annotations

from feedline.compiler.sample_types.call import Call, StepRule
from feedline.compiler.sample_types.model import Dim, Image, Sample
from feedline.compiler.sample_types.rules import scales
from feedline.compiler.sample_types.rules.crops import border_only, five_crop, random_crop, ten_crop
from feedline.compiler.sample_types.rules.moves import fixed, images, move, sized
from feedline.compiler.sample_types.rules.suits import (
    border_suits,
    fill_suits,
    filled,
    loosened,
    resampling_suits,
)
from feedline.compiler.sample_types.rules.values import (
    drawn,
    drawn_ratio,
    impossible,
    number,
    sides,
    size,
    whole,
    wholes,
)
from feedline.dsl.frozen import evolve


def _resize(sample: Sample, call: Call) -> Sample:
    resampling_suits(sample, call)
    asked, longest = wholes(call, "size"), whole(call, "max_size")
    _resize_is_possible(call, asked, longest)

    def resized(image: Image) -> Image:
        image = loosened(image, call)
        if len(asked) == 2:
            return fixed(image, asked[0], asked[1], call)
        if asked:
            most = longest if longest is not None and longest > asked[0] else None
            return scales.by_shorter(image, call, asked[0], asked[0], most)
        return scales.by_longer(image, call, longest) if longest is not None else image

    return move(sample, call, resized, always=f"Resize {asked} {longest}", scales=True)


def _resize_is_possible(call: Call, asked: tuple[int, ...], longest: int | None) -> None:
    if not asked and longest is None:
        impossible(
            call, "`Resize(none)` takes its size from `max_size`, which is not given", at="size",
            label="no size at all", help="add `max_size=...` for the longer side, or give `size`",
        )  # fmt: skip
    elif len(asked) == 2 and longest is not None:
        impossible(
            call, "`size` gives both sides, so `max_size` has nothing to limit", at="max_size",
            label="the size is fixed already",
            help=f"leave `max_size` out, or write `Resize({min(asked)}, max_size={longest})`",
        )  # fmt: skip
    elif len(asked) == 1 and longest is not None and longest <= asked[0]:
        impossible(
            call, f"the longer side cannot stay at {longest} where the shorter becomes {asked[0]}", at="max_size",
            label=f"has to be above {asked[0]}", help=f"raise `max_size`, or write `Resize(none, max_size={longest})`",
        )  # fmt: skip


def _random_resize(sample: Sample, call: Call) -> Sample:
    resampling_suits(sample, call)
    low, high = whole(call, "min_size") or 1, (whole(call, "max_size") or 1) - 1
    if low > high:
        impossible(
            call, f"`RandomResize({low}, {high + 1})` draws a size from {low} up to, but not including, {high + 1}",
            at="max_size", label="leaves no size to draw", help=f"write `Resize({low})` for one size",
        )  # fmt: skip
        high = low
    return move(sample, call, lambda image: scales.by_shorter(loosened(image, call), call, low, high))


def _shortest_size(sample: Sample, call: Call) -> Sample:
    resampling_suits(sample, call)
    asked, longest = wholes(call, "min_size"), whole(call, "max_size")
    low, high = min(asked), max(asked)

    def resized(image: Image) -> Image:
        image, height, width = loosened(image, call), image.height.known, image.width.known
        if height is None or width is None:
            return scales.by_shorter(image, call, low, high, longest, slack=1)
        made = [_shortest(height, width, side, longest) for side in asked]
        tall, wide = ([size[place] for size in made] for place in (0, 1))
        return sized(image, _among(tall), _among(wide), call, shorter=_among([min(size) for size in made]))

    always = None if low < high else f"RandomShortestSize {low} {longest}"
    return move(sample, call, resized, always=always, scales=True)


def _shortest(height: int, width: int, side: int, longest: int | None) -> scales.Size:
    ratio = side / min(height, width)
    if longest is not None:
        ratio = min(ratio, longest / max(height, width))
    return int(height * ratio), int(width * ratio)


def _among(values: list[int]) -> Dim:
    return Dim(max(min(values), 1), max(max(values), 1), min(values) != max(values))


def _scale_jitter(sample: Sample, call: Call) -> Sample:
    resampling_suits(sample, call)
    target, (one, other) = wholes(call, "target_size"), _range(call, "scale_range")
    least, most = min(one, other), max(one, other)

    def ratios(height: int, width: int) -> tuple[float, float]:
        # torchvision divides crosswise: the first number by the width, the second by the height.
        base = min(target[1] / height, target[0] / width)
        return base * least, base * most

    def resized(image: Image) -> Image:
        limits = target[1] * most, target[0] * most
        return scales.by_ratios(loosened(image, call), call, ratios, limits, drawn=least < most)

    return move(sample, call, resized)


def _range(call: Call, name: str) -> tuple[float, float]:
    value = call.value(name)
    found = [item for item in (value if isinstance(value, tuple) else ()) if isinstance(item, int | float)]
    return found[0], found[1]


def _zoom_out(sample: Sample, call: Call) -> Sample:
    p, bounds = number(call, "p"), drawn(call, "side_range")
    if p == 0 or bounds == (1, 1):
        return sample
    fill_suits(sample, call, pads=True)
    most = bounds[1] if bounds is not None else None

    def zoomed(image: Image) -> Image:
        def side(dim: Dim) -> Dim:
            return Dim(dim.low, None if dim.high is None or most is None else int(dim.high * most) + 1, True)

        return sized(filled(image, call), side(image.height), side(image.width), call)

    return move(sample, call, zoomed)


def _center_crop(sample: Sample, call: Call) -> Sample:
    height, width = size(call)
    border_only(sample, call, height, width)

    def cropped(image: Image) -> Image:
        if image.low is not None and image.high is not None and not _covers(image, height, width):
            image = evolve(image, low=min(image.low, 0.0), high=max(image.high, 0.0))
        return fixed(image, height, width, call)

    cuts = not all(_within(image, height, width) for image in images(sample, call))
    return move(sample, call, cropped, always=f"CenterCrop {height} {width}", cuts=cuts)


def _covers(image: Image, height: int, width: int) -> bool:
    return image.height.low >= height and image.width.low >= width


def _within(image: Image, height: int, width: int) -> bool:
    """Whether the crop leaves nothing of the image out."""
    tall, wide = image.height.high, image.width.high
    return tall is not None and wide is not None and tall <= height and wide <= width


def _resized_crop(sample: Sample, call: Call) -> Sample:
    resampling_suits(sample, call)
    drawn(call, "scale")
    drawn_ratio(call, "3 / 4, 4 / 3")
    height, width = size(call)
    return move(sample, call, lambda image: fixed(loosened(image, call), height, width, call), cuts=True)


def _pad(sample: Sample, call: Call) -> Sample:
    border = sides(call)
    if not any(border):
        return sample
    fill_suits(sample, call, pads=True)
    border_suits(sample, call, border)
    left, top, right, bottom = border

    def padded(image: Image) -> Image:
        constant = image if all(side <= 0 for side in border) else filled(image, call)
        tall, wide = _wider(image.height, top + bottom), _wider(image.width, left + right)
        return sized(constant, tall, wide, call, same=image.same_size)

    return move(sample, call, padded, always=f"Pad {border}", cuts=min(border) < 0)


def _wider(side: Dim, by: int) -> Dim:
    return Dim(max(side.low + by, 1), None if side.high is None else max(side.high + by, 1), side.varies)


RULES: dict[str, StepRule] = {
    "CenterCrop": _center_crop,
    "FiveCrop": five_crop,
    "Pad": _pad,
    "RandomCrop": random_crop,
    "RandomResize": _random_resize,
    "RandomResizedCrop": _resized_crop,
    "RandomShortestSize": _shortest_size,
    "RandomZoomOut": _zoom_out,
    "Resize": _resize,
    "ScaleJitter": _scale_jitter,
    "TenCrop": ten_crop,
}
