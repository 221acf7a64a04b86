"""Random policies over random populations, for the properties of the sampler: every form that a policy has.

A case is a policy and populations that `check_populations` lets pass: what it lets pass, the plan has to keep.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from attrs import evolve
from hypothesis import assume
from hypothesis import strategies as st
from policies import AT, force, policy

from feedline.compiler import ir
from feedline.dsl.diagnostics import Reporter
from feedline.runtime.sampling import BatchPlan, Populations, check_populations
from feedline.runtime.sampling.populations import Classes, Positions

Case = tuple[ir.Policy, Populations]
Bound = Literal["exactly", "at least", "at most"]
BOUNDS: tuple[Bound, ...] = ("exactly", "at least", "at most")
LASTS = ("keep", "drop", "pad")
HUGE = 1_000_000_000
_MOST_BATCHES = 40
_flag = st.booleans()
seeds = st.integers(-(2**63), 2**63 - 1)


# ---- populations


@st.composite
def populations(draw: st.DrawFn, names: tuple[str, ...], disjoint: bool, small: bool) -> Populations:
    """Groups that may overlap, be empty, be everything; sometimes a billion samples, with groups as lists or ranges."""
    size = draw(st.integers(1, 60)) if small or draw(_flag) else HUGE
    if size == HUGE and draw(_flag):
        return Populations(size, _ranges(draw, names, disjoint))
    lowest = max(size - 40, 0)
    if disjoint:
        owners = draw(st.lists(st.sampled_from(("", *names)), min_size=size - lowest, max_size=size - lowest))
        return Populations(size, {name: lowest + np.flatnonzero(np.array(owners) == name) for name in names})
    members = st.sets(st.integers(lowest, size - 1), max_size=30)
    return Populations(size, {name: np.array(sorted(draw(members)), np.int64) for name in names})


def _ranges(draw: st.DrawFn, names: tuple[str, ...], disjoint: bool) -> dict[str, Positions]:
    lengths = st.sampled_from([0, 1, 3, 20, 2**22, 2**22 + 1, 300_000_000])
    groups, begin = {}, 0
    for name in names:
        groups[name] = range(begin, begin + draw(lengths))
        begin = groups[name].stop if disjoint or draw(_flag) else begin
    return groups


@st.composite
def classes(draw: st.DrawFn, size: int, multi: bool) -> Classes:
    """A few classes over `size` samples, some of them empty of samples but one; each sample in one, or in any."""
    names = [f"class {number}" for number in range(draw(st.integers(1, 6)))]
    number = st.integers(0, len(names) - 1)
    owned = draw(st.lists(st.sets(number, max_size=3) if multi else number.map(lambda one: {one}), min_size=size))
    members = [[item for item in range(size) if name in owned[item]] for name in range(len(names))]
    kept = [(name, found) for name, found in zip(names, members, strict=True) if found]
    offsets = np.cumsum([0, *(len(found) for _, found in kept)])
    flat = np.array([item for _, found in kept for item in found], np.int64)
    return Classes([name for name, _ in kept], offsets.astype(np.int64), flat)


def is_member(rows: np.ndarray, group: Positions) -> np.ndarray:
    """Which places hold a sample of the group, bool of the same shape."""
    if isinstance(group, range):
        return (rows >= group.start) & (rows < group.stop)
    return np.isin(rows, group)


def members_of(people: Populations, group: str) -> list[int]:
    """The positions of a small group."""
    return np.asarray(people.groups[group], np.int64).tolist()


# ---- policies


def _epochs(draw: st.DrawFn, names: tuple[str, ...], one_pass: bool, rest: bool) -> tuple[Any, ...]:
    lengths = [st.tuples(st.sampled_from(["batches", "samples"]), st.just("rest"), st.integers(1, 40))]
    lengths += [st.just(("pass", name)) for name in names]
    return ("pass", "rest") if one_pass or (rest and draw(_flag)) else draw(st.one_of(lengths))


@st.composite
def policies(
    draw: st.DrawFn,
    names: tuple[str, ...],
    bounds: tuple[Bound, ...] = BOUNDS[:2],
    one_pass: bool = False,
    distinct: bool = False,
) -> ir.Policy:
    """Any policy of forced groups and a rest drawn evenly that `check_policy` would let pass."""
    forces = []
    for name in names:
        bound = draw(st.sampled_from(bounds))
        again = bound != "at most" and draw(_flag)
        forces.append(force(name, draw(st.integers(1, 4)), bound=bound, replacement=again))
    limited = any(line.bound == "at most" for line in forces)
    forced = sum(line.places for line in forces)
    batch = draw(st.integers(forced + (one_pass or limited) or 1, 13))
    placed = tuple(line.group for line in forces if line.places)
    return policy(
        batch,
        *forces,
        epoch=_epochs(draw, placed, one_pass, batch > forced),
        last=draw(st.sampled_from(LASTS)),
        order=draw(st.sampled_from(["sequential", "shuffled"])),
        places=draw(st.sampled_from(["first", "shuffled"])),
        distinct=distinct or draw(_flag),
        rest_replacement=not one_pass and not limited and draw(_flag),
        seed=draw(seeds),
    )


def possible(chosen: ir.Policy, people: Populations) -> Case:
    """The case, if these populations can keep the policy; else it is no example."""
    reporter = Reporter()
    check_populations(chosen, people, reporter)
    assume(not reporter.failed)
    return chosen, people


@st.composite
def cases(
    draw: st.DrawFn,
    bounds: tuple[Bound, ...] = BOUNDS[:2],
    one_pass: bool = False,
    small: bool = False,
    distinct: bool = False,
    least: int = 0,
) -> Case:
    """Forced groups and a rest drawn evenly. `least` groups, up to three."""
    names = ("a", "b", "c")[: draw(st.integers(least, 3))]
    chosen = draw(policies(names, bounds, one_pass, distinct))
    disjoint = sum(line.bound == "exactly" for line in chosen.forces) > 1
    disjoint |= sum(line.bound == "at most" for line in chosen.forces) > 1
    people = draw(populations(names, disjoint, small or one_pass))
    return possible(chosen, people)


@st.composite
def between_cases(draw: st.DrawFn) -> Case:
    """`at least a G` and `at most b G` together."""
    least = draw(st.integers(1, 3))
    most = draw(st.integers(least, 5))
    lines = force("a", least, bound="at least", replacement=draw(_flag)), force("a", most, bound="at most")
    chosen = policy(
        draw(st.integers(least + 1, 9)),
        *lines,
        last=draw(st.sampled_from(LASTS)),
        distinct=draw(_flag),
        seed=draw(seeds),
    )
    return possible(chosen, draw(populations(("a",), False, True)))


@st.composite
def each_cases(draw: st.DrawFn, bound: Bound) -> Case:
    """`force k of each F in (...) per n`: one family of groups that overlap on the data."""
    names, count = ("a", "b", "c")[: draw(st.integers(1, 3))], draw(st.integers(1, 3))
    again = draw(_flag)
    lines = [evolve(force(name, count, bound=bound, replacement=again), each=True) for name in names]
    batch = count * len(names) + draw(st.integers(1, 4))
    chosen = policy(batch, *lines, last=draw(st.sampled_from(LASTS)), distinct=draw(_flag), seed=draw(seeds))
    return possible(chosen, draw(populations(names, False, True)))


def _weights(draw: st.DrawFn, size: int) -> np.ndarray:
    return np.array(draw(st.lists(st.just(0.0) | st.floats(0, 1e300), min_size=size, max_size=size)))


@st.composite
def weighted_cases(draw: st.DrawFn, forced: bool) -> Case:
    """`weight by`, alone or for the rest's places beside forced groups."""
    chosen = draw(policies(("a", "b")[: draw(st.integers(forced, 2 * forced))], one_pass=True))
    chosen = evolve(chosen, weights=ir.Weights("column", "w", span=AT), order="shuffled")
    people = draw(populations(tuple(line.group for line in chosen.forces), True, True))
    return possible(chosen, evolve(people, weights=_weights(draw, people.size)))


@st.composite
def repeat_cases(draw: st.DrawFn) -> Case:
    """`repeat factor`, alone or for the rest's places beside forced groups."""
    chosen = draw(policies(("a", "b")[: draw(st.integers(0, 2))], one_pass=True))
    chosen = evolve(chosen, repeat=ir.RepeatFactor(0.1, "f", span=AT), order="shuffled")
    people = draw(populations(tuple(line.group for line in chosen.forces), True, True))
    factors = st.sampled_from([1.0, 1.25, 1.7, 2.0, 3.1]) | st.floats(1, 5)
    return possible(chosen, evolve(people, factors=np.array([draw(factors) for _ in range(people.size)])))


@st.composite
def bucket_cases(draw: st.DrawFn, forced: bool = True) -> Case:
    """`bucket by`, alone or beside forced groups."""
    chosen = draw(policies(("a", "b")[: draw(st.integers(0, 2 * forced))], ("exactly",), one_pass=True))
    chosen = evolve(chosen, bucket=ir.Bucket("v", draw(st.integers(1, 6)), span=AT))
    people = draw(populations(tuple(line.group for line in chosen.forces), True, True))
    values = st.integers(0, 3).map(float) | st.floats(-1e9, 1e9)
    return possible(chosen, evolve(people, values=np.array([draw(values) for _ in range(people.size)])))


@st.composite
def draw_cases(draw: st.DrawFn, replacement: bool | None = None) -> Case:
    """`draw C F with M each`."""
    count, each = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    again = draw(_flag) if replacement is None else replacement
    size = draw(st.integers(1, 40))
    chosen = policy(
        count * each,
        draw=ir.Draw(count, "f", each, again, span=AT),
        epoch=draw(st.just(("pass", "rest")) | st.tuples(st.just("batches"), st.just("rest"), st.integers(1, 40))),
        order="shuffled",
        places=draw(st.sampled_from(["first", "shuffled"])),
        last=draw(st.sampled_from(LASTS)),
        seed=draw(seeds),
    )
    return possible(chosen, Populations(size, classes=draw(classes(size, draw(_flag)))))


@st.composite
def mix_cases(draw: st.DrawFn, replacement: bool | None = None) -> Case:
    """`mix A a, B b per n`: parts with any shares, also parts of a billion."""
    names = ("a", "b", "c", "d")[: draw(st.integers(1, 4))]
    shares = [draw(st.integers(1, 9)) for _ in names]
    again = draw(_flag) if replacement is None else replacement
    batch = draw(st.integers(1, 13))
    chosen = policy(
        batch,
        mix=ir.Mix(
            tuple(ir.MixPart(name, share, span=AT) for name, share in zip(names, shares, strict=True)), again, span=AT
        ),
        epoch=draw(
            st.tuples(st.just("pass"), st.sampled_from(("rest", *names)))
            | st.tuples(st.just("batches"), st.just("rest"), st.integers(1, 40))
        ),
        order="shuffled",
        places=draw(st.sampled_from(["first", "shuffled"])),
        last=draw(st.sampled_from(LASTS)),
        seed=draw(seeds),
    )
    return possible(chosen, draw(populations(names, True, False)))


@st.composite
def staged_cases(draw: st.DrawFn) -> Case:
    """A curriculum: the policy of an epoch is that of the last stage that has begun."""
    outer, people = draw(cases(small=True, least=1))
    stages, epoch = [], 0
    for _ in range(draw(st.integers(1, 2))):
        epoch += draw(st.integers(1, 3))
        lines = [
            line for line in outer.forces if draw(_flag) or (outer.epoch.kind, outer.epoch.over) == ("pass", line.group)
        ]
        inner = evolve(outer, forces=tuple(lines), places="shuffled" if lines else "first")
        stages.append(ir.Stage(epoch, possible(inner, people)[0], span=AT))
    staged = evolve(outer, stages=tuple(stages))
    return possible(staged, evolve(people, stages=tuple(people for _ in stages)))


def any_cases() -> st.SearchStrategy[Case]:
    """A case of any form at all."""
    return st.one_of(
        cases(),
        cases(BOUNDS, one_pass=True, least=1),
        between_cases(),
        each_cases("exactly"),
        each_cases("at least"),
        weighted_cases(False),
        weighted_cases(True),
        repeat_cases(),
        bucket_cases(),
        draw_cases(),
        mix_cases(),
        staged_cases(),
    )


# ---- what comes of them


def rows_of(case: Case, epoch: int = 0) -> np.ndarray:
    """The first batches of an epoch, all of them where there are few; the check has promised at least one."""
    plan = BatchPlan(*case)
    assert plan.length(epoch) >= 1
    return plan.batches(epoch, 0, min(plan.length(epoch), _MOST_BATCHES))


def epoch_of(case: Case, epoch: int = 0) -> np.ndarray:
    """All batches of a small case's epoch."""
    plan = BatchPlan(*case)
    return plan.batches(epoch, 0, plan.length(epoch))


def forced_first(chosen: ir.Policy) -> ir.Policy:
    """The same policy with its forced samples in front, so that one can tell which they are."""
    return evolve(chosen, places="first")


def rest_size(case: Case) -> int:
    """How many samples are in no group."""
    return case[1].size - sum(len(members) for members in case[1].groups.values())


def rest_places(chosen: ir.Policy) -> int:
    """Places of a batch that no group has for its own."""
    return chosen.batch - sum(line.places for line in chosen.forces)
