"""Feasibility is decided right: of what `check_populations` lets pass every batch can be made, and what the plan
refuses was reported. Over policies of every form, and populations that are empty, tiny, overlapping or everything."""

from typing import Any

import numpy as np
from attrs import evolve
from hypothesis import event, given, settings
from hypothesis import strategies as st
from policies import AT, force, policy

from feedline.compiler import ir
from feedline.compiler.lints.counts import check_counts
from feedline.dsl.diagnostics import Reporter
from feedline.runtime.sampling import BatchPlan, Populations, check_populations
from feedline.runtime.sampling.populations import Classes

Case = tuple[ir.Policy, Populations]
_flag = st.booleans()
_lasts = st.sampled_from(["keep", "drop", "pad"])
_orders = st.sampled_from(["sequential", "shuffled"])


def _lengths(*groups: str) -> st.SearchStrategy[tuple[Any, ...]]:
    counted = st.tuples(st.sampled_from(["batches", "samples"]), st.just("rest"), st.integers(1, 12))
    return st.one_of(counted, *(st.just(("pass", group)) for group in groups))


@st.composite
def groups(draw: st.DrawFn, size: int, *names: str) -> dict[str, list[int]]:
    """Sets of positions: disjoint or overlapping, empty or everything."""
    if draw(_flag):
        owners = draw(st.lists(st.sampled_from(("", *names)), min_size=size, max_size=size))
        return {name: [at for at, owner in enumerate(owners) if owner == name] for name in names}
    members = st.just(list(range(size))) | st.sets(st.integers(0, max(size - 1, 0)), max_size=size).map(sorted)
    return {name: draw(members) if size else [] for name in names}


def _forces(draw: st.DrawFn) -> tuple[ir.Force, ...]:
    """Any lines of `force`: of each form, one or two of one group, a family of `each`."""
    lines: list[ir.Force] = []
    for name in ("a", "b", "c")[: draw(st.integers(0, 3))]:
        kind = draw(st.sampled_from(["exactly", "at least", "at most", "between", "each"]))
        count, again = draw(st.integers(1, 3)), draw(_flag)
        if kind == "between":
            lines.append(force(name, count, bound="at least", replacement=again))
            lines.append(force(name, count + draw(st.integers(0, 2)), bound="at most"))
        elif kind == "each":
            bound = draw(st.sampled_from(["exactly", "at least"]))
            lines.append(force(name, count, bound=bound, replacement=again, each=True))
        else:
            again &= kind != "at most"
            lines.append(force(name, count, bound=kind, replacement=again))  # pyright: ignore[reportArgumentType]  (text or values that the test gives, not typed one by one)
    return tuple(lines)


@st.composite
def forced_cases(draw: st.DrawFn) -> Case:
    """Forced groups beside a rest that is drawn evenly, by weight, by repeat factors or in buckets."""
    lines, size = _forces(draw), draw(st.integers(0, 14))
    forced, limited = sum(line.places for line in lines), any(line.bound == "at most" for line in lines)
    how = "evenly" if limited else draw(st.sampled_from(["evenly", "again", "weights", "repeat", "bucket"]))
    more = draw(st.integers(1 if how != "evenly" or limited or not forced else 0, 5))
    lengths = _lengths(*(line.group for line in lines if line.places))
    epoch = ("pass", "rest") if how == "bucket" or (more and draw(_flag)) else draw(lengths)
    options: dict[str, Any] = {"last": draw(_lasts), "order": draw(_orders), "distinct": draw(_flag)}
    people = Populations(size, draw(groups(size, *dict.fromkeys(line.group for line in lines))))
    numbers = st.lists(st.sampled_from([0.0, 0.0, 1.0, 2.5]), min_size=size, max_size=size).map(np.array)
    if how == "weights":
        options |= {"weights": ir.Weights("column", "w", span=AT), "order": "shuffled"}
        people = evolve(people, weights=draw(numbers))
    if how == "repeat" or (how == "bucket" and draw(_flag)):
        options |= {"repeat": ir.RepeatFactor(0.1, "f", span=AT), "order": "shuffled"}
        people = evolve(people, factors=1 + draw(numbers))
    if how == "bucket":
        options["bucket"] = ir.Bucket("v", draw(st.integers(1, 4)), span=AT)
        people = evolve(people, values=draw(numbers))
    chosen = policy(forced + more, *lines, epoch=epoch, rest_replacement=how == "again", **options)
    return chosen, people


@st.composite
def draw_cases(draw: st.DrawFn) -> Case:
    """`draw C FIELD with M each`, of samples with one value, several or none."""
    size, count, each = draw(st.integers(0, 14)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    found = draw(groups(size, *"abcd"[: draw(st.integers(0, 4))]))
    found = {name: members for name, members in found.items() if members}
    offsets = np.cumsum([0, *map(len, found.values())])
    members = np.array([at for some in found.values() for at in some], np.int64)
    line = ir.Draw(count, "f", each, draw(_flag), span=AT)
    epoch = draw(st.just(("pass", "rest")) | _lengths())
    chosen = policy(count * each, draw=line, epoch=epoch, last=draw(_lasts), order="shuffled", distinct=draw(_flag))
    return chosen, Populations(size, classes=Classes(list(found), offsets, members))


@st.composite
def mix_cases(draw: st.DrawFn) -> Case:
    """`mix A a, B b per n`."""
    size, names = draw(st.integers(0, 14)), "abc"[: draw(st.integers(1, 3))]
    parts = tuple(ir.MixPart(name, draw(st.integers(1, 4)), span=AT) for name in names)
    mix, epoch = ir.Mix(parts, draw(_flag), span=AT), draw(st.just(("pass", "rest")) | _lengths(*names))
    options: dict[str, Any] = {"last": draw(_lasts), "order": draw(_orders), "distinct": draw(_flag)}
    return policy(draw(st.integers(1, 8)), mix=mix, epoch=epoch, **options), Populations(
        size, draw(groups(size, *names))
    )


@st.composite
def staged_cases(draw: st.DrawFn) -> Case:
    """A policy that becomes another of the same batch size."""
    (outer, people), (inner, others) = draw(forced_cases()), draw(forced_cases())
    if others.size != people.size or sum(line.places for line in inner.forces) >= outer.batch:
        inner, others = outer, people
    both = {**others.groups, **people.groups}
    people, others = evolve(people, groups=both), evolve(others, groups=both)
    stage = ir.Stage(1, evolve(inner, batch=outer.batch), span=AT)
    return evolve(outer, stages=(stage,)), evolve(people, stages=(others,))


@settings(max_examples=300)
@given(st.one_of(forced_cases(), draw_cases(), mix_cases(), staged_cases()))
def test_what_passes_the_check_is_kept(case: Case) -> None:
    """Without an error two epochs can be made, each with a batch, `distinct` and every promise kept; with one the plan
    need not exist."""
    reporter = Reporter()
    check_populations(*case, reporter)
    event("impossible" if reporter.failed else "possible")
    if reporter.failed:
        return
    plan = BatchPlan(*case)
    for epoch in (0, 1):
        assert plan.length(epoch) >= 1
        for row in plan.batches(epoch, 0, plan.length(epoch)):
            present = row[row >= 0].tolist()
            assert len(present) >= 1
            assert max(present) < case[1].size
            assert not case[0].distinct or epoch or len(set(present)) == len(present)
            for promise in plan.promises():
                if promise.kind == "members" and promise.holds_in(epoch):
                    held = np.isin(present, case[1].groups[promise.group]).sum()
                    assert promise.kept(int(held), len(present))


@given(forced_cases(), _flag)
def test_one_fault_of_a_place_is_one_diagnostic(case: Case, staged: bool) -> None:
    """No code is reported twice at one place, not for a stage that inherits it either."""
    chosen, people = case
    if staged:
        chosen, people = evolve(chosen, stages=(ir.Stage(3, chosen, span=AT),)), evolve(people, stages=(people,))
    reporter = Reporter()
    check_populations(chosen, people, reporter)
    found = [(item.code, item.span) for item in reporter.diagnostics]
    assert len(set(found)) == len(found)


@settings(max_examples=300)
@given(st.one_of(forced_cases(), draw_cases(), mix_cases()))
def test_a_count_decides_what_the_data_decides(case: Case) -> None:
    """What the number of samples alone decides, opened data says too; of a policy that forces nothing, no less."""
    chosen, people = case
    if not people.size:
        return
    reporter, counted = Reporter(), Reporter()
    check_populations(chosen, people, reporter)
    check_counts(chosen, people.size, counted.report)
    event("impossible by count" if counted.failed else "possible by count")
    if counted.failed:
        assert reporter.failed
    if not chosen.forces and chosen.draw is None and chosen.mix is None and chosen.weights is None:
        known = {"FL412", "FL416", "FL418", "FL455", "FL477"} if chosen.repeat is None else set()
        assert {item.message for item in counted.diagnostics} == {
            item.message for item in reporter.diagnostics if item.code in known
        }
