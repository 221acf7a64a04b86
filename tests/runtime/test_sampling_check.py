"""What data cannot keep is said before anything runs, with the numbers."""

import numpy as np
import pytest
from checking import check, only
from policies import AT, force, policy

from feedline.compiler import ir
from feedline.dsl.diagnostics import Reporter
from feedline.runtime.sampling import Populations, check_populations


def test_a_policy_that_can_be_kept() -> None:
    """Nothing is said about a policy that the data can keep."""
    assert check(policy(8, force("a", 3)), Populations(100, {"a": range(10)})) == []


def test_empty_forced_group() -> None:
    """An empty group cannot be forced."""
    found = only(policy(8, force("a", 3)), Populations(100, {"a": []}))
    assert (found.code, found.severity) == ("FL411", "error")
    assert found.message == "`force 3 a per 8 without replacement` cannot be kept: `a` has 0 samples"


def test_group_too_small() -> None:
    """More places without replacement than the group has samples; the message has both numbers."""
    found = only(policy(8, force("rare", 3), distinct=True), Populations(100, {"rare": [5, 6]}))
    assert found.code == "FL412"
    assert found.message == "`force 3 rare per 8 without replacement distinct` cannot be kept: `rare` has 2 samples"


def test_group_too_small_with_replacement() -> None:
    """With replacement a group of two fills three places, unless the batch must be distinct."""
    people = Populations(100, {"rare": [5, 6]})
    assert check(policy(8, force("rare", 3, replacement=True)), people) == []
    assert only(policy(8, force("rare", 3, replacement=True), distinct=True), people).code == "FL412"


def test_overlapping_groups() -> None:
    """Groups with exact counts that share samples: how many, and which."""
    found = only(policy(8, force("a", 1), force("b", 1)), Populations(100, {"a": range(10), "b": range(3, 30)}))
    assert found.code == "FL413"
    assert found.message == "`a` and `b` are both forced with an exact count but share 7 samples"
    assert found.notes == ("shared: position 3, position 4, position 5, position 6, position 7 and 2 more",)


def test_overlapping_groups_are_named_by_the_caller() -> None:
    """Whoever knows the files names the shared samples."""
    reporter = Reporter()
    people = Populations(100, {"a": range(10), "b": [9, 50]})
    check_populations(policy(8, force("a", 1), force("b", 1)), people, reporter, lambda position: f"{position}.png")
    assert reporter.diagnostics[0].notes == ("shared: 9.png",)


def test_overlap_is_fine_with_at_least() -> None:
    """A group with `at least` may share samples with any other, as long as it has some of its own."""
    people = Populations(100, {"a": range(10), "b": range(5, 30)})
    assert check(policy(8, force("a", 1), force("b", 1, bound="at least")), people) == []


def test_at_least_group_inside_an_exact_one() -> None:
    """An `at least` group that lies inside an exactly forced one has nothing to draw from."""
    people = Populations(100, {"a": range(10), "b": range(5)})
    found = only(policy(8, force("a", 1), force("b", 1, bound="at least")), people)
    assert found.code == "FL411"
    assert "5 samples of `b` are also in a group whose count is exact" in found.notes


def test_group_that_the_split_left_empty() -> None:
    """A group that only the loader's part lacks: how many samples there are elsewhere."""
    found = only(policy(8, force("a", 3)), Populations(100, {"a": []}), {"a": 12})
    assert found.notes[-1] == "the whole data set has 12 samples of `a`, all in other parts"


EACH = [force(f'd where category == "{name}"', 1, each=True) for name in ("crack", "void")]
CRACKS, VOIDS = (line.group for line in EACH)


def test_each_value_needs_samples_that_carry_only_it() -> None:
    """Exact counts leave samples of several values out; a value that has no other is named."""
    found = only(policy(8, *EACH), Populations(100, {CRACKS: range(10), VOIDS: range(2, 5)}))
    assert found.code == "FL411"
    assert found.message == (
        '`force 1 of each category per 8 without replacement` cannot be kept: `category == "void"` has 3 samples'
    )
    assert found.label == "0 to draw from, 1 needed"
    assert '3 samples of `category == "void"` carry another of the values too' in found.notes


def test_samples_of_several_values_are_left_out() -> None:
    """That samples of several values never come is said, with how many and which."""
    found = only(policy(8, *EACH), Populations(100, {CRACKS: range(10), VOIDS: range(8, 20)}))
    assert (found.code, found.severity) == ("FL474", "warning")
    assert found.message == (
        "`force 1 of each category per 8 without replacement` leaves out 2 samples of 20: with several of the values"
    )
    assert found.notes == ("position 8, position 9",)


def test_at_least_of_each_value_leaves_nothing_out() -> None:
    """With `at least` a sample counts for each of its values."""
    lines = [force(line.group, 1, bound="at least", each=True) for line in EACH]
    assert check(policy(8, *lines), Populations(100, {CRACKS: range(10), VOIDS: range(8, 20)})) == []


def test_empty_rest() -> None:
    """Every sample is forced, but a batch has other places too."""
    found = only(policy(8, force("a", 3)), Populations(10, {"a": range(10)}))
    assert found.code == "FL414"
    assert found.message == "no sample is left for the 5 places of a batch that are not forced"


def test_no_batch() -> None:
    """Fewer samples than a batch and `last drop`: an epoch without a batch."""
    found = only(policy(8, last="drop"), Populations(7))
    assert found.code == "FL416"
    assert found.message == "an epoch has no batch: 7 samples for 8 places a batch, and `last drop`"
    assert check(policy(8, last="keep"), Populations(7)) == []


@pytest.mark.parametrize("epoch", [("samples", "rest", 7), ("pass", "a")])
def test_no_batch_in_other_epochs(epoch: tuple[object, ...]) -> None:
    """So with an epoch of too few samples, or one pass over too small a group."""
    chosen = policy(8, force("a", 3, replacement=True), epoch=epoch, last="drop")
    assert only(chosen, Populations(100, {"a": [1, 2]})).code == "FL416"


def test_empty_data() -> None:
    """A loader over nothing is one fault, not one for each group."""
    assert only(policy(8, force("a", 3)), Populations(0, {"a": []})).code == "FL417"


def test_too_few_for_a_distinct_batch() -> None:
    """A distinct batch needs as many different samples as it has places."""
    found = only(policy(8, distinct=True, last="pad"), Populations(7))
    assert found.code == "FL418"
    assert found.message == "a distinct batch of 8 needs 8 different samples; there are 7"
    crowded = policy(4, force("a", 2, bound="at least"), distinct=True, rest_replacement=True)
    assert only(crowded, Populations(3, {"a": range(3)})).code == "FL418"


def test_rest_too_small_for_one_batch() -> None:
    """Without replacement the rest cannot stand twice in one batch either."""
    found = only(policy(8, epoch=("batches", "rest", 5)), Populations(7))
    assert found.code == "FL412"
    assert check(policy(8, epoch=("batches", "rest", 5), rest_replacement=True), Populations(7)) == []


def test_long_epoch_is_a_hint() -> None:
    """An epoch longer than the rest is allowed; that its samples repeat is said."""
    found = only(policy(8, epoch=("batches", "rest", 25)), Populations(100))
    assert (found.code, found.severity) == ("FL419", "hint")
    assert found.message == "an epoch takes 200 samples of a rest of 100: each comes 2.0 times"


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0, -2.0, 1.0], "1 of 3 samples has a weight below zero or none at all"),
        ([1.0, np.nan, np.inf], "2 of 3 samples have a weight below zero or none at all"),
        ([0.0, 0.0, 0.0], "all 3 samples have weight 0"),
    ],
)
def test_bad_weights(weights: list[float], message: str) -> None:
    """Weights below zero, without a value, or all zero."""
    chosen = policy(2, weights=ir.Weights("column", "w", span=AT))
    found = only(chosen, Populations(3, {}, np.array(weights)))
    assert (found.code, found.message) == ("FL415", message)


def test_distinct_with_few_positive_weights() -> None:
    """A distinct weighted batch needs as many samples that have a weight."""
    chosen = policy(2, weights=ir.Weights("column", "w", span=AT), distinct=True)
    assert only(chosen, Populations(3, {}, np.array([0.0, 1.0, 0.0]))).code == "FL418"


@pytest.mark.parametrize(
    ("epoch", "codes"),
    [(("pass", "rest"), []), (("samples", "rest", 2), []), (("samples", "rest", 3), ["FL418"]),
     (("batches", "rest", 1), ["FL418"])],
)  # fmt: skip
def test_distinct_weighted_batches_larger_than_the_data(epoch: tuple[str, str, int], codes: list[str]) -> None:
    """Only an epoch that is shorter than a batch makes do with fewer samples than the batch has places."""
    chosen = policy(4, weights=ir.Weights("column", "w", span=AT), distinct=True, epoch=epoch)
    assert codes == [found.code for found in check(chosen, Populations(2, {}, np.array([1.0, 2.0])))]


def test_weights_of_nothing_but_zero_in_the_rest() -> None:
    """Beside `force` the weights matter within the rest alone."""
    chosen = policy(4, force("a", 1), weights=ir.Weights("column", "w", span=AT))
    found = only(chosen, Populations(4, {"a": [0]}, np.array([1.0, 0.0, 0.0, 0.0])))
    assert (found.code, found.message) == ("FL415", "all 3 samples of the rest have weight 0")


def test_distinct_beside_weights_and_forced_groups() -> None:
    """The rest's places need as many samples with a weight as they are."""
    chosen = policy(4, force("a", 1), weights=ir.Weights("column", "w", span=AT), distinct=True)
    found = only(chosen, Populations(6, {"a": [0]}, np.array([9.0, 1.0, 1.0, 0.0, 0.0, 0.0])))
    assert found.code == "FL418"
    assert found.message == (
        "a distinct batch of 4 needs 3 different samples besides those with an exact count; there are 2 with a weight "
        "above zero"
    )
