"""The groups that a policy names, and the groups of a loader's own data that stand for them.

A policy may be shared by loaders of different datasets. So what no declaration names (a value in `of each FIELD in
(...)`, a dataset in a `mix`) stands in a lowered policy under a name that is the same for all of them, and `attach`
makes the group of the loader's dataset that is meant.
"""

from __future__ import annotations

from feedline.compiler import ir
from feedline.compiler.context import Context
from feedline.compiler.lower_data import belongs
from feedline.dsl import tree
from feedline.dsl.diagnostics import Label
from feedline.dsl.frozen import define, evolve, field
from feedline.dsl.rules.policies import NotAComponent
from feedline.dsl.source import Span
from feedline.dsl.suggest import did_you_mean
from feedline.dsl.unparse import unparse


@define
class Named:
    """What a policy and its stages draw from by name."""

    groups: dict[tuple[str, Span], ir.Group] = field(factory=dict)
    """Declared groups, by name and by the place that names them."""
    conditions: dict[str, ir.Compare] = field(factory=dict)
    """Values of a field, by how the language writes the condition: `category == "crack"`."""
    components: dict[str, ir.DataRef] = field(factory=dict)
    """Datasets and parts in a `mix`, as they are written."""

    def group(self, group: ir.Group, span: Span) -> str:
        """Note a declared group. Returns its name in the policy."""
        self.groups[group.name, span] = group
        return group.name

    def value(self, of: ir.FieldValue, value: ir.Value, span: Span) -> str:
        """Note the samples with a value of a field. Returns their name in the policy."""
        name = f"{of.name} == {_written(value, span)}"
        self.conditions.setdefault(name, ir.Compare(of, "==", value, span=span))
        return name

    def component(self, data: ir.DataRef) -> str:
        """Note a dataset that the loader's data is made of. Returns its name in the policy."""
        self.components.setdefault(shown_ref(data), data)
        return shown_ref(data)


def attach(
    ctx: Context, policy: ir.Policy, named: Named, data: ir.DataRef, loader: str, at: Span | None
) -> ir.Policy | None:
    """The policy over the groups of the data that a loader reads; None after a reported fault.

    `at` is where faults are shown if the policy is shared and so not at fault itself."""
    dataset = data.dataset
    well = [
        belongs(ctx, group, at or span, dataset, f"the loader `{loader}`") for (_, span), group in named.groups.items()
    ]
    for component in named.components.values():
        if at is None or all(well):
            well.append(_is_component(ctx, component, dataset, at or component.span))
    if not all(well):
        return None
    names: dict[str, str] = {}
    for name, condition in named.conditions.items():
        names[name] = _make(ctx, f"{dataset} where {name}", dataset, condition)
    for name, component in named.components.items():
        names[name] = _make(ctx, f"{name} in {dataset}", dataset, ir.FromDataset(component, span=component.span))
    return _renamed(policy, names)


def shown_ref(data: ir.DataRef) -> str:
    """A dataset or a part as the language writes it: `photos.train[2]`."""
    part = "" if data.part is None else f".{data.part}"
    return f"{data.dataset}{part}" + ("" if data.fold is None else f"[{data.fold}]")


def _make(ctx: Context, name: str, dataset: str, predicate: ir.Predicate) -> str:
    ctx.made.setdefault(name, ir.Group(name, dataset, predicate, span=predicate.span))
    return name


def _renamed(policy: ir.Policy, names: dict[str, str]) -> ir.Policy:
    mix = policy.mix
    if mix is not None:
        mix = evolve(mix, parts=tuple(evolve(part, group=names.get(part.group, part.group)) for part in mix.parts))
    return evolve(
        policy,
        forces=tuple(evolve(force, group=names.get(force.group, force.group)) for force in policy.forces),
        mix=mix,
        epoch=evolve(policy.epoch, over=names.get(policy.epoch.over, policy.epoch.over)),
        stages=tuple(evolve(stage, policy=_renamed(stage.policy, names)) for stage in policy.stages),
    )  # fmt: skip


def _is_component(ctx: Context, component: ir.DataRef, dataset: str, span: Span) -> bool:
    datasets = {item.name: item for item in ctx.results(ir.Dataset)}
    inside = _components(datasets, dataset)
    if any(component in (item, ir.DataRef(item.dataset, span=span)) for item in inside):
        return True
    name, own = shown_ref(component), [shown_ref(item) for item in datasets[dataset].concat]
    if own:
        message = f"`{name}` is not one of the datasets that `{dataset}` is made of"
        have = f"it is made of {', '.join(f'`{item}`' for item in own)}"
        help = did_you_mean(name, own) or have
    else:
        message = f"`{dataset}` is not made of other datasets, so `{name}` is no part of it"
        help = f"put them together: `dataset all = {dataset} + {name}`"
        if name == dataset:
            message, help = f"`{name}` is all of the loader's data, not a part of it", "name groups of it"
    ctx.reporter.report(
        NotAComponent, span, message, label="not in the loader's data",
        secondary=[Label(datasets[dataset].span, f"`{dataset}` is declared here")], help=help,
    )  # fmt: skip
    return False


def _components(datasets: dict[str, ir.Dataset], name: str) -> list[ir.DataRef]:
    """What a dataset is made of with `+`, and what that is made of."""
    found: list[ir.DataRef] = []
    for data in datasets[name].concat:
        found += [data, *_components(datasets, data.dataset)]
    return found


def _written(value: ir.Value, span: Span) -> str:
    """A value as the language writes it."""
    if isinstance(value, str):
        return unparse(tree.String(span, (value,) if value else ()))
    return str(value).lower() if isinstance(value, bool) else str(value)
