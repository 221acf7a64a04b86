"""58x: promises that were not kept, and what `feedline verify` and `feedline show` cannot do."""

from __future__ import annotations

from feedline.dsl.diagnostics import Rule


class PromiseBroken(Rule):
    """A delivered batch does not hold what the policy promises. The loader says so because `verify = true` made it
    count.

    The fault is feedline's own, or that of code which changed the batch's samples on the way: please report it with
    the file and the batch's epoch and number.
    """

    code = "FL581"
    slug = "promise-broken"
    title = "a delivered batch that breaks a promise"
    bad = ""
    good = ""


class PlanBreaksPromise(Rule):
    """`feedline verify` worked out the batches of a loader and found one that breaks a promise of its policy.

    The fault is feedline's own: please report it with the file. `feedline show` prints the batch that is named.
    """

    code = "FL582"
    slug = "plan-breaks-promise"
    title = "a planned batch that breaks a promise"
    bad = ""
    good = ""


class NoSuchBatch(Rule):
    """`feedline show` was asked for a batch that the epoch does not have. Batches and epochs count from 0."""

    code = "FL583"
    slug = "no-such-batch"
    title = "a batch beyond the end of the epoch"
    bad = ""
    good = ""


class PlotNeedsMatplotlib(Rule):
    """`--plot` draws with matplotlib, which is installed with feedline's extra `plot`."""

    code = "FL584"
    slug = "plot-needs-matplotlib"
    title = "a plot without matplotlib"
    bad = ""
    good = ""


class PlotNotWritten(Rule):
    """The picture cannot be written to the place that `--plot` names, or not in the format that its ending says."""

    code = "FL585"
    slug = "plot-not-written"
    title = "a plot that cannot be written"
    bad = ""
    good = ""
