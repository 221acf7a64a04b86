"""Can this data keep this policy? Decided from counts alone, with the numbers in the message."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np

from feedline.compiler import ir
from feedline.dsl.diagnostics import Label, Reporter, Rule
from feedline.dsl.rules.sampling import (
    BadWeights,
    EmptyData,
    EmptyForcedGroup,
    EmptyRest,
    GroupTooSmall,
    NoBatch,
    OverlappingGroups,
    RestRepeats,
    TooFewDistinct,
)
from feedline.runtime.sampling.epochs import epoch_of, rest_places
from feedline.runtime.sampling.plan import forced_members, rest_members
from feedline.runtime.sampling.populations import Populations

_SHOWN = 5

Describe = Callable[[int], str]
"""What a message calls the sample at a position."""


def check_populations(
    policy: ir.Policy, populations: Populations, reporter: Reporter, describe: Describe | None = None
) -> None:
    """Report why these populations cannot keep the policy, if they cannot; a hint where they keep it in a way that
    may surprise.

    `describe` names the sample at a position (its file); without it a message gives positions.
    """
    if populations.size == 0:
        reporter.report(EmptyData, policy.span, "the loader's data has no samples", label="nothing to draw from")
    elif policy.weights is not None:
        _check_weights(policy, policy.weights, populations.weights, reporter)
    elif not (
        _group_faults(policy, populations, reporter) + _overlaps(policy, populations, reporter, describe or _position)
    ):
        _check_batches(policy, populations, reporter)


def force_text(policy: ir.Policy, force: ir.Force) -> str:
    """A `force` line as the user wrote it, defaults spelt out."""
    least = "at least " if force.at_least else ""
    how = "with" if force.replacement else "without"
    distinct = " distinct" if policy.distinct else ""
    return f"force {least}{force.count} {force.group} per {policy.batch} {how} replacement{distinct}"


def _one_pass(policy: ir.Policy) -> bool:
    return policy.epoch.kind == "pass" and policy.epoch.over == "rest"


def _position(position: int) -> str:
    return f"position {position}"


def _samples(count: int) -> str:
    return f"{count:,} sample{'' if count == 1 else 's'}"


def _check_weights(policy: ir.Policy, weights: ir.Weights, values: np.ndarray | None, reporter: Reporter) -> None:
    if values is None:
        raise ValueError("a weighted policy needs the weights of its populations")
    bad = np.flatnonzero(~(np.isfinite(values) & (values >= 0)))
    positive = int((values > 0).sum())
    if len(bad):
        shown = ", ".join(f"{values[index]:g} at position {index}" for index in bad[:_SHOWN])
        reporter.report(
            BadWeights, weights.span,
            f"{len(bad):,} of {_samples(len(values))} have a weight below zero or none at all",
            label=shown, help="weights are finite numbers from 0 on",
        )  # fmt: skip
    elif not positive:
        reporter.report(
            BadWeights, weights.span, f"all {_samples(len(values))} have weight 0", label="nothing can be drawn"
        )
    elif policy.distinct and positive < min(policy.batch, epoch_of(policy, len(values), {}).rest):
        reporter.report(
            TooFewDistinct, policy.span,
            f"a distinct batch of {policy.batch} needs as many samples; {positive:,} have a weight above zero",
            help=f"make the batch {positive} or smaller, or leave out `distinct`",
        )  # fmt: skip
    else:
        _check_length(policy, len(values), {}, reporter)


def _group_faults(policy: ir.Policy, populations: Populations, reporter: Reporter) -> int:
    """Report forced groups that are empty or too small; how many there are."""
    faults = 0
    for force, usable in zip(policy.forces, forced_members(policy, populations), strict=True):
        size, whole = len(usable), len(populations.groups[force.group])
        once = policy.distinct or not force.replacement
        notes = [f"the loader's data has {_samples(populations.size)}"]
        if whole and size < whole:
            notes.append(f"{_samples(whole - size)} of `{force.group}` are also in a group whose count is exact")
        rule: type[Rule] | None = None
        help = f"force {size} or fewer, or allow repeats: `with replacement` and no `distinct`"
        if size == 0:
            rule, help = EmptyForcedGroup, "check the group's condition, or split `stratified by` the group"
            if whole:
                help = f"every sample of `{force.group}` is also forced by another line: say `at least` there too"
        elif once and size < force.count:
            rule = GroupTooSmall
        if rule is not None:
            faults += 1
            reporter.report(
                rule, force.span,
                f"`{force_text(policy, force)}` cannot be kept: `{force.group}` has {_samples(whole)}",
                label=f"{size} to draw from, {force.count} needed", notes=notes, help=help,
            )  # fmt: skip
    return faults


def _overlaps(policy: ir.Policy, populations: Populations, reporter: Reporter, describe: Describe) -> int:
    """Report groups forced exactly that share samples; how many pairs do."""
    exact = [(force, populations.members(force.group)) for force in policy.forces if not force.at_least]
    faults = 0
    for (one, ones), (other, others) in combinations(exact, 2):
        shared = ones.without(others.outside(populations.size), populations.size)
        if not len(shared):
            continue
        faults += 1
        some = [describe(position) for position in shared.first(_SHOWN)]
        more = f" and {len(shared) - len(some):,} more" if len(shared) > len(some) else ""
        reporter.report(
            OverlappingGroups, other.span,
            f"`{one.group}` and `{other.group}` are both forced with an exact count but share {_samples(len(shared))}",
            label=f"{_samples(len(others))} in `{other.group}`",
            secondary=[Label(one.span, f"{_samples(len(ones))} in `{one.group}`")],
            notes=[f"shared: {', '.join(some)}{more}"],
            help=f"declare a group such as `{other.group} and not {one.group}`, or say `at least` in one of the lines",
        )  # fmt: skip
    return faults


def _check_batches(policy: ir.Policy, populations: Populations, reporter: Reporter) -> None:
    """What concerns the rest and the batch as a whole, once the groups themselves are in order."""
    places, rest = rest_places(policy), rest_members(policy, populations)
    forced = dict(zip((force.group for force in policy.forces), forced_members(policy, populations), strict=True))
    one_pass = _one_pass(policy)
    loose = sum(force.count for force in policy.forces if force.at_least)
    needed = loose + (min(places, len(rest)) if one_pass and policy.last != "pad" else places)
    if places and not len(rest):
        left = f"{places} places of a batch that are" if places > 1 else "place of a batch that is"
        reporter.report(
            EmptyRest, policy.span, f"no sample is left for the {left} not forced",
            notes=[f"all {_samples(populations.size)} are in {_listed(list(forced))}"],
            help=f"force {policy.batch} of them, or say `at least`",
        )  # fmt: skip
    elif policy.distinct and needed > len(rest):
        reporter.report(
            TooFewDistinct, policy.span,
            f"a distinct batch of {policy.batch} needs {needed} different samples besides those with an exact count; "
            f"there are {len(rest):,}" if policy.forces
            else f"a distinct batch of {policy.batch} needs as many samples; there are {len(rest):,}",
            help="make the batch smaller, or leave out `distinct`",
        )  # fmt: skip
    elif places > len(rest) and not policy.rest_replacement and not one_pass:
        reporter.report(
            GroupTooSmall, policy.span,
            f"`rest without replacement` cannot fill {places} places of a batch: the rest has {_samples(len(rest))}",
            help="make the batch smaller, or say `rest with replacement`",
        )  # fmt: skip
    else:
        _check_length(policy, len(rest), {name: len(members) for name, members in forced.items()}, reporter)


def _check_length(policy: ir.Policy, rest: int, forced: dict[str, int], reporter: Reporter) -> None:
    epoch = epoch_of(policy, rest, forced)
    if not epoch.batches:
        places = policy.batch if policy.epoch.kind == "samples" or policy.weights else rest_places(policy)
        have = policy.epoch.count if policy.epoch.kind == "samples" else rest
        if policy.epoch.kind == "pass" and policy.epoch.over != "rest":
            have = forced[policy.epoch.over]
            places = next(force.count for force in policy.forces if force.group == policy.epoch.over)
        reporter.report(
            NoBatch, policy.span,
            f"an epoch has no batch: {_samples(have)} for {places} places a batch, and `last drop`",
            help="make the batch smaller, or say `last keep`",
        )  # fmt: skip
    elif epoch.rest > rest and not (policy.rest_replacement or policy.weights or _one_pass(policy)):
        reporter.report(
            RestRepeats, policy.epoch.span,
            f"an epoch takes {epoch.rest:,} samples of a rest of {rest:,}: each comes {epoch.rest / rest:.1f} times",
            label=f"{epoch.batches:,} batches",
        )  # fmt: skip


def _listed(names: list[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
