"""`feedline cache`: what `cache = disk("folder")` has kept, and making room."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from feedline.cli.output import emit

if TYPE_CHECKING:
    from feedline.runtime.cache.files import Listed


@click.group("cache")
def command() -> None:
    """List and remove what `cache = disk("folder")` has kept.

    FOLDER is the one that the file names. Nothing else in it is touched: a cache is a folder in it, named by a key of
    sixteen digits. Removing one that a run is using does that run no harm.
    """


@command.command("ls")
@click.argument("folder")
@click.option("--json", "as_json", is_flag=True, help="Print the list as one JSON object.")
def ls(folder: str, as_json: bool) -> int:
    """List the caches in FOLDER: key, samples kept of how many, size, when last used, and of what."""
    caches = _listed(folder)
    if as_json:
        emit(
            json.dumps({"format_version": 1, "folder": folder, "caches": list(map(_as_json, caches))}, indent=2) + "\n"
        )
    elif not caches:
        emit(f"there is no cache in `{folder}`\n")
    else:
        emit("".join(f"{line}\n" for cache in caches for line in _lines(cache)))
    return 0


@command.command("rm")
@click.argument("folder")
@click.argument("keys", metavar="[KEY]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Remove every cache in FOLDER.")
def rm(folder: str, keys: tuple[str, ...], everything: bool) -> int:
    """Remove caches from FOLDER by their keys, or the first digits of these; with --all every one."""
    from feedline.runtime.cache.files import remove

    if everything == bool(keys):
        raise click.UsageError("say which: keys, as `feedline cache ls` shows them, or --all")
    if "" in keys:  # what every key begins with
        raise click.UsageError("a key is empty, as a variable of the shell is that nobody has set")
    caches = _listed(folder)
    chosen = caches if everything else [_named(key, caches, folder) for key in dict.fromkeys(keys)]
    failed = False
    for cache in chosen:
        try:
            remove(cache.path)
            emit(f"removed {Path(cache.path).name}, {_size(cache.size)}\n")
        except OSError as error:
            failed = True
            click.echo(f"`{cache.path}` cannot be removed: {(error.strerror or str(error)).lower()}", err=True)
    if not chosen:
        emit(f"there is no cache in `{folder}`\n")
    return 1 if failed else 0


def _listed(folder: str) -> list[Listed]:
    from feedline.runtime.cache.files import listed

    try:
        return list(listed(folder))
    except FileNotFoundError:
        raise click.UsageError(f"there is no folder `{folder}`") from None
    except OSError as error:
        raise click.UsageError(f"`{folder}` cannot be read: {(error.strerror or str(error)).lower()}") from None


def _named(key: str, caches: list[Listed], folder: str) -> Listed:
    found = [cache for cache in caches if Path(cache.path).name.startswith(key)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise click.UsageError(f"there is no cache `{key}` in `{folder}`")
    raise click.UsageError(f"{len(found)} caches in `{folder}` begin with `{key}`")


def _lines(cache: Listed) -> Iterator[str]:
    header = cache.header
    total = 0 if header is None else header.total
    of = f" of {total:,}" if cache.kept <= total else ""
    used = datetime.fromtimestamp(cache.used).strftime("%Y-%m-%d %H:%M")
    yield f"{Path(cache.path).name}  {cache.kept:,}{of} samples  {_size(cache.size)}  used {used}"
    if header is None:
        yield "  its header cannot be read: it is made again when it is next used"
        return
    yield f"  {header.steps}" if header.steps else "  images as they are decoded"
    if 0 < total < cache.kept:
        yield f"  the largest loader has {total:,}: the others are not its own, or of files that have changed since"
    yield from (f"  {user}" for user in header.loaders)


def _as_json(cache: Listed) -> dict[str, object]:
    header = cache.header
    return {
        "key": Path(cache.path).name,
        "path": cache.path,
        "samples": cache.kept,
        "total": None if header is None else header.total,
        "bytes": cache.size,
        "used": datetime.fromtimestamp(cache.used).astimezone().isoformat(timespec="seconds"),
        "steps": None if header is None else header.steps,
        "loaders": [] if header is None else list(header.loaders),
    }


def _size(size: int) -> str:
    for unit, name in ((1e9, "GB"), (1e6, "MB")):
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size / 1000:.0f} kB"
