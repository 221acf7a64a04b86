"""What is to be expected: of the policy on average, and of plain shuffling exactly."""

from __future__ import annotations

import math

import numpy as np

from feedline.runtime.verify.facts import Facts


def plain_counts(size: int, members: int, batch: int) -> np.ndarray:
    """The share of batches that hold 0, 1, ... of a group under plain shuffling, float64 (batch + 1,): `batch` of
    `size` samples drawn without replacement, `members` of them in the group (the hypergeometric distribution)."""
    batch = min(batch, size)
    shares = np.zeros(batch + 1)
    for count in range(max(0, batch - (size - members)), min(batch, members) + 1):
        ways = _log_ways(members, count) + _log_ways(size - members, batch - count) - _log_ways(size, batch)
        shares[count] = math.exp(ways)
    return shares / shares.sum()


def _log_ways(items: int, chosen: int) -> float:
    return math.lgamma(items + 1) - math.lgamma(chosen + 1) - math.lgamma(items - chosen + 1)


def rates(facts: Facts, samples_a_batch: float) -> np.ndarray | None:
    """How often each sample comes in a batch, on average, float64 (size,). `samples_a_batch` is the average number of
    samples of a batch, the last one included. None where no formula says it: a limited group."""
    policy = facts.policy
    result = np.zeros(facts.size)
    if facts.limited.any():
        return None
    if policy.draw is not None:
        return _drawn(facts)
    if policy.mix is not None:
        total = sum(part.share for part in policy.mix.parts)
        for part in policy.mix.parts:
            _share(result, facts.mask(part.group)[:-1], policy.batch * part.share / total)
        return result
    for number, force in enumerate(policy.forces):
        _share(result, facts.forced(number)[:-1], force.count)
    rest = facts.rest[:-1].astype(np.float64)
    if policy.weights is not None and facts.populations.weights is not None:
        rest *= facts.populations.weights / facts.populations.weights.max()
    elif policy.repeat is not None and facts.populations.factors is not None:
        rest *= facts.populations.factors
    filled = samples_a_batch - sum(force.places for force in policy.forces)
    return result + rest * (filled / rest.sum()) if rest.any() else result


def _share(result: np.ndarray, mask: np.ndarray, places: float) -> None:
    result[mask] += places / max(int(mask.sum()), 1)


def _drawn(facts: Facts) -> np.ndarray:
    """Each value that can be drawn comes equally often, and so does each of a value's samples."""
    draw, values = facts.policy.draw, facts.values
    assert draw is not None
    sizes = np.bincount(values.values, minlength=values.names)
    drawn = facts.drawable
    each = np.where(drawn, draw.classes * draw.each / max(int(drawn.sum()), 1) / np.maximum(sizes, 1), 0.0)
    owners = np.repeat(np.arange(facts.size), np.diff(values.offsets))
    return np.bincount(owners, weights=each[values.values], minlength=facts.size)
