"""What can be run from a file: commands above each loader."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

from feedline.compiler.ide.analysis import Analysis
from feedline.dsl import tree
from feedline.dsl.source import Span


@frozen
class Lens:
    """A command to offer above a declaration, about the loader of that name."""

    span: Span
    title: str
    command: Literal["verify", "show", "explain"]
    loader: str


def code_lenses(analysis: Analysis) -> tuple[Lens, ...]:
    """The commands of a file's loaders. `explain` and `show` of what cannot be compiled would only say so again."""
    found: list[Lens] = []
    for node in analysis.tree.declarations:
        if isinstance(node, tree.Loader) and analysis.program is not None:
            name = node.name
            found.append(Lens(name.span, "verify", "verify", name.text))
            found.append(Lens(name.span, "show a batch", "show", name.text))
            found.append(Lens(name.span, "explain", "explain", name.text))
    return tuple(found)
