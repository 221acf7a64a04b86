"""Does an epoch have a batch at all, and how much longer or shorter is it than the data?"""

from __future__ import annotations

import math

from feedline.compiler.counts import samples
from feedline.dsl.rules.feasibility import LastBatchOfOne, RestNotReached
from feedline.dsl.rules.sampling import NoBatch, RestRepeats
from feedline.runtime.sampling.check.case import MUCH, Case
from feedline.runtime.sampling.check.mixed import most_places
from feedline.runtime.sampling.check.rest import limits
from feedline.runtime.sampling.epochs import epoch_of


def check_length(case: Case) -> None:
    """Report an epoch without a batch, once everything else is in order."""
    shortest = case.plan.length(0)
    if case.factors is not None and case.one_pass and case.policy.last == "drop":
        shortest = math.floor(case.factors.sum()) // case.places  # epochs differ by a sample
    if shortest:
        return
    have, places = _measure(case)
    case.report(
        NoBatch, case.policy.span,
        f"an epoch has no batch: {samples(have)} for {places} places a batch, and `last drop`",
        help="make the batch smaller, or say `last keep`",
    )  # fmt: skip


def _measure(case: Case) -> tuple[int, int]:
    """What an epoch is measured by: so many samples in so many places of a batch."""
    policy, epoch = case.policy, case.policy.epoch
    if epoch.kind == "samples":
        return epoch.count, policy.batch
    if policy.draw is not None:
        return case.size, policy.batch
    if policy.mix is not None:
        part = next((part for part in policy.mix.parts if part.group == epoch.over), policy.mix.parts[0])
        return len(case.populations.members(part.group)), most_places(policy, policy.mix, part)
    if epoch.over != "rest":
        force, members = next(
            pair for pair in zip(policy.forces, case.forced, strict=True) if pair[0].group == epoch.over
        )
        return len(members), force.count
    if case.factors is not None:
        return math.floor(case.factors.sum()), case.places
    return len(case.rest), case.places


def warn_length(case: Case) -> None:
    """An epoch that is longer than the rest, or that leaves out much of it; a last batch of one sample."""
    rest, filled, limited = len(case.rest), filled_places(case), bool(limits(case)) and case.one_pass
    evenly = (
        not limited and case.policy.weights is None and case.policy.repeat is None and not case.policy.rest_replacement
    )
    if rest and evenly and filled > rest and not case.one_pass:
        case.report(
            RestRepeats, case.policy.epoch.span,
            f"an epoch takes {filled:,} samples of a rest of {rest:,}: each comes {filled / rest:.1f} times",
            label=f"{case.plan.length(0):,} batches",
        )  # fmt: skip
    elif rest and case.places and evenly and rest - filled > MUCH * rest:
        _report_cut(case, rest, filled)
    plain = case.places == case.policy.batch and not limited and case.policy.repeat is None
    if (
        plain
        and filled % case.policy.batch == 1
        and case.policy.batch > 1
        and case.policy.last == "keep"
        and (case.policy.order == "shuffled" or case.policy.rest_replacement)
        and not case.policy.across_ranks
    ):
        case.report(
            LastBatchOfOne, case.policy.span,
            f"the last batch of an epoch has 1 sample: {samples(filled)} in batches of {case.policy.batch}",
            label="`last keep` keeps it",
            help="`last drop` leaves it out, `last pad` fills it; batch normalisation cannot train on one sample",
        )  # fmt: skip


def filled_places(case: Case) -> int:
    """How many of the rest's places hold a sample, in all batches of an epoch together; with `at most`, as many as if
    one pass could bring them all."""
    pairs = zip(case.policy.forces, case.forced, strict=True)
    forced = {force.group: len(members) for force, members in pairs if force.places}
    return epoch_of(case.policy, len(case.rest), forced).rest


def _report_cut(case: Case, rest: int, filled: int) -> None:
    span = case.policy.epoch.span
    if case.policy.order == "sequential":
        note = "`order sequential` begins every epoch at the same sample: the others never come"
    else:
        note = "every epoch begins a new order, so other epochs bring others"
    batches = case.plan.length(0)
    case.report(
        RestNotReached, span,
        f"{1 - filled / rest:.0%} of the rest is not reached in an epoch: {filled:,} of {samples(rest)} come",
        label=f"{batches:,} batch{'' if batches == 1 else 'es'} of {case.places} places for the rest",
        notes=[note], help=_longer(case, rest),
    )  # fmt: skip


def _longer(case: Case, rest: int) -> str:
    """How to reach all of the rest."""
    whole = -(-rest // case.places)
    if case.one_pass:
        return "say `last keep` or `last pad`, or make the batch smaller"
    return f"`epoch one pass over rest` takes {whole:,} batches"
