"""What stands in for samples that cannot be read, whatever is broken. The rows `replace` and `across-ranks` of
docs/guarantees.md."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

import pytest
from delivered import Rows, batches_of, loader_over
from hypothesis import given, settings
from hypothesis import strategies as st

import feedline

SIZE = 26
MANY = 129
untimed = settings(deadline=None, max_examples=40)
some_broken = st.sets(st.integers(1, SIZE - 1), max_size=7)
some_weights = st.lists(st.sampled_from([0.0, 1.0, 500.0]), min_size=SIZE, max_size=SIZE)


def loader(policy: str, broken: set[int], weights: list[float] | None = None, size: int = SIZE, **given: Any) -> Any:
    """A loader of numbers that name the sample, of which the odd ones are in group `a`."""
    kind = [number % 2 for number in range(size)]
    rows = Rows({"kind": kind, "weight": weights or [1.0] * size}, broken=tuple(broken))
    text = f"group a = d where kind == 1\nloader train from d {{ sample {{ {policy}; on error replace }} }}"
    return loader_over(rows, text, **given)


def global_batches(policy: str, broken: set[int], world: int) -> list[list[int] | None]:
    """Those of the next epoch of all ranks together; None in place of one that a rank cannot make, and the end."""
    shares: list[list[list[int] | None]] = []
    for rank in range(world):
        shares.append([])
        try:
            for batch in loader(policy, broken, rank=rank, world_size=world):
                shares[-1].append(batch.tolist())
        except feedline.LoadError:
            shares[-1].append(None)
    found: list[list[int] | None] = []
    for parts in zip_longest(*shares):
        if None in parts:
            return [*found, None]
        found.append([position for places in zip(*parts, strict=True) for position in places])
    return found


@untimed
@given(some_broken, st.sampled_from(["", "distinct; "]), st.integers(0, 99))
def test_shared_batches_do_not_depend_on_the_number_of_ranks(broken: set[int], distinct: str, seed: int) -> None:
    """[replace, across-ranks] No rank asks another what stands in there: yet with `distinct` no sample comes twice."""
    policy = f"force 2 a per 4 across ranks; {distinct}order shuffled; last drop; seed {seed}"
    alone = global_batches(policy, broken, 1)
    assert alone == global_batches(policy, broken, 2) == global_batches(policy, broken, 4)
    for batch in filter(None, alone):
        assert 2 == sum(position % 2 for position in batch)
        assert not broken & set(batch)
        assert len(set(batch)) == 4 or not distinct


@untimed
@given(st.sets(st.integers(1, MANY - 1), max_size=4), st.integers(0, 99), st.integers(MANY - 4, MANY))
def test_a_distinct_batch_fails_only_where_nothing_is_left(broken: set[int], seed: int, batch: int) -> None:
    """[replace] However few are left that the batch does not hold, they are found."""
    made = loader(f"batch {batch}; order shuffled; distinct; epoch 2 batches; seed {seed}", broken, size=MANY)
    if MANY - len(broken) >= batch:
        assert all(len(set(found)) == batch and not broken & set(found) for found in batches_of(made))
    else:
        with pytest.raises(feedline.LoadError):
            batches_of(made)


@untimed
@given(some_broken, some_weights, st.sampled_from(["", "distinct; "]), st.booleans(), st.integers(0, 99))
def test_nothing_of_weight_zero_stands_in(
    broken: set[int], weights: list[float], distinct: str, from_python: bool, seed: int
) -> None:
    """[replace, weights-set] By weights of a stage and by those set from Python; what a heavy sample leaves is tried
    although it is drawn once in many times."""
    spare = [place for place in range(SIZE) if place not in broken][:3]
    weights = [1.0 if place in spare else weight for place, weight in enumerate(weights)]
    policy = f"batch 3; {distinct}seed {seed}"
    if from_python:
        made = loader(f"{policy}; weight by {{ rest 1 }}", broken)
        made.sampler.set_weights(weights)
    else:
        made = loader(f"{policy}; from epoch 1 {{ batch 3; {distinct}weight by weight }}", broken, weights)
        made.set_epoch(1)
    for batch in batches_of(made):
        assert all(weights[position] for position in batch)
        assert not broken & set(batch)
        assert len(set(batch)) == len(batch) or not distinct
