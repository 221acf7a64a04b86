"""torchvision's containers: the same combinations as `maybe`, `one of` and `shuffled`, with the steps as arguments."""

from __future__ import annotations

from feedline.compiler import ir
from feedline.compiler.sample_types.call import Call, StepRule
from feedline.compiler.sample_types.model import Sample, Types
from feedline.compiler.sample_types.rules.values import impossible


def _steps(call: Call) -> tuple[ir.Apply, ...]:
    value = call.value("transforms")
    items = value.items if isinstance(value, ir.ListValue) else value if isinstance(value, tuple) else (value,)
    return tuple(item for item in items if isinstance(item, ir.Apply))


def _compose(sample: Sample, call: Call) -> Types:
    return call.interpreter.chain(_steps(call), (sample,))


def _random_apply(sample: Sample, call: Call) -> Types:
    probability = call.value("p")
    assert isinstance(probability, int | float)
    return call.interpreter.maybe(probability, _steps(call), (sample,))


def _random_choice(sample: Sample, call: Call) -> Types:
    given, steps = call.value("p"), _steps(call)
    weights = (
        given.items if isinstance(given, ir.ListValue) else given if isinstance(given, tuple) else (1,) * len(steps)
    )
    _check_weights(call, [weight for weight in weights if isinstance(weight, int | float)], len(steps))
    branches = [(step,) for step, weight in zip(steps, weights, strict=False) if weight]
    return call.interpreter.one_of(branches or [(step,) for step in steps], (sample,))


def _check_weights(call: Call, weights: list[int | float], steps: int) -> None:
    if len(weights) != steps:
        message = f"`RandomChoice` has {steps} steps, and `p` has {len(weights)} number{'s' * (len(weights) != 1)}"
        impossible(call, message, at="p", label="one for each step", help=f"give {steps} numbers, or leave `p` out")
    elif steps and not any(weights):
        message = "`RandomChoice` divides by the sum of `p`, which is 0"
        impossible(call, message, at="p", label="no step is ever drawn", help="give one step a number above 0")


def _random_order(sample: Sample, call: Call) -> Types:
    return call.interpreter.shuffled(_steps(call), (sample,))


RULES: dict[str, StepRule] = {
    "Compose": _compose,
    "RandomApply": _random_apply,
    "RandomChoice": _random_choice,
    "RandomOrder": _random_order,
}
