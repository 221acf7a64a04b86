"""How many batches an epoch must have, and how many samples its last one, by the numbers of samples alone."""

from __future__ import annotations

import math

import numpy as np

from feedline.runtime.verify.facts import Facts
from feedline.runtime.verify.forms import mix_period


def lengths(facts: Facts) -> tuple[int, int] | None:
    """The fewest and the most batches that an epoch may have. None for a policy with `at most`, whose epochs are as
    long as the limits make them."""
    policy, epoch = facts.policy, facts.policy.epoch
    if epoch.kind == "batches":
        return epoch.count, epoch.count
    if epoch.kind == "samples":
        return _divided(facts, epoch.count, policy.batch)
    if policy.draw is not None:
        return _divided(facts, facts.size, policy.batch)
    if policy.mix is not None:
        total = sum(part.share for part in policy.mix.parts)
        part = next((item for item in policy.mix.parts if item.group == epoch.over), policy.mix.parts[0])
        turns = int(facts.mask(part.group).sum()) * total / (policy.batch * part.share)
        # Where in a period the part has its places is for the schedule to say.
        period = mix_period(policy.mix)
        return max(math.floor(turns) - period, 0), math.ceil(turns) + period
    if epoch.over != "rest":
        number = next(at for at, force in enumerate(policy.forces) if force.group == epoch.over and force.places)
        return _divided(facts, int(facts.forced(number).sum()), policy.forces[number].places)
    if facts.limited.any() or not facts.rest_places:
        return None
    least, most = rest_samples(facts)
    return _divided(facts, least, facts.rest_places)[0], _divided(facts, most, facts.rest_places)[1]


def last_batch(facts: Facts) -> tuple[int, int]:
    """The fewest and the most samples that the last batch of an epoch may have."""
    policy, forced = facts.policy, facts.policy.batch - facts.rest_places
    whole = policy.last != "keep" or policy.draw is not None or policy.mix is not None
    if whole or policy.epoch.kind == "batches" or policy.epoch.over != "rest" or not facts.rest_places:
        return policy.batch, policy.batch
    if policy.epoch.kind == "samples":
        left = policy.epoch.count % policy.batch or policy.batch
        return max(left, forced), max(left, forced)
    least, most = rest_samples(facts)
    if facts.limited.any() or least != most:
        return forced + 1, policy.batch
    left = least % facts.rest_places or facts.rest_places
    return forced + left, forced + left


def rest_samples(facts: Facts) -> tuple[int, int]:
    """The fewest and the most samples that one pass over the rest takes."""
    rest = ~facts.exact[:-1]
    factors = facts.populations.factors
    if facts.policy.repeat is None or factors is None:
        return int(rest.sum()), int(rest.sum())
    total = math.fsum(factors[rest].tolist()) if rest.sum() < 10**6 else float(np.sum(factors[rest]))
    # A sum that is whole but for rounding has itself as its floor and as its ceil.
    return math.floor(total + 1e-6), math.ceil(total - 1e-6)


def _divided(facts: Facts, samples: int, places: int) -> tuple[int, int]:
    batches = samples // places if facts.policy.last == "drop" else -(-samples // places)
    return batches, batches
