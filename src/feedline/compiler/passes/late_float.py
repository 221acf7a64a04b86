"""`late_float`: pixels stay bytes until the batch is made; the steps that make them floats run on the whole batch.

    before   each sample: ToTensor(); RandomCrop(32); Normalize(...)          batch: float32 (64, 3, 32, 32)
    after    each sample: RandomCrop(32)       each batch: ToTensor(); Normalize(...)

Such a step computes every value from that value alone (and its channel), so where it runs cannot change a bit, nor can
a step that only chooses pixels tell the difference. It saves three quarters of the bytes that are stacked, moved
between processes and copied to a device. Where all `views` end with the same such steps, those are taken from each.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import takewhile

from attrs import evolve

from feedline.compiler import ir
from feedline.compiler.plan import Done, Late, Plan
from feedline.compiler.sample_types.check import loader_types
from feedline.compiler.sample_types.model import Boxes, Field, Image, Mask, Tuple, Types, Unknown
from feedline.compiler.sample_types.rules.moves import leaves

_POINTWISE = ("ToTensor", "ToImage", "ToDtype", "ConvertImageDtype", "Normalize")
"""Steps that change each value of an image by itself, and nothing but images; `ConvertImageDtype` unless `_converts`
says otherwise."""
_CHOOSING = ("RandomHorizontalFlip", "RandomVerticalFlip", "RandomCrop")
"""Steps that choose pixels and draw the same whatever their values are; `RandomCrop` unless it pads."""
_ASIDE = (
    *("SanitizeBoundingBoxes", "ClampBoundingBoxes", "ConvertBoundingBoxFormat", "SetClampingMode"),
    *("SanitizeKeyPoints", "ClampKeyPoints"),
)
"""Steps that leave images alone."""


def late_float(plan: Plan) -> Plan:
    """The plan with the pointwise steps at the end of the chain moved to the batch. Unchanged where a field other than
    an image could tell the difference, where images are padded (the padding would change too), or where the checker
    does not know that they are bytes before."""
    rest, steps = _parted(plan.chain, _image_fields(loader_types(plan.program, plan.loader).start))
    if not steps or not _joins_images(plan.loader.collate):
        return plan
    types = loader_types(plan.program, evolve(plan.loader, chain=rest))
    before = types.start if not rest else types.trace[-1].types if len(types.trace) == len(rest) else ()
    fields = _byte_images(before)
    if not fields or any(_converts(step, before) for step in steps):
        return plan
    names = " and ".join(f"`{step.name}`" for step in steps)
    text = (
        f"{names} run{'s' if len(steps) == 1 else ''} on the batch: images stay bytes until then, a quarter of the size"
    )
    done = (*plan.done, Done("late_float", text))
    return evolve(plan, chain=rest, late=Late(steps, fields), done=done)


def _parted(chain: tuple[ir.Step, ...], images: Collection[str]) -> tuple[tuple[ir.Step, ...], tuple[ir.Apply, ...]]:
    """A chain as what stays and the pointwise steps that may as well run at its end. `images`: the fields they
    change."""
    rest: list[ir.Step] = []
    late: list[ir.Apply] = []
    for place in reversed(range(len(chain))):
        step = chain[place]
        if isinstance(step, ir.Apply) and _is_pointwise(step):
            late.insert(0, step)
        elif _only_chooses(step) or (isinstance(step, ir.OnField) and step.field not in images):
            rest.insert(0, step)
        elif isinstance(step, ir.Views) and not rest:
            views, common = _views_parted(step)
            return (*chain[:place], views), (*common, *late)
        else:
            return (*chain[: place + 1], *rest), tuple(late)
    return tuple(rest), tuple(late)


def _views_parted(views: ir.Views) -> tuple[ir.Views, tuple[ir.Apply, ...]]:
    """Views without the pointwise steps that all of them end with, and those steps."""
    tails = zip(*(reversed(chain) for chain in views.chains), strict=False)
    common = list(takewhile(lambda steps: all(step == steps[0] and _is_pointwise(step) for step in steps), tails))
    if not common:
        return views, ()
    cut = tuple(chain[: len(chain) - len(common)] for chain in views.chains)
    return evolve(views, chains=cut), tuple(step for step, *_ in reversed(common) if isinstance(step, ir.Apply))


def _is_pointwise(step: ir.Step) -> bool:
    if not isinstance(step, ir.Apply) or step.target is not None or step.registered or step.name not in _POINTWISE:
        return False
    # `ToDtype` with a dtype a kind changes masks and boxes as well.
    return all(isinstance(arg.value, ir.Symbol) for arg in step.args if arg.name == "dtype")


def _converts(step: ir.Apply, types: Types) -> bool:
    """Whether a step makes another dtype of fields beside images: `ConvertImageDtype` of masks, and of boxes where it
    is not the one they have."""
    if step.name != "ConvertImageDtype":
        return False
    to_theirs = any(arg.name == "dtype" and arg.value == ir.Symbol("float32") for arg in step.args)
    others = (Mask, Unknown) if to_theirs else (Mask, Unknown, Boxes)
    return any(isinstance(leaf, others) for sample in types for _, value in sample.fields for leaf in leaves(value))


def _only_chooses(step: ir.Step) -> bool:
    if (
        not isinstance(step, ir.Apply)
        or step.target is not None
        or step.registered
        or step.name not in (*_CHOOSING, *_ASIDE)
    ):
        return False
    return not any(arg.value for arg in step.args if arg.name in ("padding", "pad_if_needed"))


def _joins_images(collate: ir.Collate) -> bool:
    """Whether images come out of collation as they went in: stacked or listed, not padded or in the user's hands."""
    kinds = [part.how.kind for part in collate.fields] or [collate.how.kind if collate.how is not None else "stack"]
    return all(kind in ("stack", "list", "detection") for kind in kinds)


def _byte_images(types: Types) -> tuple[str, ...]:
    """The fields that hold images; empty where one of them may be anything but a tensor of bytes."""
    names: dict[str, None] = {}
    for sample in types:
        if sample.open:
            return ()
        for name, value in sample.fields:
            images = _images(value)
            if any(image.backend != "tensor" or image.dtype != "uint8" or not image.wrapped for image in images):
                return ()
            if images:
                names[name] = None
    return tuple(names)


def _image_fields(types: Types) -> set[str]:
    return {name for sample in types for name, value in sample.fields if _images(value)}


def _images(value: Field) -> list[Image]:
    if isinstance(value, Tuple):
        return [image for item in value.items for image in _images(item)]
    return [value] if isinstance(value, Image) else []
