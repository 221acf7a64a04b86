"""From a source text to a checked Program: the order in which a file is worked out.

1. parse the file and all it imports, and fill in their namespaces (`imports`);
2. parameters, so that a missing or unknown one is said even where nothing uses it;
3. every declaration of the main file, each with what it needs, whatever file that is in;
4. the Program: the main file's loaders, and every dataset, group and split that was worked out;
5. the sample types along each loader, which say what would go wrong when it runs;
6. where all that is right: what the whole most likely does not mean (`lints`);
7. comments that should silence a warning and do not (`dsl/ignores`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

from feedline.compiler import ir
from feedline.compiler.context import Context
from feedline.compiler.imports import Loaded, load
from feedline.compiler.lints import lint
from feedline.compiler.lower_calls import lower_transform_call
from feedline.compiler.lower_data import find_splits, lower_dataset, lower_group, lower_split
from feedline.compiler.lower_loader import lower_loader
from feedline.compiler.lower_policy import lower_named_policy
from feedline.compiler.lower_transforms import lower_named_chain
from feedline.compiler.lower_values import constant, report_unknown_parameters
from feedline.compiler.params import Given
from feedline.compiler.paths import folder_of
from feedline.compiler.sample_types.check import check_program
from feedline.compiler.values import UNKNOWN
from feedline.dsl.diagnostics import Diagnostic, Reporter, in_order
from feedline.dsl.ignores import report_ignores
from feedline.dsl.rules.names import EmptyFile
from feedline.dsl.source import Sources, SourceText, Span


@frozen
class CheckResult:
    """What checking a file gives: the Program, None if there is an error, and everything there is to say, in order."""

    program: ir.Program | None
    diagnostics: tuple[Diagnostic, ...]
    sources: Sources
    silenced: tuple[Diagnostic, ...] = ()
    """What a comment of the file silences."""


def compile_source(
    source: SourceText,
    *,
    params: Mapping[str, Given] | None = None,
    allow_python: bool = False,
    base: Path | None = None,
    texts: Mapping[str, str] | None = None,
) -> CheckResult:
    """Check a text and say what it means. Never raises for what the text says.

    `params` are values for its parameters (see `params`). Relative paths start from `base`, by default the folder of
    `source.path`, or the working directory for a text whose path is in `<...>`. No data is opened, nothing is imported
    from Python, and only `.pipe` files are read. Imported files at the absolute
    paths of `texts` are these texts."""
    reporter = Reporter()
    reporter.sources.add(source)
    folder = folder_of(source.path) if base is None else base.absolute()
    loaded = load(source, folder, reporter, texts or {})
    if not loaded.main.tree.declarations and not reporter.failed:
        reporter.report(EmptyFile, Span(source.path, 0, 0), "this file declares nothing", help="start with a `dataset`")
    ctx = Context(
        loaded.main, loaded.units, reporter, dict(params or {}), allow_python, loaded.parameters, lower_transform_call
    )  # fmt: skip
    loaders = _work_out(ctx, loaded)
    program = _program(ctx, loaders)
    check_program(program, reporter)
    if not reporter.failed:
        lint(program, loaded.main, reporter)
    report_ignores(source, reporter)
    found = tuple(in_order(reporter.diagnostics))
    return CheckResult(None if reporter.failed else program, found, reporter.sources, tuple(reporter.silenced))


def _work_out(ctx: Context, loaded: Loaded) -> list[ir.Loader]:
    """Work out everything the main file declares or imports by name, and return its loaders."""
    if loaded.complete:
        report_unknown_parameters(ctx)
    find_splits(ctx)
    loaders: list[ir.Loader] = []
    for declared in loaded.main.names.values():
        match declared.kind:
            case "parameter" | "constant":
                constant(ctx, declared)
            case "dataset":
                ctx.once(declared, lower_dataset)
            case "group":
                ctx.once(declared, lower_group)
            case "transform":
                ctx.once(declared, lower_named_chain)
            case "policy":
                ctx.once(declared, lower_named_policy)
            case "loader":
                loader = ctx.once(declared, lower_loader)
                if loader is not UNKNOWN:
                    loaders.append(loader)
            case _:
                pass
    for dataset, split in ctx.splits.items():
        if ctx.is_done(dataset) or split.unit is loaded.main:
            ctx.once(split, lower_split)
    return loaders


def _program(ctx: Context, loaders: list[ir.Loader]) -> ir.Program:
    return ir.Program(
        path=ctx.main.source.path,
        params=ctx.results(ir.ParamValue),
        datasets=ctx.results(ir.Dataset),
        groups=(*ctx.results(ir.Group), *ctx.made.values()),
        splits=ctx.results(ir.Split),
        loaders=tuple(loaders),
        sources=tuple(ctx.reporter.sources.values()),
        span=ctx.main.tree.span,
    )
