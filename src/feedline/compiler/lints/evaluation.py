"""Random augmentation where a model is measured."""

from __future__ import annotations

from feedline.compiler import catalogue, ir
from feedline.compiler.lints.roles import role_of
from feedline.compiler.names import Unit
from feedline.compiler.steps import able_to_run
from feedline.dsl.diagnostics import Label, Reporter
from feedline.dsl.rules.evaluation import RandomEvaluation
from feedline.dsl.source import Span

_SURE = (
    *("RandomApply", "RandomHorizontalFlip", "RandomVerticalFlip", "RandomGrayscale", "RandomInvert", "RandomEqualize"),
    *("RandomAutocontrast", "RandomSolarize", "RandomPosterize", "RandomAdjustSharpness"),
)
"""Steps of which the probability is all that is left to chance."""

_RANGES = {"GaussianBlur": "sigma", "JPEG": "quality", "RandomRotation": "degrees"}
"""Steps that do the same to every sample if this argument is one number; one alone is a range for `RandomRotation`."""


def random_evaluation(program: ir.Program, main: Unit, reporter: Reporter) -> None:
    """Warn of the first random step of each evaluation loader; a chain that several share is blamed once."""
    found: dict[Span, tuple[list[ir.Loader], list[str]]] = {}
    for loader in program.loaders:
        if role_of(loader) != "evaluation":
            continue
        steps = [*able_to_run(loader.chain), *able_to_run(loader.batch_chain)]
        random = [(step, word) for step in steps if (word := _random(step)) is not None]
        if random:
            found.setdefault(random[0][0].span, ([], [word for _, word in random]))[0].append(loader)
    for span, (loaders, words) in found.items():
        names = " and ".join(f"`{loader.name}`" for loader in loaders)
        further = list(dict.fromkeys(word for word in words[1:] if word != words[0]))
        reporter.report(
            RandomEvaluation,
            span,
            f"{names} {'are' if len(loaders) > 1 else 'is'} for evaluation, and {words[0]} changes samples at random",
            label="random",
            secondary=[Label(main.names[loader.name].span, "evaluates") for loader in loaders],
            notes=[f"so do {' and '.join(further)}" if len(further) > 1 else f"so does {further[0]}"]
            if further
            else [],
            help=_instead(words[0]) + f", or call the loader `{loaders[0].name}_augmented` if it is meant",
        )


def _random(step: ir.Step) -> str | None:
    """How a step is named, if what it does to a sample is left to chance."""
    match step:
        case ir.Apply(name=name, target=None, registered=False):
            entry = catalogue.transform(name)
            return f"`{name}`" if entry is not None and entry.random and not _settled(step) else None
        case ir.Maybe(probability=probability) if 0 < probability < 1:
            return f"`maybe {probability * 100:g}%`"
        case ir.OneOf(branches=branches) if sum(branch.weight > 0 for branch in branches) > 1:
            return "`one of`"
        case ir.Shuffled(steps=steps) if len(steps) > 1:
            return "`shuffled`"
        case _:
            return None


def _settled(step: ir.Apply) -> bool:
    """Whether the arguments leave nothing to chance: a probability of 0 or 1, a range of one number."""
    values = {arg.name: arg.value for arg in step.args}
    if values.get("p") == 0 or (step.name in _SURE and values.get("p") == 1):
        return True
    span = values.get(_RANGES.get(step.name, ""))
    items = span.items if isinstance(span, ir.ListValue) else span
    if isinstance(items, tuple):
        return len(set(items)) == 1
    return step.name != "RandomRotation" and isinstance(items, int | float)


def _instead(word: str) -> str:
    if "Crop" in word or "Resize" in word:
        return "use `Resize` and `CenterCrop` here"
    return "leave it out here"
