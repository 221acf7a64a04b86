"""325 to 339: steps that move, cut or mix: what they cannot take, and what they leave behind."""

from __future__ import annotations

from feedline.dsl.diagnostics import Rule


class CropTooLarge(Rule):
    """A crop is larger than the image it is cut from.

    `RandomCrop`, `FiveCrop` and `TenCrop` then stop with an error; where the size of the image is drawn, only for some
    samples. `RandomCrop` adds what is missing with `pad_if_needed=true`; else make the image larger first.
    """

    code = "FL325"
    slug = "crop-larger-than-image"
    title = "a crop that is larger than the image"
    bad = """\
dataset digits = MNIST("digits")
loader images from digits { transform { RandomCrop(32) } }
"""
    good = """\
dataset digits = MNIST("digits")
loader images from digits { transform { RandomCrop(28, padding=4) } }
"""


class CropAddsBorder(Rule):
    """`CenterCrop` is larger than every image it is given, so it adds a black border and crops nothing.

    A common cause is two sizes in the wrong order: `Resize(224)` and then `CenterCrop(256)`. Where a border is meant,
    `Pad` says so.
    """

    code = "FL326"
    slug = "crop-adds-border"
    severity = "warning"
    title = "a centre crop that only adds a border"
    bad = """\
dataset digits = MNIST("digits")
loader images from digits { transform { CenterCrop(32) } }
"""
    good = """\
dataset digits = MNIST("digits")
loader images from digits { transform { Pad(2) } }
"""


class ImpossibleArguments(Rule):
    """The arguments of a step exclude each other, leave nothing to draw from, or fit no kernel.

    `RandomResize(256, 256)` draws below its second number, so there is nothing left; `max_size` of a `Resize` limits
    the longer side that `Resize(256)` leaves open, and `Resize((256, 256))` leaves none. The kernel of a `GaussianBlur`
    has a middle, so its sides are odd. torchvision says so when it makes the step, or only when the first sample comes.
    """

    code = "FL327"
    slug = "impossible-arguments"
    title = "arguments that a step cannot work with"
    bad = """\
dataset photos = ImageFolder("photos")
loader images from photos { transform { RandomResize(256, 256); RandomCrop(224) } }
"""
    good = """\
dataset photos = ImageFolder("photos")
loader images from photos { transform { RandomResize(256, 512); RandomCrop(224) } }
"""


class LeftBehind(Rule):
    """A step moves the pixels of one field, and the boxes or masks that belong to them stay where they were.

    Inside `on FIELD { ... }` a step sees that field alone. Outside of it boxes and masks follow the image through every
    geometric step. A resize of masks alone is fine, and so is one and the same fixed step on each field.
    """

    code = "FL328"
    slug = "left-behind"
    title = "boxes or masks that do not follow the image"
    bad = """\
dataset castings = CocoDetection("images", "annotations.json")
loader images from castings { transform { on image { RandomHorizontalFlip() } } }
"""
    good = """\
dataset castings = CocoDetection("images", "annotations.json")
loader images from castings { transform { RandomHorizontalFlip() } }
"""


class EmptyBoxes(Rule):
    """A step leaves boxes without any area, and nothing removes them before the batch is made.

    `RandomIoUCrop` keeps a box whose object is outside of the crop, as (0, 0, 0, 0) and with its label. Such boxes stop
    torchvision's detection models with an error, or spoil the loss. `SanitizeBoundingBoxes()` removes them together
    with their labels; it has to come after the crop.
    """

    code = "FL329"
    slug = "empty-boxes"
    title = "boxes without area in a batch"
    bad = """\
dataset castings = CocoDetection("images", "annotations.json")
loader images from castings { transform { RandomIoUCrop() } }
"""
    good = """\
dataset castings = CocoDetection("images", "annotations.json")
loader images from castings { transform { RandomIoUCrop(); SanitizeBoundingBoxes() } }
"""


class BoxesCutAway(Rule):
    """A crop, a rotation or a shift may move an object out of the image, and its box then stays without area.

    `SanitizeBoundingBoxes()` after the last such step removes those boxes together with their labels. Without it
    torchvision's detection models stop with an error at the first of them.
    """

    code = "FL330"
    slug = "boxes-cut-away"
    severity = "warning"
    title = "boxes that a crop may leave without area"
    bad = """\
dataset castings = CocoDetection("images", "annotations.json")
loader images from castings { transform { RandomResizedCrop(256) } }
"""
    good = """\
dataset castings = CocoDetection("images", "annotations.json")
loader images from castings { transform { RandomResizedCrop(256); SanitizeBoundingBoxes() } }
"""


class BoxFormat(Rule):
    """The boxes of a detection batch are not in the format XYXY, which torchvision's detection models expect.

    They take the four numbers as corners whatever they are, so training runs on wrong boxes. Other models want other
    formats: then silence the warning.
    """

    code = "FL331"
    slug = "box-format"
    severity = "warning"
    title = "boxes of a format that torchvision's models do not take"
    bad = """\
dataset castings = CocoDetection("images", "annotations.json")
loader images from castings { transform { ConvertBoundingBoxFormat(CXCYWH) } }
"""
    good = """\
dataset castings = CocoDetection("images", "annotations.json")
loader images from castings { transform { ConvertBoundingBoxFormat(XYXY) } }
"""


class NotForObjects(Rule):
    """A step that torchvision refuses for samples with boxes or masks.

    `FiveCrop` and `TenCrop` cannot give each crop boxes of its own, padding by reflection would have to mirror the
    boxes, a fill colour a channel does not suit masks, and boxes without an angle do not turn into boxes with one.
    """

    code = "FL332"
    slug = "not-for-boxes-or-masks"
    title = "a step that boxes or masks cannot take"
    bad = """\
dataset castings = CocoDetection("images", "annotations.json")
loader images from castings { transform { Pad(16, padding_mode=reflect) } }
"""
    good = """\
dataset castings = CocoDetection("images", "annotations.json")
loader images from castings { transform { Pad(16) } }
"""


class NoBoxes(Rule):
    """A step needs boxes or keypoints, and the samples have none."""

    code = "FL333"
    slug = "no-boxes"
    title = "a step on boxes where there are none"
    bad = """\
dataset digits = MNIST("digits")
loader images from digits { transform { SanitizeBoundingBoxes() } }
"""
    good = """\
dataset castings = CocoDetection("images", "annotations.json")
loader images from castings { transform { SanitizeBoundingBoxes() } }
"""


class UnsuitableForImage(Rule):
    """An argument does not suit the kind of image that the step meets.

    A fill colour has one number, or one a channel. Rotations and the like take `nearest` and `bilinear` for tensors;
    `bicubic`, like `box` and `hamming` of `Resize`, works on PIL images only.
    """

    code = "FL334"
    slug = "unsuitable-for-image"
    title = "an argument that does not suit the image"
    bad = """\
dataset photos = ImageFolder("photos")
loader images from photos { transform { RandomRotation(10, interpolation=bicubic) } }
"""
    good = """\
dataset photos = ImageFolder("photos")
loader images from photos { transform { RandomRotation(10, interpolation=bilinear) } }
"""


class PaddingBeyondImage(Rule):
    """A border made by reflection is wider than the image that it reflects.

    `reflect` needs less than the image's side, `symmetric` at most the side. `ElasticTransform` reflects too, four
    times its `sigma`.
    """

    code = "FL335"
    slug = "padding-beyond-image"
    title = "a reflected border that is wider than the image"
    bad = """\
dataset digits = MNIST("digits")
loader images from digits { transform { Pad(28, padding_mode=reflect) } }
"""
    good = """\
dataset digits = MNIST("digits")
loader images from digits { transform { Pad(14, padding_mode=reflect) } }
"""


class ClassesOfMixing(Rule):
    """`MixUp` and `CutMix` turn each label into one number a class, and need to know how many classes there are.

    Too few for the labels that come stops training with an error at the first label that is too large.
    """

    code = "FL336"
    slug = "mixing-without-classes"
    title = "`MixUp` or `CutMix` without the right number of classes"
    bad = """\
dataset pictures = CIFAR10("pictures")
loader train from pictures {
  transform { ToDtype(float32, scale=true); batch { MixUp() } }
  sample { batch 8; order shuffled }
}
"""
    good = """\
dataset pictures = CIFAR10("pictures")
loader train from pictures {
  transform { ToDtype(float32, scale=true); batch { MixUp(num_classes=10) } }
  sample { batch 8; order shuffled }
}
"""


class CannotMix(Rule):
    """`MixUp` and `CutMix` blend images and their class labels; what they are given here cannot be blended.

    Boxes, masks and unlabelled images have no label to blend, and `MixUp` itself needs float images.
    """

    code = "FL337"
    slug = "cannot-mix"
    title = "a batch that cannot be mixed"
    bad = """\
dataset pictures = CIFAR10("pictures")
loader train from pictures {
  transform { batch { MixUp(num_classes=10) } }
  sample { batch 8; order shuffled }
}
"""
    good = """\
dataset pictures = CIFAR10("pictures")
loader train from pictures {
  transform { ToDtype(float32, scale=true); batch { MixUp(num_classes=10) } }
  sample { batch 8; order shuffled }
}
"""


class MoreClassesThanData(Rule):
    """`num_classes` of `MixUp` or `CutMix` is larger than the number of classes in the data.

    The mixed labels then have columns that are never used, and a model with as many outputs as the data has classes
    does not fit them.
    """

    code = "FL338"
    slug = "more-classes-than-data"
    severity = "warning"
    title = "more classes than the data has"
    bad = """\
dataset pictures = CIFAR10("pictures")
loader train from pictures {
  transform { ToDtype(float32, scale=true); batch { CutMix(num_classes=1000) } }
  sample { batch 8; order shuffled }
}
"""
    good = """\
dataset pictures = CIFAR10("pictures")
loader train from pictures {
  transform { ToDtype(float32, scale=true); batch { CutMix(num_classes=10) } }
  sample { batch 8; order shuffled }
}
"""


class EndlessCrop(Rule):
    """`RandomIoUCrop` tries again until a crop overlaps a box as much as it drew, or until it drew 1.0: no crop.

    Without a 1.0 among `sampler_options` it never ends for an image without any box, and the loader hangs.
    """

    code = "FL339"
    slug = "endless-crop"
    severity = "warning"
    title = "a crop that may never end"
    bad = """\
dataset castings = CocoDetection("images", "annotations.json")
loader images from castings {
  transform { RandomIoUCrop(sampler_options=[0.3, 0.5]); SanitizeBoundingBoxes() }
}
"""
    good = """\
dataset castings = CocoDetection("images", "annotations.json")
loader images from castings {
  transform { RandomIoUCrop(sampler_options=[0.3, 0.5, 1.0]); SanitizeBoundingBoxes() }
}
"""


class MasksMadeFloat(Rule):
    """`ConvertImageDtype` converts masks too: the numbers of classes become floats, unscaled.

    A loss of classes then refuses them: they have to be whole numbers. `ToDtype` given one dtype converts images alone.
    """

    code = "FL349"
    slug = "masks-made-float"
    severity = "warning"
    title = "masks of classes made float"
    bad = """\
dataset scenes = VOCSegmentation("voc")
loader train from scenes {
  transform { Resize((256, 256)); ConvertImageDtype(float32) }
  sample { batch 8; order shuffled }
}
"""
    good = """\
dataset scenes = VOCSegmentation("voc")
loader train from scenes {
  transform { Resize((256, 256)); ToDtype(float32, scale=true) }
  sample { batch 8; order shuffled }
}
"""
