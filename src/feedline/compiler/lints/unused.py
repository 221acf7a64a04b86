"""Declarations and imports that nothing uses. A file without a loader is there for others to import, and is let be."""

from __future__ import annotations

from collections.abc import Iterator

from feedline.compiler import ir
from feedline.compiler.names import KIND_OF, Unit
from feedline.dsl import tree
from feedline.dsl.diagnostics import Reporter
from feedline.dsl.rules.lints import NeverUsed


def unused_names(program: ir.Program, main: Unit, reporter: Reporter) -> None:
    """Warn of every name of the main file that no other declaration uses, unless it begins with `_`.

    A group of a loader's data is used without being named: `feedline run`, `show` and `verify` count it."""
    if not program.loaders:
        return
    read = {loader.data.dataset for loader in program.loaders}
    counted = {group.name for group in program.groups if group.dataset in read}
    users: dict[str, list[tree.Declaration]] = {}
    for node in main.tree.declarations:
        for name in names_used(node):
            users.setdefault(name, []).append(node)
    for node in main.tree.declarations:
        for name, kind in _declares(node, main):
            idle = all(user is node for user in users.get(name.text, ()))
            if idle and not name.text.startswith("_") and main.names[name.text].full_name not in counted:
                _report(name, kind, reporter)


def names_used(node: tree.Declaration) -> set[str]:
    """The names that a declaration refers to. A split does not use the dataset that it divides."""
    left_out = node.dataset if isinstance(node, tree.Split) else None
    found: set[str] = set()
    for child in tree.children(node):
        for inner in tree.walk(child) if child is not left_out else ():
            if isinstance(inner, tree.NameRef):
                found.add(inner.text)
            elif isinstance(inner, tree.Interpolation):
                found.add(inner.name.partition(".")[0])
    return found


def _declares(node: tree.Declaration, main: Unit) -> Iterator[tuple[tree.Name, str]]:
    """The names that have to be used, each with what it is."""
    if isinstance(node, tree.Import):
        if node.alias is not None and not _divides(node.alias.text, main):
            yield node.alias, "import"
        for name in node.names:
            # A loader that is imported by name is a loader of this file.
            if main.names[name.text].kind != "loader":
                yield name, "import"
    elif isinstance(node, tree.Param | tree.Let | tree.Dataset | tree.Group | tree.Transform | tree.Policy):
        yield node.name, KIND_OF[type(node)]


def _divides(alias: str, main: Unit) -> bool:
    """Whether the file behind an alias splits a dataset: that holds wherever the dataset is used."""
    target = main.names[alias].target
    return target is not None and any(isinstance(node, tree.Split) for node in target.tree.declarations)


def _report(name: tree.Name, kind: str, reporter: Reporter) -> None:
    helps = {
        "parameter": f"use it, or leave it out: setting `-D {name.text}=...` changes nothing",
        "import": "use it, or leave it out",
    }
    imported = kind == "import"
    message = f"`{name.text}` is imported and never used" if imported else f"the {kind} `{name.text}` is never used"
    reporter.report(
        NeverUsed,
        name.span,
        message,
        label="never used",
        help=helps.get(kind, f"use it, leave it out, or call it `_{name.text}` to keep it for later"),
        data={"tags": ["unnecessary"]},
    )
