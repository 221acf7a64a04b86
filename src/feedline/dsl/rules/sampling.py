"""4xx: groups, splits and sampling."""

from __future__ import annotations

from feedline.dsl.diagnostics import Rule


class TooManyForced(Rule):
    """The forced groups need more places than a batch has, one alone or all together."""

    code = "FL401"
    slug = "too-many-forced"
    title = "more forced samples than places in a batch"
    bad = """\
dataset d = FakeData(size=100)
group zeros = d where label == 0
loader train from d { sample { force 9 zeros per 8 } }
"""
    good = """\
dataset d = FakeData(size=100)
group zeros = d where label == 0
loader train from d { sample { force 3 zeros per 8 } }
"""


class ForcedTwice(Rule):
    """One group is forced by two lines of a policy. What is meant is one line with the sum."""

    code = "FL402"
    slug = "forced-twice"
    title = "a group that is forced twice"
    bad = """\
dataset d = FakeData(size=100)
group zeros = d where label == 0
loader train from d { sample { force 1 zeros per 8; force at least 2 zeros per 8 } }
"""
    good = """\
dataset d = FakeData(size=100)
group zeros = d where label == 0
loader train from d { sample { force 3 zeros per 8 } }
"""


class DifferentBatchSizes(Rule):
    """A policy has one batch size. Every `per`, and `batch` where it is said as well, must agree."""

    code = "FL403"
    slug = "different-batch-sizes"
    title = "two batch sizes in one policy"
    bad = """\
dataset d = FakeData(size=100)
group zeros = d where label == 0
group ones = d where label == 1
loader train from d { sample { force 1 zeros per 8; force 1 ones per 16 } }
"""
    good = """\
dataset d = FakeData(size=100)
group zeros = d where label == 0
group ones = d where label == 1
loader train from d { sample { force 1 zeros per 8; force 1 ones per 8 } }
"""


class EndlessEpoch(Rule):
    """The forced groups fill every place, so that a pass over the rest would never end. Say how long an epoch is:
    `epoch one pass over GROUP` or `epoch 500 batches`.
    """

    code = "FL404"
    slug = "endless-epoch"
    title = "an epoch without an end"
    bad = """\
dataset d = FakeData(size=100)
group zeros = d where label == 0
loader train from d { sample { force 8 zeros per 8 } }
"""
    good = """\
dataset d = FakeData(size=100)
group zeros = d where label == 0
loader train from d { sample { force 8 zeros per 8; epoch one pass over zeros } }
"""


class EpochOverUnforced(Rule):
    """`epoch one pass over GROUP` measures an epoch by the places of that group, so the policy has to force it."""

    code = "FL405"
    slug = "epoch-over-unforced"
    title = "a pass over a group that is not forced"
    bad = """\
dataset d = FakeData(size=100)
group zeros = d where label == 0
loader train from d { sample { batch 8; epoch one pass over zeros } }
"""
    good = """\
dataset d = FakeData(size=100)
group zeros = d where label == 0
loader train from d { sample { force 2 zeros per 8; epoch one pass over zeros } }
"""


class NothingForced(Rule):
    """`places forced first` puts forced samples in front, but the policy forces none. It has no effect."""

    code = "FL406"
    slug = "nothing-forced"
    severity = "warning"
    title = "places for forced samples where none are"
    bad = """\
dataset d = FakeData(size=100)
loader train from d { sample { batch 8; order shuffled; places forced first } }
"""
    good = """\
dataset d = FakeData(size=100)
loader train from d { sample { batch 8; order shuffled } }
"""


class EmptyGroup(Rule):
    """No sample of its data set is in the group: its condition is surely not what was meant, or this is other data."""

    code = "FL410"
    slug = "empty-group"
    title = "a group without samples"
    bad = ""
    good = ""


class EmptyForcedGroup(Rule):
    """A forced group has no sample in the loader's data. A group follows its data set into the parts of a split: it
    may have samples in one part and none in another, unless the split is `stratified by` the group.
    """

    code = "FL411"
    slug = "empty-forced-group"
    title = "a forced group without samples"
    bad = ""
    good = ""


class GroupTooSmall(Rule):
    """A batch needs more different samples of a group than the group has. Without replacement, and with `distinct`, no
    sample of a group can stand twice in one batch.
    """

    code = "FL412"
    slug = "group-too-small"
    title = "a group too small for its places"
    bad = ""
    good = ""


class OverlappingGroups(Rule):
    """Two groups are forced with exact counts and share samples. A shared sample would count for both, so that
    neither count could be promised. Make the groups disjoint (`group only_a = a and not b`), or say `at least` for
    one of them.
    """

    code = "FL413"
    slug = "overlapping-groups"
    title = "exactly forced groups that share samples"
    bad = ""
    good = ""


class EmptyRest(Rule):
    """A batch has places that are not forced, but every sample is in a group whose count is exact: nothing may fill
    them."""

    code = "FL414"
    slug = "empty-rest"
    title = "no samples for the places that are not forced"
    bad = ""
    good = ""


class BadWeights(Rule):
    """The weights cannot be drawn by: one is negative or not a number, or none is above zero."""

    code = "FL415"
    slug = "bad-weights"
    title = "weights that cannot be drawn by"
    bad = ""
    good = ""


class NoBatch(Rule):
    """An epoch has no batch at all: there are fewer samples than a batch needs, and `last drop` leaves out a short
    one."""

    code = "FL416"
    slug = "no-batch"
    title = "an epoch without a batch"
    bad = ""
    good = ""


class EmptyData(Rule):
    """The loader's data has no sample."""

    code = "FL417"
    slug = "empty-data"
    title = "a loader without samples"
    bad = ""
    good = ""


class TooFewDistinct(Rule):
    """With `distinct` every sample of a batch differs, and the data has too few samples for that."""

    code = "FL418"
    slug = "too-few-distinct"
    title = "too few samples for a distinct batch"
    bad = ""
    good = ""


class RestRepeats(Rule):
    """The epoch is longer than one pass over the rest, so samples of the rest come more than once in it: each again
    only after every other one has come.
    """

    code = "FL419"
    slug = "rest-repeats"
    severity = "hint"
    title = "an epoch longer than the data"
    bad = ""
    good = ""


class UnknownField(Rule):
    """A group, a split or a weight names a field that the data does not have."""

    code = "FL430"
    slug = "unknown-field"
    title = "a field that the data does not have"
    bad = ""
    good = ""


class FieldMismatch(Rule):
    """A field is compared or used in a way that its values do not allow, such as a number with a text."""

    code = "FL431"
    slug = "field-mismatch"
    title = "a field used as something it is not"
    bad = ""
    good = ""


class UnknownClass(Rule):
    """A label or a category that the data does not have. Class names are exact: `Crack` is not `crack`."""

    code = "FL432"
    slug = "unknown-class"
    title = "a class that the data does not have"
    bad = ""
    good = ""


class SplitSizes(Rule):
    """The sizes of a split's parts do not add up to the data set. Percentages have to give 100% and counts the number
    of samples, unless a part says `rest`.
    """

    code = "FL440"
    slug = "split-sizes"
    title = "parts that do not add up"
    bad = """\
dataset d = FakeData(size=100)
split d into train 80%, val 30%
loader train from d.train { sample { batch 8; order shuffled } }
"""
    good = """\
dataset d = FakeData(size=100)
split d into train 80%, val 20%
loader train from d.train { sample { batch 8; order shuffled } }
"""


class EmptyPart(Rule):
    """A part of a split would have no sample."""

    code = "FL441"
    slug = "empty-part"
    title = "a part without samples"
    bad = ""
    good = ""


class SmallClass(Rule):
    """A stratified split divides every class among the parts, and a class has fewer samples than there are parts."""

    code = "FL442"
    slug = "small-class"
    title = "a class too small to divide"
    bad = ""
    good = ""


class UnknownPartValue(Rule):
    """A part is made of the samples with a certain value, and no sample has that value."""

    code = "FL443"
    slug = "unknown-part-value"
    title = "a part of a value that no sample has"
    bad = ""
    good = ""


class LeftOver(Rule):
    """Samples would be in no part. Parts together are the whole data set: name a part for them."""

    code = "FL444"
    slug = "left-over"
    title = "samples that no part takes"
    bad = ""
    good = ""


class SharedValue(Rule):
    """Two parts of a split are made of the same value. Parts are disjoint."""

    code = "FL445"
    slug = "shared-value"
    title = "a value in two parts"
    bad = """\
dataset d = FakeData(size=100)
split d by label into train = (0, 1), val = (1, 2)
loader train from d.train { sample { batch 8; order shuffled } }
"""
    good = """\
dataset d = FakeData(size=100)
split d by label into train = (0, 1), val = (2, 3)
loader train from d.train { sample { batch 8; order shuffled } }
"""
