"""Making a torchvision dataset from a call's arguments, its failures in the user's words."""

from __future__ import annotations

import inspect
from typing import Any

from torchvision import datasets

from feedline.runtime.sources.base import BadData
from feedline.runtime.sources.binding import OPTIONS, Binding


def construct(binding: Binding, **instead: Any) -> Any:
    """The torchvision dataset that the call describes, `instead` replacing some of its arguments. Raises `BadData`."""
    kind = getattr(datasets, binding.name)
    parameters = inspect.signature(kind.__init__).parameters
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    given = {**binding.args, **instead}
    arguments = {
        name: value
        for name, value in given.items()
        if name in parameters or (takes_any and name not in OPTIONS)  # `mode` is an argument of a few classes' own
    }
    try:
        return kind(**arguments)
    except Exception as error:  # torchvision's classes raise whatever their files make them raise
        raise failure(binding, error, can_download="download" in parameters or takes_any) from error


def failure(binding: Binding, error: Exception, can_download: bool = False) -> BadData:
    """What a dataset's exception means for the user."""
    text = str(error).strip()
    root = binding.get("root")
    if isinstance(error, ImportError) or "needs to have" in text:
        package = (error.name if isinstance(error, ImportError) else None) or text.rpartition("pip install ")[2] or "it"
        package = package.partition(".")[0]
        return BadData(f"`{binding.name}` needs the package `{package}`", rule="FL610", help=f"pip install {package}")
    lacking = isinstance(error, FileNotFoundError | NotADirectoryError) or any(
        words in text.lower() for words in ("download=true", "not found", "could not find", "corrupted")
    )
    if lacking:
        fetch = can_download and not binding.get("download")
        help = "say `download=true` to let torchvision fetch it" if fetch else None
        return BadData(
            f"the files of `{binding.name}` are missing or damaged" + (f" in `{root}`" if root else ""),
            notes=(f"torchvision says: {_one_line(text)}",),
            help=help,
            argument="root" if root else None,
        )
    return BadData(f"`{binding.name}` cannot be made: {_one_line(text) or type(error).__name__}", rule="FL611")


def class_names(dataset: Any) -> tuple[str, ...] | None:
    """Names by class number where a torchvision dataset has them; of several synonyms all, with commas between."""
    found = None
    for attribute in ("classes", "categories", "_characters", "all_categories"):
        found = getattr(dataset, attribute, None)
        if isinstance(found, list | tuple) and found:
            break
    else:
        numbers = getattr(dataset, "class_to_idx", None)
        if not isinstance(numbers, dict) or sorted(numbers.values()) != list(range(len(numbers))):
            return None
        found = sorted(numbers, key=lambda name: numbers[name])
    return tuple(_name(item) for item in found)


def _name(item: Any) -> str:
    """A class's name: a string, several synonyms (ImageNet), or a record with a name (Cityscapes)."""
    if isinstance(item, tuple) and not hasattr(item, "name"):
        return ", ".join(map(str, item))
    return str(getattr(item, "name", item))


def _one_line(text: str) -> str:
    return " ".join(text.split()).rstrip(".")
