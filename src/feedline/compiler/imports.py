"""Files and their imports: everything one compilation reads, and which names each file sees.

A file is read once however often it is imported, so a data set that two files import is one data set. Its declarations
are worked out only when something needs them; what is wrong in an unused part of a library is the library's own affair,
except that its syntax must be right.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from feedline.compiler.names import Declared, Unit, declare, enter
from feedline.compiler.read import read_source
from feedline.dsl import ParseResult, parse, tree
from feedline.dsl.diagnostics import Reporter
from feedline.dsl.frozen import define, field
from feedline.dsl.rules.names import BadImport, ImportCycle, UnknownName
from feedline.dsl.source import SourceText, Span
from feedline.dsl.suggest import did_you_mean

Parse: TypeAlias = Callable[[str, str], ParseResult]
"""What reads a text, given with its path."""


@define(eq=False)
class Loaded:
    """The main file, every file in the order it was first reached, and the parameters by the name that sets them."""

    main: Unit
    units: list[Unit]
    parameters: dict[str, Declared]
    complete: bool
    """Whether every import could be followed and every declaration has a name, so that what is missing is missing."""


def load(
    source: SourceText, folder: Path, reporter: Reporter, texts: Mapping[str, str], parse: Parse = parse
) -> Loaded:
    """Parse a file and all it imports, and fill in every namespace. `texts` stand for the files at these paths."""
    loader = _Loader(reporter, texts, parse)
    key = str(folder / Path(source.path).name)
    main = loader.unit(source, folder, key)
    _name_fully(main, loader.units)
    parameters: dict[str, Declared] = {}
    _name_parameters(main, "", parameters, set())
    complete = not loader.lost and not any(unit.opaque for unit in loader.units)
    return Loaded(main, loader.units, parameters, complete)


def _name_fully(main: Unit, units: list[Unit]) -> None:
    """Give every declaration the name the main file has for it (`castings`, `shared.pixels`), and those it has no name
    for one made from their file's."""
    used: set[str] = set()
    seen: set[Unit] = set()

    def name_all(unit: Unit, prefix: str) -> None:
        seen.add(unit)
        aliases: list[tuple[Unit, str]] = []
        for name, declared in unit.names.items():
            if declared.kind == "import":
                if declared.target is not None and declared.target not in seen:
                    aliases.append((declared.target, f"{prefix}{name}."))
            elif not declared.full_name:
                declared.full_name = prefix + name
                used.add(declared.full_name)
        for target, inner in aliases:
            if target not in seen:
                name_all(target, inner)

    name_all(main, "")
    for unit in units:
        if unit not in seen:
            stem = Path(unit.source.path).stem
            number = 1
            prefix = f"{stem}."
            while any(name.startswith(prefix) for name in used):
                number += 1
                prefix = f"{stem}{number}."
            name_all(unit, prefix)


def _name_parameters(unit: Unit, prefix: str, found: dict[str, Declared], seen: set[tuple[Unit, str]]) -> None:
    """Parameters keep their names through `import "x" (a, b)`; an alias stands before them.

    The importing file's own come first where two have one name."""
    if (unit, prefix) in seen:
        return
    seen.add((unit, prefix))
    for declared in unit.own("parameter"):
        found.setdefault(prefix + declared.name, declared)
    for target, alias in unit.imports:
        _name_parameters(target, prefix if alias is None else f"{prefix}{alias}.", found, seen)


@define(eq=False)
class _Loader:
    reporter: Reporter
    texts: Mapping[str, str]
    parse: Parse
    units: list[Unit] = field(factory=list)
    lost: bool = False
    _by_key: dict[str, Unit | None] = field(factory=dict)
    _open: list[tuple[str, str]] = field(factory=list)

    def unit(self, source: SourceText, folder: Path, key: str) -> Unit:
        """The namespace of one text and, through its imports, of others. `key` is the file's absolute path."""
        result = self.parse(source.text, source.path)
        self.reporter.sources.add(source)
        self.reporter.diagnostics.extend(result.diagnostics)
        unit = Unit(source, result.tree, folder, {})
        self.units.append(unit)
        self._by_key[key] = unit
        self._open.append((key, source.path))
        for node in unit.tree.declarations:
            if isinstance(node, tree.Import):
                self._import(unit, node)
            else:
                enter(unit, node, self.reporter)
        self._open.pop()
        return unit

    def _import(self, unit: Unit, node: tree.Import) -> None:
        target = self._target(unit, node)
        if target is None:
            self.lost = True
        else:
            unit.imports.append((target, node.alias.text if node.alias else None))
        if node.alias is not None:
            alias = Declared(node.alias.text, "import", node.alias.span, unit, node, target=target)
            declare(unit, alias, node.alias.span, self.reporter)
        for name in node.names:
            found = target.names.get(name.text) if target else None
            if target and found is None and not target.opaque:
                self._not_there(name, node, target)
            if found is None or found.kind == "import":
                found = Declared(name.text, "broken", name.span, unit, node)
            declare(unit, found, name.span, self.reporter)

    def _not_there(self, name: tree.Name, node: tree.Import, target: Unit) -> None:
        self.reporter.report(
            UnknownName,
            name.span,
            f"`{target.source.path}` declares nothing called `{name.text}`",
            label="not declared there",
            help=did_you_mean(name.text, target.names),
        )

    def _target(self, unit: Unit, node: tree.Import) -> Unit | None:
        if not node.path.parts:
            self.reporter.report(BadImport, node.path.span, "this import names no file")
            return None
        if any(not isinstance(part, str) for part in node.path.parts):
            self.reporter.report(
                BadImport, node.path.span, "the path of an import is plain text", help="write it out, without `${...}`"
            )
            return None
        given = str(node.path.parts[0])
        shown = os.path.normpath(os.path.join(os.path.dirname(unit.source.path), given))  # as typed
        path = unit.folder / given
        key = os.path.normpath(path)
        for number, (open_key, _) in enumerate(self._open):
            if open_key == key:
                self._cycle(node.path.span, [*(name for _, name in self._open[number:]), shown])
                return None
        if key not in self._by_key:
            source = self._source(path, key, shown, node.path.span)
            self._by_key[key] = self.unit(source, path.parent, key) if source else None
        return self._by_key[key]

    def _source(self, path: Path, key: str, shown: str, where: Span) -> SourceText | None:
        if key in self.texts:
            return SourceText(shown, self.texts[key])
        return read_source(path, self.reporter, shown=shown, where=where)

    def _cycle(self, span: Span, files: list[str]) -> None:
        self.reporter.report(
            ImportCycle,
            span,
            "this import goes round in a circle" if len(files) > 2 else "a file cannot import itself",
            label="leads back to where it started",
            notes=[" → ".join(files)] if len(files) > 2 else [],
            help="move what both need into a third file" if len(files) > 2 else None,
        )
