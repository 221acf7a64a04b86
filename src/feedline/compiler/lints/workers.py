"""More worker processes than there are processors for."""

from __future__ import annotations

from feedline.compiler import ir
from feedline.compiler.names import Unit
from feedline.compiler.worker_kind import processors
from feedline.dsl.diagnostics import Reporter
from feedline.dsl.rules.lints import TooManyWorkers


def too_many_workers(program: ir.Program, main: Unit, reporter: Reporter) -> None:
    """Warn of `num_workers` above what this process may use."""
    for loader in program.loaders:
        option = next(option for option in loader.options if option.name == "num_workers")
        if option.given and isinstance(option.value, int) and option.value > (have := processors()):
            reporter.report(
                TooManyWorkers,
                option.span,
                f"{option.value} workers are more than the {have} CPU{'s' * (have != 1)} of this machine",
                label=f"above {have}",
                help="`num_workers = auto` takes one a CPU, on whatever machine it runs",
            )
