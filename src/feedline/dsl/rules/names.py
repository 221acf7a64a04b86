"""1xx: names, imports, parameters, and the files themselves."""

from __future__ import annotations

from feedline.dsl.diagnostics import Rule


class DuplicateName(Rule):
    """Two declarations of one file have the same name. All names of a file share one namespace.

    A name that an `import` brings in is a declaration too; `import "other.pipe" as o` brings in only `o`.
    """

    code = "FL101"
    slug = "duplicate-name"
    title = "two declarations of one name"
    bad = """\
let size = 32
let size = 64
dataset d = FakeData(size=size)
"""
    good = """\
let size = 32
dataset d = FakeData(size=size)
"""


class UnknownName(Rule):
    """A name that nothing declares.

    Declarations may stand in any order, but names are exact: `Defects` is not `defects`.
    """

    code = "FL102"
    slug = "unknown-name"
    title = "a name that nothing declares"
    bad = """\
let count = 32
dataset d = FakeData(size=coumt)
"""
    good = """\
let count = 32
dataset d = FakeData(size=count)
"""


class WrongKind(Rule):
    """The name is declared, but as something else: a group stands where a data set is needed, for instance."""

    code = "FL103"
    slug = "wrong-kind"
    title = "a name of the wrong kind"
    bad = """\
dataset d = FakeData(size=32)
group zeros = d where label == 0
loader train from zeros { sample { batch 8 } }
"""
    good = """\
dataset d = FakeData(size=32)
group zeros = d where label == 0
loader train from d { sample { force 2 zeros per 8 } }
"""


class ReservedName(Rule):
    """A declaration takes a name that the language uses at the same places: `imagenet`, and for a group `rest` or a
    field of every sample, such as `label`. Which of the two is meant could not be told.
    """

    code = "FL104"
    slug = "reserved-name"
    title = "a name that the language needs"
    bad = """\
let imagenet = 3
dataset d = FakeData(size=imagenet)
"""
    good = """\
let count = 3
dataset d = FakeData(size=count)
"""


class Circular(Rule):
    """Declarations that need each other: none of them can be worked out first."""

    code = "FL105"
    slug = "circular-definition"
    title = "declarations that go round in a circle"
    bad = """\
let a = b + 1
let b = a + 1
dataset d = FakeData(size=a)
"""
    good = """\
let a = b + 1
let b = 1
dataset d = FakeData(size=a)
"""


class ImportCycle(Rule):
    """A file imports itself, directly or through others."""

    code = "FL106"
    slug = "import-cycle"
    title = "files that import each other"
    bad = ""
    good = ""


class UnreadableSource(Rule):
    """A `.pipe` file cannot be read: it is absent, a directory, not permitted, or too large to be one."""

    code = "FL107"
    slug = "unreadable-file"
    title = "a file that cannot be read"
    bad = ""
    good = ""


class NotUtf8(Rule):
    """A `.pipe` file is UTF-8 text. The place shown is the first byte that is not."""

    code = "FL108"
    slug = "not-utf-8"
    title = "a file that is not UTF-8 text"
    bad = ""
    good = ""


class EmptyFile(Rule):
    """The file declares nothing at all, which is seldom meant. A file of declarations for others to import is fine."""

    code = "FL109"
    slug = "empty-file"
    title = "a file without a declaration"
    bad = "# nothing yet\n"
    good = "dataset d = FakeData(size=32)\n"


class MissingParameter(Rule):
    """A parameter without a default was given no value."""

    code = "FL110"
    slug = "missing-parameter"
    title = "a required parameter without a value"
    bad = """\
param count: int
dataset d = FakeData(size=count)
"""
    good = """\
param count: int = 32
dataset d = FakeData(size=count)
"""


class UnknownParameter(Rule):
    """A value was given for a parameter that the file does not declare."""

    code = "FL111"
    slug = "unknown-parameter"
    title = "a value for a parameter that does not exist"
    bad = ""
    good = ""


class BadParameter(Rule):
    """A parameter's value, given or by default, does not suit its declared type."""

    code = "FL112"
    slug = "bad-parameter"
    title = "a parameter of the wrong type"
    bad = """\
param count: int = "many"
dataset d = FakeData(size=count)
"""
    good = """\
param count: int = 32
dataset d = FakeData(size=count)
"""


class BadParameterFile(Rule):
    """A file given with `--params` cannot be read as TOML or JSON, or is not a table of parameters."""

    code = "FL113"
    slug = "bad-parameter-file"
    title = "a parameter file that cannot be used"
    bad = ""
    good = ""


class UnknownSource(Rule):
    """A data set's source is neither in the catalogue nor registered from Python."""

    code = "FL114"
    slug = "unknown-source"
    title = "a source that does not exist"
    bad = """\
dataset d = FakeDate(size=32)
"""
    good = """\
dataset d = FakeData(size=32)
"""


class UnknownTransform(Rule):
    """A step is neither a transform of the catalogue, nor registered from Python, nor a `transform` of the file."""

    code = "FL115"
    slug = "unknown-transform"
    title = "a transform that does not exist"
    bad = """\
dataset d = FakeData(size=32)
loader images from d { transform { RandomHorizontalFilp(p=0.5) } }
"""
    good = """\
dataset d = FakeData(size=32)
loader images from d { transform { RandomHorizontalFlip(p=0.5) } }
"""


class PythonNotAllowed(Rule):
    """`python(...)` runs foreign code, so it is refused unless whoever compiles the file allows it. A file cannot."""

    code = "FL116"
    slug = "python-not-allowed"
    title = "foreign code that nobody allowed"
    bad = """\
dataset d = python("mine.data:Things")
"""
    good = """\
dataset d = FakeData(size=32)
"""


class UnknownPart(Rule):
    """A part that no `split` of the data set makes."""

    code = "FL117"
    slug = "unknown-part"
    title = "a part that does not exist"
    bad = """\
dataset d = FakeData(size=100)
split d into train 80%, val 20%
loader val from d.vla { sample { batch 8 } }
"""
    good = """\
dataset d = FakeData(size=100)
split d into train 80%, val 20%
loader val from d.val { sample { batch 8 } }
"""


class BadFold(Rule):
    """Parts of folds need the number of a fold, from 0, and only they do: `photos.train[0]`."""

    code = "FL118"
    slug = "bad-fold"
    title = "a fold that does not exist"
    bad = """\
dataset d = FakeData(size=100)
split d into 5 folds seed 0
loader val from d.val[5] { sample { batch 8 } }
"""
    good = """\
dataset d = FakeData(size=100)
split d into 5 folds seed 0
loader val from d.val[4] { sample { batch 8 } }
"""


class OtherDataset(Rule):
    """A group of one data set is used where the samples of another are meant. A group holds samples of its own data set
    only; it follows that data set into its parts."""

    code = "FL119"
    slug = "group-of-another-dataset"
    title = "a group of another data set"
    bad = """\
dataset a = FakeData(size=100)
dataset b = FakeData(size=100)
group zeros = a where label == 0
loader train from b { sample { force 1 zeros per 4 } }
"""
    good = """\
dataset b = FakeData(size=100)
group zeros = b where label == 0
loader train from b { sample { force 1 zeros per 4 } }
"""


class BadImport(Rule):
    """An import that names nothing to bring in, or whose path is not plain text."""

    code = "FL120"
    slug = "bad-import"
    title = "an import that cannot be followed"
    bad = """\
import "${folder}/shared.pipe" as shared
dataset d = FakeData(size=32)
"""
    good = """\
dataset d = FakeData(size=32)
"""
