"""Steps for boxes, masks and key points."""

from __future__ import annotations

from collections.abc import Callable

from feedline.compiler.sample_types.call import Call, StepRule
from feedline.compiler.sample_types.fields import listed
from feedline.compiler.sample_types.model import Boxes, Dim, Image, Sample
from feedline.compiler.sample_types.rules.moves import first_of, may_hide, move, sized
from feedline.compiler.sample_types.rules.values import numbers, word
from feedline.dsl.frozen import evolve
from feedline.dsl.rules.loaders import MisplacedStep
from feedline.dsl.rules.types_shapes import EndlessCrop, NoBoxes, NotForObjects

_ROTATED = {"XYWHR", "CXCYWHR", "XYXYXYXY"}


def _sanitize(sample: Sample, call: Call) -> Sample:
    if _stands_alone(call) or not _needs(sample, call, "boxes"):
        return sample
    span = call.step.span
    return _boxes(
        sample,
        lambda boxes: evolve(boxes, may_be_empty_sized=False, cropped_at=None, emptied_at=None, sanitized_at=span),
    )


def _sanitize_points(sample: Sample, call: Call) -> Sample:
    if not _stands_alone(call):
        _needs(sample, call, "keypoints")
    return sample


def _stands_alone(call: Call) -> bool:
    """Whether the step sees one field only, reported: what it drops has rows in others."""
    if call.on_field is None:
        return False
    call.report(
        MisplacedStep,
        f"`{call.name}` drops rows of several fields, and here it sees only `{call.on_field}`",
        label="sees one field",
        help=f"move it out of `on {call.on_field} {{ ... }}`",
    )
    return True


def _needs(sample: Sample, call: Call, what: str) -> bool:
    """Whether the samples have boxes (or key points), reported if they are sure to have none."""
    if what == "boxes" and first_of(sample, call, Boxes) is not None:
        return True
    if may_hide(sample) or (call.around is not None and may_hide(call.around[1])):
        return False
    call.report(
        NoBoxes,
        f"`{call.name}` needs {what}, and the samples have none"
        if call.on_field is None
        else f"`{call.name}` needs {what}, and here it sees only `{call.on_field}`",
        label=f"no {what} here",
        notes=(f"the fields here are {listed(sample)}",),
        help="leave it out" if call.on_field is None else f"move it out of `on {call.on_field} {{ ... }}`",
    )
    return False


def _same(sample: Sample, call: Call) -> Sample:
    return sample


def _convert(sample: Sample, call: Call) -> Sample:
    new = word(call, "format")
    found = [value for _, value in sample.fields if isinstance(value, Boxes)]
    crossed = next((boxes for boxes in found if boxes.format and (boxes.format in _ROTATED) != (new in _ROTATED)), None)
    if crossed is not None:
        turned = new in _ROTATED
        call.report(
            NotForObjects,
            f"boxes of format {crossed.format} cannot become {new}, which has an angle"
            if turned
            else f"boxes of format {crossed.format} have an angle and cannot become {new}",
            at="format",
            label="has an angle" if turned else "has no angle",
            help="the formats without an angle are `XYXY`, `XYWH` and `CXCYWH`",
        )
        return _boxes(sample, lambda boxes: evolve(boxes, format=None))
    span = call.span("format")
    return _boxes(sample, lambda boxes: evolve(boxes, format=new, converted_at=span))


def _iou_crop(sample: Sample, call: Call) -> Sample:
    has_boxes = _needs(sample, call, "boxes")
    options = numbers(call, "sampler_options")
    if (options and min(options) >= 1) or (not has_boxes and call.around is not None):
        return sample
    if has_boxes and options and max(options) < 1:
        given = ", ".join(f"{option:g}" for option in options)
        call.report(
            EndlessCrop,
            f'for an image without boxes this never ends: no option of [{given}] means "no crop"',
            at="sampler_options",
            label="needs a 1.0 among them",
            help=f"write `sampler_options=[{given}, 1.0]`",
        )
    least, most = numbers(call, "min_scale")[0], numbers(call, "max_scale")[0]

    def cropped(image: Image) -> Image:
        def side(dim: Dim) -> Dim:
            high = None if dim.high is None else max(dim.high, int(dim.high * most) + 1) if most > 1 else dim.high
            return Dim(max(1, int(dim.low * min(least, 1.0)) - 1), high, True)

        return sized(image, side(image.height), side(image.width), call)

    span = call.step.span
    moved = move(sample, call, cropped, cuts=True)
    return _boxes(moved, lambda boxes: evolve(boxes, emptied_at=span))


def _boxes(sample: Sample, change: Callable[[Boxes], Boxes]) -> Sample:
    changed = {name: change(value) for name, value in sample.fields if isinstance(value, Boxes)}
    return sample.with_(**changed)


RULES: dict[str, StepRule] = {
    "ClampBoundingBoxes": _same,
    "ClampKeyPoints": _same,
    "ConvertBoundingBoxFormat": _convert,
    "RandomIoUCrop": _iou_crop,
    "SanitizeBoundingBoxes": _sanitize,
    "SanitizeKeyPoints": _sanitize_points,
    "SetClampingMode": _same,
}
