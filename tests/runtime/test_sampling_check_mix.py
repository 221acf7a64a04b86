"""`mix`: whether each part can give its share, and what is in no part."""

from typing import Any

from checking import check, only
from policies import AT, policy

from feedline.compiler import ir
from feedline.runtime.sampling import Populations


def mix(batch: int, *shares: tuple[str, int], replacement: bool = False, **options: Any) -> ir.Policy:
    """`mix A a, B b per BATCH`."""
    parts = tuple(ir.MixPart(name, share, span=AT) for name, share in shares)
    return policy(batch, mix=ir.Mix(parts, replacement, span=AT), order="shuffled", **options)


REAL_AND_SYNTHETIC = (("real in all", 3), ("synthetic in all", 1))


def test_parts_that_can_give_their_shares() -> None:
    """Nothing is said about parts that are large enough and together everything."""
    people = Populations(40, {"real in all": range(30), "synthetic in all": range(30, 40)})
    assert check(mix(8, *REAL_AND_SYNTHETIC), people) == []


def test_empty_part() -> None:
    """A part without samples is named as the user wrote it."""
    people = Populations(30, {"real in all": range(30), "synthetic in all": []})
    found = only(mix(8, *REAL_AND_SYNTHETIC), people)
    assert (found.code, found.severity) == ("FL452", "error")
    assert found.message == (
        "`mix real 3, synthetic 1 per 8 without replacement` cannot be kept: `synthetic` has no sample here"
    )


def test_parts_that_share_samples() -> None:
    """How many samples two parts share, and which."""
    found = only(mix(8, ("a", 1), ("b", 1)), Populations(20, {"a": range(10), "b": range(7, 20)}))
    assert (found.code, found.severity) == ("FL451", "error")
    assert found.message == "`a` and `b` are parts of a mix but share 3 samples"
    assert found.notes == ("shared: position 7, position 8, position 9",)


def test_part_smaller_than_its_share() -> None:
    """A part needs as many samples as its share of a batch rounded up, unless it may repeat."""
    people = Populations(32, {"a": range(2), "b": range(2, 32)})
    found = only(mix(10, ("a", 1), ("b", 3)), people)
    assert found.code == "FL412"
    assert found.label == "2 to draw from, up to 3 needed"
    assert check(mix(10, ("a", 1), ("b", 3), replacement=True), people) == []


def test_samples_in_no_part() -> None:
    """Samples in no part never come: how many and which."""
    found = only(mix(4, ("a", 1), ("b", 1)), Populations(30, {"a": range(10), "b": range(12, 30)}))
    assert (found.code, found.severity) == ("FL475", "warning")
    assert found.message == ("`mix a 1, b 1 per 4 without replacement` leaves out 2 samples of 30: no part holds them")
    assert found.label == "28 samples in `a` and `b`"
    assert found.notes == ("outside: position 10, position 11",)


def test_a_small_part_that_comes_again_and_again() -> None:
    """A small part has to fill its share of every batch of a long epoch."""
    found = only(mix(2, ("a", 1), ("b", 1)), Populations(1010, {"a": range(10, 1010), "b": range(10)}))
    assert (found.code, found.severity) == ("FL470", "warning")
    assert found.message == "each of the 10 samples of `b` comes 100 times an epoch"


def test_no_batch() -> None:
    """A pass over a part that fills less than one batch."""
    people = Populations(40, {"a": range(4), "b": range(4, 40)})
    assert only(mix(8, ("a", 5), ("b", 3), last="drop", replacement=True), people).code == "FL416"
