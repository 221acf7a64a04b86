"""Steps on a collated batch. They are followed on the type of its samples: what one row of the batch is."""

from __future__ import annotations

from feedline.compiler.sample_types.call import Call, StepRule
from feedline.compiler.sample_types.fields import listed
from feedline.compiler.sample_types.model import Boxes, Image, Mask, Number, Sample
from feedline.compiler.sample_types.rules.moves import leaves, may_hide
from feedline.compiler.sample_types.rules.values import impossible, number, whole
from feedline.compiler.sample_types.words import words
from feedline.dsl.diagnostics import Edit, Fix
from feedline.dsl.rules.types_shapes import CannotMix, ClassesOfMixing, MoreClassesThanData
from feedline.dsl.source import Span

_WHOLE = {"uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64", "bool"}
_NOT_LABELS = {"index", "image_id"}


def _mix(sample: Sample, call: Call) -> Sample:
    if number(call, "alpha") == 0:
        impossible(
            call, f"`{call.name}` draws how much to mix, and `alpha=0` leaves nothing to draw", at="alpha",
            label="has to be above 0", help="0.2 mixes little, 1.0 evenly; without mixing leave the step out",
        )  # fmt: skip
    if call.around is not None or not (_images_mix(sample, call) and _labels_mix(sample, call)):
        return sample
    name, label = _label(sample)
    if label is None:
        return sample
    classes = _classes(call, label)
    return sample.with_(**{name: Number("float32", (classes,), label.classes)})


def _images_mix(sample: Sample, call: Call) -> bool:
    """Whether the images can be blended; reported where they cannot."""
    every = [leaf for _, value in sample.fields for leaf in leaves(value) if isinstance(leaf, Image)]
    whole_numbers = next((image for image in every if image.backend == "tensor" and image.dtype in _WHOLE), None)
    if call.name == "CutMix" or whole_numbers is None:
        return True  # CutMix copies, and copies whatever there is
    call.report(
        CannotMix,
        f"`MixUp` needs float images to blend them, and these are {whole_numbers.dtype}",
        label=f"meets {whole_numbers.dtype}",
        notes=(f"the image here: {words(whole_numbers)}",),
        help="put `ToDtype(float32, scale=true)` at the end of the chain, before `batch { ... }`",
    )
    return False


def _labels_mix(sample: Sample, call: Call) -> bool:
    """Whether there are class labels to blend; reported where there are not."""
    boxes = next((name for name, value in sample.fields if isinstance(value, Boxes)), None)
    if boxes is not None:
        _refuse(sample, call, f"`{call.name}` blends whole images, and boxes cannot be blended with them", "has boxes")
        return False
    if may_hide(sample) or any(_is_label(name, value) for name, value in sample.fields):
        return True
    mask = any(isinstance(value, Mask) for _, value in sample.fields)
    what = "masks cannot be blended" if mask else "the samples have no label"
    _refuse(sample, call, f"`{call.name}` blends class labels with the images, and {what}", "no label to blend")
    return False


def _refuse(sample: Sample, call: Call, message: str, label: str) -> None:
    notes = (f"the fields of a sample here are {listed(sample)}",)
    call.report(CannotMix, message, label=label, notes=notes, help=f"leave `{call.name}` out")


def _is_label(name: str, value: object) -> bool:
    return isinstance(value, Number) and name not in _NOT_LABELS


def _label(sample: Sample) -> tuple[str, Number | None]:
    """The field that is blended: the label of a classification data set. None where it is not plain which one."""
    found = {name: value for name, value in sample.fields if isinstance(value, Number) and _is_label(name, value)}
    name = "label" if "label" in found else next(iter(found), "") if len(found) == 1 else ""
    return name, found.get(name)


def _classes(call: Call, label: Number) -> int | None:
    """How many numbers a label becomes, after what is wrong with `num_classes` was reported."""
    asked = whole(call, "num_classes")
    if label.shape is None:
        return asked
    if label.shape:
        return _of_vector(call, asked, label.shape[-1])
    if label.dtype not in (None, "int64"):
        call.report(
            CannotMix,
            f"`{call.name}` needs the number of a class as label, and this label is {label.dtype}",
            label=f"the label here: {label.dtype}",
            help="keep the label as the data set hands it over",
        )
        return asked or label.classes
    if asked is None:
        _unknown(call, label)
    elif label.classes is not None and asked < label.classes:
        call.report(
            ClassesOfMixing,
            f"the data has {label.classes} classes, and `num_classes` is {asked}",
            at="num_classes",
            label="too few for the labels that come",
            help=f"write `num_classes={label.classes}`",
            fixes=_set_classes(call, label.classes),
        )
    elif label.classes is not None and asked > label.classes:
        call.report(
            MoreClassesThanData,
            f"the data has {label.classes} classes, and `num_classes` is {asked}",
            at="num_classes",
            label="more than the data has",
            help=f"write `num_classes={label.classes}`, unless the model has {asked} outputs",
            fixes=_set_classes(call, label.classes, safe=False),
        )
    return asked or label.classes


def _unknown(call: Call, label: Number) -> None:
    count = label.classes
    call.report(
        ClassesOfMixing,
        f"`{call.name}` turns each label into one number a class, and does not know how many classes there are",
        label="`num_classes` is missing",
        help=f"write `num_classes={count}`" if count else "add `num_classes=...`, the number of classes of the data",
        fixes=_add_classes(call, count) if count else (),
    )


def _of_vector(call: Call, asked: int | None, length: int | None) -> int | None:
    """A label that is one number a class already, as after another `MixUp`."""
    if asked is not None and length is not None and asked != length:
        call.report(
            ClassesOfMixing,
            f"the labels have {length} numbers already, and `num_classes` is {asked}",
            at="num_classes",
            label=f"has to be {length} here",
            help="leave `num_classes` out, or make it the same",
            fixes=_set_classes(call, length),
        )
    return length


def _add_classes(call: Call, count: int) -> tuple[Fix, ...]:
    """`num_classes=10` after the last argument, or as the only one."""
    given = [arg.span.end for arg in call.step.args if arg.given]
    place = max(given) if given else call.step.span.end - 1
    text = f"{', ' if given else ''}num_classes={count}"
    return (Fix(f"add `num_classes={count}`", (Edit(Span(call.step.span.path, place, place), text),), safe=True),)


def _set_classes(call: Call, count: int, *, safe: bool = True) -> tuple[Fix, ...]:
    text = f"num_classes={count}"
    return (Fix(f"write `{text}`", (Edit(call.span("num_classes"), text),), safe=safe),)


RULES: dict[str, StepRule] = {"CutMix": _mix, "MixUp": _mix}
