"""Whether a chain gives every image one size: what decides that detection images are stacked rather than listed."""

from __future__ import annotations

from collections.abc import Sequence

from feedline.compiler import ir

_FIXES = {
    "CenterCrop", "RandomCrop", "RandomResizedCrop", "FiveCrop", "TenCrop", "Resize"
}  # fmt: skip
_VARIES = {
    "RandomIoUCrop", "RandomResize", "RandomShortestSize", "RandomZoomOut", "ScaleJitter"
}  # fmt: skip


def fixed_size(steps: Sequence[ir.Step], start: bool = False) -> bool:
    """Whether images all have one size after `steps`, given whether they had at the start. Unknown code: no."""
    size = start
    for step in steps:
        match step:
            case ir.Apply():
                size = _after(step, size)
            case ir.Maybe(steps=inner):
                size = size and fixed_size(inner, size) and not _resizes(inner)
            case ir.OneOf(branches=branches):
                size = all(fixed_size(branch.steps, size) for branch in branches) and not (
                    any(_resizes(branch.steps) for branch in branches)
                )
            case ir.Shuffled(steps=inner):
                size = fixed_size(inner, size) and not _resizes(inner)
            case ir.Views(chains=chains):
                size = all(fixed_size(chain, size) for chain in chains)
            case ir.OnField(field=name, steps=inner):
                size = fixed_size(inner, size) if name == "image" else size
    return size


def _resizes(steps: Sequence[ir.Step]) -> bool:
    """Whether the steps may set a size of their own, so that taking them or not leaves two sizes."""
    return any(not isinstance(step, ir.Apply) or step.name in _FIXES | {"Pad"} for step in steps)


def _transforms_in(value: ir.Value) -> list[ir.Apply]:
    items = value.items if isinstance(value, ir.ListValue) else value if isinstance(value, tuple) else (value,)
    return [item for item in items if isinstance(item, ir.Apply)]


def _after(step: ir.Apply, size: bool) -> bool:
    inner = [item for arg in step.args for item in _transforms_in(arg.value)]
    if inner:
        # A container of transforms: only Compose applies all of them, in their order, to every sample.
        return fixed_size(inner, size) and (step.name == "Compose" or not _resizes(inner))
    if step.target is not None or step.registered or step.name in _VARIES:
        return False
    if step.name == "Resize":
        value = next((arg.value for arg in step.args if arg.name == "size"), None)
        given = value.items if isinstance(value, ir.ListValue) else value
        return size or (isinstance(given, tuple) and len(given) == 2)
    if step.name == "RandomRotation":
        expand = next((arg.value for arg in step.args if arg.name == "expand"), False)
        return size and not expand
    return size or step.name in _FIXES
