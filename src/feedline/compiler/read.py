"""Reading a `.pipe` file from disk: every way that can go wrong is a diagnostic, never an exception."""

from __future__ import annotations

import os
from pathlib import Path

from feedline.dsl.diagnostics import Reporter
from feedline.dsl.rules.names import NotUtf8, UnreadableSource
from feedline.dsl.source import SourceText, Span
from feedline.dsl.suggest import suggest

MAX_BYTES = 4 * 1024 * 1024


def read_source(
    path: str | os.PathLike[str], reporter: Reporter, *, shown: str | None = None, where: Span | None = None
) -> SourceText | None:
    """The text of a file, under the path it is `shown` as (by default as given), entered into the reporter's sources.

    None where it cannot be read; the reason is reported at `where` (an import), else about the path itself.
    A byte order mark at the start is dropped."""
    shown = os.fspath(path) if shown is None else shown
    try:
        raw = _read(Path(path))
    except (OSError, ValueError) as error:
        message, help = _explain(Path(path), shown, error)
        reporter.report(UnreadableSource, where or shown, message, help=help)
        return None
    body = raw.removeprefix(b"\xef\xbb\xbf")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        _report_encoding(body, error.start, len(raw) - len(body), shown, reporter)
        return None
    source = SourceText(shown, text)
    reporter.sources.add(source)
    return source


class _TooLargeError(OSError):
    """The file is larger than a program can be."""


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        raw = file.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise _TooLargeError
    return raw


def _explain(path: Path, shown: str, error: Exception) -> tuple[str, str | None]:
    if not shown:
        return "the name of the file is empty", None
    match error:
        case _TooLargeError():
            return f"`{shown}` is larger than {MAX_BYTES // 1024 // 1024} MiB, too large for a program", None
        case FileNotFoundError():
            return f"there is no file `{shown}`", _near(path, shown)
        case IsADirectoryError():
            inside = sorted(entry.name for entry in path.glob("*.pipe"))[:3]
            help = f"name a file in it: {', '.join(f'`{name}`' for name in inside)}" if inside else None
            return f"`{shown}` is a directory, not a file", help
        case PermissionError():
            return f"`{shown}` may not be read: permission denied", None
        case OSError():
            return f"`{shown}` cannot be read: {(error.strerror or str(error)).lower()}", None
    return f"`{shown}` is not a path: {error}", None


def _near(path: Path, shown: str) -> str | None:
    folder = path.parent
    if not folder.is_dir():
        return f"the folder `{folder}` does not exist either"
    try:
        names = sorted(entry.name for entry in folder.iterdir() if entry.suffix == ".pipe")
    except OSError:
        return None
    near = suggest(path.name, names)
    if near:
        return f"did you mean `{Path(shown).with_name(near[0])}`?"
    return None


def _report_encoding(body: bytes, bad: int, mark: int, shown: str, reporter: Reporter) -> None:
    """Point at the first byte that is not UTF-8, in the text as far as it can be shown."""
    reporter.sources.add(SourceText(shown, body.decode("utf-8", "replace")))
    offset = len(body[:bad].decode("utf-8"))
    reporter.report(
        NotUtf8,
        Span(shown, offset, offset + 1),
        f"`{shown}` is not UTF-8 text: byte 0x{body[bad]:02x} at offset {mark + bad}",
        label="not UTF-8",
        help="save the file as UTF-8",
    )
