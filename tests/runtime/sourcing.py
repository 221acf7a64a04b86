"""Binding a source by hand, for the tests of sources."""

from __future__ import annotations

from typing import Any

from attrs import evolve
from containment import excluded

from feedline.compiler import catalogue, ir
from feedline.compiler.sample_types.initial import initial_types
from feedline.compiler.sample_types.model import ANY, UNKNOWN, Image, Sample
from feedline.dsl.diagnostics import Diagnostic, Reporter
from feedline.dsl.source import Span
from feedline.runtime.sources import Source, UnreadableSample, bind_source

SPAN = Span("data.pipe", 0, 0)


def call(
    name: str, /, *positional: ir.Value, target: str | None = None, registered: bool = False, **args: Any
) -> ir.SourceCall:
    """The call `name(positional..., args...)`; lists become the language's lists."""
    values = {key: ir.ListValue(tuple(value)) if isinstance(value, list) else value for key, value in args.items()}
    written = [*(ir.Arg("", value, span=SPAN) for value in positional)]
    written += [
        ir.Arg(key, value if isinstance(value, ir.ListValue) else _plain(value), span=SPAN)
        for key, value in values.items()
    ]
    return ir.SourceCall(name, tuple(written), target, registered, span=SPAN)


def _plain(value: Any) -> ir.Value:
    return value if isinstance(value, bool | int | float | str | tuple | None) else str(value)


def bind(name: str, /, *positional: ir.Value, options: dict[str, Any] | None = None, **args: Any) -> Source:
    """A source that binds without any diagnostic."""
    source, diagnostics = try_bind(name, *positional, options=options, **args)
    assert [] == diagnostics
    assert source is not None
    assert None is excluded_by_type(call(name, *positional, **args), source)
    return source


def excluded_by_type(written: ir.SourceCall, source: Source) -> list[str] | None:
    """Why the first sample is not of the type that the checker infers from the call; sizes are left out, because the
    sets of the tests are small ones. None where it is, and where the sample cannot be read."""
    entry = catalogue.dataset(written.name)
    if entry is None:
        return None
    given = {arg.name for arg in written.args}
    defaults = [
        ir.Arg(item.name, item.default, given=False, span=SPAN) for item in entry.parameters if item.name not in given
    ]
    complete = evolve(written, args=(*written.args, *defaults))
    dataset = ir.Dataset("d", complete, span=SPAN)
    program = ir.Program("data.pipe", (), (dataset,), (), (), (), (), span=SPAN)
    (type_,) = initial_types(program, ir.DataRef("d", span=SPAN))
    fields = [
        (
            name,
            evolve(value, height=ANY, width=ANY) if isinstance(value, Image) else UNKNOWN if name == "attr" else value,
        )
        for name, value in type_.fields
    ]
    try:
        sample = source.read(0)
    except UnreadableSample:
        return None
    return excluded((Sample(tuple(fields), type_.open),), {**sample, "index": 0})


def try_bind(
    name: str, /, *positional: ir.Value, options: dict[str, Any] | None = None, **args: Any
) -> tuple[Source | None, list[Diagnostic]]:
    """A source, or None, and what was reported. `options` are bind_source's own."""
    reporter = Reporter()
    return bind_source(call(name, *positional, **args), reporter, **(options or {})), reporter.diagnostics


def fault(name: str, /, *positional: ir.Value, options: dict[str, Any] | None = None, **args: Any) -> Diagnostic:
    """The one error that keeps a source from binding."""
    source, diagnostics = try_bind(name, *positional, options=options, **args)
    assert source is None
    assert 1 == len(diagnostics), diagnostics
    return diagnostics[0]
