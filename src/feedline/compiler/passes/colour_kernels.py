"""`colour_kernels`: steps of colour and blur do the same arithmetic in fewer passes over the pixels.

    before   ColorJitter(0.8, 0.8, 0.8, 0.2): hue of all three colours, in forty passes over floats
    after    ColorJitter(0.8, 0.8, 0.8, 0.2): hue of the one colour that it changes; the three change places

The same numbers are drawn, and every value that is computed is computed as torchvision does. They stand wherever in the
chain they like; where an image is not of bytes, or has boxes beside it, torchvision's own class runs.
"""

from __future__ import annotations

from attrs import evolve

from feedline.compiler.plan import Done, Plan
from feedline.compiler.steps import applied

COLOUR = ("ColorJitter", "RandomGrayscale", "GaussianBlur")


def colour_kernels(plan: Plan) -> Plan:
    """The plan with those steps of its chain the short way."""
    own = (step for step in applied(plan.chain) if step.target is None and not step.registered)
    names = [*dict.fromkeys(f"`{step.name}`" for step in own if step.name in COLOUR)]
    if not names or plan.gather:
        return plan
    text = f"{' and '.join(names)} compute{'s' * (len(names) == 1)} the same in fewer passes over the pixels"
    return evolve(plan, colour=True, done=(*plan.done, Done("colour_kernels", text)))
