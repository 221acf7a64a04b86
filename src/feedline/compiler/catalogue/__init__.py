"""The catalogue: which transforms and datasets exist, with their parameters, types, defaults and one-line docs.

It is data, written by `scripts/make_catalogue.py` from the installed torchvision into the JSON files beside this one,
and checked in. Checker, completion, hover and the reference read it here; nothing here imports torch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from feedline.compiler import ir
from feedline.compiler.catalogue.types import Misfit, ParamType, parse_type
from feedline.dsl.frozen import field, frozen

__all__ = [
    "Entry",
    "Misfit",
    "ParamType",
    "Parameter",
    "constants",
    "dataset",
    "dataset_names",
    "object_fields",
    "parse_type",
    "renamed",
    "synonyms",
    "transform",
    "transform_names",
    "value_from_json",
    "version",
]

ParameterKind = Literal["positional", "keyword", "var-positional", "var-keyword"]


@frozen
class Parameter:
    """One parameter of a transform or a dataset."""

    name: str
    type: ParamType
    kind: ParameterKind = "positional"
    """`positional` may be given by position or by name, `keyword` by name only."""
    required: bool = True
    default: ir.Value = None
    doc: str = ""

    @property
    def is_path(self) -> bool:
        """Whether a text given here is a path, to be taken relative to the file that holds it."""
        return self.type.takes_path


@frozen
class Entry:
    """A transform or a dataset that a file may name."""

    name: str
    kind: Literal["transform", "dataset"]
    parameters: tuple[Parameter, ...]
    doc: str = ""
    refused: Mapping[str, str] = field(factory=dict)
    """Parameters that the Python class has and the language does not take, with what to do instead."""

    random: bool = False
    """A transform whose result depends on the generator's state."""
    batch: bool = False
    """A transform that works on a collated batch and stands only in `batch { ... }`."""

    fields: tuple[str, ...] = ()
    """The fields of a dataset's samples, the image first."""
    mode: str | None = None
    """The default of `mode`, for a dataset that decodes images: `RGB`, or `L` where they are stored grey."""
    decodes: bool = False
    """Whether a dataset reads encoded image files (not arrays), so that `exif` means something."""
    files: bool = False
    """Whether feedline decodes the image files of a dataset itself, not from within torchvision's class."""

    def parameter(self, name: str) -> Parameter | None:
        """The parameter of that name."""
        return next((parameter for parameter in self.parameters if parameter.name == name), None)


@cache
def _data(name: str) -> dict[str, Any]:
    return json.loads(Path(__file__).with_name(f"{name}.json").read_text(encoding="utf-8"))


def version() -> str:
    """The torchvision version that the catalogue was made from."""
    return _data("transforms")["torchvision"]


@cache
def transform(name: str) -> Entry | None:
    """The transform of that name."""
    return _entry("transform", name)


@cache
def dataset(name: str) -> Entry | None:
    """The dataset of that name."""
    return _entry("dataset", name)


def transform_names() -> tuple[str, ...]:
    """Every transform that a file may name, in alphabetical order."""
    return tuple(_data("transforms")["entries"])


def dataset_names() -> tuple[str, ...]:
    """Every dataset that a file may name, in alphabetical order."""
    return tuple(_data("datasets")["entries"])


def synonyms(kind: Literal["transform", "dataset", "argument"]) -> Mapping[str, str]:
    """Names that are not in the catalogue but known from elsewhere: of transforms and datasets with what to write
    instead as a help line, of arguments with the name of the one that is nearest in meaning."""
    return _data("synonyms")[kind]


def renamed(kind: Literal["transform", "argument"]) -> Mapping[str, str]:
    """Names from elsewhere that have another name here and mean the same."""
    return _data("synonyms")["renamed"][kind]


@cache
def object_fields() -> frozenset[str]:
    """Fields that hold one row an object, so that dropping a box drops its row: `labels`, `area`, `iscrowd`, ..."""
    return frozenset(_data("datasets")["object_fields"])


@cache
def constants() -> Mapping[str, Mapping[str, ir.Value]]:
    """The built-in constants: `constants()["imagenet"]["mean"]` is what `imagenet.mean` stands for."""
    return {
        name: {part: value_from_json(value) for part, value in parts.items() if part != "doc"}
        for name, parts in _data("constants").items()
    }


def constant_doc(name: str) -> str:
    """Whose statistics the constants of that name are."""
    return _data("constants")[name]["doc"]


def _entry(kind: Literal["transform", "dataset"], name: str) -> Entry | None:
    data = _data(f"{kind}s")["entries"].get(name)
    if data is None:
        return None
    data = dict(data)
    parameters = tuple(_parameter(item) for item in data.pop("parameters", ()))
    return Entry(name, kind, parameters, fields=tuple(data.pop("fields", ())), **data)


def _parameter(data: dict[str, Any]) -> Parameter:
    type_ = parse_type(data["type"])
    kind, doc = data.get("kind", "positional"), data.get("doc", "")
    if "default" not in data:
        return Parameter(data["name"], type_, kind, doc=doc)
    # In its final form, so that leaving an argument out and writing its default mean the same.
    default = type_.fit(value_from_json(data["default"]))
    assert not isinstance(default, Misfit), f"{data['name']}: {data['default']!r} does not fit {data['type']}"
    return Parameter(data["name"], type_, kind, required=False, default=default, doc=doc)


def value_from_json(data: Any) -> ir.Value:
    """A value from JSON: a list is a tuple, `{"symbol": "bilinear"}` a symbol."""
    if isinstance(data, list):
        return tuple(value_from_json(item) for item in data)
    return ir.Symbol(data["symbol"]) if isinstance(data, dict) else data
