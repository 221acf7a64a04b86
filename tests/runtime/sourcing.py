"""Binding a source by hand, for the tests of sources."""

from __future__ import annotations

from typing import Any

from feedline.compiler import ir
from feedline.dsl.diagnostics import Diagnostic, Reporter
from feedline.dsl.source import Span
from feedline.runtime.sources import Source, bind_source

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
    return source


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
