"""The Plan: how a checked loader will run.

Passes (`PASSES`, in order) turn one plan into another with the same batches.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from feedline.compiler.ir import Loader, Program


@frozen
class Plan:
    """One loader of a program and what the passes decided about it. `passes` names those that changed something."""

    program: Program
    loader: Loader
    passes: tuple[str, ...] = ()


Pass = Callable[[Plan], Plan]

PASSES: tuple[Pass, ...] = ()
"""Every pass in the order it runs, each with a word on why there. None yet: a plan runs its chain as written."""


def plan(program: Program, loader: Loader) -> Plan:
    """The plan of one loader: `optimize = off` leaves the chain as written, anything else runs the passes."""
    result = Plan(program, loader)
    if getattr(loader.option("optimize"), "name", None) == "off":
        return result
    for transform_plan in PASSES:
        result = transform_plan(result)
    return result
