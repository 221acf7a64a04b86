"""What a user may set in an editor, as `feedline.*`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, fields, frozen


@frozen
class Settings:
    """The values in force. In an editor their names are in camel case: `feedline.inlayHints`."""

    data: bool = field(default=False, metadata={"type": bool})
    """Count the data with `feedline explain --data`, in another process, when a file is opened or saved."""
    inlay_hints: bool = field(default=True, metadata={"type": bool})
    code_lenses: bool = field(default=True, metadata={"type": bool})
    params: Mapping[str, object] = field(factory=dict, metadata={"type": dict})
    """Values for the files' parameters, of their types. A file without such a parameter ignores it."""


def read(given: object) -> tuple[Settings, list[str]]:
    """The settings that a client sent, bare or under `feedline`, and what is wrong with them.

    A wrong value counts as not set; what is not known belongs to the editor."""
    values = given.get("feedline", given) if isinstance(given, Mapping) else None
    if not isinstance(values, Mapping):
        return Settings(), []
    taken: dict[str, Any] = {}
    wrong: list[str] = []
    for setting in fields(Settings):
        name = _camel(setting.name)
        value = values.get(name)
        if value is None:
            continue
        if isinstance(value, setting.metadata["type"]):
            taken[setting.name] = value
        else:
            wrong.append(f"`feedline.{name}` is {_WORDS[setting.metadata['type']]}, not `{value!r}`")
    return Settings(**taken), wrong


_WORDS = {bool: "true or false", dict: "an object"}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)
