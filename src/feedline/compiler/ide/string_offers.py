"""What can stand in a string: a path, a name in `${...}`, a class, a column."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from feedline.compiler.catalogue.types import Enum
from feedline.compiler.ide import offers, subject
from feedline.compiler.ide.analysis import Analysis
from feedline.compiler.ide.cursor import Cursor
from feedline.compiler.ide.offers import Completion
from feedline.compiler.ide.open_call import OpenCall
from feedline.compiler.lower_values import constant
from feedline.dsl.source import Span
from feedline.dsl.tokens import offsets

_NAME = re.compile(r"\$\{\s*([\w.]+)\s*\}")
_OPEN = re.compile(r"\$\{\s*([\w.]*)$")
_COLUMNS = frozenset({"image", "label", "features"})
MAX_FILES = 500
"""So many files of a folder are offered at most."""


def in_string(analysis: Analysis, cursor: Cursor, call: OpenCall | None) -> Iterator[Completion]:
    """What fits where the cursor is in a string."""
    assert cursor.string is not None
    begin, end = offsets(cursor.string)
    written = analysis.text[begin + 1 : cursor.span.end]
    inside = end - 1 if cursor.string.type == "STRING" else cursor.span.end
    whole = Span(analysis.path, begin + 1, inside)
    name = _OPEN.search(written)
    if name is not None:
        span = Span(analysis.path, cursor.span.end - len(name[1]), cursor.span.end)
        for found in offers.declared(analysis, "parameter", "constant"):
            closed = analysis.text[cursor.span.end : cursor.span.end + 1] == "}"
            yield _at(found, span, found.text if closed or found.kind == "import" else found.text + "}")
    elif cursor.head[:1] == ("import",):
        yield from _files(analysis, cursor, written, "*.pipe")
    elif cursor.head[:1] == ("param",) and "path" in cursor.head:
        yield from _files(analysis, cursor, written)
    elif call is not None and call.parameter is not None:
        yield from _argument(analysis, cursor, call, written, whole)
    elif cursor.head[:1] == ("group",):
        for word in subject.classes(analysis, subject.subject(analysis, cursor)):
            yield Completion(word, "value", word, "a class", span=whole)


def _argument(analysis: Analysis, cursor: Cursor, call: OpenCall, written: str, whole: Span) -> Iterator[Completion]:
    parameter = call.parameter
    assert parameter is not None
    if parameter.is_path:
        yield from _files(analysis, cursor, written)
    elif call.name == "Table" and parameter.name in _COLUMNS:
        declared = analysis.main.names.get(cursor.head[1]) if len(cursor.head) > 1 else None
        known = {} if analysis.known is None else analysis.known.fields
        for column in known.get(declared.full_name, ()) if declared is not None else ():
            yield Completion(column, "field", column, "a column", span=whole)
    elif isinstance(parameter.type, Enum):
        for word in parameter.type.members:
            yield Completion(word, "member", word, span=whole)
    elif call.name in ("any", "all", "count"):
        for word in subject.classes(analysis, subject.subject(analysis, cursor)):
            yield Completion(word, "value", word, "a class", span=whole)


def _files(analysis: Analysis, cursor: Cursor, written: str, pattern: str = "*") -> Iterator[Completion]:
    """What is in the folder that the text before the cursor leads to."""
    folder, _, name = _filled(analysis, written).rpartition("/")
    last = len(written.rpartition("/")[2]) if "/" in written else len(written)
    span = Span(analysis.path, cursor.span.end - last, cursor.span.end)
    where = Path(analysis.main.folder, f"{folder}/" if folder or written.startswith("/") else "")
    try:
        with os.scandir(where) as entries:
            found = sorted(((entry.name, entry.is_dir()) for entry in entries), key=lambda item: (not item[1], item[0]))
    except (OSError, ValueError):
        return
    shown = [(name, is_dir) for name, is_dir in found if is_dir or Path(name).match(pattern)]
    for name, is_dir in shown[:MAX_FILES]:
        if name.startswith(".") or '"' in name or "\\" in name or "${" in name or not name.isprintable():
            continue
        text = f"{name}/" if is_dir else name
        yield Completion(text, "folder" if is_dir else "file", text, rank=not is_dir, span=span)


def _filled(analysis: Analysis, written: str) -> str:
    """A path with the values of the parameters that it names."""

    def value(match: re.Match[str]) -> str:
        declared = analysis.main.names.get(match[1])
        if declared is None or declared.kind not in ("parameter", "constant"):
            return match[0]
        found = constant(analysis.ctx, declared)
        return found if isinstance(found, str) else match[0]

    return _NAME.sub(value, written)


def _at(found: Completion, span: Span, text: str) -> Completion:
    return Completion(found.label, found.kind, text, found.detail, found.doc, rank=found.rank, span=span)
