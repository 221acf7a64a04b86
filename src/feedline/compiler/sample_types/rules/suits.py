"""Arguments that have to suit what a step meets: fill colours, kinds of interpolation, borders made by reflection."""

from __future__ import annotations

from collections.abc import Sequence

from feedline.compiler.sample_types.call import Call
from feedline.compiler.sample_types.model import Boxes, Image, Mask, Sample
from feedline.compiler.sample_types.rules.moves import first_of, images
from feedline.compiler.sample_types.rules.values import numbers, word
from feedline.compiler.sample_types.words import words
from feedline.dsl.frozen import evolve
from feedline.dsl.rules.types_shapes import NotForObjects, PaddingBeyondImage, UnsuitableForImage

_RESIZES = {"nearest", "nearest_exact", "bilinear", "bicubic"}
_OVERSHOOTING = {"bicubic", "lanczos"}


def fill_suits(sample: Sample, call: Call, *, pads: bool = False, masks: bool = True) -> None:
    """Report a fill colour that does not fit the channels, or that masks cannot take. `pads`: the step adds a border,
    where masks take a single number only. `masks`: whether they are filled at all."""
    fill = numbers(call, "fill")
    if isinstance(call.value("fill"), int | float) or not fill:
        return
    for image in images(sample, call):
        if image.channels is not None and len(fill) not in (1, image.channels):
            call.report(
                UnsuitableForImage,
                f"`fill` has {len(fill)} numbers, and the image has {_channels(image.channels)}",
                at="fill",
                label=f"{len(fill)} numbers",
                notes=(f"the image here: {words(image)}",),
                help=f"give one number, or {image.channels}" if image.channels > 1 else "give one number",
            )
            return
    mask = first_of(sample, call, Mask)
    if masks and mask is not None and (pads or len(fill) > 1):
        call.report(
            NotForObjects,
            f"`{mask}` would be filled with a colour, and a mask holds one number a pixel",
            at="fill",
            label="a colour",
            help="give `fill` as a single number",
        )


def filled(image: Image, call: Call) -> Image:
    """The image with what `fill` adds to its range of values."""
    if image.low is None or image.high is None:
        return image
    fill = numbers(call, "fill") or (0.0,)
    if image.dtype == "uint8" and not all(0 <= value <= 255 for value in fill):
        return evolve(image, low=0.0, high=255.0)
    return evolve(image, low=min(image.low, *fill), high=max(image.high, *fill))


def resampling_suits(sample: Sample, call: Call) -> None:
    """Report an interpolation that `Resize` and its like do not know for tensors."""
    kind = word(call, "interpolation")
    tensor = next((image for image in images(sample, call) if image.backend == "tensor"), None)
    if tensor is None or kind is None or kind in _RESIZES:
        return
    if kind == "lanczos":
        if call.value("antialias") is True:
            return
        message, help = "`lanczos` on a tensor needs `antialias=true`", "leave `antialias` out, or say `bicubic`"
    else:
        message, help = f"`{kind}` works on PIL images, and this is a tensor", "say `bilinear` or `bicubic`"
    _report(call, tensor, message, help)


def warping_suits(sample: Sample, call: Call) -> None:
    """Report an interpolation that rotations, shears and the like do not know."""
    kind = word(call, "interpolation")
    every = images(sample, call)
    tensor = next((image for image in every if image.backend == "tensor"), None)
    elastic = call.name == "ElasticTransform"
    if kind in (None, "nearest", "bilinear") or (elastic and kind == "bicubic"):
        return
    if kind in ("box", "hamming", "lanczos") or elastic:
        if any(image.backend is not None for image in every):
            known = ("nearest", "bilinear", "bicubic") if elastic or tensor is None else ("nearest", "bilinear")
            _report(call, tensor or every[0], f"`{call.name}` has no `{kind}`", f"say {_either(known)}")
    elif tensor is not None:
        message = f"`{call.name}` does `{kind}` on PIL images only, and this is a tensor"
        _report(call, tensor, message, "say `bilinear`")


def _report(call: Call, image: Image, message: str, help: str) -> None:
    call.report(
        UnsuitableForImage,
        message,
        at="interpolation",
        label="not for this image",
        notes=(f"the image here: {words(image)}",),
        help=help,
    )


def overshoots(call: Call) -> bool:
    """Whether the interpolation may leave the range of the values it is made from."""
    return word(call, "interpolation") in _OVERSHOOTING


def loosened(image: Image, call: Call) -> Image:
    """The image after a resampling: floats may leave their range where the interpolation overshoots."""
    whole = image.dtype == "uint8" or image.backend == "pil"
    if not overshoots(call):
        return image
    return evolve(image, low=0.0, high=255.0) if whole else evolve(image, low=None, high=None)


def border_suits(sample: Sample, call: Call, border: Sequence[int], *, needed: bool = False) -> None:
    """Report a border (left, top, right, bottom) that `padding_mode` cannot make here. `needed`: there may be more of
    it than asked for."""
    mode = word(call, "padding_mode")
    if mode in (None, "constant") or not (any(border) or needed):
        return
    boxes = first_of(sample, call, Boxes)
    if boxes is not None:
        call.report(
            NotForObjects,
            f"`{call.name}` cannot pad `{boxes}` with `{mode}`, which would have to repeat the objects",
            at="padding_mode",
            label="not for boxes",
            help="leave `padding_mode` out: the border is then `fill`",
        )
        return
    if len(numbers(call, "fill")) > 1:
        call.report(
            UnsuitableForImage, f"`{mode}` takes no colour, and `fill` gives one", at="fill", label="a colour",
            help="leave `fill` out",
        )  # fmt: skip
        return
    if mode == "edge":
        return
    across, down = max(border[0], border[2]), max(border[1], border[3])
    for image in images(sample, call):
        if image.backend == "tensor":
            _reflects(image, call, max(down, 0), max(across, 0), least=1 if mode == "reflect" else 0)


def _reflects(image: Image, call: Call, down: int, across: int, *, least: int) -> None:
    """Report a reflected border that needs more than the image has."""
    heights, widths = image.height.high, image.width.high
    if (heights is None or down + least <= heights) and (widths is None or across + least <= widths):
        return
    tall = heights is not None and down + least > heights
    border, side, word_ = (down, heights, "high") if tall else (across, widths, "wide")
    call.report(
        PaddingBeyondImage,
        f"a border of {border} is reflected from an image that is only {side} {word_}",
        at="padding" if any(arg.name == "padding" for arg in call.step.args) else None,
        label="wider than the image",
        notes=(f"the image here: {words(image)}",),
        help=f"pad by {max((side or 0) - least, 0)} at most, or resize before it",
    )


def blur_suits(sample: Sample, call: Call) -> None:
    """Report an `ElasticTransform` whose blur reaches beyond the image."""
    for sigma in numbers(call, "sigma"):
        kernel = int(8 * sigma + 1)
        reach = (kernel + (kernel % 2 == 0)) // 2
        for image in images(sample, call):
            shortest = [side.high for side in (image.height, image.width) if side.high is not None]
            if sigma > 0 and shortest and reach >= min(shortest):
                call.report(
                    PaddingBeyondImage,
                    f"`sigma` of {sigma:g} blurs over {reach} pixels to each side, and the image has only "
                    f"{min(shortest)}",
                    at="sigma",
                    label="reaches beyond the image",
                    notes=(f"the image here: {words(image)}",),
                    help=f"a `sigma` below {(min(shortest) - 1) / 4:g} fits, or resize before it",
                )
                return


def _channels(count: int) -> str:
    return f"{count} channel{'s' if count > 1 else ''}"


def _either(kinds: Sequence[str]) -> str:
    *most, last = (f"`{kind}`" for kind in kinds)
    return f"{', '.join(most)} or {last}"
