"""Every guarantee of the language's sampling section, over random populations and policies.

Whatever `check_populations` lets pass, the plan has to keep.
"""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from policies import force, policy

from feedline.compiler import ir
from feedline.dsl.diagnostics import Reporter
from feedline.runtime.sampling import BatchPlan, Members, Populations, check_populations, rank_batches, streams
from feedline.runtime.sampling.streams import Turns

Case = tuple[ir.Policy, Populations]
_MOST_BATCHES = 40


@st.composite
def populations(draw: st.DrawFn, names: tuple[str, ...], disjoint: bool, small: bool) -> Populations:
    """Groups that may overlap, be empty, be everything; sometimes a billion samples with small groups."""
    size = draw(st.integers(1, 60)) if small or draw(st.booleans()) else 1_000_000_000
    lowest = max(size - 40, 0)
    if disjoint:
        owners = draw(st.lists(st.sampled_from(("", *names)), min_size=size - lowest, max_size=size - lowest))
        return Populations(size, {name: lowest + np.flatnonzero(np.array(owners) == name) for name in names})
    members = st.sets(st.integers(lowest, size - 1), max_size=30)
    return Populations(size, {name: np.array(sorted(draw(members)), np.int64) for name in names})


@st.composite
def policies(
    draw: st.DrawFn, names: tuple[str, ...], exact: bool = False, one_pass: bool = False, distinct: bool = False
) -> ir.Policy:
    """Any policy that `check_policy` would let pass, without weights."""
    flag = st.booleans()
    forces = [
        force(
            name,
            draw(st.integers(1, 4)),
            bound="at least" if not exact and draw(flag) else "exactly",
            replacement=draw(flag),
        )
        for name in names
    ]
    forced = sum(line.count for line in forces)
    batch = draw(st.integers(forced + one_pass or 1, 13))
    lengths = [st.tuples(st.sampled_from(["batches", "samples"]), st.just("rest"), st.integers(1, 40))]
    lengths += [st.just(("pass", name)) for name in names]
    return policy(
        batch,
        *forces,
        epoch=("pass", "rest") if one_pass or (batch > forced and draw(st.booleans())) else draw(st.one_of(lengths)),
        last=draw(st.sampled_from(["keep", "drop", "pad"])),
        order=draw(st.sampled_from(["sequential", "shuffled"])),
        places=draw(st.sampled_from(["first", "shuffled"])),
        distinct=distinct or draw(st.booleans()),
        rest_replacement=not one_pass and draw(st.booleans()),
        seed=draw(st.integers(-(2**63), 2**63 - 1)),
    )


@st.composite
def cases(
    draw: st.DrawFn, exact: bool = False, one_pass: bool = False, small: bool = False, distinct: bool = False
) -> Case:
    """A policy and populations that can keep it."""
    names = ("a", "b", "c")[: draw(st.integers(0, 3))]
    chosen = draw(policies(names, exact, one_pass, distinct))
    disjoint = sum(not line.at_least for line in chosen.forces) > 1
    people = draw(populations(names, disjoint, small or one_pass))
    reporter = Reporter()
    check_populations(chosen, people, reporter)
    assume(not reporter.failed)
    return chosen, people


def rows_of(plan: BatchPlan, epoch: int = 0) -> np.ndarray:
    """The first batches of an epoch, all of them where there are few; the check has promised at least one."""
    assert plan.length(epoch) >= 1
    return plan.batches(epoch, 0, min(plan.length(epoch), _MOST_BATCHES))


def forced_first(chosen: ir.Policy) -> ir.Policy:
    """The same policy with its forced samples in front, so that one can tell which they are."""
    return policy(
        chosen.batch,
        *chosen.forces,
        epoch=(chosen.epoch.kind, chosen.epoch.over, chosen.epoch.count),
        last=chosen.last,
        order=chosen.order,
        places="first",
        distinct=chosen.distinct,
        rest_replacement=chosen.rest_replacement,
        seed=chosen.seed,
    )


@given(cases(), st.integers(0, 3))
def test_forced_counts(case: Case, epoch: int) -> None:
    """`force k G per n`: every batch of every epoch holds exactly k of G, at least k with `at least`."""
    plan = BatchPlan(*case)
    rows = rows_of(plan, epoch)
    for promise in plan.promises():
        counts = np.isin(rows, case[1].groups[promise.group]).sum(axis=1)
        assert [
            (int(count), row.tolist())
            for count, row in zip(counts, rows, strict=True)
            if not promise.kept(int(count), int((row >= 0).sum()))
        ] == []


@given(cases())
def test_only_samples_and_short_only_at_the_very_end(case: Case) -> None:
    """Every place holds a sample, but for the end of the last row under `last keep`, which lacks samples of the rest
    only."""
    plan = BatchPlan(*case)
    rows, last = rows_of(plan), plan.length() - 1
    assert rows.max(initial=-1) < case[1].size
    assert case[0].last == "keep" or (rows >= 0).all()
    for number, row in enumerate(rows):
        filled = int((row >= 0).sum())
        assert (row[:filled] >= 0).all()
        assert number == last or filled == plan.batch_size
        assert filled >= max(1, sum(line.count for line in case[0].forces))


@given(cases(distinct=True))
def test_distinct(case: Case) -> None:
    """`distinct`: no sample twice within one batch, whatever else the policy says."""
    for row in rows_of(BatchPlan(*case)).tolist():
        present = [position for position in row if position >= 0]
        assert sorted(set(present)) == sorted(present)


@given(cases(exact=True, small=True), st.integers(0, 2))
def test_without_replacement_a_group_is_used_up_before_it_repeats(case: Case, epoch: int) -> None:
    """`without replacement`: G is used up before any of it repeats, and no sample of it comes twice within a batch."""
    chosen = forced_first(case[0])
    rows, low = rows_of(BatchPlan(chosen, case[1]), epoch), 0
    for line in chosen.forces:
        places, members = rows[:, low : low + line.count], case[1].groups[line.group]
        low += line.count
        if line.replacement:
            continue
        assert all(len(set(row)) == line.count for row in places.tolist())
        flat = places.reshape(-1)
        for start in range(0, len(flat) - len(members) + 1, len(members)):
            assert members.tolist() == sorted(flat[start : start + len(members)].tolist())


@pytest.mark.parametrize(("rows", "uniform"), [(2048, 2**22), (0, 2**22), (0, 0)], ids=["small", "kept", "huge"])
@given(data=st.data())
def test_seams(rows: int, uniform: int, data: st.DataObject) -> None:
    """`without replacement`: across the seam of two shuffles no sample comes twice in a batch, also in groups hardly
    larger than their places, and however the shuffles are made; any block alone is a slice of the whole."""
    count = data.draw(st.integers(1, 6))
    members = Members.of(range(data.draw(st.integers(count, 2 * count + 3))))
    seed, batches = data.draw(st.integers(0, 1000)), 60
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streams, "_ROWS_LIMIT", rows)
        patch.setattr(streams, "UNIFORM_LIMIT", uniform)
        whole = Turns(members, count, seed, 1).block(0, 0, batches)
        start = data.draw(st.integers(0, batches - 1))
        stop = data.draw(st.integers(start + 1, batches))
        assert whole[start:stop].tolist() == Turns(members, count, seed, 1).block(0, start, stop).tolist()
    assert all(len(set(row)) == count for row in whole.tolist())
    turns = whole.reshape(-1)[: whole.size // len(members) * len(members)].reshape(-1, len(members))
    assert (np.sort(turns, axis=1) == np.arange(len(members))).all()


@given(cases(exact=True, one_pass=True), st.integers(0, 2))
def test_rest_without_replacement(case: Case, epoch: int) -> None:
    """`rest without replacement`: within one epoch no sample of R twice, and with `keep` or `pad` every one of R."""
    chosen, people = case
    plan = BatchPlan(*case)
    rows = plan.batches(epoch, 0, plan.length())
    groups = [*people.groups.values(), np.array([-1])]
    rest = np.setdiff1d(np.arange(people.size), np.concatenate(groups))
    seen = rows[~np.isin(rows, np.concatenate(groups))]
    if chosen.last != "pad":
        assert len(set(seen.tolist())) == len(seen)
    if chosen.last != "drop":
        assert rest.tolist() == sorted(set(seen.tolist()))


@given(cases(one_pass=True))
def test_rest_without_replacement_beside_at_least(case: Case) -> None:
    """With `at least` groups too, the rest's own places hold everything but exactly forced samples once an epoch."""
    chosen, people = forced_first(case[0]), case[1]
    plan = BatchPlan(chosen, people)
    exact = [people.groups[line.group] for line in chosen.forces if not line.at_least]
    rest = np.setdiff1d(np.arange(people.size), np.concatenate([np.empty(0, np.int64), *exact]))
    places = plan.batches(0, 0, plan.length())[:, sum(line.count for line in chosen.forces) :]
    seen = places[places >= 0].tolist()
    expected = {"keep": len(rest), "drop": places.size, "pad": places.size}[chosen.last]
    assert expected == len(seen)
    assert min(expected, len(rest)) == len(set(seen) & set(rest.tolist()))


@given(cases(exact=True, one_pass=True))
def test_length(case: Case) -> None:
    """An epoch over the rest is floor(|R|/r) batches with `last drop`, else ceil(|R|/r); the last short one holds
    what is left."""
    chosen, people = case
    rest = people.size - sum(len(members) for members in people.groups.values())
    places = chosen.batch - sum(line.count for line in chosen.forces)
    plan = BatchPlan(*case)
    assert (rest // places if chosen.last == "drop" else -(-rest // places)) == plan.length()
    last = plan.batches(0, plan.length() - 1, plan.length())
    missing = places * plan.length() - rest if chosen.last == "keep" else 0
    assert missing == (last < 0).sum()


@given(cases(), st.data())
def test_any_block_alone_is_a_slice_of_the_epoch(case: Case, data: st.DataObject) -> None:
    """Every batch is a pure function of its number: any block, in any order, equals its slice of the whole epoch."""
    whole = rows_of(BatchPlan(*case))
    plan = BatchPlan(*case)
    for _ in range(4):
        start = data.draw(st.integers(0, len(whole)))
        stop = data.draw(st.integers(start, len(whole)))
        assert whole[start:stop].tolist() == plan.batches(0, start, stop).tolist()


@given(cases(small=True), st.integers(1, 5), st.sampled_from(["drop", "pad"]))
def test_ranks_share_the_epoch(case: Case, world: int, uneven: str) -> None:
    """Rank j of W takes batches j, j + W, ...; all ranks the same number; together every batch once, but for the
    uneven end."""
    length = BatchPlan(*case).length()
    ranks = [rank_batches(length, rank, world, uneven) for rank in range(world)]
    assert len({len(numbers) for numbers in ranks}) == 1
    together = sorted(number for numbers in ranks for number in numbers)
    expected = length - length % world if uneven == "drop" else -(-length // world) * world
    assert list(range(expected)) == together


@given(policies(("a",)), populations(("a",), False, False))
def test_no_population_makes_the_check_fail(chosen: ir.Policy, people: Populations) -> None:
    """What cannot be kept is reported, with at most one error for a single forced group; nothing is ever raised."""
    reporter = Reporter()
    check_populations(chosen, people, reporter)
    errors = [diagnostic for diagnostic in reporter.diagnostics if diagnostic.severity == "error"]
    assert len(errors) <= 1


@given(st.integers(1, 20), st.data())
def test_weighted_batches(size: int, data: st.DataObject) -> None:
    """Weighted draws never take a sample of weight 0, and an epoch has as many draws as samples."""
    weights = np.array(data.draw(st.lists(st.floats(0, 1e300), min_size=size, max_size=size)))
    batch = data.draw(st.integers(1, 8))
    distinct = data.draw(st.booleans())
    chosen = policy(batch, weights=ir.Weights("column", "w", span=policy(1).span), distinct=distinct)
    people = Populations(size, {}, weights)
    reporter = Reporter()
    check_populations(chosen, people, reporter)
    assume(not reporter.failed)
    rows = BatchPlan(chosen, people).batches(0, 0, -(-size // batch))
    drawn = rows[rows >= 0]
    assert size == len(drawn)
    assert (weights[drawn] > 0).all()
    if distinct:
        assert all(len(set(row)) == len(row) for row in (row[row >= 0].tolist() for row in rows))


_CHANGES: dict[str, Callable[[int, int], tuple[int, int]]] = {
    "seed": lambda seed, epoch: (seed + 1, epoch),
    "epoch": lambda seed, epoch: (seed, epoch + 1),
    "swapped": lambda seed, epoch: (seed + 1, epoch - 1),
}


@given(st.integers(-100, 100), st.integers(1, 100), st.sampled_from(sorted(_CHANGES)))
def test_seeds_and_epochs_share_nothing(seed: int, epoch: int, change: str) -> None:
    """Another seed or another epoch is another order, and seed 0 epoch 1 is not seed 1 epoch 0."""

    def order(seed: int, epoch: int) -> list[int]:
        return BatchPlan(policy(1000, order="shuffled", seed=seed), Populations(1000)).batches(epoch, 0, 1)[0].tolist()

    other = order(*_CHANGES[change](seed, epoch))
    assert order(seed, epoch) != other
    # Two independent orders of 1000 agree in about one place; 12 or more in fewer than one of 10^9 pairs.
    assert sum(a == b for a, b in zip(order(seed, epoch), other, strict=True)) < 12
