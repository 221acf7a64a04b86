"""What can be called and with what: entries of the catalogue, caches, ways to collate, functions of the language."""

from __future__ import annotations

from functools import cache

from attrs import frozen

from feedline.compiler import catalogue, registry
from feedline.compiler.catalogue import Entry, Parameter
from feedline.compiler.catalogue.types import parse_type
from feedline.compiler.explain.text import Writer
from feedline.compiler.ide.words import CLAUSES
from feedline.compiler.ide.words import COLLATES as COLLATE_WORDS
from feedline.compiler.lower_cache import CACHES
from feedline.compiler.lower_cache import DOC as CACHE_DOC
from feedline.compiler.options import COLLATES, OPTIONS
from feedline.dsl import tree

_ANY = parse_type("any")
_OWN = {
    "env": Entry(
        "env",
        "transform",
        (
            Parameter("NAME", parse_type("str"), doc="The name of the variable."),
            Parameter("default", parse_type("str"), required=False, doc="What it is where the variable is not set."),
        ),
        "The text of an environment variable.",
    ),
    "python": Entry(
        "python",
        "transform",
        (
            Parameter("target", parse_type("str"), doc='`"package.module:name"`'),
            Parameter("args", _ANY, "var-positional", required=False, doc="What it is called with."),
        ),
        "Code of your own. It runs only where it is allowed, and never while a file is checked.",
    ),
    **{
        name: Entry(name, "transform", (Parameter("condition", _ANY),), CLAUSES[name])
        for name in ("any", "all", "count")
    },
}


def entry_of(name: str, collates: bool = False) -> Entry | None:
    """What a call of `name` calls; `collates` where it stands behind `collate`."""
    if collates and name in COLLATES:
        parameters = tuple(
            Parameter(parameter, type, required=False, default=default)
            for parameter, (type, default) in COLLATES[name].items()
        )
        return Entry(name, "transform", parameters, COLLATE_WORDS[name])
    if name in CACHES:
        return Entry(name, "transform", CACHES[name], CACHE_DOC)
    known = catalogue.transform(name) or catalogue.dataset(name) or _OWN.get(name)
    if known is None and any(registry.find(kind, name) for kind in ("transform", "dataset")):
        return Entry(name, "transform", (), "Registered from Python.")
    return known


@cache
def argument_words() -> frozenset[str]:
    """The bare words that some argument or option knows: `float32`, `reflect`, `auto`."""
    transforms = filter(None, map(catalogue.transform, catalogue.transform_names()))
    datasets = filter(None, map(catalogue.dataset, catalogue.dataset_names()))
    types = [item.type for entry in (*transforms, *datasets) for item in entry.parameters]
    return frozenset(word for type in (*types, *(o.type for o in OPTIONS.values())) for word in type.symbols)


@frozen
class Bound:
    """An argument and the parameter that it is for."""

    argument: tree.Argument
    parameter: Parameter | None


def bound(entry: Entry, call: tree.Call) -> tuple[Bound, ...]:
    """Which parameter each argument is for, as far as one can say."""
    positional = [parameter for parameter in entry.parameters if parameter.kind == "positional"]
    variadic = next((parameter for parameter in entry.parameters if parameter.kind == "var-positional"), None)
    found: list[Bound] = []
    for place, argument in enumerate(call.arguments):
        if argument.name is not None:
            found.append(Bound(argument, entry.parameter(argument.name.text)))
        else:
            found.append(Bound(argument, positional[place] if place < len(positional) else variadic))
    return tuple(found)


def parameter_text(parameter: Parameter) -> str:
    """`size`, `scale=(0.08, 1.0)`, `*args`."""
    stars = {"var-positional": "*", "var-keyword": "**"}.get(parameter.kind, "")
    if stars or parameter.required:
        return stars + parameter.name
    return f"{parameter.name}={Writer('', {}).value(parameter.default)}"


def signature_text(entry: Entry) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The signature of a call, and where in it each parameter stands."""
    text, places = f"{entry.name}(", []
    for number, parameter in enumerate(entry.parameters):
        by_name = parameter.kind == "keyword" and (not number or entry.parameters[number - 1].kind == "positional")
        text += (", " if number else "") + ("*, " if by_name else "")
        start = len(text)
        text += parameter_text(parameter)
        places.append((start, len(text)))
    return f"{text})", tuple(places)
