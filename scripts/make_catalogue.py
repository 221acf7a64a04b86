"""Write the catalogue (`src/feedline/compiler/catalogue/*.json`) from the installed torchvision.

    python scripts/make_catalogue.py

Names, parameters, defaults and docs come from torchvision's classes; `catalogue_tables.py` says what signatures do not,
and `catalogue_synonyms.py` what names from elsewhere mean.
A parameter whose type neither of them gives stops the script: a new torchvision is looked at by a person.
"""

from __future__ import annotations

import enum
import inspect
import json
import re
import types
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import catalogue_synonyms
import catalogue_tables as tables
import torch
import torchvision
from torchvision import datasets
from torchvision.transforms import v2

from feedline.compiler.catalogue import value_from_json
from feedline.compiler.catalogue.types import Misfit, parse_type
from feedline.runtime.sources.torchvision_rows import FILES

_FILES = {"ImageFolder", "DatasetFolder", "CocoDetection", "Table", "Files", *FILES}
"""Datasets whose files feedline decodes itself."""
FOLDER = Path(__file__).parent.parent / "src" / "feedline" / "compiler" / "catalogue"


def main() -> None:
    """Write every file of the catalogue."""
    for name, text in catalogue().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


def catalogue() -> dict[str, str]:
    """The text of every file of the catalogue, by file name."""
    constants = {
        name: {"doc": doc, "mean": mean, "std": std} for name, (doc, mean, std) in sorted(tables.CONSTANTS.items())
    }
    return {
        "transforms.json": _json(
            {
                "torchvision": torchvision.__version__.partition("+")[0],
                "entries": _transforms(),
            }
        )
        + "\n",
        "datasets.json": _json(
            {
                "torchvision": torchvision.__version__.partition("+")[0],
                "object_fields": sorted(tables.OBJECT_FIELDS),
                "entries": _datasets(),
            }
        )
        + "\n",
        "constants.json": _json(constants) + "\n",
        "synonyms.json": _json(_synonyms()) + "\n",
    }


def _synonyms() -> dict[str, Any]:
    return {
        "renamed": {
            "transform": catalogue_synonyms.RENAMED_TRANSFORMS,
            "argument": catalogue_synonyms.RENAMED_ARGUMENTS,
        },
        "transform": catalogue_synonyms.TRANSFORM_SYNONYMS,
        "dataset": catalogue_synonyms.DATASET_SYNONYMS,
        "argument": catalogue_synonyms.ARGUMENT_SYNONYMS,
    }


def _json(data: Any, indent: str = "") -> str:
    """JSON that a person can read in a diff: one line a parameter, or a list or mapping of plain values."""
    if not isinstance(data, dict | list) or not data or "name" in data:
        return json.dumps(data, ensure_ascii=False)
    if isinstance(data, list) and not any(isinstance(item, dict | list) for item in data):
        return json.dumps(data, ensure_ascii=False)
    deeper = indent + " "
    if isinstance(data, list):
        lines = [deeper + _json(item, deeper) for item in data]
        return "[\n" + ",\n".join(lines) + f"\n{indent}]"
    lines = [f"{deeper}{json.dumps(key)}: {_json(value, deeper)}" for key, value in data.items()]
    return "{\n" + ",\n".join(lines) + f"\n{indent}}}"


def _transforms() -> dict[str, Any]:
    entries: dict[str, Any] = {}
    for name in sorted(dir(v2)):
        cls = getattr(v2, name)
        if not inspect.isclass(cls) or name in tables.EXCLUDED_TRANSFORMS:
            continue
        parameters, refused = _parameters(cls, tables.TRANSFORM_TYPES)
        entry: dict[str, Any] = {"doc": tables.DOCS.get(name) or _first_sentence(inspect.getdoc(cls) or "")}
        entry |= {"random": True} if name not in tables.DETERMINISTIC else {}
        entry |= {"batch": True} if name in tables.BATCH else {}
        entries[name] = entry | ({"refused": refused} if refused else {}) | {"parameters": parameters}
    return entries


def _datasets() -> dict[str, Any]:
    entries: dict[str, Any] = {}
    for name in datasets.__all__:
        if name in tables.EXCLUDED_DATASETS:
            continue
        cls = getattr(datasets, name)
        parameters, refused = _parameters(cls, tables.DATASET_TYPES)
        if name in tables.KWARGS:
            other, taken = tables.KWARGS[name]
            more, _ = _parameters(getattr(datasets, other), tables.DATASET_TYPES)
            parameters += [item for item in more if item["name"] in taken]
            refused |= {part: tables.REFUSED[part] for part in ("transform", "target_transform")}
        doc = tables.DOCS.get(name) or _first_sentence(inspect.getdoc(cls) or "")
        fields = tables.FIELDS.get(name, "image label").split()
        entries[name] = _dataset(name, doc, fields, parameters, refused)
    for name, (doc, fields, own) in tables.OWN_DATASETS.items():
        entries[name] = _dataset(name, doc, fields.split(), [_own(*item) for item in own], {})
    return dict(sorted(entries.items()))


def _dataset(
    name: str, doc: str, fields: list[str], parameters: list[dict[str, Any]], refused: dict[str, str]
) -> dict[str, Any]:
    """One dataset, with feedline's own parameters where it yields images. torchvision's own `mode` is left alone."""
    entry: dict[str, Any] = {"doc": doc, "fields": fields}
    if "image" in fields:
        entry["mode"] = "L" if name in tables.GREY else "RGB"
        entry |= {"decodes": True} if name not in tables.ARRAYS else {}
        entry |= {"files": True} if name in _FILES else {}
        extra = [_own(*tables.MODE) | {"default": entry["mode"]}, _own(*tables.IMAGE_BACKEND)]
        extra += [_own(*tables.EXIF)] if name not in tables.ARRAYS else []
        extra += [_own(*item) for item in tables.OWN_PARAMETERS.get(name, ())]
        taken = {item["name"] for item in parameters}
        parameters = parameters + [item | {"kind": "keyword"} for item in extra if item["name"] not in taken]
    return entry | ({"refused": refused} if refused else {}) | {"parameters": parameters}


def _check_default(key: str, type_: str, default: Any) -> None:
    if isinstance(parse_type(type_).fit(value_from_json(default)), Misfit):
        raise SystemExit(f"{key}: the default {default!r} is no {type_}")


def _own(name: str, type_: str, default: Any, doc: str) -> dict[str, Any]:
    if default is not ...:
        _check_default(name, type_, default)
    return {"name": name, "type": type_} | ({} if default is ... else {"default": default}) | {"doc": doc}


def _parameters(cls: type, overrides: dict[str, str]) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The parameters that the language takes, and those it refuses with what to do instead."""
    docs = _parameter_docs(inspect.getdoc(cls) or "")
    parameters: list[dict[str, Any]] = []
    refused: dict[str, str] = {}
    for parameter in inspect.signature(cls, eval_str=True).parameters.values():
        name = parameter.name
        if name.startswith("_") or parameter.kind is parameter.VAR_KEYWORD:
            continue
        key = f"{cls.__name__}.{name}"
        if key not in overrides and name in tables.REFUSED:
            refused[name] = tables.REFUSED[name]
            continue
        type_ = overrides.get(key) or tables.EVERYWHERE.get(name) or _spell(parameter.annotation, key)
        if parameter.default is not parameter.empty:
            _check_default(key, type_, _default(parameter.default))
        item: dict[str, Any] = {"name": name, "type": type_}
        item |= {"kind": "keyword"} if parameter.kind is parameter.KEYWORD_ONLY else {}
        item |= {} if parameter.default is parameter.empty else {"default": _default(parameter.default)}
        parameters.append(item | ({"doc": docs[name]} if docs.get(name) else {}))
    return parameters, refused


_SCALARS = {int: "int", float: "float", bool: "bool", str: "str", Path: "path", types.NoneType: "none", None: "none"}


def _spell(annotation: Any, key: str) -> str:
    """An annotation in the catalogue's language of types."""
    if annotation in _SCALARS:
        return _SCALARS[annotation]
    if annotation is torch.dtype:
        return "dtype"
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return " | ".join(dict.fromkeys(_spell(arg, key) for arg in args))
    if origin is tuple and Ellipsis not in args:
        return f"({', '.join(_spell(arg, key) for arg in args)})"
    if origin in (list, tuple, Sequence):
        return f"[{_spell(args[0], key)}]"
    raise SystemExit(f"{key}: {annotation} needs a line in catalogue_tables.py")


def _default(value: Any) -> Any:
    if isinstance(value, torch.dtype):
        return {"symbol": str(value).removeprefix("torch.")}
    if isinstance(value, enum.Enum):
        return {"symbol": value.value.replace("-", "_")}
    return json.loads(json.dumps(value))


def _clean(text: str) -> str:
    """reStructuredText as plain words with code in backticks."""
    text = re.sub(r":\w+:`~?([^`<]*?)`", lambda m: f"`{m[1].rsplit('.', 1)[-1]}`", text)
    text = re.sub(r"`\"?([^`<]*?)\"?\s*<[^`>]*>`_{0,2}", r"\1", text)
    text = re.sub(r"``\"?(.*?)\"?``", r"`\1`", text)
    return re.sub(r"\s+", " ", text).strip()


def _first_sentence(doc: str) -> str:
    """The first sentence of a docstring's first paragraph that says something."""
    for paragraph in re.split(r"\n\s*\n", doc):
        text = _clean(paragraph.removeprefix("[BETA]").removeprefix("[DEPRECATED]"))
        match = re.match(r"(.+?[.!?])(?=\s+[A-Z]|$)", text)
        if text and not text.startswith(".."):
            return match[1] if match else text.rstrip(":") + "."
    return ""


def _parameter_docs(doc: str) -> dict[str, str]:
    """The first sentence about each parameter in the `Args:` part of a docstring."""
    _, _, args = doc.partition("Args:\n")
    found: dict[str, str] = {}
    for block in re.split(r"\n(?=    \S)", "\n" + re.split(r"\n(?=\S)", args)[0]):
        match = re.match(r"\s*(\w+)\s*(?:\(.*?\))?:\s+(.*)", block, re.DOTALL)
        if match:
            sentence = _first_sentence(match[2])
            found[match[1]] = sentence[:1].upper() + sentence[1:]
    return found


if __name__ == "__main__":
    main()
