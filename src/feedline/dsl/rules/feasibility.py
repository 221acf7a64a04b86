"""4xx: policies that the data cannot keep, or keeps in a way that was surely not meant."""

from __future__ import annotations

from feedline.dsl.diagnostics import Rule


class TooFewValues(Rule):
    """`draw C FIELD with M each` needs C values of the field with M samples each (one is enough `with replacement`),
    and the loader's data has fewer.
    """

    code = "FL450"
    slug = "too-few-values"
    title = "too few values to draw"
    bad = ""
    good = ""


class OverlappingParts(Rule):
    """Two parts of a mix share samples. A shared sample would count for both, so that neither share could be
    promised.
    """

    code = "FL451"
    slug = "overlapping-parts"
    title = "parts of a mix that share samples"
    bad = ""
    good = ""


class EmptyMixPart(Rule):
    """A part of a mix has no sample in the loader's data, but every batch is to hold its share of it."""

    code = "FL452"
    slug = "empty-mix-part"
    title = "a part of a mix without samples"
    bad = ""
    good = ""


class OverlappingLimits(Rule):
    """A group with `at most` shares samples with another such group, or with a group whose count is exact. A shared
    sample would count for both, so that the limit could not be promised.
    """

    code = "FL453"
    slug = "overlapping-limits"
    title = "a limited group that shares samples"
    bad = ""
    good = ""


class TooManyLimited(Rule):
    """Limited groups may fill only some of a batch's places, and nothing else is left for the others: every other
    sample is in a limited group, or in one whose count is exact.
    """

    code = "FL454"
    slug = "too-many-limited"
    title = "no samples beside the limited groups"
    bad = ""
    good = ""


class MoreBucketsThanBatches(Rule):
    """A bucket is made of whole batches, so there cannot be more buckets than batches. The samples are cut into as
    many buckets as there are batches instead, each a batch of its own.
    """

    code = "FL455"
    slug = "more-buckets-than-batches"
    severity = "warning"
    title = "more buckets than batches"
    bad = ""
    good = ""


class SeenTooOften(Rule):
    """Some samples come very much more often than the others: at least 50 times an epoch, and at least 20 times as
    often as the rest. A network learns such samples by heart. The count follows from how few samples fill how many
    places: force fewer of them, give them less weight, make the epoch shorter, or get more of them.
    """

    code = "FL470"
    slug = "seen-too-often"
    severity = "warning"
    title = "a few samples that come again and again"
    bad = ""
    good = ""


class RestNotReached(Rule):
    """The epoch ends before the rest has been gone through once: more than a tenth of it does not come. Shuffled, it is
    another part of the rest in every epoch; in `order sequential` it is always the same samples that never come.
    """

    code = "FL471"
    slug = "rest-not-reached"
    severity = "warning"
    title = "an epoch that leaves out much of the rest"
    bad = ""
    good = ""


class LimitLeavesOut(Rule):
    """`at most` leaves so few places to a group that an epoch, which is as long as the other samples need, does not
    bring more than a tenth of the group.
    """

    code = "FL472"
    slug = "limit-leaves-out"
    severity = "warning"
    title = "a limit that leaves samples out"
    bad = ""
    good = ""


class ValuesNeverDrawn(Rule):
    """`draw` takes M different samples of each value, so that a value with fewer is never drawn: its samples never
    come. Draw fewer of each, or `with replacement`.
    """

    code = "FL473"
    slug = "values-never-drawn"
    severity = "warning"
    title = "values with too few samples to be drawn"
    bad = ""
    good = ""


class InSeveralValues(Rule):
    """`force k of each FIELD` counts exactly, so a sample that carries several of the values would count for each of
    them. Such samples are left out: they never come. With `force at least k of each` they come and count for each.
    """

    code = "FL474"
    slug = "in-several-values"
    severity = "warning"
    title = "samples of several forced values"
    bad = ""
    good = ""


class OutsideTheMix(Rule):
    """Samples of the loader's data are in no part of the mix, so they never come."""

    code = "FL475"
    slug = "outside-the-mix"
    severity = "warning"
    title = "samples in no part of a mix"
    bad = ""
    good = ""


class AbsentClass(Rule):
    """A class has samples in the data set, but none in the part that a loader reads: the split put them all elsewhere.
    A network cannot learn such a class, or its accuracy cannot be measured. `stratified by` the field divides every
    class among the parts.
    """

    code = "FL476"
    slug = "absent-class"
    severity = "warning"
    title = "a class that the split left without samples"
    bad = ""
    good = ""


class LastBatchOfOne(Rule):
    """The last batch of an epoch holds a single sample, because `last keep` keeps it. Batch normalisation cannot train
    on one sample, and its loss counts as much as that of a full batch. `last drop` leaves it out, `last pad` fills it.
    """

    code = "FL477"
    slug = "last-batch-of-one"
    severity = "warning"
    title = "a last batch of one sample"
    bad = ""
    good = ""


class GroupGoneAfterSplit(Rule):
    """A group that a policy weighs or limits has samples in the data set, but none in the part that the loader reads,
    so that the line has no effect. `stratified by` the group divides it among the parts.
    """

    code = "FL478"
    slug = "group-gone-after-split"
    severity = "warning"
    title = "a group that the split left without samples"
    bad = ""
    good = ""


class MissingValues(Rule):
    """`bucket by` puts samples in order by a number, and some have none: the field is empty, not a number or infinite
    for them. Leave them out with a group or a split, or take another field.
    """

    code = "FL433"
    slug = "missing-values"
    title = "samples without the number they are sorted by"
    bad = ""
    good = ""
