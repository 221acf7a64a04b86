"""The Program as JSON and back, and its fingerprint.

Members of a union are told apart by `_type`, which holds the class name. A tuple of values is a JSON list; every other
value that is no plain JSON (`Symbol`, `Percent`, a list literal, a nested transform) is an object with its `_type`.
"""

from __future__ import annotations

import hashlib
import json
import os.path
from functools import cache
from typing import TYPE_CHECKING, Any, get_args

from feedline.compiler import ir
from feedline.compiler.paths import folder_of

if TYPE_CHECKING:
    from cattrs import Converter


_TAG = "_type"


def to_json(program: ir.Program) -> str:
    """The whole program, spans and sources included. `from_json` gives an equal one."""
    return json.dumps(_converter().unstructure(program), ensure_ascii=False, indent=1)


def from_json(text: str) -> ir.Program:
    """The program that `to_json` wrote. Raises ValueError for another version's or for other JSON."""
    data = json.loads(text)
    version = data.get("version") if isinstance(data, dict) else None
    if version != ir.IR_VERSION:
        raise ValueError(f"this is a program of version {version}, not {ir.IR_VERSION}")
    try:
        return _converter().structure(data, ir.Program)
    except Exception as error:
        # cattrs groups what is wrong by class and field; its own transformer says it with paths.
        from cattrs import transform_error

        raise ValueError("; ".join(transform_error(error))) from error


def fingerprint(program: ir.Program) -> str:
    """Sixteen hexadecimal digits for what the program means.

    Comments, layout, the order of declarations, how a value was come by, and where the file's folder lies change
    nothing: paths below that folder count as relative to it."""
    data = _converter().unstructure(program)
    for name in ("path", "params", "sources"):
        del data[name]
    for name in ("datasets", "groups", "splits", "loaders"):
        data[name].sort(key=lambda item: item.get("name") or item["dataset"])
    root = str(folder_of(program.path))
    text = json.dumps(_meaning(data, root), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def loader_meaning(loader: ir.Loader, path: str) -> dict[str, Any]:
    """What a loader of the program at `path` means, as plain JSON data: what counts in `fingerprint`."""
    return _meaning(_converter().unstructure(loader), str(folder_of(path)))


def source_meaning(call: ir.SourceCall) -> dict[str, Any]:
    """What a source means, as plain JSON data in the same form."""
    return _meaning(_converter().unstructure(call), "/")


def steps_meaning(steps: tuple[ir.Step, ...]) -> list[Any]:
    """What steps mean, as plain JSON data in the same form."""
    return _meaning(_converter().unstructure(steps, tuple[ir.Step, ...]), "/")


def _meaning(data: Any, root: str) -> Any:
    """The same data without where it was written and whether it was written or filled in."""
    if isinstance(data, dict):
        return {name: _meaning(value, root) for name, value in data.items() if name not in ("span", "given")}
    if isinstance(data, list):
        return [_meaning(item, root) for item in data]
    if isinstance(data, str) and data.startswith(root + os.path.sep):
        return "./" + data[len(root) + 1 :]
    return data


_VALUES = (ir.Symbol, ir.Percent, ir.ListValue, ir.Apply)


@cache
def _converter() -> Converter:
    # cattrs is slow to import, and checking a file does not need it.
    from cattrs import Converter
    from cattrs.strategies import configure_tagged_union

    converter = Converter(forbid_extra_keys=True)
    classes = {cls.__name__: cls for cls in _VALUES}

    def structure(data: Any, type: Any) -> Any:
        if isinstance(data, list):
            return tuple(structure(item, type) for item in data)
        if not isinstance(data, dict):
            return data
        plain = dict(data)
        cls = classes.get(plain.pop(_TAG, None))
        if cls is None:
            raise ValueError(f"a value is none of {', '.join(classes)}")
        return converter.structure(plain, cls)

    def unstructure(value: Any) -> Any:
        if isinstance(value, tuple):
            return [unstructure(item) for item in value]
        return {_TAG: type(value).__name__, **converter.unstructure(value)} if isinstance(value, _VALUES) else value

    converter.register_structure_hook_func(_is_value, structure)
    converter.register_unstructure_hook_func(_is_value, unstructure)
    for union in (ir.Predicate, ir.Step):
        configure_tagged_union(union, converter, tag_name=_TAG)
    return converter


def _is_value(type: Any) -> bool:
    """Whether a field's type is a union of values, whole (`Value`) or in part (`int | Percent | None`)."""
    return ir.Percent in get_args(type)
