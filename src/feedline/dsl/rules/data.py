"""6xx: the data on disk."""

from __future__ import annotations

from feedline.dsl.diagnostics import Rule


class DataNotFound(Rule):
    """A file or folder that a dataset is made from is not there, or is the other of the two.

    Relative paths start from the folder of the `.pipe` file that holds them. torchvision's own datasets can often
    fetch their files: `download=true`.
    """

    code = "FL601"
    slug = "data-not-found"
    title = "data that is not there"
    bad = ""
    good = ""


class BrokenAnnotations(Rule):
    """An annotation file or a table cannot be read as what it should be: broken JSON, a CSV row of the wrong length,
    text that is not UTF-8. The message names the line in the data file.
    """

    code = "FL602"
    slug = "broken-annotations"
    title = "an annotation file that cannot be read"
    bad = ""
    good = ""


class InconsistentAnnotations(Rule):
    """An annotation file can be read but contradicts itself: an annotation of an image or a category that is not
    listed, one id twice, a key that is missing.
    """

    code = "FL603"
    slug = "inconsistent-annotations"
    title = "annotations that contradict themselves"
    bad = ""
    good = ""


class EscapingPath(Rule):
    """An annotation file or a table names a file outside the folder its files belong in (`../secrets`, `/etc/passwd`).

    Data from elsewhere must not decide which files of this machine are read.
    """

    code = "FL604"
    slug = "escaping-path"
    title = "a file name that leaves its folder"
    bad = ""
    good = ""


class MissingImages(Rule):
    """Images that an annotation file or a table lists are not on disk.

    Found by listing the folders once, before anything runs. Where every loader of the dataset says `on error skip` or
    `on error replace`, this is a warning (FL614) instead.
    """

    code = "FL605"
    slug = "missing-images"
    title = "listed images that are not on disk"
    bad = ""
    good = ""


class SuspiciousBoxes(Rule):
    """Boxes that reach more than a pixel outside their image, or that have no width or no height.

    Detection losses turn boxes without an area into NaN. `bad_boxes=repair` in the dataset leaves them out, for groups
    and samples alike, and cuts boxes that reach outside at the edge of their image.
    """

    code = "FL606"
    slug = "suspicious-boxes"
    title = "boxes outside their image or without an area"
    bad = ""
    good = ""


class EmptySource(Rule):
    """A source, or a class of it, has no sample: an empty folder or table, a pattern that matches nothing."""

    code = "FL607"
    slug = "empty-source"
    title = "a source without samples"
    bad = ""
    good = ""


class UnknownColumn(Rule):
    """An argument names a column that the table does not have."""

    code = "FL608"
    slug = "unknown-column"
    title = "a column that the table does not have"
    bad = ""
    good = ""


class UnusableColumn(Rule):
    """A column's values are not what they are used for: a label that is missing, a feature that is no number."""

    code = "FL609"
    slug = "unusable-column"
    title = "a column whose values cannot be used so"
    bad = ""
    good = ""


class MissingPackage(Rule):
    """Reading this data needs a package that is not installed."""

    code = "FL610"
    slug = "missing-package"
    title = "a package that reading the data needs"
    bad = ""
    good = ""


class SourceFailed(Rule):
    """A dataset of torchvision or of the user's own refused to be made, or is not what a source has to be."""

    code = "FL611"
    slug = "source-failed"
    title = "a dataset that could not be made"
    bad = ""
    good = ""


class UnreadableData(Rule):
    """A sample cannot be read: its file is missing, empty, cut short or no image.

    `on error skip` leaves such samples out and `on error replace` draws another of the same group instead.
    """

    code = "FL612"
    slug = "unreadable-data"
    title = "a sample that cannot be read"
    bad = ""
    good = ""


class IncompatibleSources(Rule):
    """Datasets that are put together with `+` have different fields, so that their samples do not fit in one batch."""

    code = "FL613"
    slug = "incompatible-sources"
    title = "datasets that cannot be put together"
    bad = ""
    good = ""


class ToleratedMissingImages(Rule):
    """Images that an annotation file or a table lists are not on disk, which `on error skip` or `replace` allows."""

    code = "FL614"
    slug = "tolerated-missing-images"
    severity = "warning"
    title = "listed images that are not on disk, which `on error` allows"
    bad = ""
    good = ""


class DisagreeingParts(Rule):
    """The folders that `split ... by folder` names do not hold the same classes, so that numbers would mean different
    classes in each part.
    """

    code = "FL615"
    slug = "disagreeing-parts"
    title = "parts whose classes differ"
    bad = ""
    good = ""


class TooManyReplaced(Rule):
    """More samples had to be replaced than `on error replace max ...` allows."""

    code = "FL616"
    slug = "too-many-replaced"
    title = "too many unreadable samples"
    bad = ""
    good = ""


class HiddenColumn(Rule):
    """A column has the name of a field that means something else, so that neither samples nor predicates see it.

    `index` is the position of the sample in its dataset. Of a `Table`, `image` is the decoded image and `path` its file
    where `image=` names another column; so are `label` and `features` what the arguments of these names say.
    """

    code = "FL617"
    slug = "hidden-column"
    severity = "warning"
    title = "a column whose name means something else"
    bad = ""
    good = ""
