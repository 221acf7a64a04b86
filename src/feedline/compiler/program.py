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
from functools import cached_property
from pathlib import Path

from feedline.compiler import ir
from feedline.compiler.context import Context
from feedline.compiler.imports import Loaded, Parse, load
from feedline.compiler.lints import lint
from feedline.compiler.lower_calls import lower_transform_call
from feedline.compiler.lower_data import find_splits, lower_dataset, lower_group, lower_split
from feedline.compiler.lower_loader import lower_loader
from feedline.compiler.lower_policy import lower_named_policy
from feedline.compiler.lower_transforms import lower_named_chain
from feedline.compiler.lower_values import constant, report_unknown_parameters
from feedline.compiler.params import Given
from feedline.compiler.paths import folder_of
from feedline.compiler.sample_types.check import LoaderTypes, check_program
from feedline.compiler.values import UNKNOWN
from feedline.compiler.worker_kind import check_worker_kinds
from feedline.dsl import parse
from feedline.dsl.diagnostics import Diagnostic, Reporter, in_order
from feedline.dsl.frozen import define, frozen
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


@define
class Worked:
    """Everything a check finds on its way: what editors ask about, also where there are errors.

    `program` holds what could be worked out, `ctx` the files, their names and what each declaration became. What takes
    half of a check's time is done when it is first asked for: an editor completes a name without it."""

    program: ir.Program
    ctx: Context

    @cached_property
    def types(self) -> Mapping[str, LoaderTypes]:
        """The types along each loader of `program`, by its name."""
        check_worker_kinds(self.program, self.ctx.reporter)
        return check_program(self.program, self.ctx.reporter)

    @cached_property
    def result(self) -> CheckResult:
        """What `compile_source` returns."""
        reporter, types = self.ctx.reporter, self.types
        if not reporter.failed:
            lint(self.program, types, self.ctx.main, reporter)
        report_ignores(self.ctx.main.source, reporter)
        program = None if reporter.failed else self.program
        return CheckResult(program, tuple(in_order(reporter.diagnostics)), reporter.sources, tuple(reporter.silenced))


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
    return work_out(source, params=params, allow_python=allow_python, base=base, texts=texts).result


def work_out(
    source: SourceText,
    *,
    params: Mapping[str, Given] | None = None,
    allow_python: bool = False,
    base: Path | None = None,
    texts: Mapping[str, str] | None = None,
    parse: Parse = parse,
) -> Worked:
    """What `compile_source` does, with all that it finds. `parse` is what reads the texts."""
    reporter = Reporter()
    reporter.sources.add(source)
    folder = folder_of(source.path) if base is None else base.absolute()
    loaded = load(source, folder, reporter, texts or {}, parse)
    if not loaded.main.tree.declarations and not reporter.failed:
        reporter.report(EmptyFile, Span(source.path, 0, 0), "this file declares nothing", help="start with a `dataset`")
    ctx = Context(
        loaded.main, loaded.units, reporter, dict(params or {}), allow_python, loaded.parameters, lower_transform_call
    )  # fmt: skip
    loaders = _work_out(ctx, loaded)
    return Worked(_program(ctx, loaders), ctx)


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
