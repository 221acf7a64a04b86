"""What a sample is before and after each step of a file, for every loader that comes through the step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from feedline.compiler import ir
from feedline.compiler.lower_data import lower_data_ref
from feedline.compiler.lower_transforms import lower_chain
from feedline.compiler.names import Declared
from feedline.compiler.sample_types.initial import initial_types
from feedline.compiler.sample_types.interpret import After, Interpreter
from feedline.compiler.sample_types.model import Types
from feedline.compiler.values import UNKNOWN
from feedline.dsl import tree
from feedline.dsl.diagnostics import Reporter
from feedline.dsl.source import Span

if TYPE_CHECKING:
    from feedline.compiler.ide.analysis import Analysis


@frozen
class Stop:
    """One step on the way of one loader's samples."""

    loader: str
    step: ir.Step
    before: Types
    after: Types


def stops_of(analysis: Analysis) -> Mapping[Span, tuple[Stop, ...]]:
    """The stops of every loader, by the place of the step."""
    found: dict[Span, list[Stop]] = {}
    for declared in analysis.main.own("loader"):
        known = analysis.types.get(declared.full_name)
        if known is not None:
            stops = [
                *_stops(declared.name, known.trace, known.start),
                *_stops(declared.name, known.batch_trace, known.end),
            ]
        else:
            stops = list(_as_far_as_right(analysis, declared))
        for stop in stops:
            found.setdefault(stop.step.span, []).append(stop)
    return {span: tuple(stops) for span, stops in found.items()}


def _stops(loader: str, trace: Sequence[After], before: Types) -> Iterator[Stop]:
    for after in trace:
        yield Stop(loader, after.step, before, after.types)
        for inner in _chains(after.step):
            # What `maybe`, `one of` and `views` hold starts from what they get.
            walk = Interpreter()
            walk.follow(inner, before)
            yield from _stops(loader, walk.trace, before)
        before = after.types


def _chains(step: ir.Step) -> Sequence[tuple[ir.Step, ...]]:
    match step:
        case ir.Maybe(steps=steps):
            return (steps,)
        case ir.OneOf(branches=branches):
            return [branch.steps for branch in branches]
        case ir.Views(chains=chains):
            return tuple(dict.fromkeys(chains))
        case _:
            return ()


def _as_far_as_right(analysis: Analysis, declared: Declared) -> Iterator[Stop]:
    """The stops of a loader with errors, up to its first step that is at fault."""
    node = declared.node
    assert isinstance(node, tree.Loader)
    block = next((item for item in node.statements if isinstance(item, tree.TransformBlock)), None)
    quiet = evolve(analysis.ctx, reporter=Reporter())
    data = lower_data_ref(quiet, declared.unit, node.dataset)
    if block is None or data is None or data.dataset not in {item.name for item in analysis.partial.datasets}:
        return
    steps: tuple[ir.Step, ...] = ()
    for step in block.chain.steps:
        lowered = lower_chain(quiet, declared.unit, tree.Chain(step.span, (step,)))
        if lowered is None or lowered is UNKNOWN or lowered.batch:
            break
        steps += lowered.steps
    walk, start = Interpreter(), initial_types(analysis.partial, data)
    walk.follow(steps, start)
    yield from _stops(declared.name, walk.trace, start)
