"""Transforms that torchvision keeps only for old code."""

from __future__ import annotations

from feedline.compiler import ir
from feedline.compiler.names import Unit
from feedline.compiler.steps import able_to_run
from feedline.dsl import tree
from feedline.dsl.diagnostics import Edit, Fix, Reporter
from feedline.dsl.rules.lints import DeprecatedTransform
from feedline.dsl.rules.types_shapes import MasksMadeFloat

DEPRECATED = "ConvertImageDtype"
"""The one class besides `ToTensor` that `v2` has for old code alone."""


def deprecated_transforms(program: ir.Program, main: Unit, reporter: Reporter) -> None:
    """Say what to write for `DEPRECATED`."""
    said = {found.span for found in reporter.diagnostics if found.code == MasksMadeFloat.code}
    used = {step.span for loader in program.loaders for step in able_to_run(loader.chain) if _deprecated(step)} - said
    calls = tree.walk(main.tree) if used else ()
    for call in (node for node in calls if isinstance(node, tree.Call) and node.span in used):
        text = reporter.sources[call.span.path].text
        given = [text[argument.value.span.start : argument.value.span.end] for argument in call.arguments]
        instead = f"ToDtype({given[0] if given else 'float32'}, scale=true)"
        reporter.report(
            DeprecatedTransform,
            call.function.span,
            f"torchvision has given `{DEPRECATED}` up for `ToDtype`",
            label="deprecated",
            help=f"write `{instead}`",
            fixes=[Fix(f"write `{instead}`", (Edit(call.span, instead),), safe=True)],
        )


def _deprecated(step: ir.Step) -> bool:
    return isinstance(step, ir.Apply) and step.name == DEPRECATED and not step.registered
