"""4xx: groups, splits and policies that are not put together as they must be."""

from __future__ import annotations

from feedline.dsl.diagnostics import Rule


class NoBatchSize(Rule):
    """A policy says how many samples a batch has: `batch 64`, or the `per 64` of a `force`."""

    code = "FL460"
    slug = "no-batch-size"
    title = "a policy without a batch size"
    bad = """\
dataset d = FakeData(size=100)
loader train from d { sample { order shuffled } }
"""
    good = """\
dataset d = FakeData(size=100)
loader train from d { sample { batch 8; order shuffled } }
"""


class Contradiction(Rule):
    """Two statements of a policy cannot both hold, such as weights, which draw at random, and `order sequential`."""

    code = "FL461"
    slug = "contradiction"
    title = "statements that exclude each other"
    bad = """\
dataset d = FakeData(size=100)
loader train from d { sample { batch 8; balance by label; order sequential } }
"""
    good = """\
dataset d = FakeData(size=100)
loader train from d { sample { batch 8; balance by label } }
"""


class BadSplit(Rule):
    """A `split` is not put together as it must be: part names differ, a size is a percentage, a count or a fraction
    above zero, `rest` stands at the end, there are 2 to 10,000 folds.
    """

    code = "FL462"
    slug = "bad-split"
    title = "a split that cannot be made"
    bad = """\
dataset d = FakeData(size=100)
split d into train rest, val 20%
"""
    good = """\
dataset d = FakeData(size=100)
split d into val 20%, train rest
"""


class SplitTwice(Rule):
    """A data set is split once, so that `d.train` means one thing. A part is split by giving it a name of its own."""

    code = "FL463"
    slug = "split-twice"
    title = "a data set that is split twice"
    bad = """\
dataset d = FakeData(size=100)
split d into train 80%, val 20%
split d into 5 folds
"""
    good = """\
dataset d = FakeData(size=100)
split d into train 80%, val 20%
dataset rest_of_d = d.train
split rest_of_d into 5 folds
"""


class BadPredicate(Rule):
    """A group is made of comparisons of fields with values and of other groups, combined with `and`, `or` and `not`."""

    code = "FL464"
    slug = "bad-predicate"
    title = "a condition that says nothing about a sample"
    bad = """\
dataset d = FakeData(size=100)
group odd = d where label + 1
"""
    good = """\
dataset d = FakeData(size=100)
group odd = d where label in (1, 3, 5, 7, 9)
"""


class NoDataset(Rule):
    """A group belongs to one data set: the one before `where`, or that of the groups it is made of."""

    code = "FL465"
    slug = "no-dataset"
    title = "a group without a data set"
    bad = """\
dataset d = FakeData(size=100)
group zeros = label == 0
"""
    good = """\
dataset d = FakeData(size=100)
group zeros = d where label == 0
"""
