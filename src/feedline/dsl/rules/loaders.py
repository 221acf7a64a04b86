"""5xx: collate and loaders."""

from __future__ import annotations

from feedline.dsl.diagnostics import Rule


class CannotCollate(Rule):
    """The samples of one batch cannot be joined into one: a field's shapes or types differ.

    Sizes that differ come from images that were never brought to one size, or from sequences of different lengths: fix
    the size in the chain, or collate with `pad` or `list`.
    """

    code = "FL551"
    slug = "cannot-collate"
    title = "samples of a batch that do not fit together"
    bad = ""
    good = ""


class FieldMissing(Rule):
    """A field that the batch needs is not in a sample.

    Which fields a sample has follows from the data set's class and its arguments; those of a table and of your own
    `Dataset` are known when the data is open.
    """

    code = "FL552"
    slug = "field-missing"
    title = "a sample without a field that is collated"
    bad = """\
dataset digits = MNIST("digits")
loader train from digits { sample { batch 8; order shuffled }; collate { image stack; lable stack } }
"""
    good = """\
dataset digits = MNIST("digits")
loader train from digits { sample { batch 8; order shuffled }; collate { image stack; label stack } }
"""


class NoDevice(Rule):
    """`device = cuda` was asked for where torch finds no such device. `device = auto` takes what there is."""

    code = "FL553"
    slug = "no-such-device"
    title = "a device this machine does not have"
    bad = ""
    good = ""


class MisplacedStep(Rule):
    """A step stands where it cannot work.

    Views and `batch { ... }` belong to the top of a chain. `batch { ... }` comes last, because after it there are no
    single samples; a step that mixes samples, such as `MixUp`, belongs inside it.
    """

    code = "FL501"
    slug = "misplaced-step"
    title = "a step in the wrong place"
    bad = """\
dataset d = FakeData(size=100)
loader train from d {
  transform { ToDtype(float32, scale=true); MixUp(num_classes=10) }
  sample { batch 8; order shuffled }
}
"""
    good = """\
dataset d = FakeData(size=100)
loader train from d {
  transform { ToDtype(float32, scale=true); batch { MixUp(num_classes=10) } }
  sample { batch 8; order shuffled }
}
"""


class UnknownOption(Rule):
    """A loader has no option of this name.

    `DataLoader`'s arguments that say which samples come, such as `batch_size` and `shuffle`, are statements of their
    own.
    """

    code = "FL502"
    slug = "unknown-option"
    title = "a loader option that does not exist"
    bad = """\
dataset d = FakeData(size=100)
loader train from d {
  sample { batch 8; order shuffled }
  num_worker = 2
}
"""
    good = """\
dataset d = FakeData(size=100)
loader train from d {
  sample { batch 8; order shuffled }
  num_workers = 2
}
"""


class BadOption(Rule):
    """The value of a loader option is not one that the option takes."""

    code = "FL503"
    slug = "bad-option"
    title = "a loader option of the wrong type"
    bad = """\
dataset d = FakeData(size=100)
loader train from d {
  sample { batch 8; order shuffled }
  num_workers = "two"
}
"""
    good = """\
dataset d = FakeData(size=100)
loader train from d {
  sample { batch 8; order shuffled }
  num_workers = 2
}
"""


class OptionNeedsWorkers(Rule):
    """The option only means something where workers read the data, and the loader has none; or where they are
    processes, and the loader has threads."""

    code = "FL504"
    slug = "option-needs-workers"
    title = "an option that needs workers"
    bad = """\
dataset d = FakeData(size=100)
loader train from d {
  sample { batch 8; order shuffled }
  persistent_workers = true
}
"""
    good = """\
dataset d = FakeData(size=100)
loader train from d {
  sample { batch 8; order shuffled }
  num_workers = 2
  persistent_workers = true
}
"""


class OwnCodeInThreads(Rule):
    """`worker_kind = thread` is for loaders in which only feedline and torchvision make the samples.

    Every thread draws the random numbers of its samples from a generator of its own. Your own code draws from torch's
    default generator, from NumPy's or from `random`, of which there is one for all threads, your training loop's among
    them: what one draws, another would miss. So it is with `FakeData`, for which torchvision seeds torch's default
    generator once for every image. Processes have one each.
    """

    code = "FL508"
    slug = "own-code-in-threads"
    title = "threads that would share random numbers"
    bad = """\
dataset d = FakeData(size=100)
loader train from d {
  sample { batch 8; order shuffled }
  num_workers = 2
  worker_kind = thread
}
"""
    good = """\
dataset d = FakeData(size=100)
loader train from d {
  sample { batch 8; order shuffled }
  num_workers = 2
  worker_kind = process
}
"""


class RepeatedStatement(Rule):
    """A block says the same thing twice, or two things that exclude each other."""

    code = "FL505"
    slug = "repeated-statement"
    title = "a statement that is said twice"
    bad = """\
dataset d = FakeData(size=100)
loader train from d {
  sample { batch 8; order shuffled }
  sample { batch 16; order shuffled }
}
"""
    good = """\
dataset d = FakeData(size=100)
loader train from d {
  sample { batch 8; order shuffled }
}
"""


class UnknownCollate(Rule):
    """Batches are joined with `stack`, `pad`, `list`, `detection`, or a function of your own in `python(...)`."""

    code = "FL506"
    slug = "unknown-collate"
    title = "a way to collate that does not exist"
    bad = """\
dataset d = FakeData(size=100)
loader train from d {
  sample { batch 8; order shuffled }
  collate stak
}
"""
    good = """\
dataset d = FakeData(size=100)
loader train from d {
  sample { batch 8; order shuffled }
  collate stack
}
"""


class BadOnError(Rule):
    """`on error` and its limit do not go together, or not with the policy: a batch that comes shorter cannot hold its
    forced samples, so `on error skip` is refused beside `force`."""

    code = "FL507"
    slug = "bad-on-error"
    title = "an `on error` that cannot be kept"
    bad = """\
dataset d = FakeData(size=100)
group zeros = d where label == 0
loader train from d {
  sample { force 2 zeros per 8 }
  on error skip
}
"""
    good = """\
dataset d = FakeData(size=100)
group zeros = d where label == 0
loader train from d {
  sample { force 2 zeros per 8 }
  on error replace
}
"""


class NothingToRun(Rule):
    """`feedline run` was given a file that declares no loader.

    Such a file may well be right: others can import what it declares. But there is nothing in it to run.
    """

    code = "FL554"
    slug = "nothing-to-run"
    title = "a file without a loader was to be run"
    bad = ""
    good = ""


class WorkersFailed(Rule):
    """A worker process of a loader ended before its batch came, or took longer than `timeout` allows.

    Mostly the system has killed it for its memory: each worker holds `prefetch_factor` batches. Code of the user's own
    that ends the process, or a crash in a native library, looks the same; `num_workers = 0` shows it.
    """

    code = "FL555"
    slug = "workers-failed"
    title = "worker processes that failed"
    bad = ""
    good = ""
