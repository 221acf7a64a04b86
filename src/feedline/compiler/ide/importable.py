"""The files that imports name, and what can be imported from them."""

from __future__ import annotations

import os
from collections.abc import Iterator

from feedline.compiler.ide.analysis import Analysis
from feedline.compiler.ide.cursor import Cursor
from feedline.compiler.ide.offers import Completion, kind_of
from feedline.compiler.names import Unit, enter
from feedline.compiler.read import read_source
from feedline.dsl import parse
from feedline.dsl.diagnostics import Reporter


def importable(analysis: Analysis, cursor: Cursor) -> Iterator[Completion]:
    """The names of the file that the import at the cursor names, without those that it names already."""
    path = next((str(token) for token in cursor.statement if token.type == "STRING"), "")
    unit = _unit(analysis, path.strip("\"'"))
    taken = {str(token) for token in cursor.statement}
    for name, declared in {} if unit is None else unit.names.items():
        if declared.kind not in ("broken", "import") and name not in taken:
            yield Completion(name, kind_of(declared), name, declared.kind)


def _unit(analysis: Analysis, given: str) -> Unit | None:
    """The file at a path, as far as it declares something itself."""
    path = os.path.normpath(analysis.main.folder / given)
    for unit in analysis.ctx.units:
        if os.path.normpath(unit.folder / os.path.basename(unit.source.path)) == path:
            return unit
    source = read_source(path, Reporter()) if given and os.path.isfile(path) else None
    if source is None:
        return None
    unit = Unit(source, parse(source.text, source.path).tree, analysis.main.folder, {})
    for declaration in unit.tree.declarations:
        enter(unit, declaration, Reporter())
    return unit
