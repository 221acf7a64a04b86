"""Forced groups: how many of a group every batch holds, which ones, and how often. Rows of docs/guarantees.md."""

import numpy as np
import pytest
from attrs import evolve
from hypothesis import assume, given
from hypothesis import strategies as st
from policies import force, policy
from sampling_cases import (
    BOUNDS,
    Case,
    between_cases,
    cases,
    each_cases,
    epoch_of,
    forced_first,
    is_member,
    members_of,
    possible,
    rest_places,
    rows_of,
    weighted_cases,
)

from feedline.runtime.sampling import BatchPlan, Members, Populations, streams
from feedline.runtime.sampling.streams import Turns


def broken(case: Case, rows: np.ndarray) -> list[tuple[str, int, list[int]]]:
    """Every batch whose count of a forced group is none that its line allows."""
    found = []
    for line in case[0].forces:
        counts = is_member(rows, case[1].groups[line.group]).sum(axis=1)
        kept = {"exactly": counts == line.count, "at least": counts >= line.count, "at most": counts <= line.count}
        found += [
            (line.group, int(counts[number]), rows[number].tolist()) for number in np.flatnonzero(~kept[line.bound])
        ]
    return found


@given(cases(("exactly",), least=1), st.integers(0, 3))
def test_exact_counts(case: Case, epoch: int) -> None:
    """[force-exact] Every batch of every epoch holds exactly k of G."""
    assert broken(case, rows_of(case, epoch)) == []


@given(cases(least=1), st.integers(0, 3))
def test_least_counts(case: Case, epoch: int) -> None:
    """[force-at-least, force-exact] At least k with `at least`, beside groups whose count is exact."""
    assert broken(case, rows_of(case, epoch)) == []


@given(cases(BOUNDS, least=1), st.integers(0, 3))
def test_counts_of_all_bounds(case: Case, epoch: int) -> None:
    """[force-at-most, force-at-least, force-exact] At most k with `at most`, beside the others."""
    assert broken(case, rows_of(case, epoch)) == []


@given(cases(("at most",), one_pass=True, least=1), st.integers(0, 2))
def test_limited_groups_are_spread(case: Case, epoch: int) -> None:
    """[force-at-most] Two full batches of a pass differ by one of G at most; each of G at most once; all of it comes,
    or k in every full batch."""
    rows = epoch_of((evolve(case[0], last="keep"), case[1]), epoch)
    for line in case[0].forces:
        members = members_of(case[1], line.group)
        counts = is_member(rows, np.array(members)).sum(axis=1)
        full = counts[(rows >= 0).all(axis=1)].tolist()
        seen = rows[is_member(rows, np.array(members))].tolist()
        assert len(set(seen)) == len(seen)
        assert max(full, default=0) - min(full, default=0) <= 1
        assert sorted(seen) == members or {line.count} >= set(full)


@given(st.integers(1, 9), st.integers(2, 9), st.integers(0, 20), st.integers(1, 40), st.sampled_from(["keep", "drop"]))
def test_length_beside_a_limited_group(count: int, batch: int, limited: int, others: int, last: str) -> None:
    """[force-at-most] If full batches and a last one can bring everything, a pass brings it; else it is as long as the
    others need beside k of G in each batch."""
    assume(count < batch)
    chosen = policy(batch, force("a", count, bound="at most"), last=last)
    size = limited + others
    full, left = divmod(size, batch)
    places = batch
    if limited > full * count + min(left, count):
        size, places = others, batch - count
    possible(chosen, people := Populations(limited + others, {"a": range(limited)}))
    assert (size // places if last == "drop" else -(-size // places)) == BatchPlan(chosen, people).length()


@given(between_cases(), st.integers(0, 2))
def test_between_two_counts(case: Case, epoch: int) -> None:
    """[force-between] `at least a` and `at most b` of one group: a to b in every batch, so B times that an epoch."""
    rows, (least, most) = epoch_of(case, epoch), case[0].forces
    assert broken(case, rows) == []
    places = int(is_member(rows, case[1].groups["a"]).sum())
    assert least.count * len(rows) <= places <= most.count * len(rows)


def test_between_two_counts_a_sample_comes_again() -> None:
    """[force-between] Each of G once in the forced places and once in the rest's."""
    chosen = policy(4, force("a", 1, bound="at least"), force("a", 3, bound="at most"))
    rows = epoch_of((chosen, Populations(18, {"a": range(6)})))
    assert [2] * 6 == np.bincount(rows[rows >= 0], minlength=18)[:6].tolist()


@given(each_cases("exactly"), st.integers(0, 2))
def test_each_value_exactly(case: Case, epoch: int) -> None:
    """[force-each] Exactly k with each value; what has two of the values never comes, in no place at all."""
    rows = epoch_of(case, epoch)
    assert broken(case, rows) == []
    several = sum(is_member(rows, members).astype(int) for members in case[1].groups.values())
    assert int(np.max(several, initial=0)) <= 1


@given(each_cases("at least"), st.integers(0, 2))
def test_each_value_at_least(case: Case, epoch: int) -> None:
    """[force-each-at-least] k or more with each value; with `last keep` every sample comes, those of two values too."""
    rows = epoch_of(case, epoch)
    assert broken(case, rows) == []
    if case[0].last == "keep":
        assert set(range(case[1].size)) == set(rows[rows >= 0].tolist())


@given(cases(("exactly",), small=True, least=1), st.integers(0, 2))
def test_a_group_is_used_up_before_it_repeats(case: Case, epoch: int) -> None:
    """[without-replacement] At no time has one sample of G come two times more than another, and never twice in a
    batch."""
    chosen = forced_first(case[0])
    rows, low = rows_of((chosen, case[1]), epoch), 0
    for line in chosen.forces:
        places, members = rows[:, low : low + line.count], members_of(case[1], line.group)
        low += line.count
        if line.replacement:
            continue
        assert all(len(set(row)) == line.count for row in places.tolist())
        seen = dict.fromkeys(members, 0)
        for position in places.reshape(-1).tolist():
            seen[position] += 1
            assert max(seen.values()) - min(seen.values()) <= 1


@pytest.mark.parametrize(("rows", "uniform"), [(2048, 2**22), (0, 2**22), (0, 0)], ids=["small", "kept", "huge"])
@given(data=st.data())
def test_seams(rows: int, uniform: int, data: st.DataObject) -> None:
    """[without-replacement, pure] Across the seam of two shuffles no sample comes twice in a batch, also in groups
    hardly larger than their places, and however the shuffles are made; any block alone is a slice of the whole."""
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


@given(cases(("exactly",), least=1), st.integers(0, 2))
def test_forced_places_hold_their_group(case: Case, epoch: int) -> None:
    """[with-replacement, places-first] With `places forced first` each line's places come first, in order, and hold
    only samples of its group, drawn with or without replacement."""
    rows, low = rows_of((forced_first(case[0]), case[1]), epoch), 0
    for line in case[0].forces:
        assert is_member(rows[:, low : low + line.count], case[1].groups[line.group]).all()
        low += line.count
    behind = rows[:, low:]
    assert not any(is_member(behind, members).any() for members in case[1].groups.values())


@given(cases(distinct=True) | weighted_cases(True).filter(lambda case: case[0].distinct) | each_cases("at least"))
def test_distinct(case: Case) -> None:
    """[distinct] No sample twice within one batch, whatever else the policy says."""
    for row in rows_of(case).tolist():
        present = [position for position in row if position >= 0]
        assert not case[0].distinct or sorted(set(present)) == sorted(present)


@given(cases(least=1))
def test_places_hold_the_same_samples_wherever_they_stand(case: Case) -> None:
    """[places-shuffled] Shuffling the places moves samples within their batch and nothing else."""
    shuffled, first = (rows_of((evolve(case[0], places=how), case[1])) for how in ("shuffled", "first"))
    assert np.sort(first, axis=1).tolist() == np.sort(shuffled, axis=1).tolist()


@given(cases(("at most",), one_pass=True, least=1))
def test_limited_groups_have_no_places(case: Case) -> None:
    """[force-at-most] An `at most` line takes no place from the rest: one pass brings every sample that is in no
    limited group, too."""
    assert case[0].batch == rest_places(case[0])
    if case[0].last == "keep":
        free = set(range(case[1].size)).difference(*(members_of(case[1], line.group) for line in case[0].forces))
        assert free <= set(epoch_of(case).reshape(-1).tolist())
