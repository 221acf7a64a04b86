"""Samples that come very much more often than the others: a few of them fill places in every batch."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from attrs import frozen

from feedline.compiler import ir
from feedline.dsl.rules.feasibility import SeenTooOften
from feedline.dsl.source import Span
from feedline.runtime.sampling.check.case import Case, force_text, name_of
from feedline.runtime.sampling.check.drawn import classes_of, draw_text
from feedline.runtime.sampling.check.length import filled_places
from feedline.runtime.sampling.check.mixed import mix_text, part_name
from feedline.runtime.sampling.check.rest import weights_of_rest
from feedline.runtime.sampling.draw import drawable

OFTEN = 50
"""Times an epoch from which a sample comes too often to be meant ..."""

OFTENER = 20
"""... if that is also so many times as often as the average of the others."""


@frozen
class Few:
    """`count` samples that fill `taken` places of an epoch, each as often as another."""

    what: str
    """The statement that brings them."""
    who: str
    count: int
    taken: float
    span: Span
    exact: bool
    """Whether each comes just so often, or is only expected to."""

    @property
    def times(self) -> float:
        """How often each comes in an epoch."""
        return self.taken / self.count


def warn_often(case: Case) -> None:
    """Report what comes too often, the samples of each statement once."""
    batches = case.plan.length(0)
    for few in _few(case, batches):
        others = case.size - few.count
        average = (batches * case.policy.batch - few.taken) / others if others else few.times
        if few.times < OFTEN or few.times < OFTENER * average:
            continue
        how = "comes" if few.exact else "is expected"
        one = f"each of the {few.count:,} samples" if few.count > 1 else "the one sample"
        case.report(
            SeenTooOften, few.span, f"{one} {few.who} {how} {_times(few)} an epoch",
            label=f"another sample comes {average:.1f} times on average",
            notes=[f"`{few.what}` takes {few.taken:,.0f} samples in {batches:,} batches"],
            help="bring them less often, make the epoch shorter, or get more samples like them",
        )  # fmt: skip


def _times(few: Few) -> str:
    low, high = int(few.times), -int(-few.times // 1)
    return f"{low:,} or {high:,} times" if few.exact and low != high else f"{few.times:,.0f} times"


def _few(case: Case, batches: int) -> Iterator[Few]:
    """What fills places of its own in every batch."""
    policy = case.policy
    for force, members in zip(policy.forces, case.forced, strict=True):
        if force.places:
            exact = not force.replacement and not force.at_least
            what, who = force_text(policy, force), f"of `{name_of(force)}`"
            yield Few(what, who, len(members), batches * force.count, force.span, exact)
    if policy.draw is not None:
        yield _drawn(case, policy.draw, batches)
    if policy.mix is not None:
        what, shares = mix_text(policy, policy.mix), sum(part.share for part in policy.mix.parts)
        for part in policy.mix.parts:
            count, taken = len(case.populations.members(part.group)), batches * policy.batch * part.share / shares
            yield Few(what, f"of `{part_name(part)}`", count, taken, part.span, not policy.mix.replacement)
    if policy.weights is not None and case.places:
        weights = policy.weights
        what = f"{'balance' if weights.kind == 'balance' else 'weight'} by {weights.by or '{ ... }'}"
        yield _heaviest(weights_of_rest(case), filled_places(case), what, weights.span)
    if policy.repeat is not None and case.factors is not None and len(case.factors):
        what = f"repeat factor {policy.repeat.threshold:g} by {policy.repeat.by}"
        yield _heaviest(case.factors, batches * case.places, what, policy.repeat.span)


def _drawn(case: Case, draw: ir.Draw, batches: int) -> Few:
    """The value with the fewest samples that is drawn, for every value is drawn equally often."""
    classes = classes_of(case)
    counts = np.diff(classes.offsets)
    drawn = drawable(case.policy, classes)
    code = int(drawn[np.argmin(counts[drawn])])
    taken = batches * case.policy.batch / len(drawn)
    return Few(draw_text(case.policy, draw), f"of `{classes.names[code]}`", int(counts[code]), taken, draw.span, False)


def _heaviest(values: np.ndarray, taken: float, what: str, span: Span) -> Few:
    """The samples of the largest weight among those that fill `taken` places in proportion to `values`."""
    heaviest = int((values == values.max()).sum())
    share = heaviest / float((values / values.max()).sum())  # a sum of weights may be too large for a float
    return Few(what, "of the largest weight", heaviest, taken * share, span, False)
