"""Can the forced groups fill their places, and do they keep out of each other's way?"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from feedline.compiler import ir
from feedline.compiler.counts import samples
from feedline.dsl.diagnostics import Label, Rule
from feedline.dsl.rules.feasibility import InSeveralValues, OverlappingLimits
from feedline.dsl.rules.sampling import EmptyForcedGroup, GroupTooSmall, OverlappingGroups
from feedline.runtime.sampling.check.case import Case, force_text, name_of
from feedline.runtime.sampling.populations import Members


def check_forced(case: Case) -> None:
    """Report forced groups that are empty, too small for their places, or share samples with another whose count is
    exact or limited."""
    for force, usable in zip(case.policy.forces, case.forced, strict=True):
        if force.places:
            _check_size(case, force, len(usable))
    for one, other in combinations(case.policy.forces, 2):
        _check_overlap(case, one, other)


def _check_size(case: Case, force: ir.Force, size: int) -> None:
    policy, name, whole = case.policy, name_of(force), len(case.populations.groups[force.group])
    once, elsewhere = policy.distinct or not force.replacement, case.whole.get(force.group)
    notes = [f"the loader's data has {samples(case.size)}"]
    if whole and size < whole:
        notes.append(f"{samples(whole - size)} of `{name}` {_claimed(policy, force)}")
    elif not whole and elsewhere:
        notes.append(f"the whole data set has {samples(elsewhere)} of `{name}`, all in other parts")
    rule: type[Rule] | None = None
    help = f"force {size} or fewer, or allow repeats: `with replacement` and no `distinct`"
    if size == 0:
        rule, help = EmptyForcedGroup, "check the group's condition, or split `stratified by` the group"
        if whole and force.each:
            help = "leave the value out, or say `at least`: then a sample counts for each of its values"
        elif elsewhere and not whole:
            help = f"split `stratified by {name}`" if not force.each else "split by other sizes or another seed"
        elif whole:
            help = f"every sample of `{name}` is also forced by another line: say `at least` there too"
    elif once and size < force.count:
        rule = GroupTooSmall
    if rule is not None:
        case.report(
            rule, force.span,
            f"`{force_text(policy, force)}` cannot be kept: `{name}` has {samples(whole)}",
            label=f"{size} to draw from, {force.count} needed", notes=notes, help=help,
        )  # fmt: skip


def _claimed(policy: ir.Policy, force: ir.Force) -> str:
    """Why samples of a group are not there to be drawn for its places."""
    if force.each and not force.at_least:
        return "carry another of the values too"
    limited = " or limited" if any(other.bound == "at most" for other in policy.forces) else ""
    return f"are also in a group whose count is exact{limited}"


def _check_overlap(case: Case, one: ir.Force, other: ir.Force) -> None:
    bounds = {one.bound, other.bound}
    if one.group == other.group or "at least" in bounds or (one.each and other.each):
        return
    ones, others = case.populations.members(one.group), case.populations.members(other.group)
    shared = case.shared(ones, others)
    if not len(shared):
        return
    names = f"`{name_of(one)}` and `{name_of(other)}`"
    if bounds == {"exactly"}:
        rule, what = OverlappingGroups, "are both forced with an exact count but share"
    elif bounds == {"at most"}:
        rule, what = OverlappingLimits, "are both limited with `at most` but share"
    else:
        rule, what = OverlappingLimits, "have an exact count and a limit but share"
    least = ", or say `at least` in one of the lines" if rule is OverlappingGroups else ""
    case.report(
        rule, other.span, f"{names} {what} {samples(len(shared))}",
        label=f"{samples(len(others))} in `{name_of(other)}`",
        secondary=[Label(one.span, f"{samples(len(ones))} in `{name_of(one)}`")],
        notes=[f"shared: {case.some(shared)}"],
        help=f"declare a group such as `{name_of(other)} and not {name_of(one)}`{least}",
    )  # fmt: skip


def warn_forced(case: Case) -> None:
    """Samples that exact counts of `each` leave out, because they carry several of the values."""
    family = [force for force in case.policy.forces if force.each and force.bound == "exactly"]
    if not family:
        return
    every = [np.asarray(case.populations.groups[force.group]) for force in family]
    found, times = np.unique(np.concatenate(every), return_counts=True)
    several = Members.of(found[times > 1])
    if len(several):
        case.report(
            InSeveralValues, family[0].span,
            f"`{force_text(case.policy, family[0])}` leaves out {samples(len(several))} of {len(found):,}: with "
            "several of the values",
            label="they would count for each", notes=[case.some(several)],
            help="say `at least`: then such a sample comes, and counts for each of its values",
        )  # fmt: skip
