"""Parameters: values given from outside, and how each is read by the type that the file declares.

A `Given` is a value with where it came from. Text from the command line is parsed by the declared type; values from a
parameter file or from Python must have that type already.
"""

from __future__ import annotations

import json
import math
import numbers
import operator
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, SupportsIndex, TypeAlias

from feedline.compiler.arithmetic import MAX_INT, describe
from feedline.compiler.ir import Value
from feedline.compiler.paths import absolute
from feedline.dsl.diagnostics import Reporter
from feedline.dsl.frozen import frozen
from feedline.dsl.rules.names import BadParameter, BadParameterFile

Origin: TypeAlias = Literal["command line", "params file", "caller"]

TYPES = ("int", "float", "bool", "str", "path")
_TYPE_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "`true` or `false`",
    "str": "a text",
    "path": "a path",
}
_INTEGER = re.compile(r"(?=.{1,40}$)[+-]?\d+(_\d+)*")


@frozen
class Given:
    """A parameter's value from outside the file. `where` is the parameter file, for messages about it."""

    value: object
    origin: Origin = "caller"
    where: str | None = None


@frozen
class Misread:
    """Why a given value cannot be a parameter's: `wanted` and `got` in a user's words."""

    wanted: str
    got: str


def definitions(texts: Iterable[str], reporter: Reporter) -> dict[str, Given]:
    """The values of `-D NAME=VALUE` texts; of two for one name the last counts."""
    found: dict[str, Given] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            message = f"`-D {text}` is not of the form `NAME=VALUE`"
            reporter.report(BadParameter, "-D", message, help="write `-D root=/data`, for example")
            continue
        found[name.strip()] = Given(value, "command line")
    return found


def params_file(path: Path | str, reporter: Reporter) -> dict[str, Given]:
    """The values in a TOML or JSON file (by its suffix, `.json` or anything else); reports what cannot be read.

    Tables are prefixes, for parameters of a file imported under an alias: `[shared]` holds those of `shared`."""
    where = str(path)
    try:
        data = _read_table(Path(path))
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        reporter.report(BadParameterFile, where, f"the parameter file cannot be read: {why}")
        return {}
    except (ValueError, RecursionError) as error:
        ending = Path(path).suffix.lower()
        help = None if ending in (".toml", ".json") else "it is read as TOML, or as JSON if its name ends in `.json`"
        kind = "JSON" if ending == ".json" else "TOML"
        reporter.report(BadParameterFile, where, f"the parameter file is not valid {kind}: {error}", help=help)
        return {}
    if not isinstance(data, dict):
        reporter.report(BadParameterFile, where, "the parameter file is not a table of names and values")
        return {}
    return {name: Given(value, "params file", where) for name, value in _flat(data)}


def _read_table(path: Path) -> Any:
    text = path.read_bytes().decode("utf-8-sig")
    if path.suffix.lower() == ".json":
        return json.loads(text)
    import tomllib

    return tomllib.loads(text)


def _flat(data: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    for name, value in data.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def read_given(type: str, given: Given, folder: Path, choices: tuple[Value, ...] = ()) -> Value | Misread:
    """A given value as one of the declared type; `choices` are those of `one of`."""
    value = _plain(given.value) if given.origin == "caller" else given.value
    if choices:
        return _choose(value, choices, text=given.origin == "command line")
    if isinstance(value, str) and given.origin == "command line":
        return read_text(type, value, folder)
    return check_type(type, value, folder)


def _plain(value: object) -> object:
    """A caller's value as one of the language where it stands for one: a NumPy scalar, an `os.PathLike`."""
    if isinstance(value, bool | str):
        return value
    try:
        if isinstance(value, os.PathLike):
            return os.fspath(value)
        if isinstance(value, SupportsIndex):
            return operator.index(value)
        return float(value) if isinstance(value, numbers.Real) else value
    except (TypeError, OverflowError):
        # An array has `__index__` whatever its shape; a fraction may be beyond any float.
        return value


def read_text(type: str, text: str, folder: Path) -> Value | Misread:
    """A text as a value of a declared type: `4` for `int`, `1e-3` for `float`, `true` for `bool`."""
    stripped = text.strip()
    match type:
        case "int" if _INTEGER.fullmatch(stripped) and abs(int(stripped)) <= MAX_INT:
            return int(stripped)
        case "float":
            try:
                number = float(stripped)
            except ValueError:
                number = math.nan
            if math.isfinite(number):
                return number
        case "bool" if stripped.lower() in ("true", "false"):
            return stripped.lower() == "true"
        case "str" | "path":
            return check_type(type, text, folder)
    return Misread(_TYPE_WORDS[type], f"`{text}`")


def check_type(type: str, value: object, folder: Path) -> Value | Misread:
    """A value of the language as one of a declared type: whole numbers are numbers too, paths become absolute."""
    match type, value:
        case ("bool", bool()):
            return value
        case ("int", int()) if not isinstance(value, bool) and abs(value) <= MAX_INT:
            return value
        case ("float", int() | float()) if not isinstance(value, bool) and abs(value) < 1e308:
            return float(value)
        case ("str", str()):
            return value
        case ("path", str()) if value and "\0" not in value:
            return absolute(value, folder)
    return Misread(_TYPE_WORDS[type], _describe(value))


def type_of(value: Value) -> str | None:
    """The type of a parameter declared by its default alone; None for a value that no parameter can have."""
    for name, python_type in (("bool", bool), ("int", int), ("float", float), ("str", str)):
        if isinstance(value, python_type):
            return name
    return None


def describe_choices(choices: Iterable[Value]) -> str:
    """`one of "a", "b"`"""
    return "one of " + ", ".join(_literal(choice) for choice in choices)


def _literal(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def _choose(value: object, choices: tuple[Value, ...], text: bool) -> Value | Misread:
    for choice in choices:
        spelled = str(choice).lower() if isinstance(choice, bool) else str(choice)
        if (text and value == spelled) or (type(choice) is type(value) and choice == value):
            return choice
    return Misread(describe_choices(choices), f"`{value}`" if text else _describe(value))


def _describe(value: object) -> str:
    if value is None or isinstance(value, bool | int | float | str):
        return describe(value)
    return f"a value of type `{type(value).__name__}`"
