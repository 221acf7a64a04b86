"""How long an epoch is: batches, and how many of the places that are not forced hold a sample."""

from __future__ import annotations

from attrs import frozen

from feedline.compiler import ir
from feedline.runtime.sampling.at_most import Limits


@frozen
class Epoch:
    """The shape of an epoch of a policy."""

    batches: int
    rest: int
    """Places of the rest that hold a sample, in all batches together; the few that do not are in the last batch."""


def rest_places(policy: ir.Policy) -> int:
    """Places of a batch that are not forced."""
    return policy.batch - sum(force.places for force in policy.forces)


def epoch_of(policy: ir.Policy, rest: int, forced: dict[str, int], limits: Limits | None = None) -> Epoch:
    """The epoch's shape, from the number of samples of the rest (with repeat factors: of its list) and of each forced
    group (by full name), and from what `at most` lets in.

    One pass takes as many batches as give each sample of the rest, or of the forced group named, its turn. A group's
    own last batch is always full, because forced counts hold in every batch. `epoch N samples` counts all places.
    """
    places = rest_places(policy)
    if policy.epoch.kind == "batches":
        return Epoch(policy.epoch.count, policy.epoch.count * places)
    if policy.epoch.kind == "samples":
        wanted = policy.epoch.count
        batches = _divide(wanted, policy.batch, policy.last)
        if policy.last != "keep" or not batches:
            return Epoch(batches, batches * places)
        left = wanted - (batches - 1) * policy.batch - (policy.batch - places)
        return Epoch(batches, (batches - 1) * places + min(max(left, 0), places))
    if policy.epoch.over != "rest":
        group = policy.epoch.over
        count = next(force.places for force in policy.forces if force.group == group and force.places)
        batches = _divide(forced[group], count, policy.last)
        return Epoch(batches, batches * places)
    if limits is not None:
        batches, rest = limits.full if policy.last == "drop" else limits.batches, sum(limits.reached)
    else:
        batches = _divide(rest, places, policy.last)
    return Epoch(batches, rest if policy.last == "keep" else batches * places)


def _divide(samples: int, places: int, last: str) -> int:
    return samples // places if last == "drop" else -(-samples // places)
