"""Can the places that are not forced be filled: evenly, by weight, by repeat factors or in buckets?"""

from __future__ import annotations

import math

import numpy as np

from feedline.compiler import ir
from feedline.compiler.counts import samples
from feedline.dsl.rules.feasibility import TooManyLimited
from feedline.dsl.rules.sampling import BadWeights, EmptyRest, GroupTooSmall, TooFewDistinct
from feedline.runtime.sampling.check.case import SHOWN, Case, listed, name_of
from feedline.runtime.sampling.populations import Members


def check_rest(case: Case) -> None:
    """Report why the places that are not forced cannot be filled, once the forced groups are in order."""
    weights = case.policy.weights
    if weights is not None and not _are_weights(case, weights):
        return
    if case.places and not len(case.rest):
        left = f"{case.places} places of a batch that are" if case.places > 1 else "place of a batch that is"
        case.report(
            EmptyRest, case.policy.span, f"no sample is left for the {left} not forced",
            notes=[f"all {samples(case.size)} are in {listed(name_of(force) for force in case.policy.forces)}"],
            help=f"force {case.policy.batch} of them, or say `at least`",
        )  # fmt: skip
    elif weights is not None:
        _check_weights(case, weights)
    elif not _too_few_distinct(case, len(free_samples(case))):
        _check_turns(case)


# ---- weights


def weights_of_rest(case: Case) -> np.ndarray:
    """The weights of the samples that are drawn by weight, float64 (|R|,). Raises ValueError where the populations
    lack weights."""
    if case.populations.weights is None:
        raise ValueError("a weighted policy needs the weights of its populations")
    if not case.policy.forces:
        return case.populations.weights
    return case.populations.weights[case.rest.at(np.arange(len(case.rest)))]


def _are_weights(case: Case, weights: ir.Weights) -> bool:
    values = weights_of_rest(case)
    bad = np.flatnonzero(~(np.isfinite(values) & (values >= 0)))
    if len(bad):
        verb = "has" if len(bad) == 1 else "have"
        positions = case.rest.at(bad[:SHOWN]).tolist()
        shown = (f"{values[rank]:g} at {case.describe(at)}" for rank, at in zip(bad[:SHOWN], positions, strict=True))
        case.report(
            BadWeights, weights.span,
            f"{len(bad):,} of {samples(len(values))} {verb} a weight below zero or none at all",
            label=", ".join(shown), help="weights are finite numbers from 0 on",
        )  # fmt: skip
    return not len(bad)


def _check_weights(case: Case, weights: ir.Weights) -> None:
    values = weights_of_rest(case)
    positive = int((values > 0).sum())
    if case.places and not positive:
        of = " of the rest" if case.policy.forces else ""
        all_have = f"all {len(values):,} samples{of} have" if len(values) > 1 else f"the only sample{of} has"
        case.report(
            BadWeights, weights.span, f"{all_have} weight 0",
            label="nothing can be drawn",
        )  # fmt: skip
    else:
        _too_few_distinct(case, positive)


# ---- turns and draws


def _too_few_distinct(case: Case, there: int) -> bool:
    """Whether `distinct` needs more samples than the `there` that may come in the rest's places; that is reported.

    Where a sample has its turn in the rest and is forced as well, another of its group takes the forced place, or one
    that no line names."""
    if not case.policy.distinct:
        return False
    needed = fullest(case) + sum(force.places for force in case.policy.forces if force.at_least)
    if limits(case):
        spare, limited = _spare(case), sum(min(room, size) for _, room, size in limits(case))
        needed = max(fullest(case) - limited, spare + min(fullest(case), there) if spare else 0)
    if needed <= there:
        return False
    apart = [text for bound, text in _APART.items() if any(force.bound == bound for force in case.policy.forces)]
    beside = f" besides those with {' or '.join(apart)}" if apart else ""
    weighted = " with a weight above zero" if case.policy.weights is not None else ""
    case.report(
        TooFewDistinct, case.policy.span,
        f"a distinct batch of {case.policy.batch} needs {needed} different samples{beside}; "
        f"there are {there:,}{weighted}",
        help="make the batch smaller, or leave out `distinct`",
    )  # fmt: skip
    return True


_APART = {"exactly": "an exact count", "at most": "a limit"}


def _spare(case: Case) -> int:
    """How many forced places of a batch may have to be filled with samples that no limit concerns."""
    lines = {force.group: force.count for force in case.policy.forces if force.at_least}
    spare = sum(lines.values())
    for group, room, size in limits(case):
        least = lines.get(group, 0)
        spare -= least - max(0, least + min(room, size) - size)
    return spare


def fullest(case: Case) -> int:
    """How many of the rest's places the fullest batch of an epoch fills: all of them, unless the epoch is shorter than
    one batch."""
    epoch, forced = case.policy.epoch, case.policy.batch - case.places
    if epoch.kind == "samples" and case.policy.last == "keep":
        return min(max(epoch.count - forced, 0), case.places)
    if not case.one_pass or case.policy.last == "pad":
        return case.places
    if case.factors is not None:
        return min(case.places, math.ceil(case.factors.sum()))
    return min(case.places, len(free_samples(case)) + sum(min(room, size) for _, room, size in limits(case)))


def _check_turns(case: Case) -> None:
    """Without replacement no sample of the rest stands twice in a batch, unless all of an epoch is less than one; and
    limits need others to fill what they leave."""
    free, rooms = len(free_samples(case)), limits(case)
    others = case.places - sum(room for _, room, size in rooms if size)
    different = free + sum(min(room, size) for _, room, size in rooms)
    if others > 0 and not free:
        groups = [name_of(force) for force in case.policy.forces if force.bound == "at most"]
        case.report(
            TooManyLimited, case.policy.span,
            f"{listed(groups)} may fill {case.places - others} of the {case.places} places that are not forced, and no "
            "sample is left for the others",
            notes=[f"all {samples(len(case.rest))} of the rest are in a limited group"],
            help=f"allow {others} more in a batch, or make the batch smaller",
        )  # fmt: skip
    elif case.places > different and not case.policy.rest_replacement and not case.one_pass:
        limited = f", of which a batch may hold {different:,}" if different < len(case.rest) else ""
        case.report(
            GroupTooSmall, case.policy.span,
            f"`rest without replacement` cannot fill {case.places} places of a batch: the rest has "
            f"{samples(len(case.rest))}{limited}",
            help="make the batch smaller, or say `rest with replacement`",
        )  # fmt: skip


def free_samples(case: Case) -> Members:
    """The samples of the rest that no `at most` limits."""
    groups = [case.populations.members(force.group) for force in case.policy.forces if force.bound == "at most"]
    return case.rest.without(Members.union(groups), case.size) if groups else case.rest


def limits(case: Case) -> list[tuple[str, int, int]]:
    """Each group with `at most`, how many of the rest's places it may fill, and how many samples it has."""
    least = {force.group: force.count for force in case.policy.forces if force.at_least}
    return [
        (force.group, force.count - least.get(force.group, 0), len(case.populations.groups[force.group]))
        for force in case.policy.forces
        if force.bound == "at most"
    ]
