"""What each transform does to a sample's type: one file a family, each with a table `RULES` from name to rule.

A new transform is a row in the table of its family. A transform without a row makes everything after it unknown.
"""

from __future__ import annotations

from feedline.compiler.sample_types.call import StepRule
from feedline.compiler.sample_types.rules import (
    colour,
    containers,
    convert,
    geometry,
    objects,
    sizes,
    statistics,
    whole_batch,
)

_FAMILIES = (containers, convert, statistics, colour, geometry, sizes, objects, whole_batch)

RULES: dict[str, StepRule] = {name: rule for family in _FAMILIES for name, rule in family.RULES.items()}


def rule_of(name: str) -> StepRule | None:
    """The rule of a transform by its catalogue name."""
    return RULES.get(name)
