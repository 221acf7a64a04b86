"""What is declared, described in Markdown: for hovers, and beside the names that completion offers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from feedline.compiler import ir
from feedline.compiler.catalogue import Entry, Parameter
from feedline.compiler.explain.text import Writer
from feedline.compiler.ide.calls import signature_text
from feedline.compiler.ide.policy_words import batch_words
from feedline.compiler.ide.table import Symbol, part_symbols
from feedline.compiler.ide.type_words import type_lines
from feedline.compiler.lower_policy import lower_named_policy
from feedline.compiler.lower_values import constant
from feedline.compiler.names import Declared
from feedline.compiler.policy_text import policy_text
from feedline.compiler.sample_types.initial import initial_types
from feedline.compiler.values import UNKNOWN

if TYPE_CHECKING:
    from feedline.compiler.ide.analysis import Analysis

MAX_LINES = 14
"""Of a declaration that is shown."""


def code(text: str) -> str:
    """A block of the language."""
    return f"```pipe\n{text}\n```"


def writer(analysis: Analysis) -> Writer:
    """Writes values as the file would."""
    return Writer(str(analysis.main.folder), {unit.source.path: unit.source for unit in analysis.ctx.units})


def symbol_markdown(analysis: Analysis, symbol: Symbol) -> str:
    """A declaration: its text, and what is known of it."""
    text = _declaration(analysis, symbol)
    return "\n\n".join([*([code(text)] if text else []), *_facts(analysis, symbol)])


def symbol_head(analysis: Analysis, symbol: Symbol) -> str:
    """The first line of a declaration."""
    return _declaration(analysis, symbol).partition("\n")[0].removesuffix("{").rstrip()


def entry_markdown(entry: Entry) -> str:
    """Something that can be called: its signature, what it does, its parameters."""
    parameters = "\n".join(parameter_line(parameter) for parameter in entry.parameters)
    notes = ["Random: what it does differs from sample to sample."] if entry.random else []
    notes += ["Works on a whole batch: it stands in `batch { ... }`."] if entry.batch else []
    if entry.fields:
        notes.append(f"Samples have {', '.join(f'`{name}`' for name in entry.fields)}.")
    return "\n\n".join(filter(None, [code(signature_text(entry)[0]), entry.doc, *notes, parameters]))


def parameter_line(parameter: Parameter, value: str | None = None) -> str:
    """One parameter of a call as a line of a list. `value` is what it is here."""
    default = "" if parameter.required else f", `{Writer('', {}).value(parameter.default)}` by default"
    here = "" if value is None else f" Here it is `{value}`."
    doc = f" {parameter.doc}" if parameter.doc else ""
    return f"- `{parameter.name}`: {parameter.type.describe()}{default}.{doc}{here}"


def _declaration(analysis: Analysis, symbol: Symbol) -> str:
    source = next((unit.source for unit in analysis.ctx.units if unit.source.path == symbol.whole.path), None)
    if source is None:
        return ""
    lines = source.text[symbol.whole.start : symbol.whole.end].splitlines()
    return "\n".join([*lines[:MAX_LINES], "..."] if len(lines) > MAX_LINES + 1 else lines)


def _facts(analysis: Analysis, symbol: Symbol) -> Iterable[str]:
    declared = symbol.declared
    if declared is None or declared.kind == "broken":
        return
    match symbol.kind:
        case "parameter":
            yield from _parameter(analysis, declared)
        case "constant":
            value = constant(analysis.ctx, declared)
            if value is not UNKNOWN:
                yield f"Is `{writer(analysis).value(value)}`."
        case "dataset":
            yield from _dataset(analysis, declared)
        case "part":
            yield f"A part of `{declared.full_name}`."
            yield from _counted(analysis, f"{declared.full_name}.{symbol.name}")
        case "group":
            yield from _group(analysis, declared)
        case "policy":
            yield from _policy(analysis, declared)
        case "loader":
            yield from _loader(analysis, declared)
        case "import":
            if declared.target is not None:
                yield f"The file `{declared.target.source.path}`."
        case _:
            return


def _parameter(analysis: Analysis, declared: Declared) -> Iterator[str]:
    found = next((item for item in analysis.partial.params if item.span == declared.span), None)
    if found is not None and _same_place(found, declared):
        origin = "its default" if found.origin == "default" else f"from the {found.origin}"
        yield f"Is `{writer(analysis).value(found.value)}` ({found.type}), {origin}. Set it with `-D {found.name}=...`."


def _same_place(node: ir.IRNode, declared: Declared) -> bool:
    return (node.span.path, node.span.start) == (declared.span.path, declared.span.start)


def _dataset(analysis: Analysis, declared: Declared) -> Iterator[str]:
    name = declared.full_name
    if name in {dataset.name for dataset in analysis.partial.datasets}:
        types = initial_types(analysis.partial, ir.DataRef(name, span=declared.span))
        yield "A sample:\n" + "\n".join(type_lines(types))
    parts = part_symbols(analysis.ctx, declared)
    if parts:
        yield "Parts: " + ", ".join(f"`{part.name}`" for part in parts)
    yield from _counted(analysis, name)
    if analysis.known is not None and analysis.known.classes.get(name):
        classes = analysis.known.classes[name]
        shown = ", ".join(f"`{one}`" for one in classes[:MAX_LINES])
        yield f"{len(classes)} classes: {shown}{', ...' if len(classes) > MAX_LINES else ''}"


def _counted(analysis: Analysis, name: str) -> Iterator[str]:
    count = None if analysis.known is None else analysis.known.samples.get(name)
    if count is not None:
        yield f"{count:,} samples."


def _group(analysis: Analysis, declared: Declared) -> Iterator[str]:
    group = next((item for item in analysis.partial.groups if item.name == declared.full_name), None)
    if group is not None:
        yield f"Of `{group.dataset}`, where {writer(analysis).condition(group.predicate)}."
    count = None if analysis.known is None else analysis.known.groups.get(declared.full_name)
    if count is not None:
        yield f"{count:,} samples."


def _policy(analysis: Analysis, declared: Declared) -> Iterator[str]:
    if not analysis.ctx.is_done(declared):
        return
    lowered = analysis.ctx.once(declared, lower_named_policy)
    if lowered is not UNKNOWN:
        yield "With every default:\n\n" + code("\n".join(policy_text(lowered.policy)))


def _loader(analysis: Analysis, declared: Declared) -> Iterator[str]:
    loader = next((item for item in analysis.partial.loaders if item.name == declared.full_name), None)
    if loader is None:
        return
    held = batch_words(loader.policy)
    yield f"Batches of {loader.policy.batch}" + (f": {held}." if held else ".")
    if analysis.known is not None and loader.name in analysis.known.batches:
        yield f"{analysis.known.batches[loader.name]:,} batches an epoch."
