"""The passes: each one file with one public function, `plan -> plan`, named as the file is.

A pass that finds nothing to do gives back the plan it was given; one that does says so in `done`. Its docstring opens
with an example: before, after. `plan_of` runs those of `PASSES` in order. `verify.py` says what a legal plan looks
like.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from feedline.compiler.ir import Loader, Program, Symbol
from feedline.compiler.passes.colour_kernels import colour_kernels
from feedline.compiler.passes.direct_kernels import direct_kernels
from feedline.compiler.passes.draw_first import draw_first
from feedline.compiler.passes.gather import gather
from feedline.compiler.passes.late_float import late_float
from feedline.compiler.passes.prefix_cache import prefix_cache
from feedline.compiler.passes.scaled_decode import scaled_decode
from feedline.compiler.passes.worker_threads import worker_threads
from feedline.compiler.plan import Plan, as_written

Pass = Callable[[Plan], Plan]

PASSES: tuple[Pass, ...] = (
    late_float,  # first: what moves to the batch is no longer in the chain that the others look at
    gather,  # after it: looks at the steps of both places; before the cache: what is in memory needs none
    prefix_cache,  # after it: what is kept is the front of what is left
    direct_kernels,  # after it: how the first step of what is left gets its pixels
    draw_first,  # after it: where all that is left runs directly
    colour_kernels,  # anywhere: the steps stay where they are
    scaled_decode,  # after `direct_kernels`: takes what that step takes before it is decoded; `fast` only
    worker_threads,  # last: who does the work, whatever is left of it
)
"""Every pass in the order it runs, each with a word on why there."""


def plan_of(program: Program, loader: Loader, without: Collection[str] = ()) -> Plan:
    """The plan of one loader. `optimize = off` leaves the chain as written; `without` names passes to leave out."""
    plan = as_written(program, loader)
    if loader.option("optimize") == Symbol("off"):
        return plan
    for change in PASSES:
        if change.__name__ not in without:
            plan = change(plan)
    return plan


def pass_names() -> tuple[str, ...]:
    """The names that `--no-pass` takes."""
    return tuple(change.__name__ for change in PASSES)
