"""`direct_kernels`: a common step calls torchvision's kernel itself, on the decoder's own layout of the pixels.

    before   decode; turn RGBRGB... into planes; RandomResizedCrop(224) through the dispatch for every kind of field
    after    decode; RandomResizedCrop(224): the same numbers drawn, the same kernel called

The kernels resize pixels as the decoder lays them out, colours side by side, faster than planes, and to the same bits.
Where a step follows that is not among these, the (smaller) image is turned into planes before it.
"""

from __future__ import annotations

from itertools import takewhile

from attrs import evolve

from feedline.compiler import ir
from feedline.compiler.plan import Done, Plan
from feedline.compiler.sample_types.check import loader_types
from feedline.compiler.sample_types.model import Image, Sample
from feedline.compiler.sources import decodes_files

DIRECT = (
    *("RandomResizedCrop", "Resize", "RandomCrop", "CenterCrop", "RandomHorizontalFlip", "RandomVerticalFlip"),
    "SanitizeBoundingBoxes",
)


def is_direct(step: ir.Step) -> bool:
    """Whether a step is of the kinds that can; a crop that pads is not."""
    if not isinstance(step, ir.Apply) or step.target is not None or step.registered or step.name not in DIRECT:
        return False
    pads = (arg.value for arg in step.args if arg.name in ("padding", "pad_if_needed"))
    return step.name != "RandomCrop" or not any(pads)


def direct_kernels(plan: Plan) -> Plan:
    """The plan with the first steps of its chain, or of its views, run directly, as far as they are of the kinds that
    can."""
    chain = plan.chain[plan.prefix :]
    first = [*takewhile(is_direct, chain)]
    views = next((step for step in chain[len(first) : len(first) + 1] if isinstance(step, ir.Views)), None)
    inside = [[*takewhile(is_direct, view)] for view in views.chains] if views is not None else []
    count = len(first) + (bool(inside) and all(inside))
    if not count or plan.gather or any(_is_pil(sample) for sample in loader_types(plan.program, plan.loader).start):
        return plan
    steps = [*first, *(step for each in inside for step in each)] if count > len(first) else first
    names = [*dict.fromkeys(f"`{step.name}`" for step in steps if isinstance(step, ir.Apply))]
    one = len(names) == 1
    what = f"{' and '.join(names)} call{'s' * one} torchvision's kernel{'s' * (not one)} directly"
    as_decoded = plan.cache == "off" and decodes_files(plan.program, plan.loader.data.dataset)
    text = f"{what}, on pixels as they are decoded" if as_decoded else what
    return evolve(plan, direct=count, done=(*plan.done, Done("direct_kernels", text)))


def _is_pil(sample: Sample) -> bool:
    return any(isinstance(value, Image) and value.backend == "pil" for _, value in sample.fields)
