"""2xx: values and arguments."""

from __future__ import annotations

from feedline.dsl.diagnostics import Rule


class UnknownArgument(Rule):
    """An argument that the dataset or transform does not have. The names are those of torchvision's class."""

    code = "FL201"
    slug = "unknown-argument"
    title = "an argument that does not exist"
    bad = """\
dataset d = FakeData(size=32)
loader images from d { transform { RandomHorizontalFlip(prob=0.5) } }
"""
    good = """\
dataset d = FakeData(size=32)
loader images from d { transform { RandomHorizontalFlip(p=0.5) } }
"""


class RepeatedArgument(Rule):
    """One argument was given twice, by position and by name or twice by name."""

    code = "FL202"
    slug = "repeated-argument"
    title = "an argument given twice"
    bad = """\
dataset d = FakeData(32, size=64)
"""
    good = """\
dataset d = FakeData(64)
"""


class MissingArgument(Rule):
    """An argument without a default was left out."""

    code = "FL203"
    slug = "missing-argument"
    title = "a required argument that is missing"
    bad = """\
dataset d = FakeData(size=32)
loader images from d { transform { CenterCrop() } }
"""
    good = """\
dataset d = FakeData(size=32)
loader images from d { transform { CenterCrop(24) } }
"""


class TooManyArguments(Rule):
    """More arguments by position than there are parameters to take them."""

    code = "FL204"
    slug = "too-many-arguments"
    title = "more arguments than it takes"
    bad = """\
dataset d = FakeData(size=32)
loader images from d { transform { RandomHorizontalFlip(0.5, 2) } }
"""
    good = """\
dataset d = FakeData(size=32)
loader images from d { transform { RandomHorizontalFlip(0.5) } }
"""


class SizeAsPadding(Rule):
    """`RandomCrop` takes a second number for a padding: `RandomCrop(32, 32)` puts 32 pixels around the image, crops 32
    by 32 of it, and most of what comes out is border.

    Height and width are one argument, `RandomCrop((32, 32))`. A padding that is meant is written `padding=32`.
    """

    code = "FL212"
    slug = "size-as-padding"
    severity = "warning"
    title = "a width that is taken for a padding"
    bad = """\
dataset d = FakeData(size=32)
loader images from d { transform { RandomCrop(32, 32) } }
"""
    good = """\
dataset d = FakeData(size=32)
loader images from d { transform { RandomCrop((32, 32)) } }
"""


class WrongType(Rule):
    """An argument's value is of another type than the argument, or outside its range.

    A whole number will do where a number is wanted, and a percentage where a fraction is; `true` and `false` are no
    numbers.
    """

    code = "FL205"
    slug = "wrong-type"
    title = "an argument of the wrong type"
    bad = """\
dataset d = FakeData(size="many")
"""
    good = """\
dataset d = FakeData(size=32)
"""


class NotAMember(Rule):
    """An argument takes one of a few words, and was given another."""

    code = "FL206"
    slug = "not-a-member"
    title = "a word that the argument does not know"
    bad = """\
dataset d = FakeData(size=32)
loader images from d { transform { Pad(2, padding_mode="refelct") } }
"""
    good = """\
dataset d = FakeData(size=32)
loader images from d { transform { Pad(2, padding_mode="reflect") } }
"""


class RefusedArgument(Rule):
    """The Python class has this argument, but it takes Python code, and a file holds none. The help says what to write
    instead: steps go into a `transform` block, decoding options have arguments of their own."""

    code = "FL207"
    slug = "refused-argument"
    title = "an argument that a file cannot give"
    bad = """\
dataset d = FakeData(size=32, transform=none)
"""
    good = """\
dataset d = FakeData(size=32)
"""


class PositionalAfterNamed(Rule):
    """Arguments without a name come first, as in Python."""

    code = "FL208"
    slug = "positional-after-named"
    title = "an argument without a name after a named one"
    bad = """\
dataset d = FakeData(size=32, 10)
"""
    good = """\
dataset d = FakeData(size=32, num_classes=10)
"""


class StepRefused(Rule):
    """Every argument of a step is of the right type, but the step refuses them together: an even kernel size, a range
    whose ends are swapped. The words after the colon are those of torchvision or of your own code."""

    code = "FL209"
    slug = "step-refused"
    title = "arguments that a step refuses"
    bad = ""
    good = ""


class CannotImport(Rule):
    """`python("package.module:name")` names something that cannot be imported, or that cannot be called.

    Python looks for the module where it always does: in the installed packages and in the folders of `PYTHONPATH`.
    """

    code = "FL210"
    slug = "cannot-import"
    title = "foreign code that cannot be imported"
    bad = ""
    good = ""


class StepFailed(Rule):
    """A step of the chain raised an error on a sample, or on a batch; or the function of `feedline bench --step` on a
    batch. The words after the colon are its own."""

    code = "FL211"
    slug = "step-failed"
    title = "a step that failed"
    bad = ""
    good = ""


class ValueMismatch(Rule):
    """An operator was given values that it cannot combine, such as a text and a number."""

    code = "FL230"
    slug = "value-mismatch"
    title = "values that do not go together"
    bad = """\
let count = "32" + 1
dataset d = FakeData(size=count)
"""
    good = """\
let count = 32 + 1
dataset d = FakeData(size=count)
"""


class DivisionByZero(Rule):
    """A division whose divisor is zero."""

    code = "FL231"
    slug = "division-by-zero"
    title = "a division by zero"
    bad = """\
let count = 32 / 0
dataset d = FakeData(size=100)
"""
    good = """\
let count = 32 / 2
dataset d = FakeData(size=100)
"""


class TooLarge(Rule):
    """A value or a definition is larger than a file may build: whole numbers have 64 bits, texts 100,000 characters."""

    code = "FL232"
    slug = "too-large"
    title = "a value that is too large"
    bad = """\
let count = 9 ** 9 ** 9
dataset d = FakeData(size=32)
"""
    good = """\
let count = 9 ** 9
dataset d = FakeData(size=32)
"""


class UnsetVariable(Rule):
    """`env("NAME")` reads an environment variable that is not set, and gives no default."""

    code = "FL233"
    slug = "unset-variable"
    title = "an environment variable that is not set"
    bad = """\
let root = env("FEEDLINE_DOCS_UNSET")
dataset d = FakeData(size=32)
"""
    good = """\
let root = env("FEEDLINE_DOCS_UNSET", "data")
dataset d = FakeData(size=32)
"""


class NotAValue(Rule):
    """Something stands where a value is needed and has none: a call of a function that does not exist, a field of the
    data outside a group, a transform where none is taken."""

    code = "FL234"
    slug = "not-a-value"
    title = "something that has no value here"
    bad = """\
let count = max(1, 2)
dataset d = FakeData(size=32)
"""
    good = """\
let count = 2
dataset d = FakeData(size=32)
"""


class UnsuitableValue(Rule):
    """A value does not suit its statement: a batch of `0`, a probability of `1.5`, a seed that is a text."""

    code = "FL235"
    slug = "unsuitable-value"
    title = "a value that does not suit its place"
    bad = """\
dataset d = FakeData(size=32)
loader train from d { sample { batch 0; order shuffled } }
"""
    good = """\
dataset d = FakeData(size=32)
loader train from d { sample { batch 8; order shuffled } }
"""
