"""`gather`: pixels that lie in memory as one array come out of it a whole batch at a time.

    before   each sample: RandomCrop(32, padding=4); RandomHorizontalFlip()   then stacked
    after    each batch:  RandomCrop(32, padding=4); RandomHorizontalFlip()   on an array (64, 3, 32, 32)

Each sample's crop and flip are drawn from its own key as before, for thousands of samples at once. The runtime holds a
first batch against the chain as written before it goes this way.
"""

from __future__ import annotations

from attrs import evolve

from feedline.compiler import ir
from feedline.compiler.catalogue import dataset as dataset_entry
from feedline.compiler.plan import Done, Plan

ARRAYS = (
    *("MNIST", "FashionMNIST", "KMNIST", "EMNIST", "QMNIST", "USPS", "SEMEION"),
    *("CIFAR10", "CIFAR100", "STL10", "SVHN"),
)
"""The sources that keep all their pixels in memory."""

_VALUES = ("ToTensor", "ToImage", "ToDtype", "ConvertImageDtype", "Normalize")
_MOVES = ("RandomHorizontalFlip", "RandomVerticalFlip", "RandomCrop", "CenterCrop", "Pad")
_WARPS = ("RandomAffine", "RandomRotation")
BATCH_FORMS = (*_VALUES, *_MOVES, *_WARPS)
"""The steps that whole batches can be put through, with some of their arguments."""
_INTERPOLATIONS = (ir.Symbol("nearest"), ir.Symbol("bilinear"))
_FIELDS = {"image", "label", "index"}


def gather(plan: Plan) -> Plan:
    """The plan with `gather` set where the data is one array, every step has a form for whole batches, and the fields
    are stacked. Unchanged otherwise."""
    steps = (*plan.chain, *(plan.late.steps if plan.late is not None else ()))
    applied = [step for step in steps if isinstance(step, ir.Apply)]
    if len(applied) < len(steps) or not all(map(_has_batch_form, applied)) or not _fills_bytes(applied):
        return plan
    if not _is_array(plan) or not _stacks(plan.loader.collate):
        return plan
    names = " and ".join(f"`{step.name}`" for step in applied if step.name in (*_MOVES, *_WARPS))
    text = "batches are gathered from memory as a whole, " + (
        f"{names} work{'' if ' and ' in names else 's'} on all samples at once" if names else "not sample by sample"
    )
    return evolve(plan, gather=True, done=(*plan.done, Done("gather", text)))


def _has_batch_form(step: ir.Apply) -> bool:
    if step.target is not None or step.registered or step.name not in BATCH_FORMS:
        return False
    values = {arg.name: arg.value for arg in step.args}
    if step.name in ("ToDtype", "ConvertImageDtype"):
        return values["dtype"] == ir.Symbol("float32")
    if step.name in _WARPS:
        return values["interpolation"] in _INTERPOLATIONS and not values.get("expand", False)
    return values.get("padding_mode", "constant") == "constant" and not values.get("pad_if_needed", False)


def _fills_bytes(steps: list[ir.Apply]) -> bool:
    """Whether all that is padded or turned in is a byte: after `ToTensor` and its like only 0 surely is one, after
    `Normalize` none. What one cut takes away and another fill brings back is not told apart, and pixels are mixed only
    while they are bytes; a rotation, or an affine step, begins anew."""
    cut, values_done, normalised, fills = False, False, False, set[ir.Value]()
    for step in steps:
        values = {arg.name: arg.value for arg in step.args}
        if step.name in _WARPS or (step.name in ("Pad", "RandomCrop") and values["padding"] is not None):
            fill = values["fill"]
            if normalised or type(fill) is not int or not 0 <= fill <= (0 if values_done else 255):
                return False
            fills.add(fill)
            if step.name in _WARPS:
                if values_done and values["interpolation"] != ir.Symbol("nearest"):
                    return False
                cut, fills = False, set()
            elif cut or len(fills) > 1:
                return False
        cut = cut or step.name in ("RandomCrop", "CenterCrop")
        normalised = normalised or step.name == "Normalize"
        values_done = values_done or step.name in _VALUES
    return True


def _is_array(plan: Plan) -> bool:
    """Whether the loader reads one of `ARRAYS`, as it is stored."""
    name = plan.loader.data.dataset
    source = next(dataset.source for dataset in plan.program.datasets if dataset.name == name)
    if source is None or source.target is not None or source.registered or source.name not in ARRAYS:
        return False
    entry = dataset_entry(source.name)
    assert entry is not None, "the compiler takes only datasets of the catalogue"
    stored = {item.name: item.default for item in entry.parameters if item.name in ("mode", "image_backend")}
    return all(arg.value == stored[arg.name] for arg in source.args if arg.name in stored)


def _stacks(collate: ir.Collate) -> bool:
    if not collate.fields:
        return collate.how is None or collate.how.kind == "stack"
    return all(part.field in _FIELDS and part.how.kind == "stack" for part in collate.fields)
