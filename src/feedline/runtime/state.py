"""What `Loader.state_dict` saves and `load_state_dict` reads: a place in the run, and what the run was made of.

A state is a small dict of plain JSON values: `version`, `loader`, `epoch`, `batch` (the next global batch), `weights`
(those set from Python, by value), `plan` (everything that decides which samples come with which augmentation) and
`data`. The last two are kept in parts, so that a refusal can name what differs. Nothing in them depends on the number
of workers or ranks, on the device, or on where the data lies.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from attrs import frozen

from feedline.compiler import ir
from feedline.compiler.policy_text import policy_text
from feedline.compiler.serial import loader_meaning, source_meaning
from feedline.runtime.columns import AnyColumn, TextColumn, arrays
from feedline.runtime.data import PartSource
from feedline.runtime.dataset import PipeDataset
from feedline.runtime.failures import Failure, PipelineFailure
from feedline.runtime.sampler import Position
from feedline.runtime.sampling import BatchPlan, Members, Populations
from feedline.runtime.sources.base import Source
from feedline.runtime.sources.images import ImageOptions
from feedline.runtime.sources.metadata import Columns
from feedline.runtime.weighting import Weighting, decode

VERSION = 1
"""Of the form of a state; one of a higher version is refused."""

_SHOWN = 3
_HOW = ("download", "num_workers", "num_download_workers")
"""Arguments of sources that say how to get at the samples."""
_PIECE = 1 << 17
"""Rows that are hashed at once."""


@frozen
class Identity:
    """What a loader's batches are made of, as plain JSON values in parts that can be compared one by one."""

    plan: dict[str, Any]
    data: dict[str, Any]


def identity_of(
    loader: ir.Loader, path: str, calls: Iterable[ir.SourceCall], dataset: PipeDataset, populations: Populations
) -> Identity:
    """The identity of a loader of the program at `path`, whose data `calls` read. Hashes the metadata: 0.1 s for a
    million samples."""
    meaning = loader_meaning(loader, path)
    steps = {name: [_step(step) for step in meaning[name]] for name in ("chain", "batch_chain")}
    maximum = loader.on_error.maximum
    limit = (
        "" if maximum is None else f" max {maximum.value:g}%" if isinstance(maximum, ir.Percent) else f" max {maximum}"
    )
    plan = {
        "policy": list(policy_text(loader.policy)),
        **steps,
        "collate": _text_hash(meaning["collate"]),
        "on_error": loader.on_error.mode + limit,
    }
    data = {
        "samples": populations.size,
        "whole": len(dataset.source),
        "positions": _hash([dataset.indices]),
        "sources": [*map(_source, calls)],
        "content": {name: _hash(found) for name, found in sorted(_content(dataset.source).items())},
        "groups": {name: _group(populations, name) for name in sorted(populations.groups)},
        "drawn": _hash(_drawn(populations)),
    }
    return Identity(plan, data)


# ---- hashes


def _hash(parts: Iterable[np.ndarray | str]) -> str:
    """Sixteen hexadecimal digits for arrays and texts, the same on every machine."""
    found = hashlib.blake2b(digest_size=8)
    for part in parts:
        if isinstance(part, str):
            found.update(f"text {len(part)} {part}".encode("utf-8", "surrogatepass"))
            continue
        whole = part.dtype.kind in "biu" and part.dtype != np.uint8
        kind = np.dtype("<i8") if whole else part.dtype.newbyteorder("<")
        found.update(f"array {kind.str} {part.shape}".encode())
        for first in range(0, len(part) if part.size else 0, _PIECE):  # not a copy of all of it
            found.update(np.ascontiguousarray(part[first : first + _PIECE], kind).data.cast("B"))
    return found.hexdigest()


def _text_hash(value: Any) -> str:
    return _hash([json.dumps(value, ensure_ascii=False, sort_keys=True)])


def _step(step: dict[str, Any]) -> str:
    """A step as its name, for a message, and what all of it hashes to."""
    name = step.get("name") or step["_type"]
    return f"{name} {_text_hash(step)[:8]}"


def _source(call: ir.SourceCall) -> list[Any]:
    """A source's name, and what each argument hashes to that decides what is read."""
    arguments = enumerate(source_meaning(call)["args"], 1)
    named = [(arg["name"] or f"argument {number}", arg["value"]) for number, arg in arguments]
    return [
        call.target or call.name,
        {name: _text_hash(_placeless(value))[:8] for name, value in named if name not in _HOW},
    ]


def _placeless(value: Any) -> Any:
    """An argument without the paths in it: a text with a `/` is taken for one, in code of the user's own too."""
    if isinstance(value, dict):
        return {name: _placeless(item) for name, item in value.items()}
    if isinstance(value, list):
        return [*map(_placeless, value)]
    return "/" if isinstance(value, str) and ("/" in value or os.path.sep in value) else value


def _content(source: Source) -> dict[str, list[np.ndarray | str]]:
    """What is known of every sample without reading it, by column; `classes` and how it is read beside them.

    Columns that would have to be read from each file's header are left out: they follow from the files."""
    files = getattr(source, "files", None)
    options = [getattr(where, name, None) for where in (source, files) for name in ("options", "_options")]
    found: dict[str, list[np.ndarray | str]] = {
        "reading": [
            *map(repr, (type(source).__name__, source.classes, source.role)),
            *(repr(each) for each in options if isinstance(each, ImageOptions)),
        ]
    }
    nested: tuple[Source, ...] = getattr(source, "sources", ())
    if isinstance(source, PartSource):
        found["reading"].append(source.indices)
    if not nested:
        for name, column in _columns(source):
            texts = () if isinstance(column, TextColumn) else column.names
            found[name] = [repr(texts), *arrays(column)]
    for inner in nested:
        for name, parts in _content(inner).items():
            found.setdefault(name, []).extend(parts)
    return found


def _columns(source: Source) -> Iterator[tuple[str, AnyColumn]]:
    columns = source.columns
    for name in columns:
        if not (isinstance(columns, Columns) and name in columns.later):
            yield name, columns[name]


def _group(populations: Populations, name: str) -> list[Any]:
    """How many samples a group has, and which."""
    members = Members.of(populations.groups[name])
    return [len(members), _hash([members.starts, members.ends])]


def _drawn(populations: Populations) -> Iterator[np.ndarray | str]:
    """What the policy reads from the data besides groups: weights, repeat factors, values, classes."""
    for each in (populations, *populations.stages):
        yield from (array for array in (each.weights, each.factors, each.values) if array is not None)
        if each.classes is not None:
            yield json.dumps(list(map(str, each.classes.names)))
            yield from (each.classes.offsets, each.classes.members)


# ---- what differs


def plan_differences(saved: Mapping[str, Any], mine: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each thing that makes the batches of another plan."""
    if saved["policy"] != mine["policy"]:
        before = [line for line in saved["policy"] if line not in mine["policy"]]
        now = [line for line in mine["policy"] if line not in saved["policy"]]
        what = "seed" if all(line.startswith("seed ") for line in (*before, *now)) else "policy"
        yield f"the {what} differs: saved {_with(before)}, this loader has {_quoted(now) or 'nothing in its place'}"
    for name, words in (("chain", "transforms"), ("batch_chain", "batch transforms")):
        if saved[name] != mine[name]:
            yield f"the {words} differ: {_steps(saved[name], mine[name])}"
    if saved["collate"] != mine["collate"]:
        yield "the collation differs"
    if saved["on_error"] != mine["on_error"]:
        yield f"`on error` differs: saved with `{saved['on_error']}`, this loader has `{mine['on_error']}`"


def data_differences(saved: Mapping[str, Any], mine: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each thing about the data that differs; what follows from another one is left out."""
    other_size = False
    for name, words in (("samples", "number of samples"), ("whole", "size of the whole data set")):
        if saved[name] != mine[name] and not other_size:
            other_size = True
            yield f"the {words} differs: saved with {saved[name]:,}, this loader has {mine[name]:,}"
    for name, (count, members) in mine["groups"].items():
        before = saved["groups"].get(name)
        if before is not None and before[0] != count:
            yield f"group `{name}` differs: saved with {before[0]:,} samples, this loader has {count:,}"
        elif before is not None and before[1] != members and not other_size:
            yield f"group `{name}` differs: it has {count:,} samples in both, but not the same ones"
    if other_size:
        return
    sources = [*_other_sources(saved.get("sources", []), mine["sources"])]
    yield from sources
    columns = sorted({*saved["content"], *mine["content"]})
    other = [name for name in columns if saved["content"].get(name) != mine["content"].get(name)]
    if "reading" in other and not sources:
        yield "the data set differs: its kind, classes or image options"
    if names := [name for name in other if name != "reading"]:
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        yield f"the contents of the data differ: {_quoted(names[:_SHOWN])}{more}"
    elif saved["positions"] != mine["positions"]:
        yield "the part of the data differs: as many samples, but not the same ones"
    elif not other and saved["drawn"] != mine["drawn"]:
        yield "what the policy draws by differs: weights, classes or values of the samples"


def _other_sources(saved: list[Any], mine: list[Any]) -> Iterator[str]:
    """What differs in how the sources are declared."""
    for (before, old), (now, new) in zip(saved, mine, strict=False):
        if before != now:
            yield f"the data set differs: saved with `{before}`, this loader has `{now}`"
        elif names := [name for name in {**old, **new} if old.get(name) != new.get(name)]:
            yield f"the data set differs: `{now}` was saved with another {_quoted(names)}"


def _with(lines: list[str]) -> str:
    return f"with {_quoted(lines)}" if lines else "without it"


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _steps(saved: list[str], mine: list[str]) -> str:
    """How two chains differ, by their first step that does."""
    number = next((at for at, (one, other) in enumerate(zip(saved, mine, strict=False)) if one != other), None)
    if number is None:
        return f"saved with {len(saved)} steps, this loader has {len(mine)}"
    before, now = (steps[number].rsplit(" ", 1)[0] for steps in (saved, mine))
    if before == now:
        return f"step {number + 1}, `{now}`, was saved with other arguments"
    return f"step {number + 1} was saved as `{before}` and is `{now}` here"


# ---- states


def state_of(loader: str, position: Position, pending: Weighting | None, identity: Identity) -> dict[str, Any]:
    """The state of a loader at a position, as new plain JSON values."""
    weights = {"now": position.weighting, "next": pending}
    return {
        "version": VERSION,
        "loader": loader,
        "epoch": position.epoch,
        "batch": position.batch,
        "weights": {when: value and dict(value.encoded) for when, value in weights.items()},
        "plan": json.loads(json.dumps(identity.plan)),
        "data": json.loads(json.dumps(identity.data)),
    }


@frozen
class Loaded:
    """What a state says, as far as this loader can go on from it, and what it cannot take over."""

    position: Position
    pending: Weighting | None
    ignored: tuple[str, ...]


def read_state(state: Any, plan: BatchPlan, identity: Identity, loader: ir.Loader, *, strict: bool) -> Loaded:
    """Check a state against a loader. `plan` is the loader's by its declared weights.

    Raises `PipelineFailure` where it is no state, and with `strict` where it is one of another plan or other data.
    """
    _check_form(state)
    ignored: list[str] = []
    for code, name, compare, span in (
        ("FL561", "plan", plan_differences, loader.policy.span),
        ("FL562", "data", data_differences, loader.data.span),
    ):
        try:
            _check_types(state[name], getattr(identity, name))
            found = [*compare(state[name], getattr(identity, name))]
        except (TypeError, KeyError, ValueError, AttributeError, IndexError):
            raise _no_state(f"its `{name}` is not what a loader saves") from None
        if found and strict:
            saved_at = f"at epoch {state['epoch']}, batch {state['batch']}"
            raise PipelineFailure(
                Failure(
                    code,
                    found[0],
                    span,
                    label="this loader",
                    notes=(*found[1:], f"loader `{state.get('loader', '?')}` saved the state {saved_at}"),
                    help="load it into the loader that saved it, or say `strict=False` to go on with other batches",
                )
            )
        ignored += found
    weighting, pending = (_weights(state["weights"], when, plan, ignored, strict) for when in ("now", "next"))
    return Loaded(_position(state, weighting, plan, ignored, strict), pending, tuple(ignored))


def _check_form(state: Any) -> None:
    if not isinstance(state, Mapping):
        raise _no_state(f"it is of type {type(state).__name__}, not a dict")
    missing = [name for name in ("version", "epoch", "batch", "weights", "plan", "data") if name not in state]
    if missing:
        raise _no_state(f"it has no {_quoted(missing)}")
    for name in ("version", "epoch", "batch"):
        if type(state[name]) is not int or state[name] < 0:
            raise _no_state(f"its `{name}` is {state[name]!r}, not a number from 0 on")
    if state["version"] > VERSION:
        raise PipelineFailure(
            Failure(
                "FL564",
                f"the state has version {state['version']}, this feedline reads up to {VERSION}",
                help="install the feedline that saved it, or a later one",
            )
        )
    if not isinstance(state["weights"], Mapping):
        raise _no_state("its `weights` are no dict")
    if not isinstance(state.get("loader", ""), str):
        raise _no_state(f"its `loader` is {state['loader']!r}, not a name")


def _check_types(saved: Mapping[str, Any], mine: Mapping[str, Any]) -> None:
    """Raise KeyError or TypeError where one of the parts is missing, or of another type than this loader's own."""
    for name, value in mine.items():
        if name == "sources" and name not in saved:
            continue  # saved before there was such a thing
        if type(saved[name]) is not type(value):
            raise TypeError(f"`{name}` is a {type(saved[name]).__name__}")
        if name == "groups" and any([*map(type, pair)] != [int, str] for pair in saved[name].values()):
            raise TypeError("a group is no pair of a number and a hash")


def _weights(
    saved: Mapping[str, Any], when: str, plan: BatchPlan, ignored: list[str], strict: bool
) -> Weighting | None:
    if when not in saved:
        raise _no_state(f"its weights are damaged: they have no `{when}`")
    if saved[when] is None:
        return None
    try:
        return decode(saved[when], plan)
    except ValueError as error:
        raise _no_state(str(error)) from None
    except PipelineFailure as error:
        if strict:
            raise
        ignored.append(f"weights set from Python are left out: {error.failure.message}")
        return None


def _position(
    state: Mapping[str, Any], weighting: Weighting | None, plan: BatchPlan, ignored: list[str], strict: bool
) -> Position:
    epoch, batch = state["epoch"], state["batch"]
    length = plan.length(epoch)
    if batch < length or not batch:
        return Position(epoch, batch, weighting)
    beyond = f"it stands at batch {batch:,} of epoch {epoch:,}, which has {length:,} batches here"
    if strict:
        raise _no_state(beyond)
    ignored.append(f"{beyond}: going on with epoch {epoch + 1:,}")
    return Position(epoch + 1, 0, weighting)


def _no_state(why: str) -> PipelineFailure:
    return PipelineFailure(
        Failure("FL563", f"this is no state that a loader saved: {why}", help="give what `loader.state_dict()` gave")
    )
