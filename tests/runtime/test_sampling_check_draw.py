"""`draw`: whether there are values enough, and which never come."""

from typing import Any

import numpy as np
from checking import check, only
from policies import AT, policy

from feedline.compiler import ir
from feedline.runtime.sampling import Populations
from feedline.runtime.sampling.populations import Classes


def draw(classes: int, each: int, *, replacement: bool = False, **options: Any) -> ir.Policy:
    """`draw CLASSES label with EACH each`."""
    line = ir.Draw(classes, "label", each, replacement, span=AT)
    return policy(classes * each, draw=line, order="shuffled", **options)


def sizes(*counts: int) -> Populations:
    """Values a, b, ... with so many samples each, none of two values."""
    names = [chr(ord("a") + code) for code in range(len(counts))]
    offsets = np.concatenate([[0], np.cumsum(counts)])
    return Populations(sum(counts), classes=Classes(names, offsets, np.arange(sum(counts))))


def test_enough_values() -> None:
    """Nothing is said where each value has samples enough."""
    assert check(draw(2, 4), sizes(4, 5, 6)) == []


def test_too_few_values_of_enough_samples() -> None:
    """How many values there are, how many have samples enough, and the largest."""
    found = only(draw(3, 4), sizes(2, 9, 4, 1, 3, 2, 2))
    assert (found.code, found.severity) == ("FL450", "error")
    assert found.message == (
        "`draw 3 label with 4 each without replacement` cannot be kept: 2 of 7 values of `label` have 4 samples or more"
    )
    assert found.label == "2 to draw from, 3 needed"
    assert found.notes == ("the largest: `b` 9, `c` 4, `e` 3, `a` 2, `f` 2 and 2 more",)
    assert found.help == "draw 2 values or fewer, fewer samples of each, or allow repeats: `with replacement`"


def test_with_replacement_one_sample_is_enough() -> None:
    """With replacement only the number of values counts."""
    assert check(draw(3, 4, replacement=True), sizes(1, 2, 3)) == []
    assert only(draw(4, 2, replacement=True), sizes(1, 2, 3)).code == "FL450"


def test_distinct_needs_samples_of_their_own() -> None:
    """With `distinct` a sample of two values is no help to both."""
    shared = Populations(2, classes=Classes(["a", "b"], np.array([0, 2, 4]), np.array([0, 1, 0, 1])))
    found = only(draw(2, 1, distinct=True, replacement=True), Populations(1, classes=_one_sample_of_two()))
    assert found.code == "FL450"
    assert "have 1 sample or more of their own" in found.message
    assert check(draw(2, 1, distinct=True), shared) == []


def _one_sample_of_two() -> Classes:
    return Classes(["a", "b"], np.array([0, 1, 2]), np.array([0, 0]))


def test_values_that_are_never_drawn() -> None:
    """Values with too few samples are named, with their samples."""
    found = only(draw(2, 4), sizes(4, 5, 3, 1))
    assert (found.code, found.severity) == ("FL473", "warning")
    assert found.message == (
        "`draw 2 label with 4 each without replacement` leaves out 2 of 4 values: too few samples for 4 each"
    )
    assert (found.label, found.notes) == ("leaves out 4 samples", ("never drawn: `c` 3, `d` 1",))


def test_a_small_value_that_comes_again_and_again() -> None:
    """Every value is drawn equally often, so the samples of a small one come more often."""
    found = only(draw(2, 4), sizes(4, 400, 400))
    assert found.code == "FL470"
    assert found.message == "each of the 4 samples of `a` is expected 67 times an epoch"


def test_no_batch() -> None:
    """Fewer samples than a batch and `last drop`."""
    assert only(draw(2, 4, last="drop", replacement=True), sizes(3, 4)).code == "FL416"
