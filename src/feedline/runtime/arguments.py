"""Values of the Program as Python and torch have them, and the user's own code by its name."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import reduce
from typing import Any

import torch
from torchvision.transforms import AutoAugmentPolicy, InterpolationMode
from torchvision.tv_tensors import BoundingBoxFormat

from feedline.compiler import ir
from feedline.compiler.catalogue.types import ENUMS
from feedline.runtime.failures import Failure, PipelineFailure

_OBJECTS: dict[str, Callable[[str], Any]] = {
    "autoaugment": AutoAugmentPolicy,
    "box_format": BoundingBoxFormat,
    "dtype": lambda word: getattr(torch, word),
    "interpolation": lambda word: InterpolationMode(word.replace("_", "-")),
}
"""What the words of each set in `ENUMS` stand for; no word is in two sets."""


def python_value(value: ir.Value) -> Any:
    """A value as Python has it: symbols become the torch objects they name, percentages fractions.

    A symbol that names none (`auto`, `cuda`) becomes a string. Transforms are not values; see `build_chain`."""
    match value:
        case ir.ListValue(items=items):
            return [python_value(item) for item in items]
        case tuple():
            return tuple(python_value(item) for item in value)
        case ir.Percent(value=share):
            return share / 100
        case ir.Symbol(name=word):
            known = next((name for name, words in ENUMS.items() if word in words), None)
            return word if known is None else _OBJECTS[known](word)
        case ir.Apply():
            raise TypeError(f"the transform {value.name} is not a value")
    return value


def python_arguments(args: tuple[ir.Arg, ...]) -> dict[str, Any]:
    """The arguments given by name, as Python values."""
    return {arg.name: python_value(arg.value) for arg in args if arg.name}


def positional_arguments(args: tuple[ir.Arg, ...]) -> tuple[Any, ...]:
    """The arguments of user code that have no name, in their order, as Python values."""
    return tuple(python_value(arg.value) for arg in args if not arg.name)


def load_python(target: str) -> Callable[..., Any]:
    """The callable that `package.module:name` names. Raises PipelineFailure where there is none.

    Runs the module's import: only for callers that were allowed to run foreign code."""
    module, _, path = target.partition(":")
    try:
        found = reduce(getattr, path.split("."), importlib.import_module(module))
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        help = None
        if isinstance(error, ModuleNotFoundError) and error.name == module.partition(".")[0]:
            help = f"install the package, or put the folder that holds `{error.name}` on `PYTHONPATH`"
        message = f"`{target}` cannot be imported: {said}"
        raise PipelineFailure(Failure("FL210", message, help=help, cause=error)) from error
    if not callable(found):
        raise PipelineFailure(Failure("FL210", f"`{target}` is not callable, it is {type(found).__name__}"))
    return found
