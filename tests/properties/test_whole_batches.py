"""`draw`, `mix`, `repeat factor`, `bucket` and `from epoch`: what fills batches in ways of its own. Rows of
docs/guarantees.md."""

from collections import Counter
from fractions import Fraction
from math import ceil, floor, gcd

import numpy as np
from attrs import evolve
from hypothesis import assume, given
from hypothesis import strategies as st
from sampling_cases import (
    Case,
    bucket_cases,
    draw_cases,
    epoch_of,
    forced_first,
    is_member,
    members_of,
    mix_cases,
    repeat_cases,
    rest_places,
    rows_of,
    staged_cases,
)

from feedline.compiler import ir
from feedline.runtime.sampling import BatchPlan, Populations
from feedline.runtime.sampling.populations import Classes

# ---- draw


def drawn_values(case: Case, epoch: int) -> tuple[ir.Draw, list[set[int]], list[list[list[int]]]]:
    """The draw, the samples of each value, and the places of each batch value by value."""
    chosen, classes = forced_first(case[0]), case[1].classes
    assert chosen.draw is not None and classes is not None
    sets = [set(part.tolist()) for part in np.split(classes.members, classes.offsets[1:-1])]
    rows = rows_of((chosen, case[1]), epoch).reshape(-1, chosen.draw.classes, chosen.draw.each)
    return chosen.draw, sets, rows.tolist()


def one_value_each(classes: Classes) -> bool:
    """Whether every sample has one value, so that a sample says which value it was drawn for."""
    return len(set(classes.members.tolist())) == len(classes.members)


@given(draw_cases(False), st.integers(0, 2))
def test_values_and_samples_come_in_turns(case: Case, epoch: int) -> None:
    """[draw] C different values, M different samples of each; no value, and no sample of a value, comes two times more
    than another at any time."""
    draw, sets, rows = drawn_values(case, epoch)
    assert case[1].classes is not None
    assume(one_value_each(case[1].classes))
    owner = {item: number for number, items in enumerate(sets) for item in items}
    values = {number: 0 for number, items in enumerate(sets) if len(items) >= draw.each}
    samples = [dict.fromkeys(items, 0) for items in sets]
    for row in rows:
        came = [owner[places[0]] for places in row]
        assert draw.classes == len(set(came))
        for number, places in zip(came, row, strict=True):
            assert {number} == {owner[item] for item in places}
            assert draw.each == len(set(places))
            values[number] += 1
            for item in places:
                samples[number][item] += 1
            assert max(samples[number].values()) - min(samples[number].values()) <= 1
        assert max(values.values()) - min(values.values()) <= 1


@given(draw_cases(), st.integers(0, 2))
def test_values_of_samples_with_several(case: Case, epoch: int) -> None:
    """[draw, draw-with-replacement] Where samples have several values, each M places still share one, and the C values
    can be told apart."""
    draw, sets, rows = drawn_values(case, epoch)
    for row in rows:
        shared = [{number for number, items in enumerate(sets) if set(places) <= items} for places in row]
        assert matched(shared)
        assert draw.replacement or all(draw.each == len(set(places)) for places in row)


def matched(choices: list[set[int]], taken: frozenset[int] = frozenset()) -> bool:
    """Whether each of the sets can give one number that no other gives."""
    if not choices:
        return True
    return any(matched(choices[1:], taken | {one}) for one in choices[0] - taken)


@given(draw_cases(True), st.integers(0, 2))
def test_values_in_turns_with_replacement(case: Case, epoch: int) -> None:
    """[draw-with-replacement] C different values with M places each, all of them in turns, small ones too."""
    draw, sets, rows = drawn_values(case, epoch)
    assert case[1].classes is not None
    assume(one_value_each(case[1].classes))
    owner = {item: number for number, items in enumerate(sets) for item in items}
    values = dict.fromkeys(range(len(sets)), 0)
    for row in rows:
        came = [{owner[item] for item in places} for places in row]
        assert all(len(found) == 1 for found in came)
        assert draw.classes == len(set().union(*came))
        values.update((number, values[number] + 1) for found in came for number in found)
        assert max(values.values()) - min(values.values()) <= 1


@given(draw_cases(), st.integers(0, 2))
def test_length_of_draws(case: Case, epoch: int) -> None:
    """[draw, draw-with-replacement] By default as many batches as the data has samples, every one full."""
    rows = epoch_of(case, epoch)
    assert (rows >= 0).all()
    size, batch = case[1].size, case[0].batch
    one_pass = size // batch if case[0].last == "drop" else -(-size // batch)
    assert (one_pass if case[0].epoch.kind == "pass" else case[0].epoch.count) == len(rows)


# ---- mix


@given(mix_cases(), st.integers(0, 2))
def test_mixed_shares(case: Case, epoch: int) -> None:
    """[mix, mix-with-replacement] In every batch floor or ceil of each part's share, over a period exactly it."""
    assert case[0].mix is not None
    parts, rows = case[0].mix.parts, rows_of(case, epoch)
    total = sum(part.share for part in parts)
    period = total // gcd(*(part.share for part in parts))
    assert (rows >= 0).all()
    for part in parts:
        exact = Fraction(case[0].batch * part.share, total)
        counts = is_member(rows, case[1].groups[part.group]).sum(axis=1)
        assert set(counts.tolist()) <= {floor(exact), ceil(exact)}
        for start in range(0, len(rows) - period + 1, period):
            assert exact * period == counts[start : start + period].sum()
        # So that no part waits: the shares are met to within two samples at any time.
        lag = np.abs(np.cumsum(counts) - float(exact) * np.arange(1, len(rows) + 1))
        assert lag.max() < 2


@given(mix_cases(False), st.integers(0, 2))
def test_each_part_is_used_up_before_it_repeats(case: Case, epoch: int) -> None:
    """[mix, without-replacement] Each part goes on through its own shuffles, whatever the others do."""
    assert case[0].mix is not None
    rows = rows_of((forced_first(case[0]), case[1]), epoch)
    for part in case[0].mix.parts:
        members = case[1].groups[part.group]
        assert all(len(set(found)) == len(found) for found in (row[is_member(row, members)].tolist() for row in rows))
        if len(members) > 60:
            continue
        seen = dict.fromkeys(members_of(case[1], part.group), 0)
        for position in rows[is_member(rows, members)].tolist():
            seen[position] += 1
            assert max(seen.values()) - min(seen.values()) <= 1


@given(mix_cases(False), st.integers(0, 2))
def test_a_mix_is_one_pass_over_its_first_part(case: Case, epoch: int) -> None:
    """[mix] As many batches as bring all of the first part, or of the part named; with `drop` none of it twice."""
    assert case[0].mix is not None
    over = case[0].mix.parts[0].group if case[0].epoch.over == "rest" else case[0].epoch.over
    members = case[1].groups[over]
    assume(case[0].epoch.kind == "pass" and len(members) <= 60)
    rows = epoch_of(case, epoch)
    if case[0].last == "drop":
        assert len(set(found := rows[is_member(rows, members)].tolist())) == len(found)
        longer = evolve(case[0], epoch=evolve(case[0].epoch, kind="batches", count=len(rows) + 1))
        assert is_member(epoch_of((longer, case[1]), epoch), members).sum() > len(members)
    else:
        assert set(members_of(case[1], over)) <= set(rows.reshape(-1).tolist())
        period = sum(part.share for part in case[0].mix.parts)
        assert is_member(rows[: len(rows) - period], members).sum() < len(members)


# ---- repeat factor


@given(repeat_cases(), st.integers(0, 3))
def test_repeated_samples(case: Case, epoch: int) -> None:
    """[repeat-factor] A sample comes floor(r) or ceil(r) times, all together floor or ceil of the sum."""
    chosen, people = evolve(forced_first(case[0]), last="keep", distinct=False), case[1]
    places = epoch_of((chosen, people), epoch)[:, chosen.batch - rest_places(chosen) :]
    seen = Counter(places[places >= 0].tolist())
    exact = {item for line in chosen.forces if not line.at_least for item in members_of(people, line.group)}
    rest = [item for item in range(people.size) if item not in exact]
    factors = dict(enumerate(np.asarray(people.factors).tolist()))
    assert set(seen) <= set(rest)
    assert [item for item in rest if not floor(factors[item]) <= seen[item] <= ceil(factors[item])] == []
    total = sum(Fraction(factors[item]) for item in rest)
    # A sum of floats that is a whole number but for its last digits may be rounded either way.
    assert floor(total - Fraction(1, 10**9)) <= sum(seen.values()) <= ceil(total + Fraction(1, 10**9))


@given(repeat_cases().filter(lambda case: case[0].distinct), st.integers(0, 3))
def test_repeated_samples_kept_apart(case: Case, epoch: int) -> None:
    """[repeat-factor, distinct] Copies of one sample do not meet in a batch."""
    for row in rows_of(case, epoch):
        assert len(set(found := row[row >= 0].tolist())) == len(found)


# ---- bucket


def spread(values: np.ndarray, row: np.ndarray) -> int:
    """How many of the sorted `values` lie strictly between the lowest and the highest of the row."""
    low, high = np.searchsorted(values, row.min(), side="right"), np.searchsorted(values, row.max(), side="left")
    return max(int(high - low), 0)


@given(bucket_cases(), st.integers(0, 3))
def test_batches_are_of_one_bucket(case: Case, epoch: int) -> None:
    """[bucket, bucket-force] Every one of R once, at most one batch short, and each batch as alike as N buckets of
    whole batches allow; the forced counts hold."""
    chosen, people = evolve(forced_first(case[0]), last="keep"), case[1]
    assert chosen.bucket is not None
    values, r = np.asarray(people.values), rest_places(chosen)
    rows = epoch_of((chosen, people), epoch)
    places = rows[:, chosen.batch - r :]
    groups = [item for name in people.groups for item in members_of(people, name)]
    rest = np.setdiff1d(np.arange(people.size), groups)
    assert rest.tolist() == sorted(places[places >= 0].tolist())
    alike = np.sort(values[rest])
    for row in places:
        assert spread(alike, values[row[row >= 0]]) <= len(rest) / chosen.bucket.count + 2 * r
    for line in chosen.forces:
        assert (is_member(rows, people.groups[line.group]).sum(axis=1) == line.count).all()


@given(bucket_cases(), st.integers(0, 3))
def test_buckets_do_not_overlap(case: Case, epoch: int) -> None:
    """[bucket] Batches whose ranges of values overlap are of one bucket: there are at most N, none larger than its
    share."""
    chosen, people = evolve(forced_first(case[0]), last="keep"), case[1]
    assert chosen.bucket is not None
    r = rest_places(chosen)
    places = epoch_of((chosen, people), epoch)[:, chosen.batch - r :]
    values = np.asarray(people.values)
    ranges = sorted((values[row[row >= 0]].min(), values[row[row >= 0]].max(), int((row >= 0).sum())) for row in places)
    rest = sum(count for *_, count in ranges)
    bounds: list[tuple[float, float, int]] = []
    for low, high, count in ranges:
        if bounds and low < bounds[-1][1]:
            bounds[-1] = (bounds[-1][0], max(bounds[-1][1], high), bounds[-1][2] + count)
        else:
            bounds.append((low, high, count))
    assert max(count for *_, count in bounds) <= rest / chosen.bucket.count + 2 * r


@given(bucket_cases(False), st.integers(0, 3))
def test_buckets_in_order(case: Case, epoch: int) -> None:
    """[bucket, order-sequential] `order sequential` goes up through the values."""
    rows = epoch_of((evolve(case[0], order="sequential", places="first", last="keep"), case[1]), epoch)
    values = np.asarray(case[1].values)
    highest = -np.inf
    for row in rows:
        assert highest <= values[row[row >= 0]].min()
        highest = values[row[row >= 0]].max()


@given(bucket_cases(), st.integers(0, 3))
def test_forced_samples_are_like_their_batch(case: Case, epoch: int) -> None:
    """[bucket-force] Where a group has enough samples in a batch's own range, what is forced lies in or next to it."""
    chosen, people = evolve(forced_first(case[0]), last="keep"), case[1]
    assert chosen.bucket is not None
    values, r, low = np.asarray(people.values), rest_places(chosen), 0
    rows = epoch_of((chosen, people), epoch)
    rest = np.sort(values[np.unique(rows[:, chosen.batch - r :][rows[:, chosen.batch - r :] >= 0])])
    reach = len(rest) // chosen.bucket.count + 2 * r
    for line in chosen.forces:
        own = values[members_of(people, line.group)]
        for row in rows:
            batch = values[row[chosen.batch - r :][row[chosen.batch - r :] >= 0]]
            if ((own >= batch.min()) & (own <= batch.max())).sum() < line.count:
                continue
            first = int(np.searchsorted(rest, batch.min()))
            last = int(np.searchsorted(rest, batch.max(), side="right")) - 1
            forced = values[row[low : low + line.count]]
            assert first - reach < 0 or forced.min() >= rest[first - reach]
            assert last + reach >= len(rest) or forced.max() <= rest[last + reach]
        low += line.count


# ---- stages


def stage_of(case: Case, epoch: int) -> tuple[ir.Policy, Populations]:
    """The policy and the populations of an epoch: those of the last stage that has begun."""
    found = evolve(case[0], stages=()), evolve(case[1], stages=())
    for stage, people in zip(case[0].stages, case[1].stages, strict=True):
        if stage.epoch <= epoch:
            found = stage.policy, people
    return found


@given(staged_cases(), st.integers(0, 8))
def test_stages(case: Case, epoch: int) -> None:
    """[stages] An epoch is just what the policy of its stage alone would give, length included."""
    alone = BatchPlan(*stage_of(case, epoch))
    plan = BatchPlan(*case)
    assert alone.length(epoch) == plan.length(epoch)
    assert alone.batches(epoch, 0, alone.length(epoch)).tolist() == plan.batches(epoch, 0, plan.length(epoch)).tolist()
