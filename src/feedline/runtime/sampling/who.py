"""Who may fill which places of a batch: the members of each forced group's places, and of the rest's."""

from __future__ import annotations

from feedline.compiler import ir
from feedline.runtime.sampling.populations import Members, Populations


def exact_members(policy: ir.Policy, populations: Populations) -> Members:
    """Everything in a group that is forced with an exact count."""
    return Members.union(populations.members(force.group) for force in policy.forces if force.bound == "exactly")


def forced_members(policy: ir.Policy, populations: Populations) -> list[Members]:
    """What the places of each line of `force` draw from; of an `at most` line, which has none, all of its group.

    A sample of a group with an exact count or a limit is never used for another group's `at least`, or the count would
    not hold; and of the groups of `each` with exact counts, none that is in several of them.
    """
    size, exact = populations.size, exact_members(policy, populations)
    limited = {force.group: populations.members(force.group) for force in policy.forces if force.bound == "at most"}
    several = _in_several(
        [populations.members(force.group) for force in policy.forces if force.each and force.bound == "exactly"], size
    )
    found: list[Members] = []
    for force in policy.forces:
        others = [several] if force.each and force.bound == "exactly" else []
        if force.at_least:
            others = [exact, *(members for group, members in limited.items() if group != force.group)]
        excluded = Members.union(others)
        members = populations.members(force.group)
        found.append(members.without(excluded, size) if len(excluded) else members)
    return found


def rest_members(policy: ir.Policy, populations: Populations) -> Members:
    """What the places that are not forced draw from: everything outside the groups whose count is exact."""
    return exact_members(policy, populations).outside(populations.size)


def _in_several(groups: list[Members], size: int) -> Members:
    """The samples that are in more than one of the groups."""
    several, seen = Members.union([]), Members.union([])
    for members in groups:
        several = Members.union([several, members.without(seen.outside(size), size)])
        seen = Members.union([seen, members])
    return several
