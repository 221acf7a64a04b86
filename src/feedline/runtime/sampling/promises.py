"""What a policy promises about every batch, in a form that a counter can check."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

from attrs import evolve, frozen

from feedline.compiler import ir

SAMPLES = "samples"
"""What the promise of `distinct` is about, in the place of a group."""


@frozen
class Promise:
    """Every batch holds between `minimum` and `maximum` of something (None: no upper bound).

    Counted are, by `kind`: `members`, the samples of a group; `values`, the values of a field that have exactly
    `each` samples of the batch; `different`, its different samples, which must be as many as it has."""

    group: str
    """A group's full name; a field of `values`."""
    text: str
    """For people: `exactly 3 of 8`, `at least 1 of 8`."""
    minimum: int
    maximum: int | None
    applies: str = "every batch"
    kind: Literal["members", "values", "different"] = "members"
    each: int = 0
    first: int = 0
    """The epoch from which it holds."""
    end: int | None = None
    """The epoch from which it holds no longer."""
    stage: int | None = None
    """The number of the stage whose promise it is; None for what holds before the first."""

    def holds_in(self, epoch: int) -> bool:
        """Whether the epoch's batches owe this."""
        return self.first <= epoch and (self.end is None or epoch < self.end)

    def kept(self, count: int, batch_len: int) -> bool:
        """Whether a delivered batch of `batch_len` samples with a count of `count` keeps the promise.

        A shorter last batch is short in the other places only, so it owes a group's samples in full."""
        if self.kind == "different":
            return count == batch_len
        return self.minimum <= count <= (batch_len if self.maximum is None else self.maximum)


def promises_of(policy: ir.Policy, ranks: int = 1) -> tuple[Promise, ...]:
    """What every batch of the policy holds: forced groups in the order of the policy, drawn values, parts of a mix,
    different samples; those of each stage by epoch.

    `ranks` matters to a policy whose batches are shared by all ranks: then it is what each rank's share holds."""
    starts = [0, *(stage.epoch for stage in policy.stages)]
    found: list[Promise] = []
    for number, (first, end) in enumerate(zip(starts, [*starts[1:], None], strict=True), -1):
        one = policy if number < 0 else policy.stages[number].policy
        when = {"first": first, "end": end, "applies": _applies(first, end), "stage": None if number < 0 else number}
        found += (evolve(promise, **when) for promise in _of(one, ranks))
    return tuple(found)


def bounds_text(minimum: int, maximum: int | None, batch: int) -> str:
    """A count's bounds as a promise words them: `exactly 3 of 8`, `at most 2 of 8`, `2 or 3 of 8`, `1 to 4 of 8`."""
    if maximum is None:
        return f"at least {minimum} of {batch}"
    if minimum == maximum:
        return f"exactly {minimum} of {batch}"
    if not minimum:
        return f"at most {maximum} of {batch}"
    return f"{minimum} {'or' if maximum == minimum + 1 else 'to'} {maximum} of {batch}"


def _applies(first: int, end: int | None) -> str:
    if end is None:
        return f"every batch from epoch {first}" if first else "every batch"
    return f"every batch before epoch {end}" if not first else f"every batch of epochs {first} to {end - 1}"


def _of(policy: ir.Policy, ranks: int) -> Iterator[Promise]:
    """The promises of one policy without its stages."""
    shared = ranks if policy.across_ranks else 1
    size = policy.batch // shared
    for group, (minimum, maximum) in {**_forced(policy), **_mixed(policy)}.items():
        if shared > 1:
            # Of a global batch any of the places that hold the group may be other ranks'.
            minimum = max(0, minimum - (policy.batch - size))
            maximum = size if maximum is None else min(maximum, size)
        if minimum or maximum is not None:
            yield Promise(group, bounds_text(minimum, maximum, size), minimum, maximum)
    draw = policy.draw
    if draw is not None and shared == 1:
        text = f"{draw.classes} values with {draw.each} each"
        yield Promise(draw.by, text, draw.classes, draw.classes, kind="values", each=draw.each)
    if policy.distinct:
        yield Promise(SAMPLES, "all different", 1, policy.batch, kind="different")


def _forced(policy: ir.Policy) -> dict[str, tuple[int, int | None]]:
    """The bounds of each forced group; `at least` and `at most` lines of one group together."""
    found: dict[str, tuple[int, int | None]] = {}
    for force in policy.forces:
        minimum, maximum = found.get(force.group, (0, None))
        if force.bound != "at most":
            minimum = force.count
        if force.bound != "at least":
            maximum = force.count
        found[force.group] = minimum, maximum
    return found


def _mixed(policy: ir.Policy) -> dict[str, tuple[int, int | None]]:
    """The floor and ceil of each part's share of a batch."""
    if policy.mix is None:
        return {}
    total = sum(part.share for part in policy.mix.parts)
    shares = {part.group: policy.batch * part.share for part in policy.mix.parts}
    return {group: (share // total, math.ceil(share / total)) for group, share in shares.items()}
