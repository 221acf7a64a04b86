"""What the rules of image values share: ranges of dtypes, and the words and fixes of reports."""

from __future__ import annotations

from collections.abc import Callable

from feedline.compiler.sample_types.call import Call
from feedline.compiler.sample_types.model import UNKNOWN, Boxes, Field, Image, Mask, Sample, Tuple
from feedline.compiler.sample_types.words import words
from feedline.dsl.diagnostics import Edit, Fix, Label, Rule
from feedline.dsl.frozen import evolve
from feedline.dsl.rules.types_shapes import NotForObjects
from feedline.dsl.rules.types_values import NeedsTensor, NoEffect, WrongChannels
from feedline.dsl.source import Span

ImageRule = Callable[[Image, Call], Image]

FLOATS = frozenset({"float16", "bfloat16", "float32", "float64"})

HIGHEST = {"uint8": 255, "int8": 127, "int16": 2**15 - 1, "uint16": 2**16 - 1, "int32": 2**31 - 1, "int64": 2**63 - 1}
"""The value that stands for white. torchvision takes 1 for every other dtype, floats above all."""

_ROUNDING = {"float64": 1e-9, "float32": 1e-5, "float16": 1e-2, "bfloat16": 5e-2}


def on_images(rule: ImageRule) -> Callable[[Sample, Call], Sample]:
    """The rule of a step that changes every image of a sample, alone or in a tuple, and nothing else."""

    def changed(value: Field, call: Call) -> Field:
        if isinstance(value, Tuple):
            return evolve(value, items=tuple(changed(item, call) for item in value.items))
        if not isinstance(value, Image):
            return value
        if not value.wrapped:
            return UNKNOWN if call.on_field else value
        return rule(value, call)

    def step(sample: Sample, call: Call) -> Sample:
        _check_field(sample, call)
        return evolve(sample, fields=tuple((name, changed(value, call)) for name, value in sample.fields))

    return step


def _check_field(sample: Sample, call: Call) -> None:
    """Report a step for images on a field of boxes or masks alone, which torchvision hands through or refuses."""
    value = None if call.on_field is None else sample.get(call.on_field)
    if not isinstance(value, Boxes | Mask) or call.name in _OF_ANY_FIELD:
        return
    what = "boxes" if isinstance(value, Boxes) else "masks"
    if call.name in _NEEDS_IMAGE:
        message = f"`{call.name}` needs an image, and `{call.on_field}` holds {what}"
        call.report(NotForObjects, message, label="for images", help="write it in the chain itself, or leave it out")
    else:
        message = f"`{call.name}` changes images alone, and `{call.on_field}` holds {what}"
        call.report(NoEffect, message, label="changes nothing", help="leave it out", fixes=left_out(call))


_OF_ANY_FIELD = ("ToDtype", "ConvertImageDtype")

_NEEDS_IMAGE = ("RandomErasing", "RandomGrayscale", "RandomChannelPermutation", "RandomPhotometricDistort")
"""Steps that look for an image in the sample and raise where there is none."""


def highest(image: Image) -> float | None:
    """White in the image's dtype."""
    return None if image.dtype is None else HIGHEST.get(image.dtype, 1)


def is_float(image: Image) -> bool:
    """Whether the image is sure to be a tensor of floats."""
    return image.backend == "tensor" and image.dtype in FLOATS


def is_unscaled(image: Image) -> bool:
    """Whether the image is sure to be floats in the range of whole numbers, 0..255."""
    return is_float(image) and image.normalised is None and image.high is not None and image.high > 2


def in_unit(image: Image) -> bool:
    """Whether the image is sure to be floats from 0 to 1, up to what a resize may overshoot."""
    known = is_float(image) and image.low is not None and image.high is not None and image.normalised is None
    return known and (image.low or 0) >= -1 and (image.high or 0) <= 2


def within(image: Image, low: float | None, high: float | None) -> Image:
    """The image with other bounds, widened by what the dtype may round away where they are no whole numbers."""
    if low is None or high is None:
        return evolve(image, low=None, high=None)
    slack = _ROUNDING.get(image.dtype or "", 0.0) * max(abs(low), abs(high))
    wide = (low - slack, high + slack) if {low, high} - {0.0, 1.0, 255.0} else (low, high)
    return evolve(image, low=wide[0], high=wide[1])


def hull(image: Image, *values: float) -> Image:
    """The image with bounds that take in the values too."""
    if image.low is None or image.high is None:
        return image
    return evolve(image, low=min(image.low, *values), high=max(image.high, *values))


def clamped(image: Image) -> Image:
    """The image after a step that leaves it alone or cuts it to the range of its dtype."""
    top = highest(image)
    if top is None or image.low is None or image.low < -1 or image.dtype not in (*FLOATS, "uint8"):
        return evolve(image, low=None, high=None)
    return hull(image, 0.0, top)


def spread(low: float, high: float) -> str:
    """A range in words: `-2.12 to 2.64`."""
    return " to ".join(f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}" for value in (low, high))


def here(image: Image) -> list[str]:
    """The note that says what the image is before the step."""
    return [f"the image here: {words(image)}"]


def seen(at: Span | None, text: str) -> list[Label]:
    """The second place of a report, where there is one."""
    return [] if at is None else [Label(at, text)]


def put_before(call: Call, *steps: str) -> Fix:
    """Put steps before this one."""
    between = ", " if call.in_list else "; "
    start = Span(call.step.span.path, call.step.span.start, call.step.span.start)
    text = between.join(steps)
    return Fix(f"put `{text}` before it", (Edit(start, text + between),), safe=True)


def put_in_place(at: Span, text: str) -> Fix:
    """Write another step in the place of one."""
    return Fix(f"write `{text}`", (Edit(at, text),), safe=True)


def rewritten(call: Call, *values: tuple[str, str], safe: bool = True) -> Fix:
    """Write other values for arguments, which must be given; their names stay where they are written."""
    texts = [f"{name}={text}" if _is_named(call, name) else text for name, text in values]
    edits = tuple(Edit(call.span(name), text) for (name, _), text in zip(values, texts, strict=True))
    return Fix(f"write `{', '.join(texts)}`", edits, safe=safe)


def _is_named(call: Call, name: str) -> bool:
    word, equals, _ = call.written(name).partition("=")
    return bool(equals) and word.strip() == name


def value_text(call: Call, name: str) -> str:
    """The value of an argument as it is written."""
    text = call.written(name)
    return (text.partition("=")[2] if _is_named(call, name) else text).strip()


def left_out(call: Call) -> list[Fix]:
    """Leave the step out; not where commas would be left over."""
    return [] if call.in_list else [Fix("leave it out", (Edit(call.step.span, ""),))]


def scale_it(image: Image, call: Call) -> list[Fix]:
    """Scale where the image was made float. Only `ToDtype` makes one that is not scaled and says where."""
    if image.made_float is None:
        return []
    return [put_in_place(image.made_float, f"ToDtype({image.dtype}, scale=true)")]


def as_scaled(image: Image) -> Image:
    """The image as it were if it had been scaled when it was made float."""
    return evolve(image, low=0.0, high=1.0, normalised=None)


def as_tensor(image: Image, call: Call, message: str, *steps: str) -> Image:
    """Report a PIL image where a tensor is needed; gives the image as `ToImage()` makes it."""
    fix = put_before(call, "ToImage()", *steps)
    call.report(NeedsTensor, message, label="a PIL image here", notes=here(image), help=fix.title, fixes=[fix])
    return evolve(image, backend="tensor")


def has_channels(image: Image, call: Call, allowed: tuple[int, ...], message: str) -> bool:
    """Whether the step can work on the image's channels, reported if not."""
    if image.channels is None or image.channels in allowed:
        return True
    help = 'read the images with `mode="RGB"`'
    fixes = [put_before(call, "RGB()")] if image.backend == "pil" else []
    secondary = seen(image.channels_at, f"{image.channels} channels since here")
    call.report(
        WrongChannels, message, label=f"{image.channels} channels", notes=here(image), secondary=secondary,
        help=fixes[0].title if fixes else help, fixes=fixes,
    )  # fmt: skip
    return False


def refuse(image: Image, call: Call, rule: type[Rule], message: str, fix: Fix | None = None, help: str = "") -> None:
    """Report an image that the step cannot take as it is, with the place where it became float."""
    secondary = seen(image.made_float, "made float here") if is_float(image) else []
    label = "a PIL image here" if image.backend == "pil" else f"{image.dtype} here"
    fixes = [] if fix is None else [fix]
    said = help or (fix.title if fix else None)
    call.report(rule, message, label=label, secondary=secondary, notes=here(image), help=said, fixes=fixes)
