"""Epochs that are not what was meant: they leave much out, bring a few samples again and again, end in one sample."""

from typing import Any

import numpy as np
import pytest
from checking import check, only
from policies import AT, force, policy

from feedline.compiler import ir
from feedline.runtime.sampling import Populations


def test_much_of_the_rest_is_not_reached() -> None:
    """An epoch that is cut short: which share of the rest does not come, in numbers."""
    found = only(policy(8, order="shuffled", epoch=("batches", "rest", 10)), Populations(127))
    assert (found.code, found.severity) == ("FL471", "warning")
    assert found.message == "37% of the rest is not reached in an epoch: 80 of 127 samples come"
    assert found.notes == ("every epoch begins a new order, so other epochs bring others",)
    assert found.help == "`epoch one pass over rest` takes 16 batches"


def test_in_order_the_others_never_come() -> None:
    """In `order sequential` an epoch that is cut short begins at the same sample every time."""
    found = only(policy(8, epoch=("samples", "rest", 80)), Populations(127))
    assert found.notes == ("`order sequential` begins every epoch at the same sample: the others never come",)


@pytest.mark.parametrize(("size", "codes"), [(15, ["FL471"]), (1007, []), (16, [])])
def test_last_drop_may_leave_out_a_few(size: int, codes: list[str]) -> None:
    """`last drop` is worth a warning only where it leaves out more than a tenth."""
    assert codes == [item.code for item in check(policy(8, order="shuffled", last="drop"), Populations(size))]


def test_a_pass_over_a_forced_group_cuts_the_rest() -> None:
    """So is an epoch that is one pass over a small group."""
    found = only(policy(8, force("a", 2), epoch=("pass", "a")), Populations(100, {"a": range(10)}))
    assert found.message == "67% of the rest is not reached in an epoch: 30 of 90 samples come"


def test_what_is_drawn_with_replacement_is_not_counted_as_left_out() -> None:
    """A short epoch of draws leaves nothing out in particular."""
    assert check(policy(8, rest_replacement=True, epoch=("batches", "rest", 1)), Populations(100)) == []


@pytest.mark.parametrize(
    ("replacement", "message"),
    [
        (False, "each of the 2 samples of `rare` comes 400 times an epoch"),
        (True, "each of the 2 samples of `rare` is expected 400 times an epoch"),
    ],
)
def test_a_forced_sample_that_comes_again_and_again(replacement: bool, message: str) -> None:
    """How often each comes: exactly without replacement, in expectation with it."""
    chosen = policy(8, force("rare", 2, replacement=replacement))
    found = only(chosen, Populations(2402, {"rare": range(2)}))
    assert (found.code, found.severity, found.message) == ("FL470", "warning", message)
    assert found.label == "another sample comes 1.0 times on average"


def test_between_two_whole_numbers() -> None:
    """A group that does not divide the epoch's places evenly gives some samples one turn more."""
    found = only(policy(8, force("rare", 3)), Populations(504, {"rare": range(4)}))
    assert found.message == "each of the 4 samples of `rare` comes 75 times an epoch"
    found = only(policy(8, force("rare", 3)), Populations(512, {"rare": range(4)}))
    assert found.message == "each of the 4 samples of `rare` comes 76 or 77 times an epoch"


@pytest.mark.parametrize("size", [18, 40])
def test_a_group_that_is_small_but_not_tiny(size: int) -> None:
    """Ten or twenty times an epoch is what forcing is for."""
    assert check(policy(8, force("rare", 3)), Populations(600 + size, {"rare": range(size)})) == []


def test_a_weight_that_brings_one_sample_again_and_again() -> None:
    """The samples of the largest weight, in expectation."""
    weights = np.ones(1000)
    weights[3] = 110.0
    chosen = policy(8, weights=ir.Weights("column", "w", span=AT))
    found = only(chosen, Populations(1000, {}, weights))
    assert (found.code, found.severity) == ("FL470", "warning")
    assert found.message == "the one sample of the largest weight is expected 99 times an epoch"


def test_a_last_batch_of_one() -> None:
    """A shuffled epoch that `last keep` ends in a single sample."""
    found = only(policy(8, order="shuffled"), Populations(1001))
    assert (found.code, found.severity) == ("FL477", "warning")
    assert found.message == "the last batch of an epoch has 1 sample: 1,001 samples in batches of 8"
    assert found.help is not None
    assert "`last drop`" in found.help


def test_a_last_batch_of_one_draw() -> None:
    """Draws come by chance in any order, so that `order sequential` is no evaluation."""
    found = only(policy(8, order="sequential", rest_replacement=True), Populations(1001))
    assert (found.code, found.severity) == ("FL477", "warning")
    assert check(policy(8, order="sequential", rest_replacement=True), Populations(1000)) == []


@pytest.mark.parametrize(
    "chosen",
    [
        policy(8, order="sequential"),
        policy(8, order="shuffled", last="drop"),
        policy(8, order="shuffled", last="pad"),
        policy(1, order="shuffled"),
        policy(8, force("a", 1)),
        policy(8, order="shuffled", epoch=("batches", "rest", 125)),
    ],
    ids=["in order", "dropped", "filled", "batches of one", "beside a forced sample", "full batches"],
)
def test_no_last_batch_of_one(chosen: ir.Policy) -> None:
    """Reading in order is evaluation, which one sample does not disturb; the others have no such batch."""
    assert check(chosen, Populations(1001, {"a": [5, 6, 7, 8, 9, 10, 11, 12]})) == []


# ---- stages


def staged(*stages: tuple[int, ir.Policy], **options: Any) -> ir.Policy:
    """A shuffled policy of eight that becomes others."""
    later = tuple(ir.Stage(epoch, chosen, span=AT) for epoch, chosen in stages)
    return policy(8, order="shuffled", stages=later, **options)


def test_what_a_stage_cannot_keep_says_from_when() -> None:
    """Each stage is checked, and its messages begin with its epoch."""
    groups = {"rare": [1, 2]}
    chosen = staged((10, policy(8, force("rare", 3))))
    found = only(chosen, Populations(100, groups, stages=(Populations(100, groups),)))
    assert found.code == "FL412"
    assert found.message == (
        "from epoch 10: `force 3 rare per 8 without replacement` cannot be kept: `rare` has 2 samples"
    )


def test_what_a_stage_inherits_is_said_once() -> None:
    """A stage in which nothing changes about a fault does not repeat it."""
    people = Populations(1001, stages=(Populations(1001),))
    found = only(staged((5, policy(8, order="shuffled", distinct=True))), people)
    assert found.message == "the last batch of an epoch has 1 sample: 1,001 samples in batches of 8"
