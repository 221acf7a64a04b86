"""The places that are not forced, how long an epoch is, and in what order things come. Rows of docs/guarantees.md."""

from collections import Counter

import numpy as np
from attrs import evolve
from hypothesis import assume, given
from hypothesis import strategies as st
from policies import policy
from sampling_cases import (
    BOUNDS,
    HUGE,
    Case,
    any_cases,
    cases,
    epoch_of,
    forced_first,
    is_member,
    members_of,
    policies,
    populations,
    rest_places,
    rest_size,
    rows_of,
)

from feedline.compiler import ir
from feedline.dsl.diagnostics import Reporter
from feedline.runtime.sampling import BatchPlan, Populations, check_populations


def rest_of(case: Case) -> list[int]:
    """Everything outside the groups whose count is exact."""
    exact = {item for line in case[0].forces if line.bound == "exactly" for item in members_of(case[1], line.group)}
    return sorted(set(range(case[1].size)) - exact)


def rests_own(case: Case, epoch: int = 0) -> np.ndarray:
    """What stands in the rest's own places, batch by batch."""
    return epoch_of((forced_first(case[0]), case[1]), epoch)[:, case[0].batch - rest_places(case[0]) :]


@given(cases(("exactly",), one_pass=True), st.integers(0, 2))
def test_the_rest_comes_once(case: Case, epoch: int) -> None:
    """[rest-without-replacement, last-keep, last-drop, last-pad] Within one epoch no sample of R twice; with `keep` or
    `pad` every one of R."""
    places = rests_own(case, epoch)
    seen, rest = places[places >= 0].tolist(), rest_of(case)
    assert case[0].last == "pad" or len(set(seen)) == len(seen)
    assert set(seen) <= set(rest)
    assert case[0].last == "drop" or rest == sorted(set(seen))
    # What pads the last batch are places, and nothing else of the epoch comes twice.
    assert len(set(places[:-1].reshape(-1).tolist())) == places[:-1].size


@given(cases(one_pass=True))
def test_the_rest_comes_once_beside_at_least(case: Case) -> None:
    """[rest-without-replacement, force-at-least] With `at least` groups too, the rest's own places hold everything but
    exactly forced samples once an epoch."""
    places, rest = rests_own(case), rest_of(case)
    seen = places[places >= 0].tolist()
    expected = {"keep": len(rest), "drop": places.size, "pad": places.size}[case[0].last]
    assert expected == len(seen)
    assert min(expected, len(rest)) == len(set(seen) & set(rest))


@given(cases(("exactly",), small=True), st.integers(0, 2))
def test_the_rest_with_replacement(case: Case, epoch: int) -> None:
    """[rest-with-replacement] Only samples of R, r of them in every batch, |R| in one pass that is kept."""
    assume(rest_places(case[0]))
    chosen = evolve(
        case[0], rest_replacement=True, distinct=False, epoch=evolve(case[0].epoch, kind="pass", over="rest")
    )
    assume(chosen.last != "drop" or rest_size(case) >= rest_places(chosen))
    places = rests_own((chosen, case[1]), epoch)
    drawn = places[places >= 0].tolist()
    assert set(drawn) <= set(rest_of(case))
    assert (rest_size(case) if chosen.last == "keep" else places.size) == len(drawn)


@given(cases(("exactly",), one_pass=True))
def test_length_of_one_pass(case: Case) -> None:
    """[last-keep, last-drop, last-pad] An epoch over the rest is floor(|R| / r) batches with `drop`, else
    ceil(|R| / r); a kept last one holds what is left."""
    rest, places = rest_size(case), rest_places(case[0])
    plan = BatchPlan(*case)
    assert (rest // places if case[0].last == "drop" else -(-rest // places)) == plan.length()
    last = plan.batches(0, plan.length() - 1, plan.length())
    missing = places * plan.length() - rest if case[0].last == "keep" else 0
    assert missing == (last < 0).sum()


@given(cases(("exactly",), one_pass=True), st.integers(0, 3))
def test_padding_is_the_next_epochs_front(case: Case, epoch: int) -> None:
    """[last-pad] What fills a last batch are the first samples of the next epoch's order."""
    assume(not case[0].distinct)
    chosen = evolve(case[0], last="pad")
    missing = -rest_size(case) % rest_places(chosen)
    assume(missing and missing <= rest_size(case))
    this, following = (rests_own((chosen, case[1]), number).reshape(-1).tolist() for number in (epoch, epoch + 1))
    assert following[:missing] == this[len(this) - missing :]


@given(policies(()), populations((), False, True), st.integers(1, 40), st.sampled_from(["batches", "samples"]))
def test_given_lengths(chosen: ir.Policy, people: Populations, count: int, kind: str) -> None:
    """[epoch-batches, epoch-samples] N batches are N; N samples are ceil(N / n) batches, or floor with `drop`, and N
    places if the last is kept."""
    chosen = evolve(chosen, epoch=evolve(chosen.epoch, kind=kind, count=count))
    reporter = Reporter()
    check_populations(chosen, people, reporter)
    assume(not reporter.failed)
    rows = epoch_of((chosen, people))
    if kind == "batches":
        assert (count, True) == (len(rows), bool((rows >= 0).all()))
        return
    assert (count // chosen.batch if chosen.last == "drop" else -(-count // chosen.batch)) == len(rows)
    assert (count if chosen.last == "keep" else rows.size) == (rows >= 0).sum()


@given(cases(("exactly",), small=True, least=1))
def test_one_pass_over_a_group(case: Case) -> None:
    """[epoch-over-group] ceil(|G| / k) batches, or floor with `drop`; without replacement each of G comes."""
    line = case[0].forces[0]
    members = members_of(case[1], line.group)
    chosen = evolve(case[0], epoch=evolve(case[0].epoch, kind="pass", over=line.group))
    reporter = Reporter()
    check_populations(chosen, case[1], reporter)
    assume(not reporter.failed)
    rows = epoch_of((chosen, case[1]))
    assert (len(members) // line.count if chosen.last == "drop" else -(-len(members) // line.count)) == len(rows)
    seen = set(rows.reshape(-1).tolist())
    assert line.replacement or chosen.last == "drop" or set(members) <= seen


@given(any_cases(), st.integers(0, 4))
def test_only_samples_and_short_only_at_the_very_end(case: Case, epoch: int) -> None:
    """[len, last-keep, last-drop, last-pad] Whatever the form, every place holds a sample, but for the end of the last
    row under `last keep`, which lacks no forced one."""
    plan, rows = BatchPlan(*case), rows_of(case, epoch)
    assert rows.max(initial=-1) < case[1].size
    assert case[0].last == "keep" or (rows >= 0).all()
    forces = max(
        [stage for stage in case[0].stages if stage.epoch <= epoch], key=lambda stage: stage.epoch, default=None
    )
    places = sum(line.places for line in (forces.policy if forces else case[0]).forces)
    for number, row in enumerate(rows):
        filled = int((row >= 0).sum())
        assert (row[:filled] >= 0).all()
        assert number == plan.length(epoch) - 1 or filled == plan.batch_size
        assert filled >= max(1, places)


@given(any_cases(), st.integers(0, 2))
def test_no_batch_beyond_the_length(case: Case, epoch: int) -> None:
    """[len] Asking past an epoch's length is an error, not a batch."""
    length = BatchPlan(*case).length(epoch)
    for start, stop in ((0, length + 1), (length, length + 1), (-1, 1)):
        try:
            BatchPlan(*case).batches(epoch, start, stop)
        except IndexError:
            continue
        raise AssertionError((start, stop, length))


@given(cases(("exactly",), one_pass=True), st.integers(0, 3))
def test_sequential_order(case: Case, epoch: int) -> None:
    """[order-sequential] The rest in the order of the data, in every epoch, beside forced groups too."""
    chosen = evolve(case[0], order="sequential", last="keep")
    places = rests_own((chosen, case[1]), epoch).reshape(-1)
    assert rest_of(case) == places[places >= 0].tolist()


@given(st.integers(-(2**63), 2**63 - 1), st.integers(0, 1000))
def test_every_epoch_is_a_new_order(seed: int, epoch: int) -> None:
    """[order-shuffled] Two epochs of 1000 agree in about one place: in 12 or more in fewer than one of 10^9 pairs."""
    chosen = policy(1000, order="shuffled", seed=seed)
    one, other = (BatchPlan(chosen, Populations(1000)).batches(number, 0, 1)[0] for number in (epoch, epoch + 1))
    assert (one == other).sum() < 12
    assert (one == np.arange(1000)).sum() < 12


@given(st.integers(1, 13), st.sampled_from(["keep", "drop", "pad"]), st.integers(0, 3), st.data())
def test_a_billion_samples(batch: int, last: str, epoch: int, data: st.DataObject) -> None:
    """[rest-without-replacement, pure] Blocks anywhere in an epoch of a billion hold no sample twice, and are slices of
    each other."""
    plan = BatchPlan(policy(batch, order="shuffled", last=last), Populations(HUGE))
    assert (HUGE // batch if last == "drop" else -(-HUGE // batch)) == plan.length()
    starts = [0, plan.length() - 20, data.draw(st.integers(20, plan.length() - 40))]
    blocks = [plan.batches(epoch, start, start + 20) for start in starts]
    seen = Counter(np.concatenate(blocks if last != "pad" else [blocks[0], blocks[2]]).reshape(-1).tolist())
    seen.pop(-1, None)
    assert {1} == set(seen.values())
    start = data.draw(st.integers(0, 20))
    assert blocks[2][start:].tolist() == plan.batches(epoch, starts[2] + start, starts[2] + 20).tolist()


@given(cases(BOUNDS, one_pass=True, least=1), st.integers(0, 2))
def test_groups_stay_within_themselves(case: Case, epoch: int) -> None:
    """[places-first, force-at-most] Forced samples stand in front, in the order of the lines; `at most` has none."""
    rows, low = rows_of((forced_first(case[0]), case[1]), epoch), 0
    for line in case[0].forces:
        if line.bound == "exactly" or not case[0].distinct:  # its own sample in the rest's places may stand for it
            assert is_member(rows[:, low : low + line.places], case[1].groups[line.group]).all()
        low += line.places


@given(policies(("a",), BOUNDS), populations(("a",), False, False))
def test_no_population_makes_the_check_fail(chosen: ir.Policy, people: Populations) -> None:
    """What cannot be kept is reported, with at most one error for a single forced group; nothing is ever raised."""
    reporter = Reporter()
    check_populations(chosen, people, reporter)
    errors = [diagnostic for diagnostic in reporter.diagnostics if diagnostic.severity == "error"]
    assert len(errors) <= 1
