"""`draw`: are there enough values with enough samples, and which values never come?"""

from __future__ import annotations

import numpy as np

from feedline.compiler import ir
from feedline.compiler.counts import samples
from feedline.dsl.rules.feasibility import TooFewValues, ValuesNeverDrawn
from feedline.runtime.sampling.check.case import Case, counted
from feedline.runtime.sampling.draw import drawable
from feedline.runtime.sampling.populations import Classes


def draw_text(policy: ir.Policy, draw: ir.Draw) -> str:
    """A `draw` line as the user wrote it, defaults spelt out."""
    how, distinct = "with" if draw.replacement else "without", " distinct" if policy.distinct else ""
    return f"draw {draw.classes} {draw.by} with {draw.each} each {how} replacement{distinct}"


def classes_of(case: Case) -> Classes:
    """The values that are drawn. Raises ValueError where the populations lack them."""
    if case.populations.classes is None:
        raise ValueError("a policy with `draw` needs the classes of its populations")
    return case.populations.classes


def check_draw(case: Case, draw: ir.Draw) -> None:
    """Report a field with too few values of enough samples."""
    classes = classes_of(case)
    counts, enough = np.diff(classes.offsets), len(drawable(case.policy, classes))
    if enough < draw.classes:
        least = draw.each if case.policy.distinct or not draw.replacement else 1
        own = " of their own" if case.policy.distinct and len(np.unique(classes.members)) < len(classes.members) else ""
        largest = np.argsort(-counts, kind="stable")
        case.report(
            TooFewValues, draw.span,
            f"`{draw_text(case.policy, draw)}` cannot be kept: {enough:,} of {len(counts):,} values of `{draw.by}` "
            f"have {samples(least)} or more{own}",
            label=f"{enough:,} to draw from, {draw.classes} needed",
            notes=[f"the largest: {counted(classes.names, counts, largest)}"] if len(counts) else [],
            help=_enough_help(draw, enough, int(np.count_nonzero(counts))),
        )  # fmt: skip


def _enough_help(draw: ir.Draw, enough: int, values: int) -> str:
    """What can be drawn of so many values, `enough` of which have the samples for it."""
    fewer = ("draw 1 value" if enough == 1 else f"draw {enough:,} values or fewer") if enough else ""
    if values < draw.classes:  # no number of samples makes up for missing values
        return fewer or f"draw {'1 value' if values == 1 else f'{values:,} values or fewer'}, and fewer samples of each"
    repeats = "" if draw.replacement else ", or allow repeats: `with replacement`"
    return f"{fewer + ', ' if fewer else 'draw '}fewer samples of each{repeats}"


def warn_draw(case: Case, draw: ir.Draw) -> None:
    """Values that are never drawn, because they have too few samples."""
    classes = classes_of(case)
    counts = np.diff(classes.offsets)
    repeats = "" if case.policy.distinct else ", or allow repeats: `with replacement`"
    few = np.setdiff1d(np.flatnonzero(counts), drawable(case.policy, classes))
    if len(few):
        case.report(
            ValuesNeverDrawn, draw.span,
            f"`{draw_text(case.policy, draw)}` leaves out {len(few):,} of {np.count_nonzero(counts):,} values: too few "
            f"samples for {draw.each} each",
            label=f"leaves out {samples(int(counts[few].sum()))}",
            notes=[f"never drawn: {counted(classes.names, counts, few)}"],
            help=f"draw fewer samples of each{repeats}",
        )  # fmt: skip
