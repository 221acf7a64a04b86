"""Who takes which batches, and what a batch depends on. Rows of docs/guarantees.md."""

from collections.abc import Callable

import numpy as np
from attrs import evolve
from hypothesis import assume, given
from hypothesis import strategies as st
from policies import force, policy
from sampling_cases import Case, any_cases, cases, is_member, possible, rows_of, seeds

from feedline.runtime.keys import BatchIndices
from feedline.runtime.sampler import PlanSampler
from feedline.runtime.sampling import BatchPlan, Populations, rank_batches

worlds = st.integers(1, 5)
unevens = st.sampled_from(["drop", "pad"])


def taken(case: Case, rank: int, world: int, epoch: int = 0, start: int = 0) -> list[BatchIndices]:
    """The batches of a rank, from a global batch on."""
    sampler = PlanSampler(BatchPlan(*case), (rank, world))
    sampler.go_to(epoch, start)
    return [batch for batch in sampler if isinstance(batch, BatchIndices)]


def short(case: Case, epoch: int = 0) -> Case:
    """The case, if all of its epoch is few batches."""
    assume(BatchPlan(*case).length(epoch) <= 60)
    return case


def samples(rows: np.ndarray) -> list[list[int]]:
    """The samples of each batch, without empty places."""
    return [row[row >= 0].tolist() for row in rows]


@given(st.integers(0, 200), worlds, unevens)
def test_ranks_share_the_numbers(length: int, world: int, uneven: str) -> None:
    """[ranks, uneven-drop, uneven-pad] Rank j of W takes j, j + W, ...; all the same number, none on two ranks,
    together all but the last B mod W, or all and the first ones again."""
    ranks = [rank_batches(length, rank, world, uneven) for rank in range(world)]
    assert {length // world if uneven == "drop" else -(-length // world)} == {len(numbers) for numbers in ranks}
    assert all((range(rank, rank + world * len(numbers), world) == numbers) for rank, numbers in enumerate(ranks))
    together = sorted(number for numbers in ranks for number in numbers)
    assert list(range(len(together))) == together


@given(any_cases().map(short), worlds, unevens, st.integers(0, 2))
def test_ranks_share_the_batches(case: Case, world: int, uneven: str, epoch: int) -> None:
    """[ranks, uneven-drop, uneven-pad, len] Whole batches of the one sequence that does not depend on W, with their
    global numbers; `len` is true on every rank."""
    case = evolve(case[0], uneven=uneven), case[1]
    assume(BatchPlan(*case).length(epoch) <= 60)
    whole = samples(rows_of_all(case, epoch))
    ranks = [taken(case, rank, world, epoch) for rank in range(world)]
    turns = [batch for turn in zip(*ranks, strict=True) for batch in turn]
    expected = len(whole) // world * world if uneven == "drop" else -(-len(whole) // world) * world
    assert [number % len(whole) for number in range(expected)] == [batch.number for batch in turns]
    assert [whole[number % len(whole)] for number in range(expected)] == [list(batch) for batch in turns]
    for rank, batches in enumerate(ranks):
        sampler = PlanSampler(BatchPlan(*case), (rank, world))
        sampler.go_to(epoch)
        assert len(batches) == len(sampler)


def rows_of_all(case: Case, epoch: int) -> np.ndarray:
    """All batches of an epoch."""
    plan = BatchPlan(*case)
    return plan.batches(epoch, 0, plan.length(epoch))


@given(cases(("exactly",), one_pass=True), worlds, unevens, st.integers(0, 2))
def test_ranks_share_every_batch(case: Case, world: int, uneven: str, epoch: int) -> None:
    """[across-ranks] Each rank gets places j, j + W, ... of every global batch; together they hold the batches that one
    process would get, counts of groups included."""
    batch = case[0].batch + -case[0].batch % world
    case = possible(evolve(case[0], batch=batch, across_ranks=True, uneven=uneven), case[1])
    whole = samples(rows_of_all(case, epoch))
    ranks = [taken(case, rank, world, epoch) for rank in range(world)]
    if len(whole[-1]) < world and uneven == "drop":
        del whole[-1]
    assert {len(whole)} == {len(batches) for batches in ranks}
    for number, row in enumerate(whole):
        shares = [ranks[rank][number] for rank in range(world)]
        for rank, share in enumerate(shares):
            padded = row if len(row) >= world else [row[place % len(row)] for place in range(world)]
            assert padded[rank::world] == list(share)
            assert list(range(rank, len(padded), world)) == list(share.places())
        if len(row) == batch:
            assert sorted(row) == sorted(item for share in shares for item in share)


@given(any_cases().map(short), worlds, worlds, unevens, st.integers(0, 2), st.data())
def test_the_rest_of_an_epoch_on_other_ranks(
    case: Case, before: int, after: int, uneven: str, epoch: int, data: st.DataObject
) -> None:
    """[resume, ranks] Stopped after some batches on some ranks, the rest of the epoch on any number of ranks is just
    what would have come."""
    case = evolve(case[0], uneven=uneven), case[1]
    plan = BatchPlan(*case)
    assume(before <= plan.length(epoch) <= 60)
    each = len(taken(case, 0, before, epoch))
    start = before * data.draw(st.integers(0, max(each - 1, 0)))
    whole = samples(rows_of_all(case, epoch))
    turns = [
        batch
        for turn in zip(*(taken(case, rank, after, epoch, start) for rank in range(after)), strict=True)
        for batch in turn
    ]
    left = len(whole) - start
    expected = left // after * after if uneven == "drop" else left
    assert [list(batch) for batch in turns][:expected] == whole[start : start + expected]


@given(any_cases(), st.integers(0, 3), st.data())
def test_any_block_alone_is_a_slice_of_the_epoch(case: Case, epoch: int, data: st.DataObject) -> None:
    """[pure] Every batch is a function of its number: any block, in any order, of a plan that has made others or none,
    equals its slice of the whole epoch."""
    whole = rows_of(case, epoch)
    plan = BatchPlan(*case)
    for _ in range(4):
        start = data.draw(st.integers(0, len(whole)))
        stop = data.draw(st.integers(start, len(whole)))
        plan.batches(other := data.draw(st.integers(0, 3)), 0, min(plan.length(other), 3))
        assert whole[start:stop].tolist() == plan.batches(epoch, start, stop).tolist()


@given(any_cases(), st.integers(0, 2))
def test_an_epoch_can_be_asked_for_again(case: Case, epoch: int) -> None:
    """[pure] Nobody who changes what he was given changes what comes next."""
    plan = BatchPlan(*case)
    length = min(plan.length(epoch), 20)
    first = plan.batches(epoch, 0, length)
    copy = first.copy()
    first[:] = -7
    assert copy.tolist() == plan.batches(epoch, 0, length).tolist()


_CHANGES: dict[str, Callable[[int, int], tuple[int, int]]] = {
    "seed": lambda seed, epoch: (seed + 1, epoch),
    "epoch": lambda seed, epoch: (seed, epoch + 1),
    "swapped": lambda seed, epoch: (seed + 1, epoch - 1),
}


@given(st.integers(-100, 100), st.integers(1, 100), st.sampled_from(sorted(_CHANGES)))
def test_seeds_and_epochs_share_nothing(seed: int, epoch: int, change: str) -> None:
    """[seeds] Another seed or another epoch is another order, and seed 0 epoch 1 is not seed 1 epoch 0."""

    def order(seed: int, epoch: int) -> list[int]:
        return BatchPlan(policy(1000, order="shuffled", seed=seed), Populations(1000)).batches(epoch, 0, 1)[0].tolist()

    other = order(*_CHANGES[change](seed, epoch))
    assert order(seed, epoch) != other
    # Two independent orders of 1000 agree in about one place; 12 or more in fewer than one of 10^9 pairs.
    assert sum(a == b for a, b in zip(order(seed, epoch), other, strict=True)) < 12


@given(seeds, st.integers(0, 5))
def test_streams_share_nothing(seed: int, epoch: int) -> None:
    """[seeds] Two groups of the same size in one batch, and the rest, are shuffled each in its own way."""
    chosen = policy(60, force("a", 20), force("b", 20), places="first", seed=seed)
    people = Populations(1200, {"a": range(400), "b": range(400, 800)})
    rows = BatchPlan(chosen, people).batches(epoch, 0, 20)
    one, two, rest = (rows[:, at : at + 20].reshape(-1) % 400 for at in (0, 20, 40))
    # Independent orders of 400 agree in about one place; 12 or more in fewer than one of 10^9 pairs.
    assert max((one == two).sum(), (one == rest).sum(), (two == rest).sum()) < 12
    assert not is_member(rows[:, 40:], range(800)).any()
