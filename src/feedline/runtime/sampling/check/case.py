"""What the checks of one policy share: the policy beside its populations, who may fill what, and how to say it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from attrs import field, frozen

from feedline.compiler import ir
from feedline.dsl.diagnostics import Reporter, Rule
from feedline.dsl.source import Span
from feedline.runtime.sampling.plan import BatchPlan
from feedline.runtime.sampling.populations import Members, Populations
from feedline.runtime.sampling.who import forced_members, rest_members

SHOWN = 5
"""How many samples, values or classes a message names."""

MUCH = 0.1
"""A share of the samples above which it is worth a warning that an epoch leaves them out."""

Describe = Callable[[int], str]
"""What a message calls the sample at a position."""


@frozen(eq=False)
class Case:
    """One policy without regard to its stages, its populations, and where to say what is wrong with them."""

    policy: ir.Policy
    populations: Populations
    reporter: Reporter
    describe: Describe
    whole: Mapping[str, int] = field(factory=dict)
    """How many samples each group has in the whole data set, where the loader reads a part of it."""
    since: int | None = None
    """The epoch that the policy begins with, if it is a stage."""
    said: set[tuple[str, Span]] = field(factory=set)
    """What has been reported of the policy or an earlier stage: a stage inherits, and so would say it again."""

    found: list[type[Rule]] = field(factory=list, init=False)
    """What is wrong with this policy, reported or inherited."""

    def report(self, rule: type[Rule], where: Span, message: str, **more: Any) -> None:
        """Report one fault of this policy, once for all its stages."""
        self.found.append(rule)
        if (rule.code, where) in self.said:
            return
        self.said.add((rule.code, where))
        since = "" if self.since is None else f"from epoch {self.since}: "
        self.reporter.report(rule, where, since + message, **more)

    @property
    def failed(self) -> bool:
        """Whether an error has been found, so that the policy cannot be kept."""
        return any(rule.severity == "error" for rule in self.found)

    @property
    def size(self) -> int:
        """Samples in the loader's data."""
        return self.populations.size

    @property
    def one_pass(self) -> bool:
        """Whether an epoch is one pass over the rest."""
        return self.policy.epoch.kind == "pass" and self.policy.epoch.over == "rest"

    @cached_property
    def places(self) -> int:
        """Places of a batch that are not forced."""
        return self.policy.batch - sum(force.places for force in self.policy.forces)

    @cached_property
    def forced(self) -> list[Members]:
        """What the places of each line of `force` draw from."""
        return forced_members(self.policy, self.populations)

    @cached_property
    def rest(self) -> Members:
        """What the other places draw from."""
        return rest_members(self.policy, self.populations)

    @cached_property
    def factors(self) -> np.ndarray | None:
        """How often an epoch brings each sample of the rest, float64 (|R|,), where the policy has repeat factors."""
        if self.policy.repeat is None:
            return None
        if self.populations.factors is None:
            raise ValueError("a policy with a repeat factor needs the factors of its populations")
        return self.populations.factors[self.rest.at(np.arange(len(self.rest)))]

    @cached_property
    def plan(self) -> BatchPlan:
        """The plan, for what it says about an epoch. Only once no error has been found."""
        return BatchPlan(self.policy, self.populations)

    def shared(self, one: Members, other: Members) -> Members:
        """The samples that are in both."""
        return one.without(other.outside(self.size), self.size)

    def some(self, members: Members) -> str:
        """The first few of some samples by name, and how many more there are."""
        names = [self.describe(position) for position in members.first(SHOWN)]
        more = f" and {len(members) - len(names):,} more" if len(members) > len(names) else ""
        return ", ".join(names) + more


def listed(names: Iterable[str]) -> str:
    """`a`, `b` and `c`, in backticks."""
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def counted(names: Sequence[str], counts: np.ndarray, codes: np.ndarray) -> str:
    """The first few of the values `codes` with how many samples each has, and how many values more there are."""
    pairs = [f"`{names[code]}` {int(counts[code]):,}" for code in codes[:SHOWN].tolist()]
    more = f" and {len(codes) - SHOWN:,} more" if len(codes) > SHOWN else ""
    return ", ".join(pairs) + more


def name_of(force: ir.Force) -> str:
    """What a message calls a forced group: its name, or of `each`, the condition on the value alone."""
    return force.group.partition(" where ")[2] if force.each else force.group


def force_text(policy: ir.Policy, force: ir.Force) -> str:
    """A `force` line as the user wrote it, defaults spelt out; of `each`, without the list of values."""
    bound = "" if force.bound == "exactly" else f"{force.bound} "
    group = f"of each {name_of(force).partition(' ')[0]}" if force.each else force.group
    how = "" if force.bound == "at most" else f" {'with' if force.replacement else 'without'} replacement"
    ranks = " across ranks" if policy.across_ranks else ""
    distinct = " distinct" if policy.distinct else ""
    return f"force {bound}{force.count} {group} per {policy.batch}{ranks}{how}{distinct}"
