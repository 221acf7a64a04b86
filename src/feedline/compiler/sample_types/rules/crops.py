"""Crops that do not fit their image, and those that make several images of one."""

from __future__ import annotations

from feedline.compiler.sample_types.call import Call
from feedline.compiler.sample_types.model import Boxes, Field, Image, Mask, Sample, Tuple
from feedline.compiler.sample_types.rules.moves import first_of, fixed, images, leaves, move, seen
from feedline.compiler.sample_types.rules.suits import border_suits, fill_suits, filled
from feedline.compiler.sample_types.rules.values import sides, size
from feedline.compiler.sample_types.words import words
from feedline.dsl.diagnostics import Edit, Fix, Label
from feedline.dsl.frozen import evolve, frozen
from feedline.dsl.rules.types_shapes import CropAddsBorder, CropTooLarge, NotForObjects
from feedline.dsl.source import Span


@frozen
class _Room:
    """How a crop of height and width lies in an image that a border of `down` and `across` in all is added to."""

    height: int
    width: int
    down: int = 0
    across: int = 0

    def never_fits(self, image: Image) -> bool:
        """Whether every image of this type is too small."""
        tall, wide, shorter = image.height.high, image.width.high, image.shorter
        if (tall is not None and tall + self.down < self.height) or (
            wide is not None and wide + self.across < self.width
        ):
            return True
        return shorter is not None and shorter.high is not None and self._exceeds(shorter.high)

    def often_fails(self, image: Image) -> bool:
        """Whether the images whose shorter side was drawn small are too small."""
        shorter = image.shorter
        return shorter is not None and shorter.varies is True and shorter.low > 1 and self._exceeds(shorter.low)

    def lacks(self, image: Image) -> bool:
        """Whether some images of this type are sure to be too small."""
        return self.never_fits(image) or self.often_fails(image)

    def _exceeds(self, shorter: int) -> bool:
        return shorter + max(self.down, self.across) < min(self.height, self.width)


def border_only(sample: Sample, call: Call, height: int, width: int) -> None:
    """Report a centre crop that is larger than every image."""
    room = _Room(height, width)
    small = next((image for image in images(sample, call) if room.never_fits(image)), None)
    if small is None:
        return
    call.report(
        CropAddsBorder,
        f"this crop of {height} x {width} is larger than the image, so it adds a black border",
        at="size",
        label="larger than the image",
        secondary=_sized_here(small),
        notes=(f"the image here: {_described(small)}",),
        help=f"resize to at least {max(height, width)} before it, or write `Pad` if a border is meant",
    )


def random_crop(sample: Sample, call: Call) -> Sample:
    """`RandomCrop`: one size after it, if the image is large enough or made so."""
    height, width = size(call)
    border = sides(call)
    needed = call.value("pad_if_needed") is True
    room = _Room(height, width, border[1] + border[3], border[0] + border[2])
    pads = any(border) or needed
    if any(border) or (needed and any(map(room.lacks, images(sample, call)))):
        fill_suits(sample, call, pads=True)
        border_suits(sample, call, border, needed=needed)
    if not needed and not _cuts_off(sample, call, room, _Room(height, width)):
        _must_fit(sample, call, room)

    def cropped(image: Image) -> Image:
        return fixed(filled(image, call) if pads else image, height, width, call)

    whole = not pads and all(
        (image.height.known, image.width.known) == (height, width) for image in images(sample, call)
    )
    return move(sample, call, cropped, cuts=not whole)


def _cuts_off(sample: Sample, call: Call, room: _Room, bare: _Room) -> bool:
    """Whether only a negative padding makes the image too small, which is reported."""
    every, least = images(sample, call), min(sides(call))
    small = next((image for image in every if room.lacks(image)), None)
    if least >= 0 or small is None or any(map(bare.lacks, every)):
        return False
    call.report(
        CropTooLarge,
        f"a padding of {least} cuts the image off: a crop of {room.height} x {room.width} does not fit in it",
        at="padding",
        label="cuts off instead of adding",
        secondary=_sized_here(small),
        notes=(f"the image here: {_described(small)}",),
        help="write the padding without the minus",
    )
    return True


def _must_fit(sample: Sample, call: Call, room: _Room, *, may_pad: bool = True) -> None:
    for image in images(sample, call):
        if not room.lacks(image):
            continue
        never = room.never_fits(image)
        padded = f", even with {max(room.down, room.across)} pixels of padding" if room.down or room.across else ""
        some = "an image" if never else "some of the images"
        call.report(
            CropTooLarge,
            f"a crop of {room.height} x {room.width} does not fit into {some} {_extent(image)}{padded}",
            at="size",
            label="larger than the image" if never else "larger than the smallest images",
            secondary=_sized_here(image),
            notes=(f"the image here: {_described(image)}",),
            help="add `pad_if_needed=true`, or make the image larger before it"
            if may_pad
            else "make the crop smaller, or the image larger before it",
            fixes=(_pad_if_needed(call),) if may_pad else (),
        )
        return


def _pad_if_needed(call: Call) -> Fix:
    given = [arg.span.end for arg in call.step.args if arg.given]
    where = Span(call.step.span.path, max(given), max(given))
    return Fix("add `pad_if_needed=true`", (Edit(where, ", pad_if_needed=true"),))


def _sized_here(image: Image) -> tuple[Label, ...]:
    return (Label(image.sized_at, "sized here"),) if image.sized_at is not None else ()


def _extent(image: Image) -> str:
    """The size of an image in a message."""
    if image.height.known is not None and image.width.known is not None:
        return f"of {image.height.known} x {image.width.known}"
    shorter = image.shorter
    if shorter is None:
        tall = image.height.high is not None
        return f"at most {image.height.high} high" if tall else f"at most {image.width.high} wide"
    if shorter.known is not None:
        return f"whose shorter side is {shorter.known}"
    return (
        f"whose shorter side is {shorter.low} to {shorter.high}"
        if shorter.low > 1
        else f"whose shorter side is at most {shorter.high}"
    )


def _described(image: Image) -> str:
    known = image.height.known is not None and image.width.known is not None
    return (
        words(image) if known or image.shorter is None else f"{words(image)}, {_extent(image).removeprefix('whose ')}"
    )


def five_crop(sample: Sample, call: Call) -> Sample:
    """`FiveCrop`: a tuple of five images in the place of one."""
    return _several(sample, call, 5)


def ten_crop(sample: Sample, call: Call) -> Sample:
    """`TenCrop`: a tuple of ten images in the place of one."""
    return _several(sample, call, 10)


def _several(sample: Sample, call: Call, count: int) -> Sample:
    objects = first_of(sample, call, Boxes) or first_of(sample, call, Mask)
    if objects is not None:
        call.report(
            NotForObjects,
            f"`{call.name}` makes {count} images of one, and `{objects}` cannot be divided among them",
            label="not for boxes or masks",
            help="crop with `RandomCrop` or `CenterCrop`, which boxes and masks follow",
        )
    height, width = size(call)
    _must_fit(sample, call, _Room(height, width), may_pad=False)
    moved = move(sample, call, lambda image: fixed(image, height, width, call), always=f"{call.name} {height} {width}")
    if objects is not None:
        return moved
    changed: dict[str, Field] = {
        name: _crops(value, count, call.step.span)
        for name, value in seen(moved, call)
        if any(isinstance(leaf, Image) for leaf in leaves(value))
    }
    return moved.with_(**changed)


def _crops(value: Field, count: int, span: Span) -> Field:
    if isinstance(value, Tuple):
        return evolve(value, items=tuple(_crops(item, count, span) for item in value.items))
    return Tuple((value,) * count, span)
