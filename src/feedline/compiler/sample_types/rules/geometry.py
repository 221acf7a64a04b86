"""Steps that move pixels within the image: flips, rotations, warps."""

from __future__ import annotations

from math import ceil, hypot

from feedline.compiler.sample_types.call import Call, StepRule
from feedline.compiler.sample_types.model import Dim, Image, Sample, one_size
from feedline.compiler.sample_types.rules.moves import images, move, sized
from feedline.compiler.sample_types.rules.suits import blur_suits, fill_suits, filled, loosened, warping_suits
from feedline.compiler.sample_types.rules.values import angles, drawn, impossible, number, numbers
from feedline.dsl.frozen import evolve


def _flip(sample: Sample, call: Call) -> Sample:
    p = number(call, "p")
    return move(sample, call, always=call.name if p >= 1 else None) if p > 0 else sample


def _rotation(sample: Sample, call: Call) -> Sample:
    drawn(call, "degrees")
    low, high = angles(call, "degrees")
    expand = call.value("expand") is True
    same = low == high
    reorders = same and _reorders(sample, call, low, expand)
    if not reorders or any(image.backend == "pil" for image in images(sample, call)):
        fill_suits(sample, call, masks=not reorders)
    if not reorders:
        warping_suits(sample, call)

    def turned(image: Image) -> Image:
        image = filled(image, call)
        return _expanded(image, call, low if same else None) if expand else image

    moves = (low, high) != (0, 0)
    always = f"rotate {low:g} {expand}" if same else None
    return move(sample, call, turned, always=always, cuts=moves and not expand) if moves else sample


def _reorders(sample: Sample, call: Call, angle: float, expand: bool) -> bool:
    """Whether the turn may only reorder the pixels of tensors, so that nothing is filled or interpolated."""
    if angle % 90 != 0 or call.value("center") is not None:
        return False
    sides = [(image.height.known, image.width.known) for image in images(sample, call)]
    oblong = any(tall is not None and wide is not None and tall != wide for tall, wide in sides)
    return angle % 180 == 0 or expand or not oblong


def _expanded(image: Image, call: Call, angle: float | None) -> Image:
    """An image with room for its turned self: between its sides and its diagonal."""
    if angle is not None and angle % 180 == 0:
        return image
    if angle is not None and angle % 90 == 0 and call.value("center") is None:
        return evolve(image, height=image.width, width=image.height, sized_at=call.step.span)
    low = max(1, min(image.height.low, image.width.low) - 1)
    diagonal = None
    if image.height.high is not None and image.width.high is not None:
        diagonal = ceil(hypot(image.height.high, image.width.high)) + 2
    same = one_size(image) if angle is not None else None
    side = Dim(low, diagonal, True if angle is None else None if same is None else not same)
    return sized(image, side, side, call)


def _affine(sample: Sample, call: Call) -> Sample:
    fill_suits(sample, call)
    warping_suits(sample, call)
    drawn(call, "degrees")
    drawn(call, "shear")
    scale = drawn(call, "scale")
    if scale is not None and scale[0] <= 0:
        impossible(
            call, "`RandomAffine` cannot scale by 0: nothing would be left of the image",
            at="scale", label="has to be above 0", help="write a small number, such as `scale=(0.1, 1.0)`",
        )  # fmt: skip
    turns = angles(call, "degrees") != (0, 0)
    shifts = any(numbers(call, "translate")) or any(numbers(call, "shear"))
    grows = scale is not None and scale[1] > 1
    shrinks = scale is not None and scale != (1, 1)
    if not (turns or shifts or shrinks):
        return sample
    return move(sample, call, lambda image: filled(image, call), cuts=turns or shifts or grows)


def _perspective(sample: Sample, call: Call) -> Sample:
    if number(call, "p") == 0 or number(call, "distortion_scale") == 0:
        return sample
    fill_suits(sample, call)
    warping_suits(sample, call)
    return move(sample, call, lambda image: filled(image, call))


def _elastic(sample: Sample, call: Call) -> Sample:
    fill_suits(sample, call)
    warping_suits(sample, call)
    blur_suits(sample, call)
    return move(sample, call, lambda image: loosened(filled(image, call), call))


RULES: dict[str, StepRule] = {
    "ElasticTransform": _elastic,
    "RandomAffine": _affine,
    "RandomHorizontalFlip": _flip,
    "RandomPerspective": _perspective,
    "RandomRotation": _rotation,
    "RandomVerticalFlip": _flip,
}
