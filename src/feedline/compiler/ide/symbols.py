"""What a file declares, as an outline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, TypeAlias, cast

from attrs import frozen

from feedline.compiler.ide.analysis import Analysis
from feedline.compiler.ide.policy_words import batch_words
from feedline.compiler.names import KIND_OF
from feedline.dsl import tree
from feedline.dsl.source import Span

OutlineKind: TypeAlias = Literal[
    "parameter", "constant", "import", "dataset", "group", "split", "part", "transform", "policy", "loader", "block",
    "broken",
]  # fmt: skip


@frozen
class Outline:
    """One entry. `name_span` is inside `span`."""

    name: str
    kind: OutlineKind
    detail: str
    span: Span
    name_span: Span
    children: tuple[Outline, ...] = ()


MAX_DETAIL = 60


def symbols(analysis: Analysis) -> tuple[Outline, ...]:
    """The outline of a file, in the order of its text."""
    return tuple(entry for node in analysis.tree.declarations for entry in _entries(analysis, node))


def workspace_symbols(analysis: Analysis, query: str) -> tuple[Outline, ...]:
    """What a file declares whose name holds the letters of `query` in their order, nearest first; parts and blocks
    left out."""
    found = [entry for entry in symbols(analysis) if entry.kind != "split" and _matches(query, entry.name)]
    wanted = query.casefold()
    return tuple(sorted(found, key=lambda entry: (wanted not in entry.name.casefold(), len(entry.name), entry.name)))


def _matches(query: str, name: str) -> bool:
    letters = iter(name.casefold())
    return all(letter in letters for letter in query.casefold())


def _entries(analysis: Analysis, node: tree.Declaration) -> Iterator[Outline]:
    kind = KIND_OF.get(type(node))
    if kind is not None:
        name: tree.Name = cast("Any", node).name  # every class in KIND_OF has one
        detail, inside = _detail(analysis, node), tuple(_inside(analysis, node))
        yield Outline(name.text, kind, detail, node.span, name.span, inside)
    elif isinstance(node, tree.Import):
        names = [node.alias] if node.alias is not None else list(node.names)
        path = analysis.written(node.path.span)
        yield from (Outline(name.text, "import", path, node.span, name.span) for name in names)
    elif isinstance(node, tree.Split):
        parts = [
            Outline(part.name.text, "part", _size(analysis, part), part.span, part.name.span)
            for part in (*node.parts, *node.values)
        ]
        of = analysis.written(node.dataset.span)
        yield Outline(f"split {of}", "split", "", node.span, node.dataset.span, tuple(parts))
    elif isinstance(node, tree.ErrorDeclaration) and node.name:
        yield Outline(node.name, "broken", "", node.span, node.span)


def _detail(analysis: Analysis, node: tree.Declaration) -> str:
    match node:
        case tree.Param(type=type, default=default):
            texts = [analysis.written(part.span) for part in (type, default) if part is not None]
            return _cut(" = ".join(texts))
        case tree.Let(value=value) | tree.Dataset(source=value) | tree.Group(predicate=value):
            return _short(analysis, value)
        case tree.Loader(dataset=dataset, name=name):
            found = next((one for one in analysis.partial.loaders if one.name == name.text), None)
            held = "" if found is None else batch_words(found.policy)
            return f"from {analysis.written(dataset.span)}" + (f": {held}" if held else "")
        case _:
            return ""


def _inside(analysis: Analysis, node: tree.Declaration) -> Iterator[Outline]:
    """The blocks of a loader."""
    for statement in node.statements if isinstance(node, tree.Loader) else ():
        if isinstance(statement, tree.TransformBlock | tree.SampleBlock | tree.SampleRef | tree.Collate):
            word, _, rest = _short(analysis, statement).partition(" ")
            head = Span(statement.span.path, statement.span.start, statement.span.start + len(word))
            yield Outline(word, "block", "" if rest.startswith("{") else rest, statement.span, head)


def _size(analysis: Analysis, part: tree.SizedPart | tree.ValuedPart) -> str:
    """What stands behind the name of a part."""
    return _cut(analysis.text[part.name.span.end : part.span.end].lstrip(" ="))


def _short(analysis: Analysis, node: tree.Node) -> str:
    return _cut(analysis.written(node.span))


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MAX_DETAIL else f"{line[: MAX_DETAIL - 3]}..."
