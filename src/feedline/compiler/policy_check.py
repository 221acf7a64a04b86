"""What is wrong with a policy or a split whatever the data: found without opening anything."""

from __future__ import annotations

from fractions import Fraction

from feedline.compiler import ir
from feedline.dsl.diagnostics import Label, Reporter
from feedline.dsl.rules.sampling import (
    EndlessEpoch,
    EpochOverUnforced,
    ForcedTwice,
    SharedValue,
    SplitSizes,
    TooManyForced,
)
from feedline.dsl.rules.syntax import NotSupported


def check_policy(policy: ir.Policy, reporter: Reporter) -> None:
    """Report what no data could make possible. The values themselves (counts above zero) are the compiler's to
    check."""
    _check_counts(policy, reporter)
    _check_combinations(policy, reporter)


def _check_counts(policy: ir.Policy, reporter: Reporter) -> None:
    seen: dict[str, ir.Force] = {}
    for force in policy.forces:
        if force.group in seen:
            both = seen[force.group].count + force.count
            reporter.report(
                ForcedTwice, force.span, f"`{force.group}` is forced twice", label="forced again here",
                secondary=[Label(seen[force.group].span, "first here")],
                help=f"one line says it: `force {both} {force.group} per {policy.batch}`",
            )  # fmt: skip
        seen.setdefault(force.group, force)
    single = [force for force in policy.forces if force.count > policy.batch]
    for force in single:
        reporter.report(
            TooManyForced, force.span, f"a batch of {policy.batch} cannot hold {force.count} of `{force.group}`",
            label=f"{force.count} of {policy.batch} places", help="force fewer, or make the batch larger",
        )  # fmt: skip
    total = sum(force.count for force in policy.forces)
    if total > policy.batch and not single and len(seen) == len(policy.forces):
        reporter.report(
            TooManyForced, policy.forces[-1].span, f"the forced groups need {total} places, a batch has {policy.batch}",
            label=f"{total} places up to here",
            secondary=[Label(force.span, f"{force.count} places") for force in policy.forces[:-1]],
            help="force fewer, or make the batch larger",
        )  # fmt: skip


def _check_combinations(policy: ir.Policy, reporter: Reporter) -> None:
    total = sum(force.count for force in policy.forces)
    over = policy.epoch.over if policy.epoch.kind == "pass" else None
    if policy.weights is not None and policy.forces:
        word = "balance" if policy.weights.kind == "balance" else "weight"
        reporter.report(
            NotSupported, policy.weights.span, f"`{word} by` beside `force` is not supported yet",
            label="the rest is drawn evenly in this version", secondary=[Label(policy.forces[0].span, "forced here")],
        )  # fmt: skip
    elif over is not None and over != "rest" and over not in {force.group for force in policy.forces}:
        reporter.report(
            EpochOverUnforced, policy.epoch.span, f"an epoch cannot be one pass over `{over}`, which is not forced",
            help=f"force it (`force 1 {over} per {policy.batch}`), or give the epoch a number of batches",
        )  # fmt: skip
    elif over == "rest" and policy.forces and total == policy.batch:
        reporter.report(
            EndlessEpoch, policy.span,
            f"the forced groups fill all {policy.batch} places, so that no pass over the rest says where an epoch ends",
            help=f"add `epoch one pass over {policy.forces[0].group}` or `epoch 500 batches`",
        )  # fmt: skip


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
