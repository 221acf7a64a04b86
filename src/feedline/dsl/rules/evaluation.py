"""35x and 36x: training and evaluation that do not suit each other."""

from __future__ import annotations

from feedline.dsl.diagnostics import Rule


class RandomEvaluation(Rule):
    """A loader that is plainly for evaluation changes its samples at random.

    What is measured then changes with every epoch, and mostly for the worse. A loader is for evaluation if it is called
    `val`, `test`, `dev`, `eval` or the like, or has another name and reads such a part. Names that say `tta`,
    `augmented` or `robustness` are excepted.
    """

    code = "FL350"
    slug = "random-evaluation"
    severity = "warning"
    title = "random augmentation in an evaluation loader"
    bad = """\
dataset d = ImageFolder("photos")
split d into train 80%, val 20%
loader train from d.train {
  transform { RandomResizedCrop(224); RandomHorizontalFlip() }
  sample { batch 8; order shuffled }
}
loader val from d.val {
  transform { RandomResizedCrop(224) }
  sample { batch 8 }
}
"""
    good = """\
dataset d = ImageFolder("photos")
split d into train 80%, val 20%
loader train from d.train {
  transform { RandomResizedCrop(224); RandomHorizontalFlip() }
  sample { batch 8; order shuffled }
}
loader val from d.val {
  transform { Resize(256); CenterCrop(224) }
  sample { batch 8 }
}
"""


class UnshuffledTraining(Rule):
    """A loader that is plainly for training brings the samples in the order that the data has them.

    Folders and annotation files are mostly sorted, so its batches would hold one class after the other. As with
    `DataLoader`, that is the default. `order sequential`, written out, says that it is meant.
    """

    code = "FL351"
    slug = "unshuffled-training"
    severity = "warning"
    title = "a training loader that never shuffles"
    bad = """\
dataset d = FakeData(size=100)
loader train from d {
  sample { batch 8 }
}
"""
    good = """\
dataset d = FakeData(size=100)
loader train from d {
  sample { batch 8; order shuffled }
}
"""


class TrainedOnEvaluation(Rule):
    """A loader for evaluation reads samples that a loader for training reads too.

    A model remembers what it was trained on, so what is measured on these samples says little about others. Two
    datasets count as the same if they have the same source with the same arguments; parts of such datasets overlap if
    they were split by different seeds.
    """

    code = "FL352"
    slug = "trained-on-evaluation"
    severity = "warning"
    title = "the same samples for training and evaluation"
    bad = """\
dataset d = FakeData(size=100)
split d into train 80%, val 20%
loader train from d.train {
  sample { batch 8; order shuffled }
}
loader val from d {
  sample { batch 8 }
}
"""
    good = """\
dataset d = FakeData(size=100)
split d into train 80%, val 20%
loader train from d.train {
  sample { batch 8; order shuffled }
}
loader val from d.val {
  sample { batch 8 }
}
"""


class DifferentNormalisation(Rule):
    """A model is trained on images that were normalised in one way, and evaluated on images of another.

    It sees other numbers than those it has learned. Compared are loaders that read one dataset, or datasets of one
    kind, and are plainly for training and for evaluation: their `Normalize` steps, and whether their images are bytes
    or floats, of 0..1 or of 0..255, and of how many channels.
    """

    code = "FL353"
    slug = "different-normalisation"
    severity = "warning"
    title = "different normalisation in training and evaluation"
    bad = """\
dataset d = FakeData(size=100)
split d into train 80%, val 20%
loader train from d.train {
  transform { ToDtype(float32, scale=true); Normalize(imagenet.mean, imagenet.std) }
  sample { batch 8; order shuffled }
}
loader val from d.val {
  transform { ToDtype(float32, scale=true); Normalize(cifar10.mean, cifar10.std) }
  sample { batch 8 }
}
"""
    good = """\
dataset d = FakeData(size=100)
split d into train 80%, val 20%
transform pixels { ToDtype(float32, scale=true); Normalize(imagenet.mean, imagenet.std) }
loader train from d.train {
  transform { pixels }
  sample { batch 8; order shuffled }
}
loader val from d.val {
  transform { pixels }
  sample { batch 8 }
}
"""


class IncompleteEvaluation(Rule):
    """A loader that is plainly for evaluation does not bring every sample once.

    `last drop` leaves out those that fill no whole batch, the same ones every time. `balance by` and `weight by` draw
    with replacement, so that some come twice and others never.
    """

    code = "FL364"
    slug = "incomplete-evaluation"
    severity = "warning"
    title = "an evaluation that leaves samples out"
    bad = """\
dataset d = FakeData(size=100)
split d into train 80%, val 20%
loader train from d.train {
  sample { batch 8; order shuffled; last drop }
}
loader val from d.val {
  sample { batch 8; last drop }
}
"""
    good = """\
dataset d = FakeData(size=100)
split d into train 80%, val 20%
loader train from d.train {
  sample { batch 8; order shuffled; last drop }
}
loader val from d.val {
  sample { batch 8 }
}
"""
