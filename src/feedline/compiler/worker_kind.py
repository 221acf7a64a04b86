"""Whether a loader's workers may be threads: what is the user's own may draw from the generators that all share."""

from __future__ import annotations

from feedline.compiler import catalogue, ir
from feedline.compiler.steps import able_to_run
from feedline.dsl.diagnostics import Label, Reporter
from feedline.dsl.rules.loaders import OwnCodeInThreads
from feedline.dsl.source import Span

_ALONE = ("LSUN", "LSUNClass")
"""Sources whose object is for one thread alone."""


def check_worker_kinds(program: ir.Program, reporter: Reporter) -> None:
    """Report every loader that asks for threads and runs the user's own code."""
    for loader in program.loaders:
        option = next(item for item in loader.options if item.name == "worker_kind")
        found = own_code(program, loader) if option.value == ir.Symbol("thread") else None
        if found is not None:
            words, where = found
            reporter.report(
                OwnCodeInThreads,
                option.span,
                f"threads share torch's random numbers, and {words} may draw from them",
                secondary=[Label(where, "your own code")],
                help="leave `worker_kind` out, or say `worker_kind = process`",
            )


def own_code(program: ir.Program, loader: ir.Loader) -> tuple[str, Span] | None:
    """The first thing in a loader that is the user's own code: in words, and where it stands."""
    for source in sources_of(program, loader.data.dataset):
        if source.target is not None or source.registered:
            return f"the dataset `{source.target or source.name}`", source.span
    for step in (*able_to_run(loader.chain), *able_to_run(loader.batch_chain)):
        if isinstance(step, ir.Apply) and (step.target is not None or step.registered):
            return f"the step `{step.target or step.name}`", step.span
    how = loader.collate.how
    if how is not None and how.target is not None:
        return f"the collate function `{how.target}`", how.span
    return None


def sources_of(program: ir.Program, dataset: str) -> list[ir.SourceCall]:
    """The sources of a dataset, those of its parts where it is a concatenation."""
    declared = next(item for item in program.datasets if item.name == dataset)
    if declared.source is not None:
        return [declared.source]
    return [source for part in declared.concat for source in sources_of(program, part.dataset)]


def gains_from_threads(program: ir.Program, loader: ir.Loader) -> bool:
    """Whether threads make a loader's batches as well as processes, and spare the copying: it decodes image files,
    which runs without Python's lock, runs nothing of the user's, and asks for nothing that is about processes."""
    if loader.option("num_workers") == 0 or own_code(program, loader) is not None:
        return False
    asked = ("timeout", "persistent_workers", "multiprocessing_context")
    if any(option.name in asked and option.value for option in loader.options):
        return False
    return all(map(_decodes, sources_of(program, loader.data.dataset)))


def _decodes(source: ir.SourceCall) -> bool:
    entry = catalogue.dataset(source.name)
    if source.name == "Table":
        return any(arg.name == "image" and arg.value is not None for arg in source.args)
    return entry is not None and entry.decodes and source.name not in _ALONE
