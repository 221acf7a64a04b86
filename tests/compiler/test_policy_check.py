"""What is wrong with a policy or a split whatever the data."""

import pytest
from policies import AT, force, policy

from feedline.compiler import ir
from feedline.compiler.policy_check import check_policy, check_split
from feedline.dsl.diagnostics import Reporter

MIX = ir.Mix((ir.MixPart("a", 1, span=AT),), span=AT)
WEIGHTS = ir.Weights("balance", "label", span=AT)


def messages(node: ir.Policy | ir.Split) -> list[tuple[str, str]]:
    """Code and message of everything reported."""
    reporter = Reporter()
    if isinstance(node, ir.Policy):
        check_policy(node, reporter)
    else:
        check_split(node, reporter)
    return [(found.code, found.message) for found in reporter.diagnostics]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (policy(8, force("a", 3), force("b", 5), epoch=("pass", "a")), []),
        (policy(8, force("a", 9)), [("FL401", "a batch of 8 cannot hold 9 of `a`")]),
        (policy(8, force("a", 5), force("b", 4)), [("FL401", "the forced groups need 9 places, a batch has 8")]),
        (policy(8, force("a", 1), force("a", 2)), [("FL402", "`a` is forced twice")]),
        (
            policy(8, force("a", 8)),
            [("FL404", "the forced groups fill all 8 places, so that no pass over the rest says where an epoch ends")],
        ),
        (policy(8, force("a", 8), epoch=("batches", "rest", 5)), []),
        (
            policy(8, force("a", 1), epoch=("pass", "b")),
            [("FL405", "an epoch cannot be one pass over `b`, which is not forced")],
        ),
        (policy(8, force("a", 1), weights=WEIGHTS), []),
        (policy(8, weights=WEIGHTS), []),
        (policy(8, force("a", 5), force("b", 2, bound="at most")), []),
        (
            policy(8, force("a", 5), force("b", 3, bound="at most")),
            [("FL428", "only 3 of 8 places could hold `b`, and it may fill 3")],
        ),
        (
            policy(8, force("a", 8, bound="at most")),
            [("FL428", "a batch of 8 never holds more than 8 of `a` anyway")],
        ),
        (
            policy(8, force("b", 5), force("a", 2, bound="at least"), force("a", 3, bound="at most")),
            [("FL428", "only 3 of 8 places could hold `a`, and it may fill 3")],
        ),
        (policy(8, force("a", 2, bound="at least"), force("a", 2, bound="at most")), []),
        (policy(8, force("a", 9, bound="at most")), [("FL427", "a batch of 8 never holds 9 of `a`")]),
        (
            policy(8, force("a", 3, bound="at most"), epoch=("pass", "a")),
            [("FL405", "an epoch cannot be one pass over `a`, which is not forced")],
        ),
        (policy(8, draw=ir.Draw(4, "label", 2, span=AT)), []),
        (policy(8, mix=MIX, epoch=("pass", "a")), []),
        (
            policy(8, mix=MIX, epoch=("pass", "b")),
            [("FL405", "an epoch cannot be one pass over `b`, which is not in the mix")],
        ),
        (
            policy(8, force("a", 8), weights=WEIGHTS, epoch=("batches", "rest", 5)),
            [("FL424", "the forced groups fill all 8 places, and leave none for `balance by`")],
        ),
    ],
)
def test_policies(chosen: ir.Policy, expected: list[tuple[str, str]]) -> None:
    """Counts above the batch, groups twice, epochs without an end, forms that do not go together: each said once."""
    assert messages(chosen) == expected


def percentages(*sizes: float | None) -> ir.Split:
    """A split into parts of percentages; None is `rest`."""
    parts = [ir.Part(f"p{n}", None if size is None else ir.Percent(size), span=AT) for n, size in enumerate(sizes)]
    return ir.Split("d", "sizes", tuple(parts), span=AT)


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        (percentages(80, 20), []),
        (percentages(33.3, 33.3, 33.4), []),
        (percentages(80, None), []),
        (percentages(80, 30), [("FL440", "the parts of `d` are 110% together, not 100%")]),
        (percentages(80, 10), [("FL440", "the parts of `d` are 90% together, not 100%")]),
        (percentages(80, 30, None), [("FL440", "the parts of `d` are 110% together, not 100%")]),
    ],
)
def test_percentages(split: ir.Split, expected: list[tuple[str, str]]) -> None:
    """Percentages give 100%, or less with a `rest`."""
    assert messages(split) == expected


def test_a_value_in_two_parts() -> None:
    """Parts by value are disjoint."""
    parts = (ir.Part("train", None, (0, 1), span=AT), ir.Part("val", None, (1, 2), span=AT))
    assert messages(ir.Split("d", "values", parts, by="fold", span=AT)) == [("FL445", "the value `1` is in two parts")]
