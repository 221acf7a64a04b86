"""Weights set from Python while training: checked, put into a plan, and carried in a saved state."""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from functools import cached_property
from typing import Any

import numpy as np
import torch
from attrs import evolve, frozen

from feedline.compiler import ir
from feedline.runtime.failures import Failure, PipelineFailure
from feedline.runtime.sampling import BatchPlan, Populations
from feedline.runtime.sampling.who import rest_members

_SHOWN = 3


@frozen(eq=False)
class Weighting:
    """One weight a sample, float64 (m,), and the plan that draws by them."""

    values: np.ndarray
    plan: BatchPlan

    @cached_property
    def encoded(self) -> dict[str, str]:
        """The weights as text for JSON: float64 little endian, packed; at most 11 bytes a sample."""
        data = self.values.astype("<f8").tobytes()
        return {"float64": base64.b64encode(zlib.compress(data, 1)).decode("ascii"), "hash": _hash(data)}


def weighting_of(weights: Any, plan: BatchPlan) -> Weighting:
    """What a caller gave as weights for the samples of `plan`. Raises `PipelineFailure` where they cannot be that."""
    policy, size = plan.policy, plan.populations.size
    weighted = _weighted(policy, plan.populations)
    if not weighted:
        raise PipelineFailure(
            Failure(
                "FL566",
                "`set_weights` needs a policy that draws by weight",
                policy.span,
                label="draws without weights",
                help="say `weight by { rest 1 }` here: all samples start with the same weight",
            )
        )
    try:
        values = _numbers(weights)
    except (TypeError, ValueError, RuntimeError) as error:
        raise _bad(f"`set_weights` was given no real numbers: {error}", policy) from None
    if values.shape != (size,):
        given = f"{len(values):,} weights" if values.ndim == 1 else f"weights of shape {values.shape}"
        raise _bad(f"`set_weights` was given {given} for {size:,} samples", policy)
    wrong = np.flatnonzero(~(np.isfinite(values) & (values >= 0)))
    if len(wrong):
        some = ", ".join(f"{values[place]:g} at position {place:,}" for place in wrong[:_SHOWN])
        raise _bad(f"{len(wrong):,} of {size:,} weights are below zero or not finite: {some}", policy)
    for each, populations in weighted:
        _check_enough(values, each, populations)
    values.flags.writeable = False
    return Weighting(values, BatchPlan(policy, _reweighted(policy, plan.populations, values)))


def _numbers(weights: Any) -> np.ndarray:
    """A new float64 array of any real numbers, of numpy, torch (bfloat16 too) or Python."""
    if isinstance(weights, torch.Tensor):
        if weights.is_complex():
            raise TypeError("they are complex")
        weights = weights.detach().to("cpu", torch.float64).numpy()
    elif isinstance(weights, np.ndarray) and np.iscomplexobj(weights):
        raise TypeError("they are complex")
    return np.array(weights, np.float64)


def decode(saved: Any, plan: BatchPlan) -> Weighting:
    """The weights of a saved state. Raises ValueError where it is damaged, `PipelineFailure` as `weighting_of`."""
    try:
        data = zlib.decompress(base64.b64decode(saved["float64"], validate=True))
        if _hash(data) != saved["hash"]:
            raise ValueError("they do not have the hash that was saved with them")
        values = np.frombuffer(data, "<f8")
    except (TypeError, KeyError, ValueError, binascii.Error, zlib.error) as error:
        raise ValueError(f"its weights are damaged: {error}") from None
    return weighting_of(values, plan)


def _hash(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=8).hexdigest()


def _weighted(policy: ir.Policy, populations: Populations) -> list[tuple[ir.Policy, Populations]]:
    """The policy and its stages, those that draw by weight."""
    stages = ((stage.policy, each) for stage, each in zip(policy.stages, populations.stages, strict=True))
    return [(each, people) for each, people in ((policy, populations), *stages) if each.weights is not None]


def _reweighted(policy: ir.Policy, populations: Populations, values: np.ndarray) -> Populations:
    stages = tuple(
        _reweighted(stage.policy, each, values) for stage, each in zip(policy.stages, populations.stages, strict=True)
    )
    return evolve(populations, stages=stages, weights=populations.weights if policy.weights is None else values)


def _check_enough(values: np.ndarray, policy: ir.Policy, populations: Populations) -> None:
    rest = rest_members(policy, populations)
    drawn = values[rest.at(np.arange(len(rest)))] > 0
    places = policy.batch - sum(force.places for force in policy.forces)
    needed = places if policy.distinct else min(places, 1)
    if drawn.sum() < needed:
        where = " outside the forced groups" if policy.forces else ""
        have = "none" if not drawn.any() else f"only {drawn.sum():,}"
        verb = "has" if drawn.sum() <= 1 else "have"
        raise _bad(f"{have} of {len(values):,} samples{where} {verb} a weight above zero, {needed} needed", policy)


def _bad(message: str, policy: ir.Policy) -> PipelineFailure:
    return PipelineFailure(
        Failure(
            "FL565",
            message,
            policy.weights.span if policy.weights is not None else policy.span,
            label="drawn by these weights",
            help="give one finite weight from 0 on for each sample of the loader's data, in its order; "
            "`weights_of_classes[labels]` makes them from a weight a class",
        )
    )
