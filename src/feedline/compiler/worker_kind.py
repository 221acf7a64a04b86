"""How many workers a loader has, and whether they may be threads: some code draws from generators that all share."""

from __future__ import annotations

import os

from feedline.compiler import ir
from feedline.compiler.sources import decodes, sources_of
from feedline.compiler.steps import able_to_run
from feedline.dsl.diagnostics import Edit, Fix, Label, Reporter
from feedline.dsl.rules.loaders import OwnCodeInThreads
from feedline.dsl.source import Span

_ALONE = ("LSUN", "LSUNClass")
"""Sources whose object is for one thread alone."""
_SEEDING = ("FakeData",)
"""Sources whose class seeds torch's default generator for every sample, and puts it back."""


def check_worker_kinds(program: ir.Program, reporter: Reporter) -> None:
    """Report every loader that asks for threads and has what keeps it from them."""
    for loader in program.loaders:
        option = next(item for item in loader.options if item.name == "worker_kind")
        found = against_threads(program, loader) if option.value == ir.Symbol("thread") else None
        if found is not None:
            words, where = found
            instead = "worker_kind = process"
            help = f"leave `worker_kind` out, or say `{instead}`"
            reporter.report(
                OwnCodeInThreads,
                option.span,
                f"threads share torch's random numbers, and {words}",
                secondary=[where],
                help=help,
                fixes=[Fix(help, (Edit(option.span, instead),))],
            )


def against_threads(program: ir.Program, loader: ir.Loader) -> tuple[str, Label] | None:
    """The first thing in a loader that would change what another thread draws: in words, and where it stands."""
    found = own_code(program, loader)
    if found is not None:
        words, where = found
        return f"{words} may draw from them", Label(where, "your own code")
    for source in sources_of(program, loader.data.dataset):
        if source.name in _SEEDING:
            return f"`{source.name}` seeds them for every sample", Label(source.span, "makes images of random numbers")
    return None


def worker_count(loader: ir.Loader, gathers: bool) -> int:
    """`num_workers`; what `auto` is on this machine: one worker a CPU, and none where batches are gathered in less time
    than a worker takes to send one."""
    asked = loader.option("num_workers")
    return asked if isinstance(asked, int) else 0 if gathers else processors()


def processors() -> int:
    """The CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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


def gains_from_threads(program: ir.Program, loader: ir.Loader) -> bool:
    """Whether threads make a loader's batches as well as processes, and spare the copying: it decodes image files,
    which runs without Python's lock, runs nothing of the user's, and asks for nothing that is about processes."""
    if loader.option("num_workers") == 0 or against_threads(program, loader) is not None:
        return False
    asked = ("timeout", "persistent_workers", "multiprocessing_context")
    if any(option.name in asked and option.value for option in loader.options):
        return False
    sources = sources_of(program, loader.data.dataset)
    return all(decodes(source) and source.name not in _ALONE for source in sources)
