"""What a policy needs to know of every sample, read from the metadata: weights, classes, repeat factors, values."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from feedline.compiler import ir
from feedline.dsl.diagnostics import Reporter
from feedline.runtime.columns import AnyColumn
from feedline.runtime.sampling.classes import classes_of, factors_of
from feedline.runtime.sampling.populations import Populations, Positions
from feedline.runtime.sampling.values import values_of
from feedline.runtime.sampling.weights import weights_of


def populations_of(
    policy: ir.Policy,
    groups: Mapping[str, Positions],
    columns: Mapping[str, AnyColumn],
    indices: np.ndarray,
    reporter: Reporter,
) -> Populations | None:
    """The populations of a loader: `indices` (m,) are its samples in the data set that `columns` describe, `groups` the
    positions (0 to m - 1) of each group that the policy or one of its stages names. None where something the policy
    needs cannot be had; that is reported."""
    before = len(reporter.diagnostics)
    weights = policy.weights and weights_of(policy.weights, groups, columns, indices, reporter)
    factors = policy.repeat and factors_of(policy.repeat, columns, indices, reporter)
    values = policy.bucket and values_of(policy.bucket, columns, indices, reporter)
    classes = policy.draw and classes_of(policy.draw, columns, indices, reporter)
    stages = [populations_of(stage.policy, groups, columns, indices, reporter) for stage in policy.stages]
    if any(item.severity == "error" for item in reporter.diagnostics[before:]):
        return None
    complete = tuple(stage for stage in stages if stage is not None)
    return Populations(len(indices), groups, weights, factors, values, classes, complete)
