"""Counts what a page of `feedline explain --data` says of a bound program: samples, groups, batches. Reads no pixel."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from feedline.compiler import ir
from feedline.compiler.explain.counts import Counts, LoaderCounts
from feedline.compiler.explain.text import ref
from feedline.compiler.sample_types.initial import Facts
from feedline.runtime.looks import facts_of
from feedline.runtime.pipeline import Pipeline
from feedline.runtime.sampling.who import rest_members


def counts_of(pipeline: Pipeline) -> Counts:
    """Everything that can be counted in the data of a pipeline."""
    program, data = pipeline.program, pipeline.bound
    parts = {item.name: _parts(pipeline, item.name) for item in program.datasets}
    classes: dict[str, tuple[str, ...]] = {}
    facts: dict[str, Facts] = {}
    for dataset in program.datasets:
        bound = data.dataset(dataset.name)
        assert bound is not None
        facts[dataset.name] = facts_of(bound, np.arange(len(bound)))
        if bound.source.classes is not None:
            classes[dataset.name] = tuple(bound.source.classes)
    groups: dict[str, dict[str, int]] = {}
    for group in program.groups:
        mask = data.group(group.name)
        if mask is not None:
            groups[group.name] = {name: int(mask[of].sum()) for name, of in parts[group.dataset].items()}
    return Counts(
        samples={name: len(of) for every in parts.values() for name, of in every.items()},
        classes=classes,
        groups=groups,
        facts=facts,
        loaders={loader.name: _loader(pipeline, loader) for loader in program.loaders},
    )


def _parts(pipeline: Pipeline, dataset: str) -> Mapping[str, np.ndarray]:
    """The indices of a dataset and of its parts, by how the language calls them."""
    whole = pipeline.bound.dataset(dataset)
    found = {dataset: np.arange(0 if whole is None else len(whole))}
    for (part, fold), indices in (pipeline.bound.parts(dataset) or {}).items():
        found[ref(ir.DataRef(dataset, part, fold, span=pipeline.program.span))] = indices
    return found


def _loader(pipeline: Pipeline, declaration: ir.Loader) -> LoaderCounts:
    data, policy = pipeline.bound, declaration.policy
    bound, indices = data.dataset(declaration.data.dataset), data.indices(declaration.data)
    assert bound is not None and indices is not None
    loader = pipeline[declaration.name]
    kept = loader.kept
    people = [loader.populations, *loader.populations.stages]
    every = [(0, policy), *((stage.epoch, stage.policy) for stage in policy.stages)]
    return LoaderCounts(
        samples=len(indices),
        lengths=tuple(loader.plan.length(epoch) for epoch, _ in every),
        rests=tuple(len(rest_members(one, of)) for (_, one), of in zip(every, people, strict=True)),
        facts=facts_of(bound, indices),
        workers=loader.num_workers,
        cache=None if kept is None else kept.size.text,
    )
