"""Texts in a file that name other files: imports, and the paths of data."""

from __future__ import annotations

import os
from collections.abc import Iterator

from attrs import evolve, frozen

from feedline.compiler.catalogue import ParamType, parse_type
from feedline.compiler.ide.analysis import Analysis
from feedline.compiler.ide.calls import bound, entry_of
from feedline.compiler.lower_values import evaluate
from feedline.dsl import tree
from feedline.dsl.diagnostics import Reporter
from feedline.dsl.source import Span

_PATH = parse_type("path")


@frozen
class Link:
    """A text that names a file. `span` leaves the quotes out, `path` is absolute."""

    span: Span
    path: str
    doc: str


def links(analysis: Analysis) -> tuple[Link, ...]:
    """Every path in a text that leads to a file, in order."""
    found = [*_imports(analysis), *_paths(analysis)]
    return tuple(sorted(found, key=lambda link: link.span.start))


def import_at(analysis: Analysis, offset: int) -> tuple[Span, str] | None:
    """The path of an import at an offset, and the file that it names."""
    for link in _imports(analysis):
        if link.span.start - 1 <= offset <= link.span.end + 1:
            return link.span, link.path
    return None


def _imports(analysis: Analysis) -> Iterator[Link]:
    for node in analysis.tree.declarations:
        if isinstance(node, tree.Import) and len(node.path.parts) == 1 and isinstance(node.path.parts[0], str):
            path = os.path.normpath(analysis.main.folder / node.path.parts[0])
            if _is_file(path):
                yield Link(_inside(node.path), path, "open the imported file")


def _paths(analysis: Analysis) -> Iterator[Link]:
    """The paths that calls take, and the defaults of parameters that are paths."""
    calls = [place for place in analysis.places if place.role == "function" and place.call is not None]
    for place in calls:
        entry = entry_of(place.names[-1].text)
        for one in () if entry is None or place.call is None else bound(entry, place.call):
            if one.parameter is not None and one.parameter.is_path:
                yield from _path(analysis, one.argument.value, one.parameter.type)
    for node in analysis.tree.declarations:
        if isinstance(node, tree.Param) and node.type is not None and node.type.name == "path":
            yield from _path(analysis, node.default, _PATH)


def _path(analysis: Analysis, expr: tree.Expr | None, type: ParamType) -> Iterator[Link]:
    if not isinstance(expr, tree.String):
        return
    value = evaluate(evolve(analysis.ctx, reporter=Reporter()), analysis.main, expr, type)
    if isinstance(value, str) and value and _is_file(value):
        yield Link(_inside(expr), value, "open the file")


def _is_file(path: str) -> bool:
    try:
        return os.path.isfile(path)
    except ValueError:
        return False


def _inside(string: tree.String) -> Span:
    """A string without its quotes."""
    return Span(string.span.path, string.span.start + 1, max(string.span.start + 1, string.span.end - 1))
