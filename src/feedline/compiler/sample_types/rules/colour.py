"""Steps that change colours or noise, and the automatic augmentations."""

from __future__ import annotations

from collections.abc import Callable, Collection

from feedline.compiler.sample_types.call import Call, StepRule
from feedline.compiler.sample_types.model import Boxes, Image, Mask, Sample
from feedline.compiler.sample_types.rules.images import (
    ImageRule,
    as_scaled,
    clamped,
    has_channels,
    here,
    highest,
    hull,
    is_float,
    is_unscaled,
    left_out,
    on_images,
    refuse,
    rewritten,
    scale_it,
    seen,
    spread,
)
from feedline.compiler.sample_types.rules.values import drawn, impossible, number, numbers
from feedline.dsl.frozen import evolve
from feedline.dsl.rules.types_values import (
    ColourOutOfRange,
    KernelTooLarge,
    NoEffect,
    ObjectsRefused,
    RefusedNumbers,
    ThresholdOutOfRange,
)

_GREY_OR_RGB = (1, 3)

_NO_BITS = frozenset({"bool"})
"""Has no bits to work on."""
_NO_HUE = frozenset({"int32", "int64"})
"""Cannot be scaled back from float32."""
_NOT_ALL_OPERATIONS = frozenset({"bool", "int64"})


def check_colour_range(image: Image, call: Call) -> Image:
    """The image as the step expects it, floats from 0 to 1 or whole numbers; reported where it is not."""
    if not is_float(image):
        return image
    values = "" if image.low is None or image.high is None else f", {spread(image.low, image.high)}"
    if image.normalised is not None:
        call.report(
            ColourOutOfRange, f"`{call.name}` works on values from 0 to 1, and the image is normalised{values}",
            label="after `Normalize`", secondary=seen(image.normalised_at, "normalised here"), notes=here(image),
            help=f"put `{call.name}` before `Normalize`",
        )  # fmt: skip
    elif is_unscaled(image):
        call.report(
            ColourOutOfRange, f"`{call.name}` takes floats for values from 0 to 1, and the image has{values[1:]}",
            label="cuts off what is above 1", secondary=seen(image.made_float, "made float here, without scaling"),
            notes=here(image), help="give `scale=true` where the image is made float", fixes=scale_it(image, call),
        )  # fmt: skip
        return as_scaled(image)
    return image


def _always(call: Call) -> bool:
    return True


def _colour(
    *channels: int,
    pil: tuple[int, ...] = (),
    active: Callable[[Call], bool] = _always,
    refused: Collection[str] = (),
) -> ImageRule:
    """A step that keeps values in the range of their dtype, for tensors (and PIL images) of so many channels and for
    all but some dtypes."""

    def rule(image: Image, call: Call) -> Image:
        if not active(call):
            return image
        image = check_colour_range(image, call)
        allowed = {"tensor": channels, "pil": pil}.get(image.backend or "", ())
        if allowed:
            has_channels(image, call, allowed, f"`{call.name}` cannot work on {image.channels} channels")
        if image.backend == "tensor" and image.dtype in refused:
            refuse(image, call, RefusedNumbers, f"`{call.name}` takes uint8 or floats, not {image.dtype}")
        return image if image.normalised is not None else clamped(image)

    return rule


def _sometimes(call: Call) -> bool:
    return call.value("p") != 0


def _jitter(image: Image, call: Call) -> Image:
    for name in ("brightness", "contrast", "saturation", "hue"):
        drawn(call, name)
    parts = [name for name in ("brightness", "contrast", "saturation", "hue") if _jitters(call, name)]
    if image.channels == 1 and parts and not {"brightness", "contrast"} & set(parts):
        message = f"`ColorJitter` does nothing here: a grey image has no {' and no '.join(parts)}"
        call.report(
            NoEffect, message, label="changes nothing", secondary=seen(image.channels_at, "made grey here"),
            notes=here(image), help="leave it out, or change `brightness` and `contrast`", fixes=left_out(call),
        )  # fmt: skip
        return image
    refused = _NO_HUE if "hue" in parts and image.channels != 1 else ()
    return _colour(*_GREY_OR_RGB, active=lambda call: bool(parts), refused=refused)(image, call)


def _jitters(call: Call, name: str) -> bool:
    """Whether a parameter of `ColorJitter` changes anything."""
    if call.value(name) is None:
        return False
    still = 0.0 if name == "hue" else 1.0
    values = numbers(call, name)
    return values != (0.0,) if len(values) == 1 else set(values) != {still}


def _photometric(image: Image, call: Call) -> Image:
    refused = _NO_HUE if image.channels != 1 else ()
    return _colour(*_GREY_OR_RGB, active=_sometimes, refused=refused)(image, call)


def _permutation(image: Image, call: Call) -> Image:
    if image.channels == 1:
        call.report(
            NoEffect, "`RandomChannelPermutation` does nothing here: the image has one channel",
            label="changes nothing", secondary=seen(image.channels_at, "made grey here"), notes=here(image),
            help="leave it out", fixes=left_out(call),
        )  # fmt: skip
    return image


def _solarize(image: Image, call: Call) -> Image:
    if call.value("p") == 0:
        return image
    normalised = image.normalised is not None or is_unscaled(image)
    image = _colour(pil=_GREY_OR_RGB, refused=_NO_BITS)(image, call)
    threshold, top = number(call, "threshold"), highest(image)
    if normalised or top is None or image.backend is None:
        return image
    message = ""
    if top == 1 and threshold > 1:
        message = f"a threshold of {threshold:g}, and the image has floats from 0 to 1"
        fixes = [rewritten(call, ("threshold", f"{threshold / 255:.3g}"))] if threshold <= 255 else []
    elif top == 255 and 0 < threshold <= 1:
        message = f"a threshold of {threshold:g} in values from 0 to 255 inverts every one but black"
        fixes = [rewritten(call, ("threshold", f"{round(threshold * 255)}"))]
    elif image.backend == "tensor" and threshold > top:
        message, fixes = f"a threshold of {threshold:g} in values from 0 to {top}", []
    else:
        return image
    call.report(
        ThresholdOutOfRange, message, at="threshold", label=f"outside 0 to {top}" if threshold > top else "of 0 to 1",
        secondary=seen(image.made_float, "made float here") if top == 1 else [], notes=here(image),
        help=fixes[0].title if fixes else f"the threshold is a value of the image, 0 to {top}", fixes=fixes,
    )  # fmt: skip
    return image


def _invert(image: Image, call: Call) -> Image:
    if call.value("p") == 0:
        return image
    image = _colour(pil=_GREY_OR_RGB, refused=_NO_BITS)(image, call)
    if not is_float(image) or image.normalised or image.low is None or image.high is None:
        return image
    return hull(image, 1 - image.low, 1 - image.high)


def _blur(image: Image, call: Call) -> Image:
    if not _blurs(call):
        return _mixed(image) if is_float(image) else image
    sizes = [int(size) for size in numbers(call, "kernel_size")]
    for side, size, word in zip((image.width, image.height), (sizes[0], sizes[-1]), ("wide", "high"), strict=True):
        if side.high is not None and size // 2 >= side.high:
            message = f"a kernel of {size} mirrors {size // 2} pixels at the edge, and the image is {side.high} {word}"
            label = f"at most {2 * side.high - 1}"
            help = f"a kernel below {2 * side.high}; about a tenth of the image is usual"
            call.report(KernelTooLarge, message, at="kernel_size", label=label, notes=here(image), help=help)
            return image
    return _mixed(image) if is_float(image) else image


def _blurs(call: Call) -> bool:
    """Whether the kernel and `sigma` are ones that `GaussianBlur` takes, reported where they are not."""
    drawn(call, "sigma")
    if min(numbers(call, "sigma")) <= 0:
        message = "`GaussianBlur` cannot blur with a `sigma` of 0"
        impossible(call, message, at="sigma", label="has to be above 0", help="write a small number, such as 0.1")
    even = next((int(size) for size in numbers(call, "kernel_size") if size % 2 == 0), None)
    if even is None:
        return True
    message = f"`GaussianBlur` needs a kernel with a pixel in its middle, and {even} is even"
    help = f"write {even - 1} or {even + 1}"
    impossible(call, message, at="kernel_size", label="has to be odd", help=help)
    return False


def _mixed(image: Image) -> Image:
    """Bounds after pixels are mixed with weights that sum to 1 but for rounding."""
    if image.low is None or image.high is None:
        return image
    slack = 1e-6 if image.dtype in ("float32", "float64") else 1e-2
    return evolve(image, low=min(image.low, image.low * (1 + slack)), high=max(image.high, image.high * (1 + slack)))


def _jpeg(image: Image, call: Call) -> Image:
    drawn(call, "quality")
    if image.backend == "tensor" and image.dtype not in (None, "uint8"):
        made = "float" if is_float(image) else image.dtype
        message = f"`JPEG` takes uint8, and the image is {image.dtype}"
        refuse(image, call, RefusedNumbers, message, help=f"put `JPEG` before the image is made {made}")
        return image
    has_channels(image, call, _GREY_OR_RGB, f"`JPEG` takes 1 or 3 channels, not {image.channels}")
    return image


def _automatic(sample: Sample, call: Call) -> Sample:
    """`AutoAugment` and its kin, which refuse boxes and masks; with colours they shift and fill."""
    if call.name == "RandAugment" and call.value("num_ops") == 0:
        return sample
    if call.name == "RandAugment":
        _check_magnitude(call)
    beside = [name for name, value in sample.fields if isinstance(value, Boxes | Mask)]
    if beside:
        kinds = " and ".join(f"`{name}`" for name in beside)
        call.report(
            ObjectsRefused, f"`{call.name}` refuses samples with {kinds}: it would move the image and not them",
            label="shears and shifts the image", help="use `RandomPhotometricDistort` for colours, and geometric steps",
        )  # fmt: skip
    return on_images(_augmented)(sample, call)


def _check_magnitude(call: Call) -> None:
    magnitude, bins = number(call, "magnitude"), number(call, "num_magnitude_bins")
    if magnitude >= bins:
        impossible(
            call, f"`RandAugment` counts {bins:g} magnitudes from 0, and {magnitude:g} is not among them",
            at="magnitude", label=f"at most {bins - 1:g}", help="write less, or more `num_magnitude_bins`",
        )  # fmt: skip


def _augmented(image: Image, call: Call) -> Image:
    image = _colour(*_GREY_OR_RGB, pil=_GREY_OR_RGB, refused=_NOT_ALL_OPERATIONS)(image, call)
    if not is_float(image) or image.normalised is not None or image.low is None or image.high is None:
        return image
    fill = (0.0,) if call.value("fill") is None else numbers(call, "fill")
    filled = hull(image, *fill)
    return _mixed(filled) if call.name == "AugMix" else filled


RULES: dict[str, StepRule] = {
    "ColorJitter": on_images(_jitter),
    "RandomPhotometricDistort": on_images(_photometric),
    "RandomAdjustSharpness": on_images(_colour(*_GREY_OR_RGB, active=_sometimes)),
    "RandomAutocontrast": on_images(_colour(*_GREY_OR_RGB, pil=_GREY_OR_RGB, active=_sometimes)),
    "RandomEqualize": on_images(_colour(pil=_GREY_OR_RGB, active=_sometimes, refused=_NO_BITS)),
    "RandomPosterize": on_images(_colour(pil=_GREY_OR_RGB, active=_sometimes, refused=_NO_BITS)),
    "RandomInvert": on_images(_invert),
    "RandomSolarize": on_images(_solarize),
    "RandomChannelPermutation": on_images(_permutation),
    "GaussianBlur": on_images(_blur),
    "JPEG": on_images(_jpeg),
    "AutoAugment": _automatic,
    "RandAugment": _automatic,
    "TrivialAugmentWide": _automatic,
    "AugMix": _automatic,
}
