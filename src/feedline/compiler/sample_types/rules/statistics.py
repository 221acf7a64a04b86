"""Normalize and what else works with fixed numbers per channel."""

from __future__ import annotations

import math
from itertools import zip_longest

from feedline.compiler.sample_types.call import Call, StepRule
from feedline.compiler.sample_types.model import Image, Normalised
from feedline.compiler.sample_types.rules.colour import check_colour_range
from feedline.compiler.sample_types.rules.images import (
    FLOATS,
    HIGHEST,
    as_scaled,
    as_tensor,
    here,
    hull,
    in_unit,
    is_float,
    is_unscaled,
    left_out,
    on_images,
    put_before,
    put_in_place,
    refuse,
    rewritten,
    scale_it,
    seen,
    spread,
    within,
)
from feedline.compiler.sample_types.rules.normalize import check_swapped, late_conversion, report_late
from feedline.compiler.sample_types.rules.values import drawn, drawn_ratio, items, numbers
from feedline.dsl.diagnostics import Fix
from feedline.dsl.frozen import evolve, frozen
from feedline.dsl.rules.types_values import (
    ErasingValue,
    NormalisedTwice,
    RefusedNumbers,
    StatisticsOfAnotherRange,
    WrongCount,
    WrongDeviation,
)

_SCALE = "ToDtype(float32, scale=true)"


@frozen
class _Statistics:
    """The numbers of a `Normalize`, all above zero where they are deviations."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    @property
    def per_channel(self) -> list[tuple[float, float]]:
        """Mean and deviation of each channel; a single one counts for all."""
        pairs = zip_longest(self.mean, self.std)
        return [(self.mean[0] if m is None else m, self.std[0] if s is None else s) for m, s in pairs]

    @property
    def of_bytes(self) -> bool:
        """Whether they can only be of values beyond 0..1."""
        return max(self.mean) > 1.5 or max(self.std) >= 10

    @property
    def of_unit(self) -> bool:
        """Whether they look like those of values from 0 to 1, which nobody has of values up to 255."""
        return all(0 <= m <= 1 for m in self.mean) and all(s < 1 for s in self.std)

    @property
    def only_scales(self) -> bool:
        """Whether they take nothing off, so that the values have another range and no other middle."""
        return not any(self.mean)

    @property
    def is_identity(self) -> bool:
        return self.only_scales and set(self.std) == {1}

    def bounds(self, low: float, high: float) -> tuple[float, float]:
        """What values of these bounds become."""
        pairs = self.per_channel
        return min((low - m) / s for m, s in pairs), max((high - m) / s for m, s in pairs)

    def undoes(self, before: Normalised | None) -> bool:
        """Whether these numbers take a normalisation back: the mean -m/s and the deviation 1/s."""
        if before is None or not before.mean or not before.std:
            return False
        pairs = zip(self.per_channel, _Statistics(before.mean, before.std).per_channel, strict=False)
        return all(abs(m + bm / bs) < 0.01 * (1 + abs(m)) and abs(s * bs - 1) < 0.01 for (m, s), (bm, bs) in pairs)


def _normalize(image: Image, call: Call) -> Image:
    mean, std = numbers(call, "mean"), numbers(call, "std")
    stats = _Statistics(mean, tuple(abs(s) or 1.0 for s in std))
    check_swapped(call, stats.mean, stats.std)
    image = _as_float(image, call, stats)
    image = _as_counted(image, call, stats)
    if min(std) <= 0:
        _report_deviation(call, min(std))
        return _normalised(evolve(image, low=None, high=None), call, stats)
    if image.backend != "tensor" or image.dtype is None:
        return _normalised(evolve(image, low=None, high=None), call, stats)
    if stats.is_identity:
        return image
    if image.normalised is not None:
        return _again(image, call, stats)
    return _normalised(_as_ranged(image, call, stats), call, stats)


def _as_float(image: Image, call: Call, stats: _Statistics) -> Image:
    """The image as floats; one that is not is reported, with the conversion that suits the statistics."""
    convert = "ToDtype(float32)" if stats.of_bytes else _SCALE
    needs_one = image.backend == "pil" or (image.dtype == "uint8" and image.backend == "tensor")
    late = None if stats.of_bytes or not needs_one else late_conversion(call)
    if late is not None:
        report_late(image, call, late)
        image = evolve(image, backend="tensor")
    elif image.backend == "pil":
        image = as_tensor(image, call, "`Normalize` refuses PIL images: it needs a float tensor", convert)
    elif image.backend == "tensor" and image.dtype is not None and image.dtype not in FLOATS:
        message = f"`Normalize` needs floats, and the image is {image.dtype}"
        fix = put_before(call, convert) if image.dtype == "uint8" else None
        refuse(image, call, RefusedNumbers, message, fix, "" if fix else "make it `float32` before it")
    else:
        return image
    if image.dtype != "uint8":
        return evolve(image, dtype="float32", low=None, high=None)
    return evolve(image, dtype="float32", low=0.0, high=255.0 if stats.of_bytes else 1.0)


def _as_counted(image: Image, call: Call, stats: _Statistics) -> Image:
    """The image with as many channels as there are statistics, reported where that is another number."""
    many = {len(stats.mean), len(stats.std)} - {1}
    if len(many) > 1:
        message = f"{len(stats.mean)} means and {len(stats.std)} standard deviations do not go together"
        call.report(WrongCount, message, at="std", label=f"{len(stats.std)} of these", notes=here(image))
        return image
    count = max(many, default=1)
    if image.channels in (None, count) or count == 1:
        return image
    fixes = []
    help = f"give one number each, or {image.channels} of them"
    if image.channels == 1 and count == 3:
        at = image.channels_at
        fixes = [put_before(call, "RGB()") if at is None else put_in_place(at, "Grayscale(3)")]
        help = f"{fixes[0].title}, or give the mean and the deviation of grey" if at is None else fixes[0].title
    message = f"{count} statistics for an image of {image.channels} channels"
    if image.channels == 1:
        message = f"{count} statistics for an image of 1 channel: torchvision makes {count} of it without a word"
    call.report(
        WrongCount, message, label=f"for {count} channels",
        secondary=seen(image.channels_at, f"{image.channels} channel{'s' * (image.channels != 1)} since here"),
        notes=here(image), help=help, fixes=fixes,
    )  # fmt: skip
    return evolve(image, channels=count)


def _report_deviation(call: Call, least: float) -> None:
    why = "divides by zero" if least == 0 else "turns the values round"
    message = f"a standard deviation of {least:g} {why}"
    call.report(WrongDeviation, message, at="std", label="must be above 0", help="give the deviation of the values")


def _again(image: Image, call: Call, stats: _Statistics) -> Image:
    """A second `Normalize`: reported unless it takes the first one back, or only scales, which may be half of that."""
    before = image.normalised
    if stats.undoes(before):
        return evolve(image, low=0.0, high=1.0, normalised=None, normalised_at=None)
    if before is not None and stats.only_scales:
        old, new = before.std, stats.std
        std = old and tuple((n or new[0]) * (o or old[0]) for n, o in zip_longest(new, old))
        return evolve(_rescaled(image, stats), normalised=evolve(before, std=std))
    result = ""
    if image.low is not None and image.high is not None:
        result = f", and makes {spread(*stats.bounds(image.low, image.high))} of it"
    call.report(
        NormalisedTwice, f"the image is normalised already: `Normalize` takes its statistics off once more{result}",
        label="a second time", secondary=seen(image.normalised_at, "normalised here"), notes=here(image),
        help="leave one of them out", fixes=left_out(call),
    )  # fmt: skip
    return image


def _as_ranged(image: Image, call: Call, stats: _Statistics) -> Image:
    """The image in the range that the statistics are of, reported where it has the other one."""
    if image.low is None or image.high is None:
        return image
    low, high = stats.bounds(image.low, image.high)
    if is_unscaled(image) and stats.of_unit:
        call.report(
            StatisticsOfAnotherRange,
            f"these statistics are of values from 0 to 1, and the image has {spread(image.low, image.high)}: "
            f"the result goes up to {high:.0f}",
            label="the statistics of 0 to 1", secondary=seen(image.made_float, "made float here, without scaling"),
            notes=here(image), help="give `scale=true` where the image is made float", fixes=scale_it(image, call),
        )  # fmt: skip
        return as_scaled(image)
    if in_unit(image) and stats.of_bytes:
        scales = stats.only_scales
        call.report(
            StatisticsOfAnotherRange,
            f"these statistics are of values from 0 to 255, and the image has {spread(image.low, image.high)}: "
            f"the result is {spread(low, high)}",
            label="the statistics of 0 to 255", secondary=seen(image.made_float, "scaled to 0..1 here"),
            notes=here(image), help="leave it out" if scales else "divide them by 255",
            fixes=left_out(call) if scales else _divided(call, stats),
        )  # fmt: skip
        if scales:
            return evolve(image, low=0.0, high=min(stats.std))
        return evolve(image, low=None, high=None)
    return image


def _divided(call: Call, stats: _Statistics) -> list[Fix]:
    if min(stats.std) < 1:
        return []
    mean, std = (", ".join(f"{value / 255:.5g}" for value in values) for values in (stats.mean, stats.std))
    return [rewritten(call, ("mean", f"[{mean}]"), ("std", f"[{std}]"))]


def _rescaled(image: Image, stats: _Statistics) -> Image:
    if image.low is None or image.high is None:
        return image
    return within(image, *stats.bounds(image.low, image.high))


def _normalised(image: Image, call: Call, stats: _Statistics) -> Image:
    if stats.only_scales and image.normalised is None:
        scaled = _rescaled(image, stats)
        if scaled.low is None or scaled.high is None or scaled.low < 0 or scaled.high > 1.001:
            return scaled
        return evolve(scaled, high=min(scaled.high, 1.0), made_float=call.step.span)  # a division by 255
    if image.low is None or image.high is None:
        taken = Normalised(stats.mean, stats.std)
        return evolve(image, normalised=taken, normalised_at=call.step.span)
    low, high = stats.bounds(image.low, image.high)
    reach = max((abs(m) + max(abs(image.low), abs(image.high))) / s for m, s in stats.per_channel)
    slack = within(evolve(image), -reach, reach)
    extra = (slack.high or reach) - reach
    return evolve(
        image, low=low - extra, high=high + extra, normalised=Normalised(stats.mean, stats.std),
        normalised_at=call.step.span,
    )  # fmt: skip


def _linear(image: Image, call: Call) -> Image:
    if image.backend == "pil":
        image = as_tensor(image, call, "`LinearTransformation` refuses PIL images")
    size = _check_matrix(call)
    sides = (image.channels, image.height.known, image.width.known)
    if size is not None and all(sides):
        pixels = math.prod(side or 0 for side in sides)
        if pixels != size:
            shape = " x ".join(map(str, sides))
            message = f"the matrix is {size} x {size}, and the image has {shape} = {pixels} values"
            call.report(WrongCount, message, at="transformation_matrix", label=f"{size} x {size}", notes=here(image))
    known = image.dtype is not None and image.backend is not None
    dtype = ("float64" if image.dtype == "float64" else "float32") if known else None
    return evolve(image, dtype=dtype, low=None, high=None, normalised=None, normalised_at=None)


def _check_matrix(call: Call) -> int | None:
    """The side of the matrix; None where it is not square or does not go with the mean, which is reported."""
    matrix, means = call.value("transformation_matrix"), numbers(call, "mean_vector")
    rows = items(matrix)
    widths = {len(items(row)) for row in rows}
    if widths != {len(rows)}:
        sides = " or ".join(map(str, sorted(widths)))
        message = f"the matrix has {len(rows)} rows of {sides} numbers, and must be square"
        call.report(WrongCount, message, at="transformation_matrix", label="not square")
        return None
    if len(means) != len(rows):
        message = (
            f"the matrix is {len(rows)} x {len(rows)}, and the mean has {len(means)} number{'s' * (len(means) != 1)}"
        )
        call.report(WrongCount, message, at="mean_vector", label="as many as rows are needed")
        return None
    return len(rows)


def _noise(image: Image, call: Call) -> Image:
    if image.backend == "pil":
        image = as_tensor(image, call, "`GaussianNoise` refuses PIL images")
    if image.backend == "tensor" and image.dtype not in (None, "uint8", *FLOATS):
        message = f"`GaussianNoise` takes uint8 or floats, not {image.dtype}"
        refuse(image, call, RefusedNumbers, message, help="convert the image before it")
        return evolve(image, low=None, high=None)
    if image.dtype == "uint8":
        return evolve(image, low=0.0, high=255.0)
    if call.value("clip") is not True:
        return evolve(image, low=None, high=None)
    image = check_colour_range(image, call)
    if image.normalised is not None or image.dtype is None or image.backend is None:
        return image
    return evolve(image, low=0.0, high=1.0)


def _erasing(image: Image, call: Call) -> Image:
    if call.value("p") == 0:
        return image
    drawn(call, "scale")
    drawn_ratio(call, "0.3, 3.3")
    if call.value("value") == "random":
        return _erased_at_random(image, call)
    values = numbers(call, "value")
    if len(values) > 1 and image.channels is not None and len(values) != image.channels:
        message = f"{len(values)} values, and the image has {image.channels} channel{'s' * (image.channels != 1)}"
        call.report(WrongCount, message, at="value", label=f"for {len(values)} channels", notes=here(image))
        return image
    _check_values(image, call, values)
    if is_float(image):
        erased = hull(image, *values)
        return erased if erased == image else within(erased, erased.low, erased.high)
    if image.dtype == "uint8":
        fits = min(values) >= 0 and max(values) < 256
        return hull(image, *(float(int(value)) for value in values)) if fits else hull(image, 0.0, 255.0)
    return evolve(image, low=None, high=None)


def _erased_at_random(image: Image, call: Call) -> Image:
    if is_float(image):
        return evolve(image, low=None, high=None)
    if image.dtype in HIGHEST:
        message = "`value=random` draws numbers around 0, which whole numbers hold as 0, 1 and 255"
        help = "put it after `Normalize`"
        call.report(ErasingValue, message, at="value", label="normal noise", notes=here(image), help=help)
    return hull(image, 0.0, 255.0) if image.dtype == "uint8" else evolve(image, low=None, high=None)


def _check_values(image: Image, call: Call, values: tuple[float, ...]) -> None:
    """The hint where a given value is not one that the image can have."""
    if image.low is None or image.high is None or call.span("value") == call.step.span:
        return
    slack = 0.01 * (image.high - image.low)
    outside = [v for v in values if not image.low - slack <= v <= image.high + slack]
    if outside:
        message = f"the image has values from {spread(image.low, image.high)}, and {outside[0]:g} is none of them"
    elif image.dtype == "uint8" and any(0 < v < 1 for v in values):
        message = f"whole numbers hold {next(v for v in values if 0 < v < 1):g} as 0"
    else:
        return
    where = seen(image.normalised_at or image.made_float, "its range is made here")
    call.report(
        ErasingValue, message, at="value", label="of another range", secondary=where, notes=here(image),
        help="give a value of the image as it is here",
    )  # fmt: skip


RULES: dict[str, StepRule] = {
    "Normalize": on_images(_normalize),
    "LinearTransformation": on_images(_linear),
    "GaussianNoise": on_images(_noise),
    "RandomErasing": on_images(_erasing),
}
