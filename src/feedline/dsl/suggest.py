"""Near names: what a misspelt name was probably meant to be."""

from __future__ import annotations

from collections.abc import Iterable

_BEGINNING = 4


def suggest(name: str, candidates: Iterable[str], limit: int = 3) -> list[str]:
    """The candidates within a few slips of `name`, nearest first, at most `limit`.

    A slip is one letter added, left out, changed, or swapped with its neighbour; as many are forgiven as a third of the
    name's length, and one always. Case is no slip, but among equals the right case comes first, then the order given.
    Four letters or more that begin at most `limit` candidates are a name that is not written out: that is one slip,
    but after those with one.
    """
    folded, names = name.casefold(), [candidate for candidate in dict.fromkeys(candidates) if candidate != name]
    begun = [one for one in names if len(name) >= _BEGINNING and one.casefold().startswith(folded)]
    if len(begun) > limit:
        begun = []
    allowed = 1 if begun else max(1, len(name) // 3)
    found: list[tuple[int, bool, bool, int, str]] = []
    for order, candidate in enumerate(names):
        if abs(len(candidate) - len(name)) > allowed and candidate not in begun:
            continue
        real = _distance(folded, candidate.casefold())
        distance = min(1, real) if candidate in begun else real
        # A name of one or two letters shares nothing with another once every letter of it was changed.
        if distance <= allowed and distance < max(len(name), len(candidate)):
            found.append((distance, candidate[:1] != name[:1], distance < real, order, candidate))
    return [candidate for *_, candidate in sorted(found)[:limit]]


def did_you_mean(name: str, candidates: Iterable[str], limit: int = 3) -> str | None:
    """`did you mean `x`?` for a diagnostic's help, or None where nothing is near."""
    near = [f"`{candidate}`" for candidate in suggest(name, candidates, limit)]
    if not near:
        return None
    return f"did you mean {', '.join(near[:-1])}{' or ' if near[1:] else ''}{near[-1]}?"


def same_but_for_case(a: str, b: str) -> bool:
    """Whether two names differ in capitals alone: what was meant is then certain."""
    return a.casefold() == b.casefold()


def _distance(a: str, b: str) -> int:
    """Restricted Damerau-Levenshtein distance (no substring is edited twice)."""
    before: list[int] = []
    previous = list(range(len(b) + 1))
    for i, letter in enumerate(a, 1):
        current = [i]
        for j, other in enumerate(b, 1):
            cost = min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == b[j - 2] and a[i - 2] == other:
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        before, previous = previous, current
    return previous[-1]
