"""Policies built in one line, for the tests of the sampler."""

from typing import Any, Literal

from feedline.compiler import ir
from feedline.dsl.source import Span

AT = Span("test.pipe", 0, 0)


Bound = Literal["exactly", "at least", "at most"]


def force(
    group: str, count: int, *, bound: Bound = "exactly", replacement: bool = False, each: bool = False
) -> ir.Force:
    """A `force` line."""
    return ir.Force(group, count, bound, replacement, each, span=AT)


def policy(batch: int, *forces: ir.Force, epoch: tuple[Any, ...] = (), **options: Any) -> ir.Policy:
    """A policy with the language's defaults; `epoch` is (kind, over) or (kind, "rest", count)."""
    drawn = bool(forces) or options.get("weights") is not None
    options.setdefault("order", "shuffled" if drawn else "sequential")
    options.setdefault("places", "shuffled" if forces else "first")
    return ir.Policy(batch, forces, epoch=ir.Epoch(*epoch, span=AT), span=AT, **options)
