"""A run that is stopped anywhere and goes on from its state, on whatever machine, delivers what it would have."""

from __future__ import annotations

import json
import warnings
from typing import Any

import numpy as np
import torch
from delivered import Rows, loader_over
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import feedline

SIZE = 40
EPOCHS = 3
ROWS = Rows({"kind": np.arange(SIZE) % 4, "score": 1.0 + np.arange(SIZE) % 3}, pictures=True)
CHAIN = "RandomCrop(6); RandomHorizontalFlip(); RandomErasing(p=0.5)"

FORMS = (
    "batch {n}; order shuffled",
    "batch {n}",
    "batch {n}; weight by score",
    "batch {n}; balance by kind; distinct",
    "force 1 a per {n} with replacement",
    "force 1 a per {n} without replacement; distinct",
    "force at least 1 a per {n}; rest with replacement",
    "force at most 2 a per {n}",
    "force 1 a per {n}; weight by score",
    "draw 2 kind with 2 each",
    "mix a 1, b 2 per {n}",
    "batch {n}; repeat factor 0.5 by kind",
    "batch {n}; bucket by score into 2",
    "batch {n}; epoch 3 batches; from epoch 1 {{ force 1 a per {n}; epoch 5 batches }}",
)
batches = st.sampled_from([4, 6])
policies = st.builds(
    "{}; last {}; uneven {}; seed {}".format,
    st.builds(lambda form, n: form.format(n=n), st.sampled_from(FORMS), batches),
    st.sampled_from(["keep", "drop", "pad"]),
    st.sampled_from(["drop", "pad"]),
    st.integers(0, 99),
)


def loader(policy: str, rank: int = 0, world: int = 1, workers: int = 0, stay: bool = False) -> Any:
    """A loader of random pictures under a policy."""
    options = f"num_workers = {workers}" + f"; persistent_workers = {str(stay).lower()}" * (workers > 0)
    groups = "group a = d where kind == 1\ngroup b = d where kind == 2"
    text = f"{groups}\nloader train from d {{ transform {{ {CHAIN} }}; sample {{ {policy} }}; {options} }}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return loader_over(ROWS, text, rank=rank, world_size=world)
        except feedline.CompileError:
            assume(False)  # not every form goes with every `last`


def delivered(made: Any, count: int = 1000) -> list[tuple[int, int, torch.Tensor]]:
    """Epoch, number and pixels of the batches of the next iteration, which is left after `count`."""
    found = []
    for batch in made:
        found.append((made.current.epoch, made.current.number, batch))
        if len(found) == count:
            break
    return found


def in_turns(ranks: list[Any], count: int = 1000) -> list[tuple[int, int, torch.Tensor]]:
    """What several ranks get in the next iteration, as one rank alone would have."""
    each = [delivered(made, count) for made in ranks]
    return [item for step in zip(*each, strict=True) for item in step]


def same(left: list[Any], right: list[Any]) -> bool:
    """Whether the same batches came, equal to the bit."""
    return len(left) == len(right) and all(
        one[:2] == other[:2] and torch.equal(one[2], other[2]) for one, other in zip(left, right, strict=True)
    )


def stopped(ranks: list[Any], epoch: int, steps: int) -> tuple[list[Any], dict[str, Any]]:
    """Run to a step of an epoch; what that epoch brought, and the state, the same on every rank."""
    for made in ranks:
        made.set_epoch(epoch)
    before = in_turns(ranks, steps) if steps else []
    states = [json.loads(json.dumps(made.state_dict())) for made in ranks]
    assert all(state == states[0] for state in states)
    return before, states[0]


@settings(max_examples=60)
@given(policies, st.integers(0, EPOCHS - 1), st.integers(0, 12), st.integers(1, 4), st.integers(1, 4))
def test_any_policy_goes_on_on_any_number_of_ranks(
    policy: str, epoch: int, steps: int, before: int, after: int
) -> None:
    """Before and after together are one run's global batches, less those that do not go evenly into the ranks."""
    whole = loader(policy)
    whole.set_epoch(epoch)
    epochs = [delivered(whole) for _ in range(2)]
    had, state = stopped([loader(policy, rank, before) for rank in range(before)], epoch, steps)
    # `uneven pad` repeats the epoch's beginning at its end; what comes before that is the epoch's own.
    assert same(epochs[0][: len(had)], had[: len(epochs[0])])
    ranks = [loader(policy, rank, after) for rank in range(after)]
    for made in ranks:
        made.load_state_dict(state)
    place = state["batch"] if state["epoch"] == epoch else len(epochs[0])
    left = len(epochs[0]) - place
    kept = left if "uneven pad" in policy else left // after * after
    if state["epoch"] == epoch:
        assert len(had) == place
        assert same(epochs[0][place : place + kept], in_turns(ranks)[:kept])
    length = len(epochs[1])
    kept = length if "uneven pad" in policy else length // after * after
    assert same(epochs[1][:kept], in_turns(ranks)[:kept])


@settings(max_examples=8)
@given(
    policies, st.integers(0, 1), st.integers(1, 5), st.integers(0, 2), st.integers(0, 2), st.booleans(), st.booleans()
)
def test_any_number_of_workers_goes_on(
    policy: str, epoch: int, steps: int, before: int, after: int, stayed: bool, stay: bool
) -> None:
    """To the bit, whatever the workers had prefetched, and into the next epoch."""
    whole = loader(policy)
    whole.set_epoch(epoch)
    epochs = [delivered(whole) for _ in range(2)]
    had, state = stopped([loader(policy, workers=before, stay=stayed)], epoch, steps)
    made = loader(policy, workers=after, stay=stay)
    made.load_state_dict(state)
    rest = delivered(made) if state["epoch"] == epoch else []
    assert same(epochs[0], [*had, *rest])
    assert same(epochs[1], delivered(made))


@settings(max_examples=30)
@given(st.integers(1, 9), st.sampled_from([1, 2, 4]), st.sampled_from([1, 2, 4]), st.sampled_from(["drop", "pad"]))
def test_shared_batches_go_on_on_any_number_of_ranks(steps: int, before: int, after: int, uneven: str) -> None:
    """Each rank's share of a global batch is its places, augmented as they would be on one rank alone."""
    policy = f"force 1 a per 8 across ranks; last drop; uneven {uneven}"
    whole = [pixels for _, _, pixels in delivered(loader(policy))]
    ranks = [loader(policy, rank, before) for rank in range(before)]
    _, state = stopped(ranks, 0, steps)
    assert (0, steps) == (state["epoch"], state["batch"]) or steps >= len(whole)
    assume(steps < len(whole))
    ranks = [loader(policy, rank, after) for rank in range(after)]
    for rank, made in enumerate(ranks):
        made.load_state_dict(state)
        shares = [pixels[rank::after] for pixels in whole[steps:]]
        found = [pixels for _, _, pixels in delivered(made)]
        assert all(torch.equal(one, other) for one, other in zip(shares, found, strict=True))


@settings(max_examples=30)
@given(st.integers(0, 7), st.integers(0, 7), st.integers(1, 9), st.booleans(), st.integers(1, 3))
def test_weights_set_while_training_go_on(first: int, second: int, steps: int, forced: bool, after: int) -> None:
    """Weights of the epoch under way and those set since: the same batches as without a stop."""
    policy = f"{'force 1 a per' if forced else 'batch'} 4; weight by score; seed 3"
    weights = [np.random.default_rng(seed).random(SIZE) for seed in (first, second)]
    once = loader(policy)
    once.sampler.set_weights(weights[0])
    iterator, had = iter(once), []
    for number, batch in enumerate(iterator):
        if number == 1:
            once.sampler.set_weights(weights[1])
        had.append((once.current.epoch, once.current.number, batch))
        if len(had) == steps:
            break
    state = json.loads(json.dumps(once.state_dict()))
    left = [(once.current.epoch, once.current.number, batch) for batch in iterator]
    left += delivered(once)
    ranks = [loader(policy, rank, after) for rank in range(after)]
    for made in ranks:
        made.load_state_dict(state)
    found = in_turns(ranks)
    this = sum(epoch == 0 for epoch, _, _ in left)
    if state["epoch"] == 0:
        assert same(left[: this // after * after], found)
        found = in_turns(ranks)
    assert same(left[this:][: len(left[this:]) // after * after], found)
