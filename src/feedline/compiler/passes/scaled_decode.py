"""`scaled_decode`, under `optimize = fast` only: a JPEG that is shrunk anyway is decoded smaller.

    before   decode 1280 x 960; RandomResizedCrop(224) takes a part of 700 x 600
    after    the part is drawn first; decode at 1/2, 640 x 480; the same part, 350 x 300 of it, becomes 224 x 224

A JPEG can be decoded at 1/2, 1/4 and 1/8 in less time. It is where the part that the first step takes is at least that
many times as large as what it makes of it, so that nothing is ever enlarged. The values differ: by 0.7 of 255 on
average on photos of 1280 x 960 (recompression at quality 90 makes 0.3, a shift by one pixel 6).
"""

from __future__ import annotations

from attrs import evolve

from feedline.compiler import ir
from feedline.compiler.passes.draw_first import may_wait
from feedline.compiler.plan import Done, Plan

_SHRINKING = ("RandomResizedCrop", "Resize")


def scaled_decode(plan: Plan) -> Plan:
    """The plan with `scaled` set where its first step shrinks images, and nothing but images has their size."""
    if plan.loader.option("optimize") != ir.Symbol("fast") or not plan.direct or plan.cache != "off":
        return plan
    first = plan.chain[0]
    if not isinstance(first, ir.Apply) or first.name not in _SHRINKING or not _smooth(first):
        return plan
    if not may_wait(plan):
        return plan
    text = f"JPEGs that `{first.name}` shrinks to a half or less are decoded smaller: values differ, by about 1 of 255"
    return evolve(plan, scaled=True, done=(*plan.done, Done("scaled_decode", text)))


def _smooth(step: ir.Apply) -> bool:
    values = {arg.name: arg.value for arg in step.args}
    return values["interpolation"] in ("bilinear", "bicubic", ir.Symbol("bilinear"), ir.Symbol("bicubic")) and bool(
        values["antialias"]
    )
