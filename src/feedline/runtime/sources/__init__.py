"""Sources: what `dataset NAME = SOURCE(args)` becomes once it meets the data.

`bind_source` looks at metadata only (annotation files, folder listings, headers); a pixel is decoded when `read` asks.
One file a family; whatever a user can get wrong is a `BadData`, reported here as a diagnostic at the call.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path

from feedline.compiler import ir
from feedline.dsl.diagnostics import Reporter
from feedline.dsl.rules import RULES
from feedline.dsl.source import Span
from feedline.runtime.arguments import positional_arguments, python_arguments
from feedline.runtime.sources.base import BadData, Role, Sample, Source, UnreadableSample, hidden_column
from feedline.runtime.sources.binding import Binding
from feedline.runtime.sources.concat import join

__all__ = ["BadData", "Role", "Sample", "Source", "UnreadableSample", "bind_source", "concatenate", "report_bad_data"]

# Which file of this package binds a name; every other name is a class of torchvision.
_FAMILIES = {
    "CocoDetection": "coco",
    "ImageFolder": "folder",
    "DatasetFolder": "folder",
    "Table": "table",
    "Files": "files",
    **dict.fromkeys(
        (
            *("MNIST", "FashionMNIST", "KMNIST", "EMNIST", "QMNIST", "USPS", "SEMEION"),
            *("CIFAR10", "CIFAR100", "STL10", "SVHN"),
        ),
        "arrays",
    ),
}


def bind_source(
    call: ir.SourceCall,
    reporter: Reporter,
    *,
    allow_python: bool = False,
    folder_parts: tuple[str, ...] | None = None,
    tolerant: bool = False,
) -> Source | None:
    """The source that a call describes, or None once its fault is reported.

    `folder_parts`: the folder names that `split ... by folder` divides it by. `tolerant`: every loader of it says
    `on error skip` or `replace`, so that missing images are a warning."""
    before = len(reporter.diagnostics)
    binding = Binding(
        call.name,
        python_arguments(call.args),
        lambda fault: report_bad_data(fault, call, reporter),
        positional=positional_arguments(call.args),
        target=call.target,
        allow_python=allow_python,
        folder_parts=folder_parts,
        tolerant=tolerant,
    )
    family = "python" if call.target or call.registered else _FAMILIES.get(call.name, "torchvision_classes")
    try:
        source: Source = importlib.import_module(f"{__name__}.{family}").bind(binding)
        if len(source) == 0:
            raise BadData(f"`{call.name}` has no samples", rule="FL607")
        if "index" in source.columns:
            binding.warn(hidden_column("index", f"`{call.name}`", "the position of the sample"))
        broken = any(found.severity == "error" for found in reporter.diagnostics[before:])
        return None if broken else source
    except BadData as fault:
        report_bad_data(fault, call, reporter)
        return None


def concatenate(sources: Sequence[Source], reporter: Reporter, span: Span) -> Source | None:
    """Several sources with the same fields as one, or None once it is reported at `span` why they do not fit."""
    try:
        return sources[0] if len(sources) == 1 else join(sources)
    except BadData as fault:
        reporter.report(RULES[fault.rule], span, fault.message, notes=fault.notes, help=fault.help)
        return None


def report_bad_data(fault: BadData, call: ir.SourceCall, reporter: Reporter) -> None:
    """A fault of the data as a diagnostic, at the argument to blame or else at the call."""
    arg = next((arg for arg in call.args if arg.name == fault.argument and arg.given), None)
    where: Span = arg.span if arg is not None else call.span
    notes = list(fault.notes)
    if fault.rule == "FL601" and arg is not None:
        notes.append(f"relative paths start from the folder of the file, `{Path(call.span.path).absolute().parent}`")
    reporter.report(RULES[fault.rule], where, fault.message, notes=notes, help=fault.help)
