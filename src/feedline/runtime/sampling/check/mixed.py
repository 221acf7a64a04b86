"""`mix`: can each part give its share of every batch, and what is in none of them?"""

from __future__ import annotations

from itertools import combinations

from feedline.compiler import ir
from feedline.compiler.counts import samples
from feedline.dsl.rules.feasibility import EmptyMixPart, OutsideTheMix, OverlappingParts
from feedline.dsl.rules.sampling import GroupTooSmall
from feedline.runtime.sampling.check.case import Case, listed
from feedline.runtime.sampling.populations import Members


def part_name(part: ir.MixPart) -> str:
    """What a message calls a part: of a data set that the loader's data is made of, its name alone."""
    return part.group.partition(" in ")[0]


def mix_text(policy: ir.Policy, mix: ir.Mix) -> str:
    """A `mix` line as the user wrote it, defaults spelt out."""
    parts = ", ".join(f"{part_name(part)} {part.share}" for part in mix.parts)
    how, distinct = "with" if mix.replacement else "without", " distinct" if policy.distinct else ""
    return f"mix {parts} per {policy.batch} {how} replacement{distinct}"


def most_places(policy: ir.Policy, mix: ir.Mix, part: ir.MixPart) -> int:
    """How many places of a batch a part may get: its share, rounded up."""
    return -(-policy.batch * part.share // sum(item.share for item in mix.parts))


def check_mix(case: Case, mix: ir.Mix) -> None:
    """Report parts that are empty, too small or share samples."""
    text = mix_text(case.policy, mix)
    for part in mix.parts:
        size, places = len(case.populations.members(part.group)), most_places(case.policy, mix, part)
        if not size:
            case.report(
                EmptyMixPart, part.span, f"`{text}` cannot be kept: `{part_name(part)}` has no sample here",
                label=f"up to {places} of {case.policy.batch} places", notes=_elsewhere(case, part.group),
                help="leave the part out of the mix",
            )  # fmt: skip
        elif size < places and (case.policy.distinct or not mix.replacement):
            case.report(
                GroupTooSmall, part.span, f"`{text}` cannot be kept: `{part_name(part)}` has {samples(size)}",
                label=f"{size} to draw from, up to {places} needed",
                help="make the batch or the share smaller, or allow repeats: `with replacement` and no `distinct`",
            )  # fmt: skip
    for one, other in combinations(mix.parts, 2):
        shared = case.shared(case.populations.members(one.group), case.populations.members(other.group))
        if len(shared):
            case.report(
                OverlappingParts, other.span,
                f"`{part_name(one)}` and `{part_name(other)}` are parts of a mix but share {samples(len(shared))}",
                label=f"{samples(len(case.populations.members(other.group)))} in `{part_name(other)}`",
                notes=[f"shared: {case.some(shared)}"],
                help=f"declare a group such as `{part_name(other)} and not {part_name(one)}`",
            )  # fmt: skip


def _elsewhere(case: Case, group: str) -> list[str]:
    """A note on the samples that the split has put elsewhere."""
    count = case.whole.get(group)
    return [f"the whole data set has {samples(count)} of `{group}`, all in other parts"] if count else []


def warn_mix(case: Case, mix: ir.Mix) -> None:
    """Samples that are in no part, so that they never come."""
    parts = Members.union(case.populations.members(part.group) for part in mix.parts)
    outside = parts.outside(case.size)
    if len(outside):
        case.report(
            OutsideTheMix, mix.span,
            f"`{mix_text(case.policy, mix)}` leaves out {samples(len(outside))} of {case.size:,}: no part holds them",
            label=f"{samples(len(parts))} in {listed(part_name(part) for part in mix.parts)}",
            notes=[f"outside: {case.some(outside)}"],
            help="name a group for them in the mix, or read only the data that it uses",
        )  # fmt: skip
