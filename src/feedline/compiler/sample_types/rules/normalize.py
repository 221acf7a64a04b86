"""A `Normalize` in the wrong place, or with its statistics in the wrong order."""

from __future__ import annotations

from functools import cache

from feedline.compiler import ir
from feedline.compiler.catalogue import constants
from feedline.compiler.sample_types.call import Call
from feedline.compiler.sample_types.model import Image
from feedline.compiler.sample_types.rules.images import here, rewritten, value_text
from feedline.compiler.sample_types.rules.values import items
from feedline.dsl.diagnostics import Edit, Fix, Label
from feedline.dsl.rules.types_values import NeedsTensor, RefusedNumbers, StatisticsSwapped
from feedline.dsl.source import Span

_ORDER = "`Normalize` takes the mean first, then the standard deviation"


def late_conversion(call: Call) -> ir.Apply | None:
    """The step that makes floats of 0 to 1, where it comes only after this one in the same block."""
    for step in call.behind:
        if not isinstance(step, ir.Apply) or step.span.path != call.step.span.path:
            return None
        if step.name == "ToTensor" or (step.name == "ToDtype" and _scales(step)):
            between = call.text(Span(step.span.path, call.step.span.end, step.span.start))
            return step if step.span.start > call.step.span.end and not {*between} & {*"{}"} else None
    return None


def _scales(step: ir.Apply) -> bool:
    given = {arg.name: arg.value for arg in step.args}
    return given["scale"] is True and given["dtype"] == ir.Symbol("float32")


def report_late(image: Image, call: Call, late: ir.Apply) -> None:
    """Normalize before the conversion that it needs: the two change places where nothing stands between them."""
    message = f"`Normalize` needs floats, and `{late.name}` makes them only after it"
    first, second = call.text(call.step.span), call.text(late.span)
    fix = Fix(f"put `{second}` before it", (Edit(call.step.span, second), Edit(late.span, first)), safe=True)
    call.report(
        NeedsTensor if image.backend == "pil" else RefusedNumbers, message,
        label="a PIL image here" if image.backend == "pil" else f"{image.dtype} here",
        secondary=[Label(late.span, "converted too late")], notes=here(image),
        help=fix.title, fixes=[fix] if call.behind[0] is late else [],
    )  # fmt: skip


def check_swapped(call: Call, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
    """Warn of a mean that is a well-known deviation, or of a deviation that is a well-known mean."""
    known = _known_statistics()
    both = next(
        (name for name, known_mean, known_std in known if _alike(mean, known_std) and _alike(std, known_mean)), None
    )
    if both is not None:
        texts = value_text(call, "mean"), value_text(call, "std")
        fixes = [rewritten(call, ("mean", texts[1]), ("std", texts[0]), safe=False)] if all(texts) else []
        message = f"the mean and the standard deviation of {both} have changed places"
        call.report(StatisticsSwapped, message, label="the wrong way round", help=_ORDER, fixes=fixes)
        return
    for name, known_mean, known_std in known:
        # One number of grey images may be like another's by chance.
        if len(known_mean) > 1 and _alike(mean, known_std):
            message = f"the mean is the standard deviation of {name}"
            call.report(StatisticsSwapped, message, at="mean", label="a standard deviation", help=_ORDER)
            return
        if len(known_mean) > 1 and _alike(std, known_mean):
            message = f"the standard deviation is the mean of {name}"
            call.report(StatisticsSwapped, message, at="std", label="a mean", help=_ORDER)
            return


@cache
def _known_statistics() -> list[tuple[str, tuple[float, ...], tuple[float, ...]]]:
    """Names, means and deviations, where these differ."""
    found = [(name, _numbers(parts["mean"]), _numbers(parts["std"])) for name, parts in constants().items()]
    # The deviations of CIFAR-10 that most recipes have: of its images one by one.
    found.append(("cifar10", _numbers(constants()["cifar10"]["mean"]), (0.2023, 0.1994, 0.2010)))
    return [(f"`{name}`", mean, std) for name, mean, std in found if not _alike(mean, std)]


def _numbers(value: ir.Value) -> tuple[float, ...]:
    return tuple(item for item in items(value) if isinstance(item, int | float))


def _alike(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return len(one) == len(other) and all(abs(a - b) < 6e-4 for a, b in zip(one, other, strict=True))
