"""Can this data keep this policy, and is what it makes of it what was meant? Decided from counts before anything runs,
with the numbers in the message."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve

from feedline.compiler import ir
from feedline.dsl.diagnostics import Reporter
from feedline.dsl.rules.sampling import EmptyData
from feedline.dsl.source import Span
from feedline.runtime.sampling.check.case import Case, Describe, force_text
from feedline.runtime.sampling.check.drawn import check_draw, warn_draw
from feedline.runtime.sampling.check.forced import check_forced, warn_forced
from feedline.runtime.sampling.check.length import check_length, warn_length
from feedline.runtime.sampling.check.limits import warn_buckets, warn_gone, warn_limits
from feedline.runtime.sampling.check.mixed import check_mix, warn_mix
from feedline.runtime.sampling.check.often import warn_often
from feedline.runtime.sampling.check.rest import check_rest
from feedline.runtime.sampling.populations import Populations

__all__ = ["check_populations", "force_text"]


def check_populations(
    policy: ir.Policy,
    populations: Populations,
    reporter: Reporter,
    describe: Describe | None = None,
    whole: Mapping[str, int] | None = None,
) -> None:
    """Report why these populations cannot keep the policy or one of its stages, if they cannot; a warning or a hint
    where they keep it in a way that was surely not meant.

    `describe` names the sample at a position (its file); without it a message gives positions. `whole` is how many
    samples each group has in the whole data set, where the loader reads a part of it.
    """
    if populations.size == 0:
        reporter.report(EmptyData, policy.span, "the loader's data has no samples", label="nothing to draw from")
        return
    said: set[tuple[str, Span]] = set()
    stages = [(stage.epoch, stage.policy) for stage in policy.stages]
    for (since, each), people in zip([(None, policy), *stages], [populations, *populations.stages], strict=True):
        one, own = evolve(each, stages=()), evolve(people, stages=())
        _check(Case(one, own, reporter, describe or _position, whole or {}, since, said))


def _check(case: Case) -> None:
    """Errors first, each step only where the one before found none; then what is possible but surely not meant."""
    policy = case.policy
    if policy.draw is not None:
        check_draw(case, policy.draw)
    elif policy.mix is not None:
        check_mix(case, policy.mix)
    else:
        check_forced(case)
        if not case.failed:
            check_rest(case)
    if not case.failed:
        check_length(case)
    if case.failed:
        return
    if policy.draw is not None:
        warn_draw(case, policy.draw)
    elif policy.mix is not None:
        warn_mix(case, policy.mix)
    else:
        warn_forced(case)
        warn_limits(case)
        warn_buckets(case)
        warn_gone(case)
        warn_length(case)
    warn_often(case)


def _position(position: int) -> str:
    return f"position {position}"
