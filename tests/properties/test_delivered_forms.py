"""Every form of a policy as real loaders deliver it: lengths, ranks, resuming, pictures, broken samples, weights from
Python. Rows of docs/guarantees.md."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch
from delivered import Rows, batches_of, loader_over
from hypothesis import given, settings
from hypothesis import strategies as st

import feedline

SIZE = 37
COLUMNS = {
    "kind": [number % 3 for number in range(SIZE)],
    "label": [number % 5 * (number % 2) for number in range(SIZE)],
    "weight": [0.5 * (number % 4) for number in range(SIZE)],
    "value": [float(number * 7 % 11) for number in range(SIZE)],
}
GROUPS = "group a = d where kind == 1\ngroup b = d where kind == 2\n"
FORMS = [
    "batch 4",
    "batch 4; order shuffled",
    "batch 4; rest with replacement; epoch 30 samples",
    "force 2 a per 5 with replacement; distinct",
    "force 2 a per 5; force at least 1 b per 5; epoch 8 batches",
    "force 1 a per 4; force at most 1 b per 4; epoch 6 batches",
    "force 1 of each kind in (1, 2) per 4",
    "batch 4; weight by weight",
    "batch 4; balance by label",
    "batch 4; weight by { a 3; rest 1 }",
    "force 1 a per 4; weight by { b 5; rest 1 }",
    "draw 2 label with 2 each",
    "mix a 2, b 1 per 5",
    "batch 4; repeat factor 0.3 by label",
    "batch 4; bucket by value into 3",
    "force 1 a per 4; bucket by value into 2",
    "batch 4; order shuffled; from epoch 1 { force 2 a per 4 }",
]
untimed = settings(deadline=None, max_examples=40)
forms = st.builds(
    lambda form, last, seed: f"{form}; last {last}; seed {seed}",
    st.sampled_from(FORMS), st.sampled_from(["keep", "drop", "pad"]), st.integers(0, 99),
)  # fmt: skip
worlds = st.integers(1, 3)


def loader(policy: str, pictures: bool = True, broken: tuple[int, ...] = (), more: str = "", **given: Any) -> Any:
    """A loader of random crops, or of numbers that name the sample."""
    chain = "transform { RandomCrop(4) }\n" if pictures else ""
    text = f"{GROUPS}loader train from d {{ {chain}sample {{ {policy} }}\n{more} }}"
    return loader_over(Rows(COLUMNS, pictures, broken), text, **given)


def epoch_of(made: feedline.Loader) -> dict[int, torch.Tensor]:
    """What the next epoch delivers, by the batch's number."""
    found = {}
    for batch in made:
        assert made.current is not None and made.current.number not in found
        found[made.current.number] = batch
    return found


@untimed
@given(forms, st.integers(0, 2))
def test_length_is_true(policy: str, epoch: int) -> None:
    """[len] `len(loader)` batches come in every epoch, numbered from 0, and epochs advance by themselves."""
    made = loader(policy, pictures=False)
    for number in range(epoch + 1):
        assert number == made.epoch
        announced = len(made)
        assert list(range(announced)) == list(epoch_of(made))


@untimed
@given(forms, worlds)
def test_pictures_do_not_depend_on_ranks(policy: str, world: int) -> None:
    """[ranks, augmentation] Each rank's batches are those of one process, pixels included."""
    whole = epoch_of(loader(policy))
    for rank in range(world):
        share = epoch_of(loader(policy, rank=rank, world_size=world))
        assert list(range(rank, len(whole) // world * world, world)) == list(share)
        assert all(torch.equal(whole[number], pixels) for number, pixels in share.items())


@untimed
@given(forms, st.sampled_from([1, 2, 4]), st.sampled_from(["keep", "drop", "pad"]))
def test_pictures_of_shared_batches(policy: str, world: int, last: str) -> None:
    """[across-ranks, augmentation] `per n across ranks`: together the very pictures of one process."""
    shared = f"force 1 a per 4 across ranks; last {last}" if "force" in policy else f"batch 4 across ranks; last {last}"
    whole = epoch_of(loader(shared))
    ranks = [epoch_of(loader(shared, rank=rank, world_size=world)) for rank in range(world)]
    for number, pixels in whole.items():
        if len(pixels) == 4:
            assert all(torch.equal(pixels[rank::world], share[number]) for rank, share in enumerate(ranks))
    assert 1 == len({len(share) for share in ranks})


@untimed
@given(forms, worlds, worlds, st.integers(0, 2), st.data())
def test_resuming(policy: str, before: int, after: int, epoch: int, data: st.DataObject) -> None:
    """[resume] Stopped after any batch of any epoch, the run goes on with the very next one, also on another number of
    ranks, and then with the next epoch: equal to the bit."""
    straight = loader(policy)
    straight.set_epoch(epoch)
    whole = [epoch_of(straight), epoch_of(straight)]
    ranks = [loader(policy, rank=rank, world_size=before) for rank in range(before)]
    stop = data.draw(st.integers(0, len(whole[0]) // before))
    for made in ranks:
        made.set_epoch(epoch)
        batches = iter(made)
        for _ in range(stop if len(made) else 0):
            next(batches)
    states = [json.loads(json.dumps(made.state_dict())) for made in ranks]
    assert all(state == states[0] for state in states)
    finished = stop * before + before > len(whole[0]) and stop > 0
    start = 0 if finished else stop * before
    for rank in range(after):
        made = loader(policy, rank=rank, world_size=after)
        made.load_state_dict(states[0])
        assert epoch + finished == made.epoch
        for number, expected in enumerate(whole[int(finished) :]):
            first = start if number == 0 else 0
            share = epoch_of(made)
            end = first + (len(expected) - first) // after * after
            assert list(range(first + rank, end, after)) == list(share)
            assert all(torch.equal(expected[at], pixels) for at, pixels in share.items())


@settings(deadline=None, max_examples=6)
@given(forms, st.integers(1, 2), st.integers(0, 3))
def test_resuming_with_workers(policy: str, workers: int, stop: int) -> None:
    """[resume, augmentation] What counts is what was handed out, not what workers had prefetched."""
    options = f'num_workers = {workers}; multiprocessing_context = "fork"'
    whole = epoch_of(loader(policy))
    made = loader(policy, more=options)
    batches = iter(made)
    for _ in range(stop):
        next(batches)
    state = made.state_dict()
    del batches
    again = loader(policy, more=options)
    again.load_state_dict(state)
    rest = epoch_of(again)
    assert list(range(stop, len(whole))) == list(rest)
    assert all(torch.equal(whole[number], pixels) for number, pixels in rest.items())


@untimed
@given(
    st.sampled_from([form for form in FORMS if "weight by" in form or "balance by" in form]),
    st.lists(st.sampled_from([0.0, 1.0, 3.0]), min_size=SIZE, max_size=SIZE),
    st.integers(0, 3),
)
def test_weights_set_from_python(policy: str, weights: list[float], stop: int) -> None:
    """[weights-set] The epoch under way goes on as it began; from the next on nothing of weight 0 is drawn in the
    rest's places; a state carries them along."""
    weights = [1.0, *weights[1:]]  # something must weigh, outside the forced group
    straight = loader(policy, pictures=False)
    usual = batches_of(straight)
    made = loader(policy, pictures=False)
    batches = iter(made)
    came = [next(batches).tolist() for _ in range(stop)]
    made.sampler.set_weights(weights)
    came += [batch.tolist() for batch in batches]
    assert usual == came
    state = json.loads(json.dumps(made.state_dict()))
    forced = {index for index in range(SIZE) if "force" in policy and COLUMNS["kind"][index] == 1}
    following = batches_of(made)
    assert all(weights[index] > 0 for batch in following for index in batch if index not in forced)
    again = loader(policy, pictures=False)
    again.load_state_dict(state)
    assert following == batches_of(again)


@untimed
@given(
    st.sampled_from([form for form in FORMS if "kind" in form or "force" in form or "mix" in form]),
    st.sets(st.integers(0, SIZE - 1), max_size=8),
    st.integers(0, 99),
)
def test_replacing_keeps_the_counts(policy: str, broken: set[int], seed: int) -> None:
    """[replace] Whatever cannot be read, every batch holds as many of each group as without a broken sample, and none
    of the broken ones."""
    policy = f"{policy}; seed {seed}"
    more = "on error replace"
    whole = batches_of(loader(policy, pictures=False))
    made = loader(policy, pictures=False, broken=tuple(broken - {0}), more=more)
    batches = batches_of(made)
    # Weights promise no counts: only groups that are forced or mixed.
    named = [1, 2] if any(word in policy for word in ("1 b per", "b 1 per", "kind in")) else [1]
    counts = [[[COLUMNS["kind"][index] for index in batch] for batch in epoch] for epoch in (whole, batches)]
    for kind in named:
        assert [batch.count(kind) for batch in counts[0]] == [batch.count(kind) for batch in counts[1]]
    assert not broken - {0} & {index for batch in batches for index in batch}
    assert sum(one != other for one, other in zip(sum_of(whole), sum_of(batches), strict=True)) <= made.replaced


def sum_of(batches: list[list[int]]) -> list[int]:
    """All samples, one after the other."""
    return [index for batch in batches for index in batch]


def test_two_occurrences_of_a_sample_differ() -> None:
    """[augmentation] In one batch, and in two epochs, a sample is cropped anew each time: all alike in one of 10^40
    runs."""
    made = loader("batch 30; weight by { a 0; b 0; rest 1 }; epoch 1 batches")
    pixels = [*epoch_of(made).values(), *epoch_of(made).values()]
    assert not any(torch.equal(batch[0], batch[1]) and torch.equal(batch[1], batch[2]) for batch in pixels)
    assert not torch.equal(*pixels)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_compiles(form: str) -> None:
    """[len] The forms that the tests above draw from are good ones, each of them."""
    assert len(loader(form, pictures=False)) > 0
