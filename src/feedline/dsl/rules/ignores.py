"""013 to 019: comments that silence warnings, and fixes."""

from __future__ import annotations

from feedline.dsl.diagnostics import Rule

ABOUT_COMMENTS = frozenset({"FL013", "FL014", "FL015", "FL016", "FL017"})
"""What is said about comments that silence. Silencing that as well would lead nowhere."""

_SILENCED = """\
dataset d = FakeData(size=100)
loader train from d {
  sample { batch 8; order shuffled; places forced first }  # feedline: ignore FL406 because a force comes later
}
"""


class IgnoreWithoutReason(Rule):
    """A comment that silences a warning says why, for whoever reads the file next: `because ...`.

    It silences the warning all the same.
    """

    code = "FL013"
    slug = "ignore-without-reason"
    severity = "warning"
    title = "a warning silenced without a reason"
    bad = _SILENCED.partition(" because")[0] + "\n}\n"
    good = _SILENCED


class IgnoresNothing(Rule):
    """A comment silences a warning that is not given on that line.

    The comment is about the line it stands on or, where it has a line to itself, about the next one that holds
    something. A warning is on the line where the text that it marks begins. A file with an error is not checked to its
    end, so this is not said of it; nor is it said of a warning that only opened data can give.
    """

    code = "FL014"
    slug = "ignores-nothing"
    severity = "warning"
    title = "a comment that silences nothing"
    bad = """\
dataset d = FakeData(size=100)
loader train from d { sample { batch 8; order shuffled } }  # feedline: ignore FL406 because a force comes later
"""
    good = """\
dataset d = FakeData(size=100)
loader train from d { sample { batch 8; order shuffled } }
"""


class IgnoreOfUnknownCode(Rule):
    """A comment names a code that feedline does not have, so it silences nothing.

    `feedline rule --all` lists all codes.
    """

    code = "FL015"
    slug = "ignore-of-unknown-code"
    severity = "warning"
    title = "an unknown code in a comment"
    bad = """\
dataset d = FakeData(size=100)
loader train from d { sample { batch 8; order shuffled } }  # feedline: ignore FL4006 because a force comes later
"""
    good = """\
dataset d = FakeData(size=100)
loader train from d { sample { batch 8; order shuffled } }
"""


class IgnoreOfError(Rule):
    """A comment names the code of an error. A file with an error has no meaning, whatever it says about it.

    Neither can what is said about such comments be silenced.
    """

    code = "FL016"
    slug = "ignore-of-an-error"
    severity = "warning"
    title = "an error that a comment would silence"
    bad = """\
dataset d = FakeData(size=100)
loader train from d { sample { batch 8; order shuffled } }  # feedline: ignore FL101 because the name comes later
"""
    good = """\
dataset d = FakeData(size=100)
loader train from d { sample { batch 8; order shuffled } }
"""


class UnclearIgnore(Rule):
    """A comment looks as if it should silence a warning, but has another form, so it silences nothing.

    The form is `# feedline: ignore FL406 because ...`, with one or more codes.
    """

    code = "FL017"
    slug = "unclear-ignore"
    severity = "warning"
    title = "a comment that nearly silences a warning"
    bad = """\
dataset d = FakeData(size=100)
loader train from d {
  sample { batch 8; order shuffled }  # feedline: ignore all warnings
}
"""
    good = """\
dataset d = FakeData(size=100)
loader train from d {
  sample { batch 8; order shuffled }
}
"""


class FixNotWritten(Rule):
    """`feedline check --fix` or `feedline fmt` could not write a file: it is read-only, the disk is full, or the file
    was changed by another program meanwhile. The file is as it was."""

    code = "FL019"
    slug = "fix-not-written"
    title = "a file that could not be written"
    bad = ""
    good = ""
