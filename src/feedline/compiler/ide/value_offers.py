"""What can stand as a value: constants, parameters, the words of a type."""

from __future__ import annotations

from collections.abc import Iterator

from feedline.compiler import catalogue
from feedline.compiler.catalogue import Parameter, ParamType
from feedline.compiler.catalogue.types import Enum, Items, Scalar, Union
from feedline.compiler.explain.text import Writer
from feedline.compiler.ide import offers
from feedline.compiler.ide.analysis import Analysis
from feedline.compiler.ide.offers import Completion


def values(analysis: Analysis, type: ParamType | None, *, name: str = "", default: str = "") -> Iterator[Completion]:
    """Values of a type: its words first, then what the file names. `name` is the parameter's."""
    words = _words(type) if type is not None else ()
    for word in words:
        detail = "the default" if default in (word, f'"{word}"') else ""
        yield Completion(word, "member", word, detail, rank=5 if word == "none" else 1)
    if name in ("mean", "std"):
        for constant, parts in catalogue.constants().items():
            if name in parts:
                shown = Writer("", {}).value(parts[name])
                yield Completion(f"{constant}.{name}", "constant", f"{constant}.{name}", shown, rank=2)
    if type is not None and type.takes_transforms:
        yield from offers.transforms(batch=False)
    yield from offers.declared(analysis, "parameter", "constant")
    yield Completion(
        "env", "function", "env(", "env(NAME, default)", "An environment variable.", 'env("${1:NAME}"$0)', 40
    )


def argument_names(parameters: tuple[Parameter, ...], given: frozenset[str]) -> Iterator[Completion]:
    """`name=` for each parameter that is not given yet."""
    for parameter in parameters:
        if parameter.kind in ("positional", "keyword") and parameter.name not in given:
            default = "" if parameter.required else f", {Writer('', {}).value(parameter.default)} by default"
            detail = f"{parameter.type.describe()}{default}"
            text = f"{parameter.name}="
            rank = 3 if parameter.required else 4
            yield Completion(text, "argument", text, detail, parameter.doc, f"{text}$0", rank)


def _words(type: ParamType) -> tuple[str, ...]:
    """The words that a value of a type can be, as they are written."""
    match type:
        case Enum(members=members):
            return tuple(word if word.isidentifier() else f'"{word}"' for word in members)
        case Scalar(name="bool"):
            return ("true", "false")
        case Scalar(name="none"):
            return ("none",)
        case Union(options=options):
            return tuple(dict.fromkeys(word for option in options for word in _words(option)))
        case Items(item=item):
            return _words(item)
        case _:
            return ()
