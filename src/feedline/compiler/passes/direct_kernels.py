"""`direct_kernels`: a common step calls torchvision's kernel itself, on the decoder's own layout of the pixels.

    before   decode; turn RGBRGB... into planes; RandomResizedCrop(224) through the dispatch for every kind of field
    after    decode; RandomResizedCrop(224): the same numbers drawn, the same kernel called

The kernels resize pixels as the decoder lays them out, colours side by side, faster than planes, and to the same bits.
Where a step follows that is not among these, the (smaller) image is turned into planes before it.
"""

from __future__ import annotations

from attrs import evolve

from feedline.compiler import ir
from feedline.compiler.plan import Done, Plan

DIRECT = (
    *("RandomResizedCrop", "Resize", "CenterCrop", "RandomHorizontalFlip", "RandomVerticalFlip"),
    "SanitizeBoundingBoxes",
)


def direct_kernels(plan: Plan) -> Plan:
    """The plan with the first steps of its chain run directly, as far as they are of the kinds that can."""
    count = 0
    for step in plan.chain[plan.prefix :]:
        if not isinstance(step, ir.Apply) or step.target is not None or step.registered or step.name not in DIRECT:
            break
        count += 1
    if not count or plan.gather:
        return plan
    names = [f"`{step.name}`" for step in plan.chain[plan.prefix : plan.prefix + count] if isinstance(step, ir.Apply)]
    what = (
        f"{' and '.join(names)} call{'s' if count == 1 else ''} torchvision's kernel{'s' if count > 1 else ''} directly"
    )
    text = f"{what}, on pixels as they are decoded" if plan.cache == "off" else what
    return evolve(plan, direct=count, done=(*plan.done, Done("direct_kernels", text)))
