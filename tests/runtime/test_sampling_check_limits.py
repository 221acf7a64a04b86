"""`at most` and `bucket`: limits that cannot be kept or leave samples out, buckets that are fewer than was said."""

import numpy as np
from checking import check, only
from policies import AT, force, policy

from feedline.compiler import ir
from feedline.runtime.sampling import Populations


def limit(group: str, count: int) -> ir.Force:
    """`force at most COUNT GROUP`."""
    return force(group, count, bound="at most")


def test_a_limit_that_can_be_kept() -> None:
    """Nothing is said of a limit with room for its group, and with others to fill the batch; an empty group has it."""
    assert check(policy(8, limit("a", 2)), Populations(100, {"a": range(20)})) == []
    assert check(policy(8, limit("a", 2)), Populations(100, {"a": []})) == []


def test_limited_groups_that_share_samples() -> None:
    """With another limited group, or one whose count is exact."""
    people = Populations(100, {"a": range(10), "b": range(8, 20)})
    found = only(policy(8, limit("a", 2), limit("b", 2)), people)
    assert (found.code, found.severity) == ("FL453", "error")
    assert found.message == "`a` and `b` are both limited with `at most` but share 2 samples"
    found = only(policy(8, force("a", 2), limit("b", 2)), people)
    assert found.code == "FL453"
    assert found.message == "`a` and `b` have an exact count and a limit but share 2 samples"


def test_nothing_but_limited_samples() -> None:
    """The places that the limits leave need other samples."""
    found = only(policy(8, limit("a", 2)), Populations(10, {"a": range(10)}))
    assert (found.code, found.severity) == ("FL454", "error")
    assert found.message == ("`a` may fill 2 of the 8 places that are not forced, and no sample is left for the others")


def test_a_limit_that_leaves_samples_out() -> None:
    """How much of the group a pass has no room for."""
    found = only(policy(8, limit("a", 1)), Populations(140, {"a": range(70)}))
    assert (found.code, found.severity) == ("FL472", "warning")
    assert found.message == (
        "86% of `a` is not reached in an epoch: `force at most 1 a per 8` lets 10 of 70 samples come"
    )


def test_a_limited_group_that_the_split_left_empty() -> None:
    """A line about a group that the loader's part lacks has no effect."""
    found = only(policy(8, limit("a", 1)), Populations(140, {"a": []}), {"a": 7})
    assert (found.code, found.severity) == ("FL478", "warning")
    assert found.notes == ("the whole data set has 7 samples of it",)


def bucket(batch: int, count: int, *forces: ir.Force) -> ir.Policy:
    """`bucket by v into COUNT`."""
    return policy(batch, *forces, bucket=ir.Bucket("v", count, span=AT), order="shuffled")


def test_more_buckets_than_full_batches() -> None:
    """How many buckets there will be instead."""
    found = only(bucket(8, 9), Populations(44, values=np.arange(44.0)))
    assert (found.code, found.severity) == ("FL455", "warning")
    assert found.message == "`bucket by v into 9` makes 5 buckets: an epoch has no more full batches"
    assert check(bucket(8, 5), Populations(44, values=np.arange(44.0))) == []


def test_a_group_too_small_beside_buckets() -> None:
    """However near its samples have to be, a group needs as many as its places."""
    people = Populations(44, {"a": [1]}, values=np.arange(44.0))
    assert only(bucket(8, 2, force("a", 2)), people).code == "FL412"
