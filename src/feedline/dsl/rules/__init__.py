"""Every kind of fault feedline can report, one small class each, one file a range of codes.

`RULES` maps code to class. A new rule is one class in the file of its range; nothing else lists it.

0xx syntax, 1xx names, 2xx values and arguments, 3xx sample types (from 350: whole programs), 4xx splits and sampling,
5xx collate and loaders, 6xx data, 9xx feedline's own faults.
"""

from __future__ import annotations

from feedline.dsl.diagnostics import Rule
from feedline.dsl.rules import (
    batch_types,
    caches,
    data,
    evaluation,
    feasibility,
    forms,
    ignores,
    internal,
    lints,
    loaders,
    names,
    policies,
    promises,
    resume,
    sampling,
    syntax,
    types,
    types_shapes,
    types_values,
    values,
)

_MODULES = (
    syntax,
    ignores,
    names,
    values,
    types,
    types_values,
    types_shapes,
    batch_types,
    evaluation,
    lints,
    sampling,
    policies,
    feasibility,
    forms,
    loaders,
    resume,
    promises,
    caches,
    data,
    internal,
)

RULES: dict[str, type[Rule]] = {
    member.code: member
    for module in _MODULES
    for member in vars(module).values()
    if isinstance(member, type) and issubclass(member, Rule) and member is not Rule
}
