"""What a batch holds, in a few words: `3 defects + 5 others`."""

from __future__ import annotations

from feedline.compiler import ir


def batch_words(policy: ir.Policy) -> str:
    """The places of a batch by what fills them; nothing where no place is any group's."""
    ranks = " across ranks" if policy.across_ranks else ""
    if policy.draw is not None:
        draw = policy.draw
        return f"{draw.classes} {draw.by} x {draw.each} = {policy.batch}{ranks}"
    if policy.mix is not None:
        total = sum(part.share for part in policy.mix.parts) or 1
        shares = (f"{policy.batch * part.share / total:.3g} {part.group}" for part in policy.mix.parts)
        return " + ".join(shares) + ranks
    places: dict[str, list[str]] = {}
    for force in policy.forces:
        bound = {"exactly": "", "at least": "≥ ", "at most": "≤ "}[force.bound]
        places.setdefault(force.group, []).append(f"{bound}{force.count}")
    held = [f"{' and '.join(counts)} {group}" for group, counts in places.items()]
    left = policy.batch - sum(force.places for force in policy.forces)
    if not held:
        return ""
    if left:
        exact = any(force.bound == "exactly" for force in policy.forces)
        held.append(f"{left} {'others' if left > 1 else 'other'}" if exact else f"{left} of any kind")
    return " + ".join(held) + ranks
