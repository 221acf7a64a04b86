"""The language as one JSON object, for tools that are not written in Python."""

from __future__ import annotations

from typing import Any

from feedline import __version__
from feedline.compiler import catalogue, ir
from feedline.compiler.catalogue import Entry, Parameter
from feedline.compiler.catalogue.types import Enum, Items, ParamType, Scalar, Union
from feedline.compiler.ide.calls import entry_of
from feedline.compiler.ide.words import CLAUSES, COLLATES, FIELDS, FORMS, PARAM_TYPES
from feedline.compiler.options import COLLATES as COLLATE_ARGUMENTS
from feedline.compiler.options import OPTIONS
from feedline.compiler.reference.topics import FUNCTIONS
from feedline.dsl.rule_page import explanation
from feedline.dsl.rules import RULES
from feedline.grammar import KEYWORDS, RESERVED

FORMAT_VERSION = 1
"""Raised when a key goes or changes its meaning; new keys may come without."""


def schema() -> dict[str, Any]:
    """What the language has: words, forms, options, transforms, datasets, messages.

    Types are in the small language of `catalogue/types.py` (`int 1.. | (int, int)`); a default that is a symbol is
    `{"symbol": "bilinear"}`, a tuple or list is a list.
    """
    return {
        "format_version": FORMAT_VERSION,
        "feedline": __version__,
        "torchvision": catalogue.version(),
        "keywords": {group: list(words) for group, words in KEYWORDS.items()},
        "reserved": sorted(RESERVED),
        **{f"{block}s": _forms(block) for block in ("declaration", "step", "policy_statement", "loader_statement")},
        "clauses": dict(CLAUSES),
        "parameter_types": dict(PARAM_TYPES),
        "fields": dict(FIELDS),
        "options": [
            {"name": name, "type": spelled(option.type), "default": _value(option.default), "doc": option.doc}
            for name, option in OPTIONS.items()
        ],
        "collations": [{"name": name, "doc": doc, "parameters": _collate(name)} for name, doc in COLLATES.items()],
        "functions": [_about(entry_of(name)) for name in FUNCTIONS],
        "transforms": [_entry(catalogue.transform(name)) for name in catalogue.transform_names()],
        "datasets": [_entry(catalogue.dataset(name)) for name in catalogue.dataset_names()],
        "constants": {
            name: {part: _value(value) for part, value in parts.items()}
            for name, parts in catalogue.constants().items()
        },
        "diagnostics": [
            {
                "code": code,
                "name": rule.slug,
                "severity": rule.severity,
                "title": rule.title,
                "explanation": explanation(rule),
            }
            for code, rule in sorted(RULES.items())
        ],
    }


def spelled(type: ParamType) -> str:
    """A type as `parse_type` reads it."""
    match type:
        case Enum(members=members, name=name):
            return name or f"{{{' '.join(members)}}}"
        case Items(item=item, lengths=lengths):
            return f"[{spelled(item)}{' ' * bool(lengths)}{','.join(map(str, lengths))}]"
        case Union(options=options):
            return " | ".join(spelled(option) for option in options)
        case Scalar(name=name, low=None, high=None):
            return name
        case Scalar(name=name, low=low, high=high):
            return f"{name} {low:g}..{'' if high is None else f'{high:g}'}"
    raise TypeError(type)


def _forms(block: str) -> list[dict[str, str]]:
    return [
        {"name": word, "form": form.form, "doc": form.doc, "snippet": form.snippet}
        for word, form in FORMS[block].items()
    ]


def _about(entry: Entry | None) -> dict[str, Any]:
    assert entry is not None
    return {"name": entry.name, "doc": entry.doc, "parameters": [_parameter(item) for item in entry.parameters]}


def _entry(entry: Entry | None) -> dict[str, Any]:
    assert entry is not None
    about = _about(entry)
    if entry.kind == "dataset":
        return {**about, "fields": list(entry.fields), "refused": dict(entry.refused)}
    return {**about, "random": entry.random, "batch": entry.batch}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    about = {"name": parameter.name, "type": spelled(parameter.type), "kind": parameter.kind, "doc": parameter.doc}
    return about if parameter.required else {**about, "default": _value(parameter.default)}


def _collate(name: str) -> list[dict[str, Any]]:
    arguments = COLLATE_ARGUMENTS.get(name, {})
    return [
        {"name": argument, "type": spelled(type), "default": _value(default)}
        for argument, (type, default) in arguments.items()
    ]


def _value(value: ir.Value) -> Any:
    """The inverse of `catalogue.value_from_json`."""
    match value:
        case tuple() | ir.ListValue(items=_):
            items = value if isinstance(value, tuple) else value.items
            return [_value(item) for item in items]
        case ir.Symbol(name=name):
            return {"symbol": name}
    return value
