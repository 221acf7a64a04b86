"""A policy in the language's own words, every default spelt out: what a message can quote and a saved state compare."""

from __future__ import annotations

from collections.abc import Iterator

from feedline.compiler import ir


def policy_text(policy: ir.Policy) -> tuple[str, ...]:
    """The statements of a policy, one a string; a stage is one statement that holds its own."""
    ranks = " across ranks" if policy.across_ranks else ""
    stages = (f"from epoch {stage.epoch} {{ {'; '.join(_statements(stage.policy))} }}" for stage in policy.stages)
    return (f"batch {policy.batch}{ranks}", *_statements(policy), f"seed {policy.seed}", *stages)


def _statements(policy: ir.Policy) -> Iterator[str]:
    """All but what a stage shares with the whole policy."""
    yield from (_force(force) for force in policy.forces)
    yield from _filling(policy)
    yield f"epoch {_epoch(policy.epoch)}"
    yield f"last {policy.last}"
    yield f"order {policy.order}"
    yield "places shuffled" if policy.places == "shuffled" else "places forced first"
    if policy.distinct:
        yield "distinct"
    yield f"uneven {policy.uneven}"


def _force(force: ir.Force) -> str:
    bound = "" if force.bound == "exactly" else f"{force.bound} "
    how = "" if force.bound == "at most" else f" {_replacement(force.replacement)}"
    return f"force {bound}{force.count} {'of each ' if force.each else ''}{force.group}{how}"


def _replacement(replacement: bool) -> str:
    return "with replacement" if replacement else "without replacement"


def _filling(policy: ir.Policy) -> Iterator[str]:
    """What fills the places that are not forced."""
    if policy.draw is not None:
        draw = policy.draw
        yield f"draw {draw.classes} {draw.by} with {draw.each} each {_replacement(draw.replacement)}"
    elif policy.mix is not None:
        shares = ", ".join(f"{part.group} {part.share}" for part in policy.mix.parts)
        yield f"mix {shares} {_replacement(policy.mix.replacement)}"
    elif policy.weights is not None:
        yield _weights(policy.weights)
    else:
        yield f"rest {_replacement(policy.rest_replacement)}"
    if policy.repeat is not None:
        yield f"repeat factor {policy.repeat.threshold!r} by {policy.repeat.by}"
    if policy.bucket is not None:
        yield f"bucket by {policy.bucket.by} into {policy.bucket.count}"


def _weights(weights: ir.Weights) -> str:
    if weights.kind == "balance":
        return f"balance by {weights.by}"
    if weights.kind == "column":
        return f"weight by {weights.by}"
    return f"weight by {{ {'; '.join(f'{line.group} {line.weight!r}' for line in weights.table)} }}"


def _epoch(epoch: ir.Epoch) -> str:
    return f"one pass over {epoch.over}" if epoch.kind == "pass" else f"{epoch.count} {epoch.kind}"
