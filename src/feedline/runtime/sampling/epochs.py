"""How long an epoch is: batches, and how many of the places that are not forced hold a sample."""

from __future__ import annotations

from attrs import frozen

from feedline.compiler import ir


@frozen
class Epoch:
    """The shape of every epoch of a policy."""

    batches: int
    rest: int
    """Places of the rest that hold a sample, in all batches together; the few that do not are in the last batch."""


def rest_places(policy: ir.Policy) -> int:
    """Places of a batch that are not forced."""
    return policy.batch - sum(force.count for force in policy.forces)


def epoch_of(policy: ir.Policy, rest: int, forced: dict[str, int]) -> Epoch:
    """The epoch's shape, from the number of samples of the rest and of each forced group (by full name).

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
        count = next(force.count for force in policy.forces if force.group == policy.epoch.over)
        batches = _divide(forced[policy.epoch.over], count, policy.last)
        return Epoch(batches, batches * places)
    batches = _divide(rest, places, policy.last)
    return Epoch(batches, rest if policy.last == "keep" else batches * places)


def _divide(samples: int, places: int, last: str) -> int:
    return samples // places if last == "drop" else -(-samples // places)
