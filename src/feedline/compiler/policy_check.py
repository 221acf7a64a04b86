"""What is wrong with a policy or a split whatever the data: found without opening anything."""

from __future__ import annotations

from fractions import Fraction

from feedline.compiler import ir
from feedline.dsl.diagnostics import Label, Reporter
from feedline.dsl.rules.policies import BadLimit, CrossedBounds, IdleLimit, NoPlacesLeft
from feedline.dsl.rules.sampling import (
    EndlessEpoch,
    EpochOverUnforced,
    ForcedTwice,
    SharedValue,
    SplitSizes,
    TooManyForced,
)
from feedline.dsl.source import Span


def check_policy(policy: ir.Policy, reporter: Reporter) -> None:
    """Report what no data could make possible. The values themselves (counts above zero) are the compiler's to check,
    and so is what excludes what; stages are policies of their own."""
    _check_repeated(policy, reporter)
    if not _check_counts(policy, reporter):
        _check_limits(policy, reporter)
        _check_epoch(policy, reporter)


def _check_repeated(policy: ir.Policy, reporter: Reporter) -> None:
    """A group is in one line, or has both an `at least` and an `at most`."""
    seen: dict[str, ir.Force] = {}
    for force in policy.forces:
        first = seen.setdefault(force.group, force)
        if first is force:
            continue
        low, high = (first, force) if force.bound == "at most" else (force, first)
        if (low.bound, high.bound) == ("at least", "at most"):
            if low.count > high.count:
                reporter.report(
                    CrossedBounds, force.span,
                    f"a batch cannot hold at least {low.count} and at most {high.count} of `{force.group}`",
                    label=f"{force.bound} {force.count}",
                    secondary=[Label(first.span, f"{first.bound} {first.count}")],
                    help="let the lower number be `at least`",
                )  # fmt: skip
            continue
        both = first.count + force.count
        summed = "at most" not in (first.bound, force.bound) and not (first.each or force.each)
        reporter.report(
            ForcedTwice, force.span, f"`{force.group}` is forced twice", label="forced again here",
            secondary=[Label(first.span, "first here")],
            help=f"one line says it: `force {both} {force.group} per {policy.batch}`" if summed else "keep one of them",
        )  # fmt: skip


def _check_counts(policy: ir.Policy, reporter: Reporter) -> bool:
    """Counts that a batch has no room for; whether there are any."""
    single = [force for force in policy.forces if force.count > policy.batch]
    for force in {force.span: force for force in reversed(single)}.values():  # `of each` is one line for all its values
        if force.bound == "at most":
            reporter.report(
                BadLimit, force.span, f"a batch of {policy.batch} never holds {force.count} of `{force.group}`",
                label="limits nothing", help=f"at most {policy.batch - 1} is a limit, or leave this line out",
            )  # fmt: skip
        else:
            reporter.report(
                TooManyForced, force.span, f"a batch of {policy.batch} cannot hold {force.count} of `{force.group}`",
                label=f"{force.count} of {policy.batch} places", help="force fewer, or make the batch larger",
            )  # fmt: skip
    lines: dict[Span, int] = {}
    for force in policy.forces:
        if force.places:
            lines[force.span] = lines.get(force.span, 0) + force.places
    total, groups = sum(lines.values()), {force.group for force in policy.forces if force.places}
    crowded = total > policy.batch and not single and len(groups) == sum(force.places > 0 for force in policy.forces)
    if crowded:
        *others, last = lines
        reporter.report(
            TooManyForced, last, f"the forced groups need {total} places, a batch has {policy.batch}",
            label=f"{total} places up to here",
            secondary=[Label(span, f"{lines[span]} places") for span in others],
            help="force fewer, or make the batch larger",
        )  # fmt: skip
    return bool(single) or crowded


def _check_limits(policy: ir.Policy, reporter: Reporter) -> None:
    """Limits that no batch could exceed: a sample of a limited group takes no place that is forced for another."""
    places = policy.batch - sum(force.places for force in policy.forces)
    for force in policy.forces:
        own = sum(other.places for other in policy.forces if other.group == force.group)
        room = places + own
        if force.bound == "at most" and places and room <= force.count:
            if room == policy.batch:
                message = f"a batch of {policy.batch} never holds more than {force.count} of `{force.group}` anyway"
            else:
                message = (
                    f"only {room} of {policy.batch} places could hold `{force.group}`, and it may fill {force.count}"
                )
            reporter.report(
                IdleLimit, force.span, message, label="limits nothing",
                help=f"at most {room - 1} is a limit, or leave this line out" if room > 1 else "leave this line out",
            )  # fmt: skip


def _check_epoch(policy: ir.Policy, reporter: Reporter) -> None:
    """What the places that are not forced are for, and where an epoch ends."""
    forced = {force.group for force in policy.forces if force.places}
    total = sum(force.places for force in policy.forces)
    over = policy.epoch.over if policy.epoch.kind == "pass" else None
    parts = [part.group for part in policy.mix.parts] if policy.mix else []
    idle = _about_the_rest(policy) if forced and total == policy.batch else None
    if idle is not None:
        reporter.report(
            NoPlacesLeft, idle[1].span,
            f"the forced groups fill all {policy.batch} places, and leave none for {idle[0]}",
            label="about places that are not forced", secondary=[Label(policy.forces[0].span, "forced here")],
            help="leave this line out, or force fewer",
        )  # fmt: skip
    elif policy.mix is not None and over not in (None, *parts):
        reporter.report(
            EpochOverUnforced, policy.epoch.span, f"an epoch cannot be one pass over `{over}`, which is not in the mix",
            secondary=_stage_of_epoch(policy),
            help=f"name one of its parts: `epoch one pass over {parts[0]}`",
        )  # fmt: skip
    elif policy.mix is None and over not in (None, "rest", *forced):
        least = "at least " if any(force.group == over for force in policy.forces) else ""
        reporter.report(
            EpochOverUnforced, policy.epoch.span, f"an epoch cannot be one pass over `{over}`, which is not forced",
            secondary=_stage_of_epoch(policy),
            help=f"force it (`force {least}1 {over} per {policy.batch}`), or give the epoch a number of batches",
        )  # fmt: skip
    elif over == "rest" and forced and total == policy.batch:
        named = [force.group for force in policy.forces if force.places and not force.each]
        passes = f"`epoch one pass over {named[0]}` or " if named else ""
        reporter.report(
            EndlessEpoch, policy.span,
            f"the forced groups fill all {policy.batch} places, so that no pass over the rest says where an epoch ends",
            help=f"add {passes}`epoch 500 batches`",
        )  # fmt: skip


def _stage_of_epoch(policy: ir.Policy) -> list[Label]:
    """The stage at fault, where it takes over its epoch from the policy around it."""
    within = policy.span.start <= policy.epoch.span.start < policy.span.end
    return [] if within or policy.span == policy.epoch.span else [Label(policy.span, "in this stage")]


def _about_the_rest(policy: ir.Policy) -> tuple[str, ir.IRNode] | None:
    """What the policy says of the rest's places, and where."""
    if policy.weights is not None:
        return ("`balance by`" if policy.weights.kind == "balance" else "`weight by`"), policy.weights
    if policy.repeat is not None:
        return "`repeat factor`", policy.repeat
    if policy.bucket is not None:
        return "`bucket by`", policy.bucket
    forced = {force.group for force in policy.forces if force.places}
    limit = next((f for f in policy.forces if f.bound == "at most" and f.group not in forced), None)
    return None if limit is None else ("what `at most` limits", limit)


def check_split(split: ir.Split, reporter: Reporter) -> None:
    """Report parts that cannot add up, or share a value, whatever the data."""
    if split.kind == "sizes":
        _check_percentages(split, reporter)
    if split.kind == "values":
        _check_values(split, reporter)


def _check_percentages(split: ir.Split, reporter: Reporter) -> None:
    percent = sum(Fraction(str(part.size.value)) for part in split.parts if isinstance(part.size, ir.Percent))
    only = all(isinstance(part.size, ir.Percent) for part in split.parts)
    if percent > 100 or (only and percent != 100):
        reporter.report(
            SplitSizes, split.span, f"the parts of `{split.dataset}` are {float(percent):g}% together, not 100%",
            secondary=[
                Label(part.span, f"{part.size.value:g}%") for part in split.parts if isinstance(part.size, ir.Percent)
            ],
            help="make them 100%" if percent > 100 else "make them 100%, or let the last part say `rest`",
        )  # fmt: skip


def _check_values(split: ir.Split, reporter: Reporter) -> None:
    owners: dict[ir.Value, ir.Part] = {}
    for part in split.parts:
        for value in part_values(part):
            if value in owners and owners[value] is not part:
                reporter.report(
                    SharedValue, part.span, f"the value {shown(value)} is in two parts",
                    label=f"`{part.name}` takes it as well", secondary=[Label(owners[value].span, "taken here first")],
                )  # fmt: skip
            owners.setdefault(value, part)


def part_values(part: ir.Part) -> tuple[ir.Value, ...]:
    """The values that make a part of `split D by FIELD`, one or several."""
    if isinstance(part.value, ir.ListValue):
        return part.value.items
    return part.value if isinstance(part.value, tuple) else (part.value,)


def shown(value: ir.Value) -> str:
    """A value as the user writes it, for a message."""
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, bool) or value is None:
        return f"`{str(value).lower()}`"
    if isinstance(value, ir.Percent):
        return f"`{value.value:g}%`"
    return f"`{value.name}`" if isinstance(value, ir.Symbol) else f"`{value}`"
