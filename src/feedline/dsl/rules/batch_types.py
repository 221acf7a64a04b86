"""30x and 34x: fields that a sample lacks, and sample types that do not fit into one batch."""

from __future__ import annotations

from feedline.dsl.diagnostics import Rule


class NoSuchField(Rule):
    """`on FIELD { ... }` names a field that the samples do not have.

    Which fields a sample has follows from the data set's class and its arguments: `masks`, for example, are there only
    with `CocoDetection(..., masks=true)`.
    """

    code = "FL301"
    slug = "no-such-sample-field"
    title = "steps on a field that the samples lack"
    bad = """\
dataset photos = ImageFolder("photos")
loader images from photos { transform { on lable { ToDtype(float32) } } }
"""
    good = """\
dataset photos = ImageFolder("photos")
loader images from photos { transform { on label { ToDtype(float32) } } }
"""


class SizesDiffer(Rule):
    """The images of a batch have different sizes, and `collate stack` makes one tensor of them.

    PyTorch says so when the first such batch comes: "stack expects each tensor to be equal size". The usual cause is
    `Resize(256)`, which makes the shorter side 256 and keeps the aspect ratio; `Resize((256, 256))`, `CenterCrop` and
    `RandomResizedCrop` give every image one size. Or collate them with `pad` or `list`.
    """

    code = "FL340"
    slug = "sizes-differ"
    title = "images of differing size in one batch"
    bad = """\
dataset food = Food101("food")
loader train from food { transform { Resize(256) }; sample { batch 8; order shuffled } }
"""
    good = """\
dataset food = Food101("food")
loader train from food { transform { Resize((256, 256)) }; sample { batch 8; order shuffled } }
"""


class SizesMayDiffer(Rule):
    """The images of a batch have one size only if all the files have one aspect ratio, or one size.

    `Resize(256)` makes the shorter side 256 and keeps the aspect ratio, so pictures of different proportions still
    differ. With `--data`, and whenever the data is opened, feedline looks at the files and knows.
    """

    code = "FL341"
    slug = "sizes-may-differ"
    severity = "warning"
    title = "images whose size depends on the files in one batch"
    bad = """\
dataset photos = ImageFolder("photos")
loader train from photos { transform { Resize(256) }; sample { batch 8; order shuffled } }
"""
    good = """\
dataset photos = ImageFolder("photos")
loader train from photos { transform { Resize((256, 256)) }; sample { batch 8; order shuffled } }
"""


class PilInBatch(Rule):
    """A PIL image reaches collation, which joins tensors only.

    `ToTensor()`, or `ToImage()` and `ToDtype(float32, scale=true)`, makes a tensor of it. Without
    `image_backend = "pil"` images are tensors from the start.
    """

    code = "FL342"
    slug = "pil-image-in-batch"
    title = "PIL images in a batch"
    bad = """\
dataset digits = MNIST("digits", image_backend="pil")
loader train from digits { sample { batch 8; order shuffled } }
"""
    good = """\
dataset digits = MNIST("digits", image_backend="pil")
loader train from digits { transform { ToTensor() }; sample { batch 8; order shuffled } }
"""


class ChannelsDiffer(Rule):
    """Some images of a batch have another number of channels than others, and `collate stack` makes one tensor of them.

    Data sets put together with `+` need one `mode`; a step of `maybe` or `one of` must leave the channels as they are.
    """

    code = "FL343"
    slug = "channels-differ"
    title = "images of differing channels in one batch"
    bad = """\
dataset grey = FakeData(image_size=(3, 8, 8), mode="L")
dataset colour = FakeData(image_size=(3, 8, 8))
dataset both = grey + colour
loader train from both { sample { batch 8; order shuffled } }
"""
    good = """\
dataset grey = FakeData(image_size=(3, 8, 8), mode="RGB")
dataset colour = FakeData(image_size=(3, 8, 8))
dataset both = grey + colour
loader train from both { sample { batch 8; order shuffled } }
"""


class KindsDiffer(Rule):
    """A field is of one kind or dtype in some samples of a batch and of another in the rest, so they cannot be joined.

    A conversion inside `maybe`, or in only one branch of `one of`, is the usual cause: every sample must meet it.
    """

    code = "FL344"
    slug = "kinds-differ"
    title = "a field of differing kinds in one batch"
    bad = """\
dataset digits = MNIST("digits")
loader train from digits { transform { maybe 50% { ToTensor() } }; sample { batch 8; order shuffled } }
"""
    good = """\
dataset digits = MNIST("digits")
loader train from digits { transform { ToTensor() }; sample { batch 8; order shuffled } }
"""


class CropsNotJoined(Rule):
    """`FiveCrop` and `TenCrop` make a tuple of crops, and the batch becomes a tuple of as many image batches.

    A model that is called with one batch cannot take it. A step of your own that stacks the crops makes one tensor of
    them; to keep the tuple, collate the field by name: `collate { image stack }`.
    """

    code = "FL345"
    slug = "crops-not-joined"
    severity = "warning"
    title = "crops that nothing joins"
    bad = """\
dataset digits = MNIST("digits")
loader test from digits { transform { FiveCrop(20) }; sample { batch 8; order shuffled } }
"""
    good = """\
dataset digits = MNIST("digits")
loader test from digits { transform { CenterCrop(20) }; sample { batch 8; order shuffled } }
"""


class LengthsDiffer(Rule):
    """Sequences, boxes or whatever has a row an object are stacked, which needs as many in every sample.

    `pad` fills them up to the longest of the batch and adds a mask, `list` leaves them as they are, and
    `collate detection` gives what torchvision's detection models take.
    """

    code = "FL346"
    slug = "lengths-differ"
    severity = "warning"
    title = "values of differing length, stacked"
    bad = """\
dataset castings = CocoDetection("images", "annotations.json")
loader train from castings {
  transform { Resize((96, 96)) }
  sample { batch 8; order shuffled }
  collate { image stack; boxes stack }
}
"""
    good = """\
dataset castings = CocoDetection("images", "annotations.json")
loader train from castings {
  transform { Resize((96, 96)) }
  sample { batch 8; order shuffled }
  collate { image stack; boxes list }
}
"""
