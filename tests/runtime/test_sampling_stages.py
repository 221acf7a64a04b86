"""Policies that change by epoch: which stage an epoch is of, and that nothing of one leaks into another."""

import numpy as np
import pytest
from attrs import evolve
from policies import AT, force, policy

from feedline.compiler import ir
from feedline.runtime.sampling import BatchPlan, Populations

GROUPS = {"a": range(10), "b": range(10, 30)}
PEOPLE = Populations(100, GROUPS)
PLAIN = policy(8, order="shuffled")
FORCED = policy(8, force("a", 2), force("b", 1))
MIXED = policy(
    8,
    mix=ir.Mix((ir.MixPart("b", 1, span=AT), ir.MixPart("a", 1, span=AT)), span=AT),
    order="shuffled",
    epoch=("batches", "rest", 9),
)


def staged(outer: ir.Policy, *stages: tuple[int, ir.Policy]) -> BatchPlan:
    """A plan with stages, each over the same data."""
    made = tuple(ir.Stage(epoch, inner, span=AT) for epoch, inner in stages)
    return BatchPlan(evolve(outer, stages=made), evolve(PEOPLE, stages=(PEOPLE,) * len(stages)))


def test_each_epoch_is_of_the_last_stage_that_has_begun() -> None:
    """Its length and its batches are those of that stage's policy alone."""
    plan = staged(PLAIN, (2, FORCED), (5, MIXED))
    for epoch, alone in [(0, PLAIN), (1, PLAIN), (2, FORCED), (4, FORCED), (5, MIXED), (9, MIXED)]:
        same = BatchPlan(alone, PEOPLE)
        assert same.length(epoch) == plan.length(epoch)
        whole = plan.batches(epoch, 0, plan.length(epoch))
        assert whole.tolist() == same.batches(epoch, 0, same.length(epoch)).tolist()


def test_epochs_in_any_order() -> None:
    """Asking for epochs forwards and backwards gives the same: what is kept of one is not taken for another."""
    plan = staged(PLAIN, (1, FORCED), (2, policy(8, force("a", 2))))
    forwards = [plan.batches(epoch, 2, 5).tolist() for epoch in range(4)]
    assert forwards == [plan.batches(epoch, 2, 5).tolist() for epoch in reversed(range(4))][::-1]


def test_the_finish_is_the_stages_own() -> None:
    """`places forced first` in one stage, shuffled in another."""
    plan = staged(FORCED, (1, evolve(FORCED, places="first")))
    first, second = (np.isin(plan.batches(epoch, 0, 14)[:, :2], GROUPS["a"]).all() for epoch in (0, 1))
    assert (False, True) == (bool(first), bool(second))


def test_the_same_policy_as_a_stage_is_the_same_plan() -> None:
    """A stage that says nothing new changes no batch, and padding takes the front of the very next epoch."""
    padded = policy(8, order="shuffled", last="pad")
    plan, alone = staged(padded, (1, padded)), BatchPlan(padded, PEOPLE)
    assert plan.batches(0, 0, 13).tolist() == alone.batches(0, 0, 13).tolist()
    assert plan.batches(0, 12, 13)[0, 4:].tolist() == plan.batches(1, 0, 1)[0, :4].tolist()


def test_a_stage_must_be_possible_too() -> None:
    """What no data can satisfy is refused before any epoch."""
    with pytest.raises(ValueError, match="cannot fill 11 places"):
        staged(policy(16), (3, policy(16, force("a", 11))))
    with pytest.raises(ValueError, match="another batch size"):
        staged(PLAIN, (1, policy(4)))
