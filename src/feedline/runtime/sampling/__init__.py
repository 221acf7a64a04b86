"""Sampling is arithmetic: a policy and populations give a `BatchPlan`, a pure function from batch numbers to
positions."""

from __future__ import annotations

from feedline.runtime.sampling.check import check_populations
from feedline.runtime.sampling.facts import populations_of
from feedline.runtime.sampling.plan import BatchPlan
from feedline.runtime.sampling.populations import Members, Populations
from feedline.runtime.sampling.promises import Promise
from feedline.runtime.sampling.ranks import rank_batches
from feedline.runtime.sampling.streams import weighted_draws

__all__ = [
    "BatchPlan",
    "Members",
    "Populations",
    "Promise",
    "check_populations",
    "populations_of",
    "rank_batches",
    "weighted_draws",
]
