"""Everything that has a page, with where its words come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from feedline.compiler import catalogue
from feedline.compiler.catalogue import Entry
from feedline.compiler.explain.text import Writer
from feedline.compiler.ide.calls import entry_of, signature_text
from feedline.compiler.ide.describe import parameter_line
from feedline.compiler.ide.words import CLAUSES, COLLATES, FIELDS, FORMS, PARAM_TYPES
from feedline.compiler.lower_cache import CACHES
from feedline.compiler.options import OPTIONS, LoaderOption
from feedline.dsl.frozen import frozen

KINDS: Mapping[str, str] = {
    "declaration": "Declarations",
    "parameter type": "Types of parameters",
    "step of a chain": "Steps of a chain",
    "sampling statement": "Statements of a policy",
    "loader statement": "Statements of a loader",
    "loader option": "Options of a loader",
    "collation": "Ways to collate",
    "clause": "Words inside other forms",
    "field": "Fields of a sample",
    "function": "Functions",
    "constant": "Constants",
    "transform": "Transforms",
    "dataset": "Datasets",
}
"""The kinds of topics in the order of the page, with its headings."""

_BLOCKS = {
    "declaration": "declaration",
    "step": "step of a chain",
    "policy_statement": "sampling statement",
    "loader_statement": "loader statement",
}
FUNCTIONS = ("env", "python", *CACHES)
"""What can be called beside transforms, datasets and collations."""


@frozen
class Topic:
    """One thing of the language. `form` is how it is written, `notes` what more there is to say, a line each."""

    name: str
    kind: str
    form: str
    doc: str
    notes: tuple[str, ...] = ()
    entry: Entry | None = None
    """What can be called: its parameters are in there."""


@cache
def topics() -> tuple[Topic, ...]:
    """Every topic, kind by kind."""
    order = list(KINDS)
    return tuple(sorted(_all(), key=lambda topic: order.index(topic.kind)))


def find(name: str) -> tuple[Topic, ...]:
    """The topics of a name, whatever its case: `transform` is a declaration and a statement of loaders.

    A dotted name is a constant's; alone, `mnist` is the constant and the dataset.
    """
    head, _, part = name.casefold().partition(".")
    found = tuple(topic for topic in topics() if topic.name.casefold() == head)
    if part:
        return tuple(topic for topic in found if topic.kind == "constant")
    exact = tuple(topic for topic in found if topic.name == name)
    return exact if any(topic.kind != "constant" for topic in exact) else found


def _all() -> Iterator[Topic]:
    for block, kind in _BLOCKS.items():
        for word, form in FORMS[block].items():
            yield Topic(word, kind, form.form, form.doc)
    for name, doc in PARAM_TYPES.items():
        yield Topic(name, "parameter type", f"param NAME: {name}", doc)
    for option in OPTIONS.values():
        yield _option(option)
    for name in COLLATES:
        yield _called(name, "collation", f"collate {name}")
    for name, doc in CLAUSES.items():
        yield Topic(name, "clause", name, doc)
    for name, doc in FIELDS.items():
        yield Topic(name, "field", name, doc)
    for name in FUNCTIONS:
        yield _called(name, "function")
    for name, parts in catalogue.constants().items():
        values = [f"- `{name}.{part}` is `{Writer('', {}).value(value)}`" for part, value in parts.items()]
        form = f"Normalize({', '.join(f'{name}.{part}' for part in parts)})"
        yield Topic(name, "constant", form, f"{catalogue.constant_doc(name)}.", ("\n".join(values),))
    for name in catalogue.transform_names():
        yield _called(name, "transform")
    for name in catalogue.dataset_names():
        yield _called(name, "dataset")


def _option(option: LoaderOption) -> Topic:
    default = Writer("", {}).value(option.default)
    notes = [f"Takes {option.type.describe()}; `{default}` by default."]
    notes += ["Needs `num_workers` above 0."] if option.needs_workers else []
    return Topic(option.name, "loader option", f"{option.name} = {default}", option.doc, tuple(notes))


def _called(name: str, kind: str, form: str = "") -> Topic:
    entry = entry_of(name, collates=kind == "collation")
    assert entry is not None, name
    notes = ["Random: what it does differs from sample to sample."] if entry.random else []
    notes += ["Works on a whole batch: it stands in `batch { ... }`."] if entry.batch else []
    if entry.fields:
        notes.append(f"Samples have {', '.join(f'`{field}`' for field in entry.fields)}.")
    notes += [f"`{refused}` is not taken: {instead}." for refused, instead in entry.refused.items()]
    signature = signature_text(entry)[0]
    return Topic(name, kind, form if form and not entry.parameters else signature, entry.doc, tuple(notes), entry)


def parameter_lines(topic: Topic) -> list[str]:
    """A line for each parameter of what can be called."""
    return [] if topic.entry is None else [parameter_line(parameter) for parameter in topic.entry.parameters]
