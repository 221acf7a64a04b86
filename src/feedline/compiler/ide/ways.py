"""What a step, or a named chain, makes of the samples of each loader that comes through it."""

from __future__ import annotations

from collections.abc import Iterator

from feedline.compiler.ide.analysis import Analysis
from feedline.compiler.names import Found, dotted, look_up
from feedline.compiler.sample_types.model import Types
from feedline.dsl import tree
from feedline.dsl.source import Span


def ways(
    analysis: Analysis, step: tree.CallStep | tree.RefStep, loader: str | None = None
) -> Iterator[tuple[str, Types, Types]]:
    """The samples before and after a step, by loader; only of `loader` where one is given."""
    if isinstance(step, tree.CallStep):
        found = ((stop.loader, stop.before, stop.after) for stop in analysis.stops.get(step.call.span, ()))
    else:
        found = _through_chain(analysis, step)
    yield from (way for way in found if loader in (None, way[0]))


def _through_chain(analysis: Analysis, step: tree.RefStep) -> Iterator[tuple[str, Types, Types]]:
    """A named chain as a whole: before its first step and after its last."""
    names = dotted(step.target)
    found = look_up(analysis.main, names) if names else None
    node = found.declared.node if isinstance(found, Found) else None
    if not isinstance(node, tree.Transform) or not node.chain.steps:
        return
    first, last = (analysis.stops.get(_place(node.chain.steps[at]), ()) for at in (0, -1))
    for begin in first:
        end = next((stop for stop in last if stop.loader == begin.loader), None)
        if end is not None:
            yield begin.loader, begin.before, end.after


def _place(step: tree.Step) -> Span:
    return step.call.span if isinstance(step, tree.CallStep) else step.span
