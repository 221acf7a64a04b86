"""What each step of a chain does to a sample, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from feedline.compiler import ir
from feedline.compiler.explain.pages import Chain, FieldType, Kind, SampleType, Step
from feedline.compiler.explain.text import Writer
from feedline.compiler.sample_types.interpret import After, Interpreter
from feedline.compiler.sample_types.model import Types, Unknown
from feedline.compiler.sample_types.words import words


def sample_type(types: Types) -> SampleType:
    """All alternatives as one record, each field with every type that it may have."""
    names = dict.fromkeys(name for sample in types for name, _ in sample.fields)
    fields: list[FieldType] = []
    for name in names:
        values = [value for sample in types if (value := sample.get(name)) is not None]
        known = not any(isinstance(value, Unknown) for value in values)
        fields.append(FieldType(name, tuple(dict.fromkeys(map(words, values))) if known else ()))
    return SampleType(tuple(fields), complete=not any(sample.open for sample in types))


def steps(writer: Writer, trace: Sequence[After], before: Types) -> tuple[Step, ...]:
    """The steps of a chain that has been followed, from the types before it."""
    made: list[Step] = []
    for after in trace:
        made.append(_step(writer, after, before))
        before = after.types
    return tuple(made)


def _step(writer: Writer, after: After, before: Types) -> Step:
    now, earlier = sample_type(after.types), sample_type(before)
    old = {field.name: field for field in earlier.fields}
    new = {field.name: field for field in now.fields}
    changed = tuple(name for name in {**old, **new} if old.get(name) != new.get(name))
    return _made(writer, after.step, before, now, changed)


def _made(
    writer: Writer, step: ir.Step, before: Types, now: SampleType | None = None, changed: tuple[str, ...] = ()
) -> Step:
    own = step.args if isinstance(step, ir.Apply) else ()
    return Step(*_head(writer, step), writer.defaults(own), now, changed, tuple(_chains(writer, step, before)))


def _head(writer: Writer, step: ir.Step) -> tuple[Kind, str]:
    match step:
        case ir.Apply():
            return "step", writer.call(step)
        case ir.Maybe(probability=probability):
            return "maybe", f"maybe {probability * 100:g}%"
        case ir.OneOf():
            return "one of", "one of"
        case ir.Shuffled():
            return "shuffled", "shuffled"
        case ir.Views(chains=chains):
            return "views", f"views {len(chains)}"
        case ir.OnField(field=name):
            return "on", f"on {name}"


def _chains(writer: Writer, step: ir.Step, before: Types) -> Iterator[Chain]:
    match step:
        case ir.Maybe(steps=inner) | ir.Shuffled(steps=inner) | ir.OnField(steps=inner):
            yield _chain(writer, "", inner, before, followed=isinstance(step, ir.Maybe))
        case ir.OneOf(branches=branches):
            total = sum(branch.weight for branch in branches) or 1
            for branch in branches:
                yield _chain(writer, f"{branch.weight / total * 100:.3g}%", branch.steps, before)
        case ir.Views(chains=chains):
            for chain in dict.fromkeys(chains):
                yield _chain(writer, _numbers(chain, chains), chain, before)
        case ir.Apply():
            return


def _chain(writer: Writer, title: str, inner: Sequence[ir.Step], before: Types, followed: bool = True) -> Chain:
    """An inner chain. Where its order or the sample it sees is not the outer one's, nothing is said on the way."""
    if followed:
        walk = Interpreter()
        walk.follow(inner, before)
        return Chain(title, steps(writer, walk.trace, before))
    return Chain(title, tuple(_made(writer, step, before) for step in inner))


def _numbers(chain: tuple[ir.Step, ...], chains: Sequence[tuple[ir.Step, ...]]) -> str:
    """Which of the views have this chain: `each view`, `views 1 to 2`, `view 3`."""
    places = [number for number, other in enumerate(chains, 1) if other == chain]
    if len(places) == len(chains):
        return "each view"
    if len(places) == 1:
        return f"view {places[0]}"
    return f"views {places[0]} to {places[-1]}" if _adjacent(places) else f"views {', '.join(map(str, places))}"


def _adjacent(places: list[int]) -> bool:
    return places == list(range(places[0], places[-1] + 1))
