"""`draw_first`: of a crop and its flips everything is drawn before the image is decoded.

    before   decode; draw, RandomResizedCrop(224); draw, RandomHorizontalFlip(); lay out in planes
    after    draw both; decode, crop and resize; mirror, into planes that are used again

The same numbers in the same order, but by one call instead of one for each; and what is made has its place before it is
there. It is for chains of nothing else, on samples of which nothing but one image has a size.
"""

from __future__ import annotations

from attrs import evolve

from feedline.compiler import ir
from feedline.compiler.plan import Done, Plan
from feedline.compiler.sample_types.check import loader_types
from feedline.compiler.sample_types.model import Boxes, Image, Mask
from feedline.compiler.sources import decodes_files

_FLIPS = ("RandomHorizontalFlip", "RandomVerticalFlip")


def draw_first(plan: Plan) -> Plan:
    """The plan with `drawn` set where its whole chain is such a crop and its flips, run directly."""
    if not plan.direct or plan.cache != "off" or plan.direct < len(plan.chain):
        return plan
    first, *rest = plan.chain
    if not isinstance(first, ir.Apply) or first.name != "RandomResizedCrop":
        return plan
    names = [f"`{step.name}`" for step in rest if isinstance(step, ir.Apply) and step.name in _FLIPS]
    if len(names) < len(rest) or not may_wait(plan):
        return plan
    text = f"what {' and '.join((f'`{first.name}`', *names))} draw{'s' * (not names)} is drawn before decoding, at once"
    return evolve(plan, drawn=True, done=(*plan.done, Done("draw_first", text)))


def may_wait(plan: Plan) -> bool:
    """Whether images may be decoded by the first step: each is a file that feedline decodes, as a tensor of three
    colours, and nothing else in its sample would be moved with it."""
    if not decodes_files(plan.program, plan.loader.data.dataset):
        return False
    for sample in loader_types(plan.program, plan.loader).start:
        values = [value for _, value in sample.fields]
        if sample.open or any(isinstance(value, Boxes | Mask) for value in values):
            return False
        images = [value for value in values if isinstance(value, Image)]
        if len(images) != 1 or (images[0].backend, images[0].channels) != ("tensor", 3):
            return False
    return True
