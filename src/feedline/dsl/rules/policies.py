"""4xx: policies that say what cannot go together, whatever the data."""

from __future__ import annotations

from feedline.dsl.diagnostics import Rule


class NotAComponent(Rule):
    """A part of a `mix` is a group of the loader's data, or one of the data sets that its data is made of with `+`."""

    code = "FL420"
    slug = "not-a-component"
    title = "a part of a mix that is not in the data"
    bad = """\
dataset real = FakeData(size=100)
dataset synthetic = FakeData(size=100)
dataset other = FakeData(size=100)
dataset all = real + synthetic
loader train from all { sample { mix real 3, other 1 per 8 } }
"""
    good = """\
dataset real = FakeData(size=100)
dataset synthetic = FakeData(size=100)
dataset all = real + synthetic
loader train from all { sample { mix real 3, synthetic 1 per 8 } }
"""


class DrawSize(Rule):
    """`draw` fills the whole batch, so a batch has as many samples as classes times samples of each."""

    code = "FL421"
    slug = "draw-size"
    title = "a draw that is not the size of the batch"
    bad = """\
dataset d = FakeData(size=100)
loader train from d { sample { batch 16; draw 4 label with 2 each } }
"""
    good = """\
dataset d = FakeData(size=100)
loader train from d { sample { batch 8; draw 4 label with 2 each } }
"""


class AcrossRanksOnce(Rule):
    """`across ranks` says that a batch size counts the samples of all ranks together. A policy has one batch size, so
    every line of it that says a size says `across ranks`, or none does.
    """

    code = "FL422"
    slug = "across-ranks-once"
    title = "a batch size across ranks on one line and not on another"
    bad = """\
dataset d = FakeData(size=100)
group zeros = d where label == 0
loader train from d { sample { batch 8 across ranks; force 1 zeros per 8 } }
"""
    good = """\
dataset d = FakeData(size=100)
group zeros = d where label == 0
loader train from d { sample { batch 8 across ranks; force 1 zeros per 8 across ranks } }
"""


class CrossedBounds(Rule):
    """A group has to be in a batch more often than it may be."""

    code = "FL423"
    slug = "crossed-bounds"
    title = "at least more than at most"
    bad = """\
dataset d = FakeData(size=100)
group zeros = d where label == 0
loader train from d { sample { force at least 3 zeros per 8; force at most 2 zeros per 8 } }
"""
    good = """\
dataset d = FakeData(size=100)
group zeros = d where label == 0
loader train from d { sample { force at least 2 zeros per 8; force at most 3 zeros per 8 } }
"""


class NoPlacesLeft(Rule):
    """The forced groups fill every place, and a statement of the policy is about the places that they leave."""

    code = "FL424"
    slug = "no-places-left"
    title = "a statement about places that there are none of"
    bad = """\
dataset d = FakeData(size=100)
group zeros = d where label == 0
loader train from d { sample { force 8 zeros per 8; balance by label; epoch 5 batches } }
"""
    good = """\
dataset d = FakeData(size=100)
group zeros = d where label == 0
loader train from d { sample { force 3 zeros per 8; balance by label; epoch 5 batches } }
"""


class StageOrder(Rule):
    """The stages of a policy are written in the order in which they come, each from a later epoch than the one
    before."""

    code = "FL425"
    slug = "stage-order"
    title = "stages that are not in order"
    bad = """\
dataset d = FakeData(size=100)
loader train from d {
  sample {
    batch 8
    from epoch 10 { order shuffled }
    from epoch 5 { last drop }
  }
}
"""
    good = """\
dataset d = FakeData(size=100)
loader train from d {
  sample {
    batch 8
    from epoch 5 { last drop }
    from epoch 10 { order shuffled }
  }
}
"""


class NotInAStage(Rule):
    """A stage changes how batches are composed. The seed and `on error` hold for all epochs, and a stage has no stages
    of its own.
    """

    code = "FL426"
    slug = "not-in-a-stage"
    title = "a statement that holds for all epochs inside a stage"
    bad = """\
dataset d = FakeData(size=100)
loader train from d { sample { batch 8; from epoch 5 { order shuffled; seed 3 } } }
"""
    good = """\
dataset d = FakeData(size=100)
loader train from d { sample { batch 8; seed 3; from epoch 5 { order shuffled } } }
"""


class BadLimit(Rule):
    """`at most` reserves no places: it limits how many samples of a group the rest may bring. So it does not say how
    they are drawn, it is said of one named group at a time, and it is below the size of a batch.
    """

    code = "FL427"
    slug = "bad-limit"
    title = "an `at most` that says more or less than a limit"
    bad = """\
dataset d = FakeData(size=100)
group zeros = d where label == 0
loader train from d { sample { force at most 3 zeros per 8 with replacement } }
"""
    good = """\
dataset d = FakeData(size=100)
group zeros = d where label == 0
loader train from d { sample { force at most 3 zeros per 8 } }
"""


class IdleLimit(Rule):
    """`at most` allows as many samples of a group as there are places that it could fill, so it limits nothing.

    Those are the places of a batch that are not forced, and what `at least` forces of the same group.
    """

    code = "FL428"
    slug = "idle-limit"
    severity = "warning"
    title = "an `at most` that limits nothing"
    bad = """\
dataset d = FakeData(size=100)
group zeros = d where label == 0
loader train from d { sample { force at most 8 zeros per 8; order shuffled } }
"""
    good = """\
dataset d = FakeData(size=100)
group zeros = d where label == 0
loader train from d { sample { force at most 3 zeros per 8; order shuffled } }
"""
