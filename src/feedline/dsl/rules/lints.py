"""35x to 37x: what a whole program most likely does not mean, although each line of it is right."""

from __future__ import annotations

from feedline.dsl.diagnostics import Rule


class TooManyWorkers(Rule):
    """A loader starts more worker processes than this machine has processors for.

    They wait for each other, and each takes memory. Counted are the processors that this process may use, as a job
    scheduler or a container limits them.
    """

    code = "FL354"
    slug = "too-many-workers"
    severity = "warning"
    title = "more workers than processors"
    bad = """\
dataset d = FakeData(size=100)
loader train from d {
  sample { batch 8; order shuffled }
  num_workers = 5000
}
"""
    good = """\
dataset d = FakeData(size=100)
loader train from d {
  sample { batch 8; order shuffled }
  num_workers = auto
}
"""


class NeverUsed(Rule):
    """Something is declared or imported, and nothing in the file uses it.

    A name that begins with `_` is kept without a word. A group of a loader's data is used without being named: `run`,
    `show` and `verify` count it in every batch. A file without loaders is there for others to import, so its
    declarations need no use.
    """

    code = "FL355"
    slug = "never-used"
    severity = "warning"
    title = "a declaration that is never used"
    bad = """\
param size: int = 224
dataset d = FakeData(size=100)
loader train from d {
  transform { Resize((256, 256)) }
  sample { batch 8; order shuffled }
}
"""
    good = """\
param size: int = 224
dataset d = FakeData(size=100)
loader train from d {
  transform { Resize((size, size)) }
  sample { batch 8; order shuffled }
}
"""


class UnusedPart(Rule):
    """A split cuts off a part that no loader reads, although loaders read at least two others of it.

    Parts called `test`, `holdout` or `rest` are often cut off only to be left alone, and so is one whose name begins
    with `_`.
    """

    code = "FL356"
    slug = "unused-part"
    severity = "hint"
    title = "a part of a split that is never read"
    bad = """\
dataset d = FakeData(size=100)
split d into train 80%, val 10%, calibration 10%
loader train from d.train {
  sample { batch 8; order shuffled }
}
loader val from d.val {
  sample { batch 8 }
}
"""
    good = """\
dataset d = FakeData(size=100)
split d into train 80%, val 10%, test 10%
loader train from d.train {
  sample { batch 8; order shuffled }
}
loader val from d.val {
  sample { batch 8 }
}
"""


class StepNeverRuns(Rule):
    """A chain stands behind a probability of 0, or a branch of `one of` has the weight 0."""

    code = "FL357"
    slug = "step-never-runs"
    severity = "warning"
    title = "steps that never run"
    bad = """\
dataset d = FakeData(size=100)
loader train from d {
  transform { maybe 0% { RandomHorizontalFlip() } }
  sample { batch 8; order shuffled }
}
"""
    good = """\
dataset d = FakeData(size=100)
loader train from d {
  transform { maybe 30% { RandomHorizontalFlip() } }
  sample { batch 8; order shuffled }
}
"""


class DeprecatedTransform(Rule):
    """torchvision keeps this class for old code only, and may drop it. What takes its place does the same."""

    code = "FL358"
    slug = "deprecated-transform"
    severity = "hint"
    title = "a transform that torchvision has given up"
    bad = """\
dataset d = FakeData(size=100)
loader train from d {
  transform { ConvertImageDtype(float32) }
  sample { batch 8; order shuffled }
}
"""
    good = """\
dataset d = FakeData(size=100)
loader train from d {
  transform { ToDtype(float32, scale=true) }
  sample { batch 8; order shuffled }
}
"""


class CannotBeSpawned(Rule):
    """A function or class of the user's own has no name that a worker process could import it by.

    Workers started with `spawn` or `forkserver` know nothing of the process that starts them: they import each function
    by its module and name. A `lambda`, and what was made inside a function, cannot be found that way.
    """

    code = "FL359"
    slug = "cannot-be-spawned"
    title = "a local Python object for spawned workers"
    bad = ""
    good = ""


class IdlePinMemory(Rule):
    """`pin_memory` makes copies to an accelerator faster, and torch finds none here, so it does nothing."""

    code = "FL360"
    slug = "idle-pin-memory"
    severity = "hint"
    title = "`pin_memory` without an accelerator"
    bad = ""
    good = ""


class SharedMemoryTooSmall(Rule):
    """The batches that the workers of a loader hold ready do not fit into shared memory.

    Workers hand batches over in `/dev/shm`: `num_workers` times `prefetch_factor` of them may lie there. Containers
    often allow it no more than 64 MB, and a worker that finds it full dies of a bus error.
    """

    code = "FL361"
    slug = "shared-memory-too-small"
    severity = "warning"
    title = "too little shared memory for the workers' batches"
    bad = ""
    good = ""


class OddSize(Rule):
    """Images for classification are one pixel larger or smaller than a multiple of 32, as with 225 for 224.

    Most networks halve an image five times. What is over or missing is rounded away at each halving, and a network with
    a fixed number of patches refuses the image. Sizes that are often meant, such as 257 and 513, are let be.
    """

    code = "FL362"
    slug = "odd-size"
    severity = "hint"
    title = "images a pixel off a size that networks halve"
    bad = """\
dataset d = ImageFolder("photos")
loader train from d {
  transform { RandomResizedCrop(225) }
  sample { batch 8; order shuffled }
}
"""
    good = """\
dataset d = ImageFolder("photos")
loader train from d {
  transform { RandomResizedCrop(224) }
  sample { batch 8; order shuffled }
}
"""


class FixedAfterRandom(Rule):
    """A step that does the same to every sample stands behind a random one, and gives the same bits before it.

    Before the first random step `cache` keeps what comes out, for all epochs, and the random step has less to work on.
    Said of `Grayscale` after flips, and of `CenterCrop` after flips and after steps that change each pixel alone.
    """

    code = "FL363"
    slug = "fixed-after-random"
    severity = "hint"
    title = "a fixed step that could come before a random one"
    bad = """\
dataset d = ImageFolder("photos")
loader train from d {
  transform { Resize((256, 256)); RandomHorizontalFlip(); CenterCrop(224) }
  sample { batch 8; order shuffled }
}
"""
    good = """\
dataset d = ImageFolder("photos")
loader train from d {
  transform { Resize((256, 256)); CenterCrop(224); RandomHorizontalFlip() }
  sample { batch 8; order shuffled }
}
"""
