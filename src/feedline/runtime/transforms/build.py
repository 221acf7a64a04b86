"""From the steps of a Program to a chain that runs: torchvision's classes, containers as combinations, user code."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import torch
from attrs import evolve, frozen
from torchvision import tv_tensors
from torchvision.transforms import v2

from feedline.compiler import ir, registry
from feedline.compiler.catalogue import transform
from feedline.compiler.steps import applied
from feedline.dsl.source import Span
from feedline.runtime.arguments import load_python, positional_arguments, python_arguments, python_value
from feedline.runtime.failures import Failure, PipelineFailure
from feedline.runtime.transforms.combine import (
    AnyStep,
    BatchChain,
    Chain,
    Maybe,
    OneOf,
    OnField,
    Sequence,
    Shuffled,
    Views,
)
from feedline.runtime.transforms.direct import DirectStep, Planes, directly
from feedline.runtime.transforms.direct_colour import in_colour
from feedline.runtime.transforms.direct_objects import DirectSanitize
from feedline.runtime.transforms.drawn import cut_at_once
from feedline.runtime.transforms.steps import (
    BatchStep,
    FieldStep,
    FieldToDtype,
    ImageStep,
    Own,
    Rows,
    SampleStep,
    Sanitize,
    Step,
    TorchvisionStep,
    ToTensor,
    UserBatchStep,
    takes_sample,
)

_CONTAINERS = ("Compose", "RandomApply", "RandomChoice", "RandomOrder")


def build_chain(
    steps: tuple[ir.Step, ...], *, allow_python: bool = False, direct: int = 0, colour: bool = False
) -> Chain:
    """The chain of a loader, its first `direct` steps the short way, if there is one that holds here, and with `colour`
    so those of colour and blur, wherever they stand. Raises PipelineFailure, with the step's span, for arguments that a
    step refuses and for user code that cannot be imported or is not allowed."""
    built = _Builder(allow_python, "sample", colour).sequence(steps).steps
    return Chain(Sequence((*map(_shortened, built[:direct]), *built[direct:])))


def _shortened(step: AnyStep) -> AnyStep:
    """A step the short way; the steps of views each."""
    if isinstance(step, Views):
        return Views(tuple(Sequence(tuple(map(directly, chain.steps))) for chain in step.chains))
    return directly(step)


def with_planes(chain: Chain) -> Chain | None:
    """The chain for images as a decoder lays them out: what comes after the short steps gets planes, as it would have
    had from the beginning. None where the chain does not begin with short steps."""
    made = _with_planes(chain.steps)
    return None if made is None else Chain(made)


def _with_planes(chain: Sequence) -> Sequence | None:
    steps = chain.steps
    count = next(
        (place for place, step in enumerate(steps) if not isinstance(step, DirectStep | DirectSanitize)), len(steps)
    )
    if count < len(steps) and isinstance(views := steps[count], Views):
        chains = [made for each in views.chains if (made := _with_planes(each)) is not None]
        if len(chains) == len(views.chains):
            return Sequence((*steps[:count], Views(tuple(Sequence(cut_at_once(made.steps)) for made in chains))))
    if not count:
        return None
    planes = Planes("planes", steps[0].span, random=False)  # pyright: ignore[reportAttributeAccessIssue]  (one of these)
    return Sequence((*steps[:count], planes, *steps[count:]))


def build_batch_chain(steps: tuple[ir.Step, ...], *, allow_python: bool = False) -> BatchChain:
    """The chain of `batch { ... }`, which takes collated batches: `(images, labels)`, or a dict of fields. Raises as
    `build_chain` does."""
    return BatchChain(_Builder(allow_python, "batch").sequence(steps))


@frozen
class _Builder:
    """Builds steps for one kind of input: a whole `sample`, a single `field` of one, or a collated `batch`."""

    allow_python: bool
    on: str
    colour: bool = False

    def sequence(self, steps: tuple[ir.Step, ...]) -> Sequence:
        """The steps in order. Those after `views` belong to each view."""
        built: list[AnyStep] = []
        for place, step in enumerate(steps):
            if isinstance(step, ir.Views):
                rest = steps[place + 1 :]
                built.append(Views(tuple(self._view((*chain, *rest)) for chain in step.chains)))
                break
            built.append(self.step(step))
        return Sequence(tuple(built))

    def _view(self, steps: tuple[ir.Step, ...]) -> Sequence:
        """The steps of one view, which has fields of its own before code of the user may write into them."""
        built = self.sequence(steps).steps
        for place, step in enumerate(steps[: len(built)]):
            if not isinstance(step, ir.Views) and (user := next(filter(is_users, applied((step,))), None)) is not None:
                own = Own("a copy for this view", user.span, random=False)
                return Sequence((*built[:place], own, *built[place:]))
        return Sequence(built)

    def step(self, step: ir.Step) -> AnyStep:
        """One step."""
        match step:
            case ir.Apply():
                return self._container(step) if step.name in _CONTAINERS else self._apply(step)
            case ir.Maybe(probability=probability, steps=steps):
                return Maybe(probability, self.sequence(steps))
            case ir.OneOf(branches=branches):
                chains = tuple(self.sequence(branch.steps) for branch in branches)
                return self._one_of(chains, tuple(branch.weight for branch in branches), step.span)
            case ir.Shuffled(steps=steps):
                return Shuffled(tuple(self.step(inner) for inner in steps))
            case ir.OnField(field=name, steps=steps):
                return OnField(name, evolve(self, on="field").sequence(steps), step.span)
            case ir.Views():
                return self.sequence((step,))

    def _container(self, step: ir.Apply) -> AnyStep:
        """`Compose`, `RandomApply`, `RandomChoice`, `RandomOrder`: the same combinations under torchvision's names."""
        values = {arg.name: arg.value for arg in step.args}
        nested = values["transforms"]
        items = nested.items if isinstance(nested, ir.ListValue) else nested
        assert isinstance(items, tuple), "the compiler takes only a list of transforms here"
        steps = tuple(self.step(item) for item in items if isinstance(item, ir.Apply))
        match step.name:
            case "Compose":
                return Sequence(steps)
            case "RandomApply":
                return Maybe(python_value(values["p"]), Sequence(steps))
            case "RandomChoice":
                given = python_value(values["p"])
                return self._one_of(steps, tuple(given or [1.0] * len(steps)), step.span)
            case _:
                return Shuffled(steps)

    def _one_of(self, branches: tuple[AnyStep, ...], weights: tuple[float, ...], span: Span) -> OneOf:
        if len(weights) != len(branches):
            raise _refused("RandomChoice", f"{len(weights)} probabilities for {len(branches)} transforms", span)
        if not sum(weights) > 0:
            raise _refused("one of", "every weight is zero", span)
        return OneOf(branches, weights)

    def _apply(self, step: ir.Apply) -> AnyStep:
        if is_users(step):
            return self._user(step)
        entry = transform(step.name)
        step_random = entry is None or entry.random
        name, span = step.name, step.span
        if self.on != "batch" and step.name == "ToTensor":
            return ToTensor(name, span, random=False)
        if self.on == "sample" and step.name in _SANITIZE:
            kind = _SANITIZE[step.name]
            made = _construct(step, labels_getter=Rows(kind))
            return Sanitize(name, span, random=False, transform=made, kind=kind)
        if self.on == "field" and step.name in _SANITIZE:
            raise _refused(name, "it drops rows of several fields; move it out of `on ... { }`", span)
        if self.on == "field" and step.name == "ToDtype":
            arguments = python_arguments(step.args)
            made = FieldToDtype(arguments["dtype"], arguments["scale"])
            return FieldStep(name, span, random=False, transform=made)
        kind_of_step = {"sample": TorchvisionStep, "field": FieldStep, "batch": BatchStep}[self.on]
        made = kind_of_step(name, span, random=step_random, transform=_construct(step))
        return in_colour(made) if self.colour else made

    def _user(self, step: ir.Apply) -> Step:
        """The user's own callable. What it is handed depends on what it is: a subclass of torchvision's
        `Transform` every visual field, one whose first parameter is `sample` the whole sample, any other the image."""
        function = self._load(step)
        name, span = step.target or step.name, step.span
        if self.on == "batch":
            return UserBatchStep(name, span, transform=function)
        if isinstance(function, v2.Transform):
            made = TorchvisionStep if self.on == "sample" else FieldStep
            return made(name, span, transform=function)
        if self.on == "field":
            return FieldStep(name, span, transform=function, plain=True)
        return (SampleStep if takes_sample(function) else ImageStep)(name, span, transform=function)

    def _load(self, step: ir.Apply) -> Callable[..., Any]:
        name, span = step.target or step.name, step.span
        if step.target is not None:
            if not self.allow_python:
                raise PipelineFailure(
                    Failure("FL116", f"`python({name!r})` runs foreign code, which is not allowed", span)
                )
            try:
                found = load_python(step.target)
            except PipelineFailure as error:
                raise PipelineFailure(evolve(error.failure, span=span)) from error
        else:
            registered = registry.find("transform", step.name)
            if registered is None:
                message = f"`{name}` was registered when the file was checked, but is not now"
                raise PipelineFailure(Failure("FL210", message, span, help="import the module that registers it"))
            found = registered.load()
        args, kwargs = positional_arguments(step.args), python_arguments(step.args)
        try:
            made = _made(found, args, kwargs)
        except Exception as error:
            raise _refused(name, str(error) or type(error).__name__, span, error) from error
        if not callable(made):
            raise _refused(name, f"it made {type(made).__name__}, which cannot be called", span)
        return made


def _made(found: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The step that user code stands for: an instance of a class; what a function makes, if the arguments are all it
    needs; or the function itself, if it still needs what it is to change."""
    if not inspect.isclass(found):
        try:
            inspect.signature(found).bind(*args, **kwargs)
        except TypeError:
            if not args:
                return functools.partial(found, **kwargs) if kwargs else found
        except ValueError:  # a builtin without a signature
            return found
    return found(*args, **kwargs)


def is_users(step: ir.Apply) -> bool:
    """Whether a step is code of the user's."""
    return step.target is not None or step.registered


_SANITIZE: dict[str, type[tv_tensors.TVTensor]] = {
    "SanitizeBoundingBoxes": tv_tensors.BoundingBoxes,
    **({"SanitizeKeyPoints": tv_tensors.KeyPoints} if hasattr(tv_tensors, "KeyPoints") else {}),
}


def _construct(step: ir.Apply, **more: Any) -> Callable[[Any], Any]:
    """An instance of the torchvision class that a step names."""
    cls = getattr(v2, step.name, None)
    if cls is None:
        raise _refused(step.name, "the installed torchvision does not have it", step.span)
    known = inspect.signature(cls).parameters
    # A default that another version of torchvision does not know is left to it.
    arguments: dict[str, Any] = python_arguments(tuple(arg for arg in step.args if arg.given or arg.name in known))
    arguments |= more
    if step.name == "LinearTransformation":
        arguments = {name: torch.tensor(value) for name, value in arguments.items()}
    if "inplace" in arguments:
        # The image may be shared with other views, or be the source's own; the result is the same.
        arguments["inplace"] = False
    try:
        return cls(**arguments)
    except Exception as error:
        raise _refused(step.name, str(error) or type(error).__name__, step.span, error) from error


def _refused(name: str, why: str, span: Span, cause: Exception | None = None) -> PipelineFailure:
    return PipelineFailure(Failure("FL209", f"`{name}` refuses its arguments: {why.rstrip('.')}", span, cause=cause))
