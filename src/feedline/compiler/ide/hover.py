"""What the thing under the cursor is."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from feedline.compiler import catalogue, ir
from feedline.compiler.ide.analysis import Analysis
from feedline.compiler.ide.calls import bound, entry_of
from feedline.compiler.ide.describe import code, entry_markdown, parameter_line, symbol_markdown, writer
from feedline.compiler.ide.keywords import form_around, form_at
from feedline.compiler.ide.places import Place, is_field
from feedline.compiler.ide.type_words import changes, type_lines
from feedline.compiler.ide.ways import ways
from feedline.compiler.ide.words import CLAUSES, COLLATES, FIELDS, PARAM_TYPES
from feedline.compiler.names import dotted
from feedline.compiler.options import OPTIONS
from feedline.dsl import tree
from feedline.dsl.source import Span
from feedline.grammar import RESERVED, keyword_types

_WHITE = frozenset({"SPACE", "NEWLINE"})


@frozen
class Hover:
    """Markdown about what stands at a span."""

    span: Span
    markdown: str


def hover(analysis: Analysis, offset: int) -> Hover | None:
    """What stands at an offset: its documentation, its value, the sample before and after it. None where nothing is to
    be said."""
    place = analysis.place_at(offset)
    text = "" if place is None else _named(analysis, place, offset)
    if place is not None and text:
        reference = analysis.table.at(offset)
        return Hover(reference.span if reference is not None else place.span, text)
    return _argument(analysis, offset) or _keyword(analysis, offset)


# ---- names


def _named(analysis: Analysis, place: Place, offset: int) -> str:
    """What a name is."""
    reference = analysis.table.at(offset)
    if reference is not None:
        steps = _stops(analysis, offset) if reference.symbol.kind == "transform" else ()
        return _join(symbol_markdown(analysis, reference.symbol), *steps)
    name = place.names[-1].text
    match place.role:
        case "function" | "collate":
            return _called(analysis, place, offset)
        case "argument":
            found = _bound(analysis, place.call, place.span)
            return found or ""
        case "option":
            option = OPTIONS.get(name)
            if option is None:
                return ""
            default = writer(analysis).value(option.default)
            return f"`{name}`: {option.type.describe()}, `{default}` by default.\n\n{option.doc}"
        case "type":
            return PARAM_TYPES.get(name, "")
        case "word":
            return ""
        case _:
            return _word(analysis, place)


def _called(analysis: Analysis, place: Place, offset: int) -> str:
    name = place.names[-1].text
    collates = place.role == "collate"
    entry = entry_of(name, collates)
    if entry is None:
        return COLLATES.get(name, "") if collates else ""
    return _join(entry_markdown(entry), *_stops(analysis, offset))


def _word(analysis: Analysis, place: Place) -> str:
    """A name that nothing declares: a constant of the language, a field, or a word that an argument knows."""
    names = [name.text for name in place.names]
    members = catalogue.constants().get(names[0])
    if members is not None:
        lines = [f"{names[0]}.{part} = {writer(analysis).value(value)}" for part, value in members.items()]
        return code("\n".join(lines))
    if is_field(place, analysis.main):
        doc = FIELDS.get(names[0], "A column of the data.")
        return f"`{names[0]}`: {doc[0].lower()}{doc[1:]}"
    return ""


# ---- steps and arguments


def _stops(analysis: Analysis, offset: int) -> Iterator[str]:
    """What the step around an offset does to the sample, for every loader that comes through it."""
    step = next((n for n in reversed(analysis.at(offset)) if isinstance(n, tree.CallStep | tree.RefStep)), None)
    said: dict[str, list[str]] = {}
    around = next((n for n in analysis.at(offset) if isinstance(n, tree.Loader)), None)
    only = None if around is None else around.name.text
    for loader, before, after in [] if step is None else ways(analysis, step, only):
        lines = [f"- `{name}`: {_change(*change)}" for name, change in changes(before, after).items()]
        text = "\n".join(lines) if lines else "Leaves the sample's type as it is:\n\n" + "\n".join(type_lines(after))
        said.setdefault(text, []).append(loader)
    for text, loaders in said.items():
        where = ", ".join(f"`{name}`" for name in dict.fromkeys(loaders))
        yield f"**In {where}**\n\n{text}"


def _change(before: str, after: str) -> str:
    if not before or not after:
        return f"{after}, new" if after else f"{before}, gone after it"
    return f"{before} → {after}"


def _argument(analysis: Analysis, offset: int) -> Hover | None:
    """The parameter that the value under the cursor is for."""
    around = analysis.at(offset)
    for outer, inner in zip(reversed(around[:-1]), reversed(around[1:]), strict=True):
        if isinstance(outer, tree.Call) and isinstance(inner, tree.Argument):
            text = _bound(analysis, outer, inner.span)
            return Hover(inner.span, text) if text else None
    return None


def _bound(analysis: Analysis, call: tree.Call | None, span: Span) -> str | None:
    """The parameter of a call that the argument at a span is for."""
    names = None if call is None else dotted(call.function)
    if call is None or names is None:
        return None
    function = next((p for p in analysis.places if p.call is call and p.role != "argument"), None)
    entry = entry_of(names[-1].text, function is not None and function.role == "collate")
    if entry is None:
        return None
    for one in bound(entry, call):
        if one.parameter is not None and one.argument.span.start <= span.start < one.argument.span.end:
            value = _value(analysis, one.argument.span, one.parameter.name)
            return f"**{entry.name}**\n\n{parameter_line(one.parameter, value)}"
    return None


def _value(analysis: Analysis, span: Span, name: str) -> str | None:
    """What an argument comes to, where its text does not say it already."""
    for stops in analysis.stops.values():
        for stop in stops:
            args = stop.step.args if isinstance(stop.step, ir.Apply) else ()
            for arg in args:
                if arg.given and arg.span == span:
                    text = writer(analysis).value(arg.value)
                    return None if text in analysis.written(span).removeprefix(f"{name}=").strip() else text
    return None


# ---- keywords


def _keyword(analysis: Analysis, offset: int) -> Hover | None:
    """The form or the clause that a keyword belongs to."""
    token = analysis.token_at(offset)
    if token is not None and token.type in _WHITE and offset:
        token = analysis.token_at(offset - 1)
    if token is None or token.start_pos is None or token.end_pos is None:
        return None
    span = Span(analysis.path, token.start_pos, token.end_pos)
    word = str(token)
    form = form_at(analysis, token.start_pos, word)
    if form is None and token.type in keyword_types() and word not in RESERVED:
        if word in CLAUSES:
            return Hover(span, CLAUSES[word])
        form = form_around(analysis, token.start_pos)
    return form and Hover(span, f"{code(form.form)}\n\n{form.doc}")


def _join(*parts: str) -> str:
    return "\n\n---\n\n".join(part for part in parts if part)
