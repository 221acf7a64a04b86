"""Steps that change what an image is made of: PIL or tensor, dtype, channels."""

from __future__ import annotations

import math

from feedline.compiler import ir
from feedline.compiler.sample_types.call import Call, StepRule
from feedline.compiler.sample_types.model import UNKNOWN, Boxes, Field, Image, Mask, Number, Sample
from feedline.compiler.sample_types.rules.images import (
    FLOATS,
    HIGHEST,
    as_scaled,
    as_tensor,
    has_channels,
    here,
    is_float,
    is_unscaled,
    left_out,
    on_images,
    put_in_place,
    refuse,
    scale_it,
    seen,
    spread,
    within,
)
from feedline.compiler.sample_types.rules.moves import first_of
from feedline.dsl.diagnostics import Edit, Fix
from feedline.dsl.frozen import evolve
from feedline.dsl.rules.types_shapes import MasksMadeFloat
from feedline.dsl.rules.types_values import (
    BackToWholeNumbers,
    NoEffect,
    RefusedNumbers,
    ScaledTooLate,
    WrongChannels,
)

_BITS = {"uint8": 8, "int8": 7, "int16": 15, "uint16": 16, "int32": 31, "int64": 63}
_LARGEST_FLOAT16 = 65504
_NEVER_SCALED = {("float32", "int32"), ("float32", "int64"), ("float64", "int64")}


def _to_image(image: Image, call: Call) -> Image:
    """`ToImage`, `PILToTensor`: a tensor stays as it is."""
    return evolve(image, backend="tensor")


def _to_pil(image: Image, call: Call) -> Image:
    if image.backend == "pil":
        return image
    if image.channels is not None and image.channels > 4:
        has_channels(image, call, (1, 2, 3, 4), f"`ToPILImage` takes at most 4 channels, not {image.channels}")
    _check_survives(image, call, to="a PIL image")
    bytes_or_floats = image.dtype in (None, "uint8", *FLOATS - {"bfloat16"})
    grey_depths = image.channels in (None, 1) and image.dtype in ("int16", "int32")
    if not bytes_or_floats and not grey_depths and image.backend == "tensor":
        refuse(image, call, RefusedNumbers, f"`ToPILImage` cannot take {image.dtype}", help=_scale_to("uint8"))
    whole = image.backend == "tensor" and bytes_or_floats and image.dtype is not None and call.value("mode") != "F"
    bounds = (0.0, 255.0) if whole else (None, None)
    return evolve(
        image, backend="pil", dtype="uint8" if whole else None, low=bounds[0], high=bounds[1],
        normalised=None, made_float=None, normalised_at=None,
    )  # fmt: skip


def _to_tensor(image: Image, call: Call) -> Image:
    if is_float(image):
        if image.made_float is None:  # a step before was refused for want of this one
            return evolve(image, made_float=call.step.span)
        _report_float_already(image, call)
        return as_scaled(image) if is_unscaled(image) else image
    if image.dtype == "uint8":
        return _scaled(evolve(image, backend="tensor"), "float32", call)
    if image.backend == "tensor" and image.dtype is not None:
        return image
    return evolve(image, backend="tensor", dtype=None, low=None, high=None)


def _report_float_already(image: Image, call: Call) -> None:
    notes, float_at = here(image), seen(image.made_float, "made float here")
    if is_unscaled(image):
        fixes = [
            Fix("scale there, and leave `ToTensor` out", (*fix.edits, Edit(call.step.span, "")))
            for fix in scale_it(image, call)
            if not call.in_list
        ]
        call.report(
            ScaledTooLate, f"`ToTensor` refuses floats, and the image is {image.dtype} already",
            label="cannot scale it any more", secondary=float_at, notes=notes,
            help="scale where the image is made float, and leave `ToTensor` out", fixes=fixes,
        )  # fmt: skip
        return
    call.report(
        ScaledTooLate, f"`ToTensor` refuses floats, and the image is {image.dtype} already",
        label="a second conversion", secondary=float_at, notes=notes, help="leave it out", fixes=left_out(call),
    )  # fmt: skip


def _dtype_rule(sample: Sample, call: Call) -> Sample:
    """`ToDtype`: of a whole sample the images; of a field alone whatever it is."""
    target, scale = _target(call), call.value("scale") is True
    if call.on_field is None:
        return on_images(lambda image, call: convert(image, call, target, scale))(sample, call)
    return evolve(sample, fields=tuple((name, _field(value, call, target, scale)) for name, value in sample.fields))


def _field(value: Field, call: Call, target: str, scale: bool) -> Field:
    match value:
        case Number():
            return evolve(value, dtype=target)
        case Boxes():
            return value if target == "float32" else UNKNOWN
        case _:
            step = on_images(lambda image, call: convert(image, call, target, scale))
            return step(Sample.of(it=value), call).get("it") or UNKNOWN


def _convert_image_dtype(sample: Sample, call: Call) -> Sample:
    """Unlike `ToDtype`, it gives boxes and masks the dtype too, unscaled."""
    target = _target(call)
    after = on_images(lambda image, call: convert(image, call, target, True))(sample, call)
    mask = first_of(sample, call, Mask) if call.on_field is None and target in FLOATS else None
    if mask is not None:
        instead = f"ToDtype({target}, scale=true)"
        help = f"write `{instead}`, which leaves masks as they are"
        call.report(
            MasksMadeFloat, f"`ConvertImageDtype` makes `{mask}` {target} too, unscaled", label="not for images alone",
            help=help, fixes=[Fix(help, (Edit(call.step.span, instead),))],
        )  # fmt: skip
    boxes = {name: _field(value, call, target, False) for name, value in sample.fields if isinstance(value, Boxes)}
    return after.with_(**boxes)


def _target(call: Call) -> str:
    value = call.value("dtype")
    return value.name if isinstance(value, ir.Symbol) else str(value)


def convert(image: Image, call: Call, target: str, scale: bool) -> Image:
    """An image in another dtype, reported where the values cannot be right."""
    if image.backend == "pil":
        image = as_tensor(image, call, f"`{call.name}` leaves a PIL image as it is")
    if image.backend is None or image.dtype is None:
        known = target if image.backend == "tensor" else None
        return evolve(image, dtype=known, low=None, high=None, normalised=None)
    if image.dtype in FLOATS and target in FLOATS:
        return _between_floats(image, call, target, scale)
    if image.dtype == target:
        return image
    if image.dtype in FLOATS:
        return _to_whole(image, call, target, scale)
    if target in FLOATS:
        made = _scaled(image, target, call) if scale else evolve(image, dtype=target, made_float=call.step.span)
        overflows = target == "float16" and (image.high is None or image.high > _LARGEST_FLOAT16)
        return evolve(made, low=None, high=None) if overflows else made
    return _between_whole(image, call, target, scale)


def _between_floats(image: Image, call: Call, target: str, scale: bool) -> Image:
    if scale and is_unscaled(image):
        call.report(
            ScaledTooLate, f"`{call.name}` scales whole numbers only: the image is float already and stays "
            f"{spread(image.low or 0, image.high or 0)}",
            label="scales nothing", secondary=seen(image.made_float, "made float here, without `scale=true`"),
            notes=here(image), help="put `scale=true` where the image is made float", fixes=scale_it(image, call),
        )  # fmt: skip
        return evolve(as_scaled(image), dtype=target)
    if image.made_float is None:  # as in `_to_tensor`
        image = evolve(image, made_float=call.step.span)
    elif scale and image.dtype == target:
        call.report(
            NoEffect, f"`{call.name}` does nothing here: the image is {target} already", label="changes nothing",
            secondary=seen(image.made_float, "made float here"), notes=here(image), help="leave it out",
            fixes=left_out(call),
        )  # fmt: skip
    return within(evolve(image, dtype=target), image.low, image.high)


def _scaled(image: Image, target: str, call: Call) -> Image:
    top = HIGHEST.get(image.dtype or "", 1)
    low, high = image.low, image.high
    bounds = (None, None) if low is None or high is None else (low / top, high / top)
    return evolve(within(evolve(image, dtype=target), *bounds), made_float=call.step.span, normalised=None)


def _to_whole(image: Image, call: Call, target: str, scale: bool) -> Image:
    made = evolve(image, dtype=target, normalised=None, made_float=None, normalised_at=None)
    if not scale:
        if not _lost_without_scale(image, call, target) and image.low is not None and image.high is not None:
            return _fitted(made, math.trunc(image.low), math.trunc(image.high))
        return evolve(made, low=None if target not in HIGHEST else _least(target), high=HIGHEST.get(target))
    if target in ("uint32", "uint64") or target not in (*HIGHEST, "bool"):
        return evolve(made, low=None, high=None)
    if (image.dtype, target) in _NEVER_SCALED:
        help = "scale to `uint8` or `int16`, or convert without `scale=true`"
        refuse(image, call, RefusedNumbers, f"torchvision refuses to scale {image.dtype} to {target}", help=help)
    else:
        _check_survives(image, call, to=target)
    return evolve(made, low=_least(target), high=float(HIGHEST.get(target, 1)))


def _lost_without_scale(image: Image, call: Call, target: str) -> bool:
    """Whether floats of 0..1 or normalised ones are cut to a few whole numbers, which is reported."""
    if target == "bool" or image.low is None or image.high is None or is_unscaled(image):
        return False
    if image.normalised is not None:
        _report_lost(image, call, f"`{call.name}({target})` cuts off what is behind the point of a normalised image")
        return True
    if image.high < 0.5 and image.low > -0.5:
        return False
    if image.dtype is None or call.name == "ConvertImageDtype":
        return False
    fix = put_in_place(call.step.span, f"ToDtype({target}, scale=true)")
    message = f"`ToDtype({target})` without `scale=true` makes zeros and a few ones of values from 0 to 1"
    refuse(image, call, BackToWholeNumbers, message, fix)
    return True


def _check_survives(image: Image, call: Call, to: str) -> None:
    """Report floats outside 0..1 that are to become `to` by way of 0..255, where they wrap round."""
    if not is_float(image):
        return
    if image.normalised is not None:
        message = f"`{call.name}` takes 0..1 to {to}, and the image is normalised: what lies beyond wraps round"
        _report_lost(image, call, message)
    elif is_unscaled(image):
        fixes = scale_it(image, call)
        call.report(
            BackToWholeNumbers, f"`{call.name}` takes 0..1 to {to}, and the image has {_range(image)}: it wraps round",
            label="multiplied by 255 once more", notes=here(image),
            secondary=seen(image.made_float, "made float here, without `scale=true`"),
            help="scale where the image is made float: `scale=true`", fixes=fixes,
        )  # fmt: skip


def _report_lost(image: Image, call: Call, message: str) -> None:
    call.report(
        BackToWholeNumbers, message, label="the values are lost here",
        secondary=seen(image.normalised_at, "normalised here"), notes=[f"the values here: {_range(image)}"],
        help="leave it out, or put it before `Normalize`", fixes=left_out(call),
    )  # fmt: skip


def _range(image: Image) -> str:
    return "unknown" if image.low is None or image.high is None else spread(image.low, image.high)


def _between_whole(image: Image, call: Call, target: str, scale: bool) -> Image:
    made = evolve(image, dtype=target)
    bits = _BITS.get(image.dtype or ""), _BITS.get(target)
    if scale and None in bits:
        help = "convert without `scale=true`"
        refuse(image, call, RefusedNumbers, f"torchvision cannot scale {image.dtype} to {target}", help=help)
        return evolve(made, low=None, high=None)
    if image.low is None or image.high is None:
        return made
    if not scale:
        return _fitted(made, int(image.low), int(image.high))
    up = (bits[1] or 0) - (bits[0] or 0)
    low, high = (int(value) << up if up > 0 else int(value) >> -up for value in (image.low, image.high))
    return _fitted(made, low, high)


def _fitted(image: Image, low: float, high: float) -> Image:
    """Whole numbers as they are where the dtype can hold them, else anything it can hold."""
    if image.dtype == "bool":
        return evolve(image, low=0.0, high=1.0)
    top = HIGHEST.get(image.dtype or "")
    if top is None:
        return evolve(image, low=None, high=None)
    fits = _least(image.dtype or "") <= low and high <= top
    return evolve(image, low=float(low if fits else _least(image.dtype or "")), high=float(high if fits else top))


def _least(dtype: str) -> float:
    return 0.0 if dtype in ("bool", "uint8", "uint16") else -HIGHEST[dtype] - 1.0


def _scale_to(dtype: str) -> str:
    return f"put `ToDtype({dtype}, scale=true)` before it"


def _rgb(image: Image, call: Call) -> Image:
    """A tensor with more than three channels stays as it is."""
    if image.backend == "pil" or image.channels in (1, 2, 3):
        if image.channels == 2 and image.backend == "tensor":
            has_channels(image, call, (1, 3), "`RGB` cannot take a tensor with 2 channels")
        return evolve(image, channels=3, channels_at=call.step.span)
    return image


def _grayscale(image: Image, call: Call) -> Image:
    wanted = call.value("num_output_channels")
    if wanted not in (1, 3):
        call.report(
            WrongChannels, f"`Grayscale` makes 1 or 3 channels, not {wanted}", at="num_output_channels",
            label="1 or 3", help="write `Grayscale(1)` or `Grayscale(3)`",
        )  # fmt: skip
        return evolve(image, channels=None)
    assert isinstance(wanted, int)
    if image.backend == "tensor":
        has_channels(image, call, (1, 3), f"`Grayscale` takes a tensor of 1 or 3 channels, not {image.channels}")
    return evolve(_mixed(image), channels=wanted, channels_at=call.step.span)


def _random_grayscale(image: Image, call: Call) -> Image:
    if call.value("p") == 0:
        return image
    if image.channels == 1:
        call.report(
            NoEffect, "`RandomGrayscale` does nothing here: the image is grey already", label="changes nothing",
            secondary=seen(image.channels_at, "made grey here"), notes=here(image), help="leave it out",
            fixes=left_out(call),
        )  # fmt: skip
        return image
    has_channels(image, call, (1, 3), f"`RandomGrayscale` takes 1 or 3 channels, not {image.channels}")
    return _mixed(image)


def _mixed(image: Image) -> Image:
    """Bounds after grey is mixed from the channels with weights that sum to 0.9999."""
    if image.low is None or image.high is None:
        return image
    low, high = min(image.low, 0.9999 * image.low), max(image.high, 0.9999 * image.high)
    if image.dtype in FLOATS:
        return within(image, low, high) if image.normalised or low not in (0.0, 1.0) else image
    return evolve(image, low=float(math.floor(low)), high=float(math.ceil(high)))


def _temporal(image: Image, call: Call) -> Image:
    message = "`UniformTemporalSubsample` does nothing here: it takes frames of a video, and this is an image"
    fixes = left_out(call)
    call.report(NoEffect, message, label="changes nothing", notes=here(image), help="leave it out", fixes=fixes)
    return image


def _same(sample: Sample, call: Call) -> Sample:
    return sample


RULES: dict[str, StepRule] = {
    "ToImage": on_images(_to_image),
    "PILToTensor": on_images(_to_image),
    "ToPILImage": on_images(_to_pil),
    "ToTensor": on_images(_to_tensor),
    "ToDtype": _dtype_rule,
    "ConvertImageDtype": _convert_image_dtype,
    "RGB": on_images(_rgb),
    "Grayscale": on_images(_grayscale),
    "RandomGrayscale": on_images(_random_grayscale),
    "UniformTemporalSubsample": on_images(_temporal),
    "Identity": _same,
    "SetClampingMode": _same,
    # What a step makes of an image stays one to our runtime, so there is nothing to take off.
    "ToPureTensor": _same,
}
