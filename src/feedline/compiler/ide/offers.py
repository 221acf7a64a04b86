"""What completion offers, made from the catalogue and from what files declare."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias

from attrs import frozen

from feedline.compiler import catalogue, registry
from feedline.compiler.catalogue import Entry
from feedline.compiler.ide.analysis import Analysis
from feedline.compiler.ide.calls import entry_of, signature_text
from feedline.compiler.ide.describe import symbol_head
from feedline.compiler.ide.table import part_symbols, symbol_of
from feedline.compiler.ide.words import FORMS
from feedline.compiler.names import Declared, Kind, Unit
from feedline.dsl.source import Span

OfferKind: TypeAlias = Literal[
    "keyword", "form", "transform", "dataset", "function", "parameter", "constant", "group", "policy", "loader",
    "import", "part", "field", "argument", "option", "member", "value", "type", "file", "folder",
]  # fmt: skip

NOWHERE = Span("", 0, 0)
"""In the place of the word at the cursor, while it is not known."""


@frozen
class Completion:
    """One thing to write. `text` is what to write, `snippet` the same with stops where it has any (`${1:name}`), and
    `span` what it takes the place of."""

    label: str
    kind: OfferKind
    text: str
    detail: str = ""
    doc: str = ""
    snippet: str | None = None
    rank: int = 5
    """Lower ones come first; within a rank they keep their order."""
    span: Span = NOWHERE


def forms(rule: str, words: Iterable[str], without: frozenset[str]) -> Iterator[Completion]:
    """The forms among statements of one kind, in the order in which a file says them."""
    fitting = set(words)
    for rank, (word, form) in enumerate(FORMS[rule].items()):
        if word in fitting and word not in without:
            yield Completion(word, "form", f"{word} ", form.form, form.doc, form.snippet, rank=rank)


def called(entry: Entry, *, rank: int = 30) -> Completion:
    """A call, with stops for the arguments that it cannot do without."""
    needed = [item for item in entry.parameters if item.required and item.kind in ("positional", "keyword")]
    stops = ", ".join(
        f"${{{number}:{item.name}}}" if item.kind == "positional" else f"{item.name}=${{{number}}}"
        for number, item in enumerate(needed, 1)
    )
    snippet = f"{entry.name}({stops})" + ("$0" if stops or not entry.parameters else "")
    kind = "transform" if entry.kind == "transform" else "dataset"
    if not stops and entry.parameters:
        snippet = f"{entry.name}($0)"
    return Completion(entry.name, kind, f"{entry.name}(", signature_text(entry)[0], entry.doc, snippet, rank)


def transforms(*, batch: bool, rank: int = 30) -> Iterator[Completion]:
    """Every transform that works on a sample, or on a batch."""
    for name in catalogue.transform_names():
        entry = catalogue.transform(name)
        if entry is not None and entry.batch == batch:
            yield called(entry, rank=rank)
    yield from _others("transform", rank)


def sources(rank: int = 30) -> Iterator[Completion]:
    """Every kind of source."""
    for name in catalogue.dataset_names():
        entry = catalogue.dataset(name)
        if entry is not None:
            yield called(entry, rank=rank)
    yield from _others("dataset", rank)


def _others(kind: Literal["transform", "dataset"], rank: int) -> Iterator[Completion]:
    for name in registry.names(kind):
        yield Completion(name, kind, f"{name}(", "registered from Python", "", f"{name}($0)", rank)
    python = entry_of("python")
    if python is not None:
        snippet = 'python("${1:package.module:name}"$0)'
        yield Completion("python", "function", "python(", signature_text(python)[0], python.doc, snippet, rank + 1)


def declared(analysis: Analysis, *kinds: Kind, rank: int = 10) -> Iterator[Completion]:
    """The names of these kinds that the file knows, and the files through which it reaches more."""
    for name, found in analysis.main.names.items():
        if found.kind in kinds:
            head = symbol_head(analysis, symbol_of(found))
            yield Completion(name, kind_of(found), name, head, rank=rank)
        elif found.kind == "import" and found.target is not None and _holds(found.target, kinds):
            yield Completion(name, "import", f"{name}.", found.target.source.path, rank=rank + 1)


def datasets(analysis: Analysis, *, parts: bool = True, rank: int = 10) -> Iterator[Completion]:
    """The declared data sets and, where there are any, their parts."""
    for name, found in analysis.main.names.items():
        if parts and found.kind == "dataset":
            for part in part_symbols(analysis.ctx, found):
                full = f"{name}.{part.name}"
                folds = "[0]" if not part.renamable else ""
                yield Completion(full + folds, "part", full + folds, symbol_head(analysis, part), rank=rank)
    yield from declared(analysis, "dataset", rank=rank + 1)


def kind_of(found: Declared) -> OfferKind:
    """How a declaration is shown in a list."""
    return "value" if found.kind == "broken" else found.kind


def _holds(unit: Unit, kinds: tuple[Kind, ...]) -> bool:
    return any(found.kind in kinds for found in unit.names.values())
