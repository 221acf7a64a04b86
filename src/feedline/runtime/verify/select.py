"""Which checks a policy calls for: everything that it guarantees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from feedline.compiler import ir
from feedline.runtime.guarantees import meters
from feedline.runtime.sampling.populations import Populations
from feedline.runtime.sampling.promises import Promise
from feedline.runtime.verify.checks import Check, Counts, Full, Only, SameSamples, Spread
from feedline.runtime.verify.facts import Facts
from feedline.runtime.verify.forms import MixPeriods, Pure
from feedline.runtime.verify.lengths import last_batch
from feedline.runtime.verify.turns import ANY, InOrder, InTurns, Times, bounds

EVERY_BATCH, EVERY_EPOCH = "every batch", "every epoch"


def checks_of(facts: Facts, promises: Sequence[Promise], populations: Populations) -> list[Check]:
    """The checks of one policy without stages. `promises` are those of its batches, `populations` the whole
    policy's."""
    return [*_batches(facts, promises, populations), *_forced(facts), *_rest(facts), *_whole(facts)]


def _batches(facts: Facts, promises: Sequence[Promise], populations: Populations) -> Iterator[Check]:
    policy = facts.policy
    for meter in meters(promises, populations):
        promise = meter.promise
        subject = "" if promise.kind == "different" else f" `{promise.group}`"
        text = "no sample twice" if promise.kind == "different" else f"{promise.text}{subject}"
        yield Counts(text, EVERY_BATCH, meter=meter)
    last = last_batch(facts)
    short = "" if last[0] == policy.batch else ", the last may be short"
    yield Full(f"{policy.batch} samples{short}", EVERY_BATCH, last=last)
    if policy.places == "shuffled" and any(force.places for force in policy.forces):
        yield SameSamples("places shuffled, samples the same", EVERY_BATCH)


def _forced(facts: Facts) -> Iterator[Check]:
    policy = facts.policy
    for number, force in enumerate(policy.forces):
        name = f"`{force.group}`"
        if force.bound == "at most":
            yield from _spread(facts, force)
            continue
        columns = facts.places_of(number)
        counted = columns if facts.overlaps else None
        # Where a forced sample may have to give way, or comes from near a bucket, turns are not promised.
        gives_way = force.bound == "at least" and policy.distinct
        if (force.bound == "at least" or policy.places == "first") and not gives_way:
            yield Only(f"{name} in its own places", EVERY_BATCH, allowed=facts.forced(number), columns=columns)
        if not force.replacement and not gives_way and policy.bucket is None:
            streams = _one_stream(facts.forced(number))
            yield InTurns(
                f"{name} used up before any repeats", EVERY_EPOCH, streams=streams, name=name, columns=counted
            )  # fmt: skip
    if facts.ambiguous.any():
        low, high = bounds(facts.ambiguous, 0, 0)
        yield Times("no sample of two of `each`", EVERY_EPOCH, low=low, high=high)


def _one_stream(mask: np.ndarray) -> np.ndarray:
    """The `streams` of `InTurns` for one stream of the samples of a mask (size + 1,)."""
    return mask.astype(np.int8) - 1


def _spread(facts: Facts, force: ir.Force) -> Iterator[Check]:
    """One pass brings about as many of a limited group in each batch."""
    policy = facts.policy
    reserved = any(other.group == force.group and other.places for other in policy.forces)
    if policy.epoch.kind == "pass" and policy.epoch.over == "rest" and not policy.rest_replacement and not reserved:
        yield Spread(
            f"`{force.group}` spread evenly", EVERY_BATCH, group=force.group,
            samples=int(facts.mask(force.group).sum()), limit=force.count, dropped=policy.last == "drop",
        )  # fmt: skip


def _rest(facts: Facts) -> Iterator[Check]:
    policy = facts.policy
    if policy.draw is not None or policy.mix is not None or not facts.rest_places:
        return
    forced = policy.batch - facts.rest_places
    columns = slice(forced, policy.batch) if forced and facts.overlaps else None
    allowed = facts.rest if columns is not None else facts.rest | facts.exact
    if policy.weights is not None:
        yield Only("none of weight 0 in the rest's places", EVERY_BATCH, allowed=allowed, columns=columns)
    elif columns is not None:
        yield Only("only the rest in the rest's places", EVERY_BATCH, allowed=allowed, columns=columns)
    if policy.bucket is not None and facts.populations.values is not None:
        yield Pure(
            f"of one `{policy.bucket.by}` bucket in {policy.bucket.count}", EVERY_BATCH,
            values=facts.populations.values, number=policy.bucket.count, columns=columns, exclude=facts.exact,
        )  # fmt: skip
    if policy.weights is not None or policy.rest_replacement:
        return
    if policy.repeat is not None:
        yield from _repeated(facts, columns)
    elif policy.epoch.kind == "pass" and policy.epoch.over == "rest":
        yield _once(facts, columns)
    elif not facts.limited.any():
        streams = _one_stream(facts.rest)
        text = "the rest used up before any repeats"
        yield InTurns(text, EVERY_EPOCH, streams=streams, name="one of the rest", columns=columns)
    plain = policy.repeat is None and policy.bucket is None and not policy.forces
    if policy.order == "sequential" and policy.places == "first" and plain:
        yield InOrder("in the order of the data", EVERY_BATCH, allowed=facts.rest)


def _once(facts: Facts, columns: slice | None) -> Times:
    """The rest within one pass."""
    least, most = {"keep": (1, 1), "drop": (0, 1), "pad": (1, ANY)}[facts.policy.last]
    low, high = bounds(facts.rest, least, most)
    if facts.limited.any():
        # How many of a limited group have room is for the epoch to say; of the others every one has its turn.
        low[facts.limited[:-1]] = 0
    text = {"keep": "once", "drop": "at most once", "pad": "at least once"}[facts.policy.last]
    return Times(f"each of the rest {text}", EVERY_EPOCH, low=low, high=high, columns=columns)


def _repeated(facts: Facts, columns: slice | None) -> Iterator[Check]:
    factors = facts.populations.factors
    if factors is None or facts.policy.epoch.kind != "pass" or facts.policy.epoch.over != "rest":
        return
    low, high = bounds(facts.rest, 0, 0)
    inside = facts.rest[:-1]
    low[inside], high[inside] = np.floor(factors[inside] + 1e-9), np.ceil(factors[inside] - 1e-9)
    # Copies that would meet in a batch are redrawn with `distinct`, so that only the average is promised.
    if facts.policy.last == "drop" or facts.policy.distinct:
        low[:] = 0
    if facts.policy.last == "pad" or facts.policy.distinct:
        high[inside] = ANY
    yield Times("repeated floor or ceil of its factor", EVERY_EPOCH, low=low, high=high, columns=columns)


def _whole(facts: Facts) -> Iterator[Check]:
    """Policies that fill the whole batch in their own way."""
    policy = facts.policy
    if policy.mix is not None:
        yield MixPeriods("mix exact", "every period", unit="periods", mix=policy.mix, batch=policy.batch)
        streams = np.full(facts.size + 1, -1, np.int32)
        for number, part in enumerate(policy.mix.parts):
            streams[facts.mask(part.group)] = number
        if not policy.mix.replacement:
            yield InTurns("each part used up before any repeats", EVERY_EPOCH, streams=streams, name="a sample")
        yield Only("only samples of its parts", EVERY_BATCH, allowed=streams >= 0)
    if policy.draw is not None:
        yield from _drawn(facts)


def _drawn(facts: Facts) -> Iterator[Check]:
    draw, single = facts.policy.draw, facts.single_value
    assert draw is not None
    if single is None:
        return  # which of its values a sample stands for cannot be told
    allowed = np.append(facts.drawable, False)[single]
    yield Only("only values with enough samples", EVERY_BATCH, allowed=allowed)
    turns = np.append(np.where(facts.drawable, 0, -1), -1)
    yield InTurns(
        f"each `{draw.by}` once before any again", EVERY_EPOCH,
        streams=turns, name="a value", items=single, each=draw.each,
    )  # fmt: skip
    if not draw.replacement:
        streams = np.where(allowed, single, -1)
        yield InTurns("a value's samples in turns", EVERY_EPOCH, streams=streams, name="a sample of a value")
