"""31x and 32x: what an image is made of: PIL or tensor, its numbers and their range, its channels."""

from __future__ import annotations

from feedline.dsl.diagnostics import Rule


class RefusedNumbers(Rule):
    """A step refuses the numbers that the image is made of.

    Images arrive as whole numbers from 0 to 255 (`uint8`). `Normalize` needs floats, so `ToDtype(float32, scale=true)`
    or `ToTensor()` comes before it; `JPEG` needs `uint8`, so it comes before those.
    """

    code = "FL310"
    slug = "refused-numbers"
    title = "a step that refuses the image's numbers"
    bad = """\
dataset d = CIFAR10("data")
loader images from d { transform { Normalize(cifar10.mean, cifar10.std) } }
"""
    good = """\
dataset d = CIFAR10("data")
loader images from d { transform { ToDtype(float32, scale=true); Normalize(cifar10.mean, cifar10.std) } }
"""


class StatisticsOfAnotherRange(Rule):
    """`Normalize` is given the mean and standard deviation of values from 0 to 1, and the image's go to 255, or the
    reverse.

    `ToDtype(float32)` without `scale=true` leaves 0..255: with ImageNet's statistics the result goes up to 1136, and
    torchvision says nothing. Statistics such as `123.675` are 255 times those of values from 0 to 1.
    """

    code = "FL311"
    slug = "statistics-of-another-range"
    title = "statistics for another range of values"
    bad = """\
dataset d = CIFAR10("data")
loader images from d { transform { ToDtype(float32); Normalize(imagenet.mean, imagenet.std) } }
"""
    good = """\
dataset d = CIFAR10("data")
loader images from d { transform { ToDtype(float32, scale=true); Normalize(imagenet.mean, imagenet.std) } }
"""


class ObjectsRefused(Rule):
    """`AutoAugment`, `RandAugment`, `TrivialAugmentWide` and `AugMix` shear and shift the image, and refuse samples
    with boxes or masks, which they would leave behind."""

    code = "FL312"
    slug = "objects-refused"
    title = "an automatic augmentation of a sample with boxes or masks"
    bad = """\
dataset d = CocoDetection("images", "annotations.json")
loader images from d { transform { RandAugment() } }
"""
    good = """\
dataset d = CocoDetection("images", "annotations.json")
loader images from d { transform { RandomPhotometricDistort() } }
"""


class ScaledTooLate(Rule):
    """A step is to scale an image to 0..1 that is made of floats already.

    `ToTensor` refuses floats. `ToDtype(float32, scale=true)` and `ConvertImageDtype` scale whole numbers only: an image
    that `ToDtype(float32)` made float without scaling stays at 0..255.
    """

    code = "FL313"
    slug = "scaled-too-late"
    title = "scaling an image that is float already"
    bad = """\
dataset d = CIFAR10("data")
loader images from d { transform { ToTensor(); RandomHorizontalFlip(); ToTensor() } }
"""
    good = """\
dataset d = CIFAR10("data")
loader images from d { transform { RandomHorizontalFlip(); ToTensor() } }
"""


class NoEffect(Rule):
    """A step does nothing to these images: a second `ToDtype(float32, scale=true)`, a saturation of grey images, a
    sampling of frames where there is no video."""

    code = "FL314"
    slug = "step-without-effect"
    severity = "warning"
    title = "a step that does nothing here"
    bad = """\
dataset d = CIFAR10("data")
loader images from d { transform { ToTensor(); ToDtype(float32, scale=true) } }
"""
    good = """\
dataset d = CIFAR10("data")
loader images from d { transform { ToTensor() } }
"""


class StatisticsSwapped(Rule):
    """`Normalize` takes the mean first and the standard deviation second, and was given a well-known pair the other way
    round.

    torchvision says nothing: the images come out with the wrong brightness and contrast, and training goes on with
    them.
    """

    code = "FL347"
    slug = "statistics-swapped"
    severity = "warning"
    title = "a mean and a standard deviation that changed places"
    bad = """\
dataset d = CIFAR10("data")
loader images from d { transform { ToTensor(); Normalize(imagenet.std, imagenet.mean) } }
"""
    good = """\
dataset d = CIFAR10("data")
loader images from d { transform { ToTensor(); Normalize(imagenet.mean, imagenet.std) } }
"""


class ViewsDiffer(Rule):
    """The views of an image are not alike: some are bytes and some floats, or some are PIL images.

    What stands in `views { ... }` are views side by side, not steps: `views { Resize(64); ToTensor() }` makes two
    images of each, the first resized and not converted, the second converted and not resized.
    """

    code = "FL348"
    slug = "views-differ"
    severity = "warning"
    title = "views of different kinds of numbers"
    bad = """\
dataset d = CIFAR10("data")
loader images from d { transform { views { RandomHorizontalFlip(); ToTensor() } } }
"""
    good = """\
dataset d = CIFAR10("data")
loader images from d { transform { views 2 { RandomHorizontalFlip(); ToTensor() } } }
"""


class NormalisedTwice(Rule):
    """`Normalize` takes off the statistics of an image a second time. torchvision does it without a word."""

    code = "FL315"
    slug = "normalised-twice"
    title = "an image that is normalised twice"
    bad = """\
dataset d = CIFAR10("data")
loader images from d {
  transform { ToTensor(); Normalize(cifar10.mean, cifar10.std); Normalize(cifar10.mean, cifar10.std) }
}
"""
    good = """\
dataset d = CIFAR10("data")
loader images from d { transform { ToTensor(); Normalize(cifar10.mean, cifar10.std) } }
"""


class ColourOutOfRange(Rule):
    """A colour step works on float values from 0 to 1, and the image has others: it is normalised, or was made float
    without scaling.

    Most of these steps cut off what is below 0 and above 1: of a normalised image that is about half, of values up to
    255 nearly all. torchvision does it without a word. Colour steps come before `Normalize`.
    """

    code = "FL316"
    slug = "colour-out-of-range"
    title = "a colour step on values outside 0..1"
    bad = """\
dataset d = CIFAR10("data")
loader images from d { transform { ToTensor(); Normalize(cifar10.mean, cifar10.std); ColorJitter(0.4) } }
"""
    good = """\
dataset d = CIFAR10("data")
loader images from d { transform { ToTensor(); ColorJitter(0.4); Normalize(cifar10.mean, cifar10.std) } }
"""


class BackToWholeNumbers(Rule):
    """Floats become whole numbers, or a PIL image, and their values do not survive it.

    With `scale=true`, and in `ToPILImage`, 0..1 becomes 0..255 and anything beyond wraps round: a normalised image
    turns to noise. Without `scale=true`, 0..1 becomes zeros and a few ones.
    """

    code = "FL317"
    slug = "back-to-whole-numbers"
    title = "values that are lost in whole numbers"
    bad = """\
dataset d = CIFAR10("data")
loader images from d {
  transform { ToTensor(); Normalize(cifar10.mean, cifar10.std); ToDtype(uint8, scale=true) }
}
"""
    good = """\
dataset d = CIFAR10("data")
loader images from d { transform { ToTensor(); ToDtype(uint8, scale=true) } }
"""


class NeedsTensor(Rule):
    """A step is for tensors and meets a PIL image: it refuses it, or, as `ToDtype` does, passes it on as it is.

    Only `image_backend = pil` and `ToPILImage` make PIL images; `ToImage()` turns one into a tensor, and `ToTensor()`
    into floats from 0 to 1.
    """

    code = "FL318"
    slug = "needs-a-tensor"
    title = "a PIL image where a tensor is needed"
    bad = """\
dataset d = ImageFolder("photos", image_backend=pil)
loader images from d {
  transform { Resize((64, 64)); ToDtype(float32, scale=true); Normalize(imagenet.mean, imagenet.std) }
}
"""
    good = """\
dataset d = ImageFolder("photos", image_backend=pil)
loader images from d {
  transform { Resize((64, 64)); ToImage(); ToDtype(float32, scale=true); Normalize(imagenet.mean, imagenet.std) }
}
"""


class WrongDeviation(Rule):
    """A standard deviation is above zero. torchvision refuses zero; a negative one turns the values round."""

    code = "FL319"
    slug = "wrong-deviation"
    title = "a standard deviation of zero or less"
    bad = """\
dataset d = CIFAR10("data")
loader images from d { transform { ToTensor(); Normalize([0.5, 0.5, 0.5], [0.5, 0.5, 0]) } }
"""
    good = """\
dataset d = CIFAR10("data")
loader images from d { transform { ToTensor(); Normalize([0.5, 0.5, 0.5], [0.5, 0.5, 0.5]) } }
"""


class WrongCount(Rule):
    """A step is given another number of values than the image has channels (or, for `LinearTransformation`, pixels).

    One value counts for every channel. Three statistics on a grey image are no error to torchvision: it makes three
    channels of one. Say that with `Grayscale(3)` or `RGB()`, or give one mean and one standard deviation.
    """

    code = "FL320"
    slug = "values-against-channels"
    title = "as many values as channels are needed"
    bad = """\
dataset d = MNIST("data")
loader images from d { transform { ToTensor(); Normalize(imagenet.mean, imagenet.std) } }
"""
    good = """\
dataset d = MNIST("data")
loader images from d { transform { ToTensor(); Normalize(mnist.mean, mnist.std) } }
"""


class WrongChannels(Rule):
    """A step cannot work on as many channels as the image has: most colour steps know grey and RGB only."""

    code = "FL321"
    slug = "wrong-channels"
    title = "a step for images of other channels"
    bad = """\
dataset d = ImageFolder("photos", mode="RGBA")
loader images from d { transform { Resize((64, 64)); ColorJitter(0.4) } }
"""
    good = """\
dataset d = ImageFolder("photos", mode="RGB")
loader images from d { transform { Resize((64, 64)); ColorJitter(0.4) } }
"""


class ThresholdOutOfRange(Rule):
    """`RandomSolarize` inverts what is at least its threshold, which is in the image's own range: 0..255 for whole
    numbers and PIL images, 0..1 for floats."""

    code = "FL322"
    slug = "threshold-out-of-range"
    title = "a threshold for another range of values"
    bad = """\
dataset d = CIFAR10("data")
loader images from d { transform { ToTensor(); RandomSolarize(128) } }
"""
    good = """\
dataset d = CIFAR10("data")
loader images from d { transform { RandomSolarize(128); ToTensor() } }
"""


class ErasingValue(Rule):
    """`RandomErasing` fills the rectangle with a value as it is, whatever range the image has at that place.

    A value outside the image's range is possible, but rarely meant: `0.5` in whole numbers is black, 128 beside values
    from 0 to 1 outweighs the image, and `value=random` draws normal noise, which only suits a normalised image.
    """

    code = "FL323"
    slug = "erasing-value"
    severity = "hint"
    title = "erasing with a value outside the image's range"
    bad = """\
dataset d = CIFAR10("data")
loader images from d { transform { ToTensor(); RandomErasing(value=128) } }
"""
    good = """\
dataset d = CIFAR10("data")
loader images from d { transform { RandomErasing(value=128); ToTensor() } }
"""


class KernelTooLarge(Rule):
    """`GaussianBlur` mirrors the image at its edges, which takes an image larger than half the kernel."""

    code = "FL324"
    slug = "kernel-too-large"
    title = "a blur wider than the image"
    bad = """\
dataset d = MNIST("data")
loader images from d { transform { GaussianBlur(57) } }
"""
    good = """\
dataset d = MNIST("data")
loader images from d { transform { GaussianBlur(5) } }
"""
