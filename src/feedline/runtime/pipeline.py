"""From a Program to a Pipeline: bind the data, check what only data can tell, build one Loader a declaration."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch

from feedline.compiler import ir
from feedline.compiler.passes import plan_of
from feedline.compiler.plan import Plan
from feedline.compiler.sample_types.check import check_loader, fixed_size, settled_by_data
from feedline.compiler.sources import sources_of
from feedline.compiler.worker_kind import against_threads, worker_count
from feedline.dsl.diagnostics import Reporter
from feedline.dsl.rules import RULES
from feedline.dsl.rules.loaders import NoDevice
from feedline.dsl.source import Span
from feedline.runtime.arguments import load_python, python_arguments
from feedline.runtime.cache.build import kept_samples
from feedline.runtime.collate import Collator
from feedline.runtime.data import Bound, BoundData
from feedline.runtime.dataset import PipeDataset
from feedline.runtime.distributed import rank_and_world
from feedline.runtime.draws import apart
from feedline.runtime.failures import Failure, PipelineFailure
from feedline.runtime.gather import gather_of
from feedline.runtime.late import LateSteps
from feedline.runtime.loader import Loader
from feedline.runtime.looks import facts_of
from feedline.runtime.machine import can_be_sent, hint_pin_memory, warn_shared_memory
from feedline.runtime.replacing import StandIns
from feedline.runtime.sampler import Run, check_batches, check_shares, warning_of
from feedline.runtime.sampling import BatchPlan, Populations, check_populations, populations_of
from feedline.runtime.sampling.check.absent import warn_absent_classes
from feedline.runtime.sources.metadata import decodes_files
from feedline.runtime.threads import one_thread
from feedline.runtime.transforms import build_batch_chain, build_chain, with_planes
from feedline.runtime.transforms.drawn import drawn_first
from feedline.runtime.transforms.scaled import scaled


class Pipeline(Mapping[str, Loader]):
    """The loaders of one `.pipe` file, by key (`pipeline["train"]`) and by attribute (`pipeline.train`).

    `sizes`: samples by loader name, by dataset and by `dataset.part`. `classes`: the class names, where all loaders
    share them. `program`: what the file means, as checked. `bound`: its data, opened.
    """

    def __init__(self, program: ir.Program, loaders: dict[str, Loader], sizes: dict[str, int], data: BoundData):
        self.program = program
        self.loaders = loaders
        self.sizes = sizes
        self.bound = data

    @property
    def classes(self) -> list[str] | None:
        """Class names by number, None where the data has none. Raises ValueError where loaders differ in theirs: each
        loader has its own `classes`."""
        found = [loader.classes for loader in self.loaders.values()]
        if any(classes != found[0] for classes in found):
            raise ValueError("the loaders have different classes: use `pipeline.NAME.classes`")
        return found[0] if found else None

    def __getitem__(self, name: str) -> Loader:
        return self.loaders[name]

    def __getattr__(self, name: str) -> Loader:
        loaders = self.__dict__.get("loaders", {})
        if name not in loaders:
            have = ", ".join(loaders) or "none"
            raise AttributeError(f"the pipeline has no loader {name!r}; its loaders: {have}")
        return loaders[name]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.loaders]

    def __iter__(self) -> Iterator[str]:
        return iter(self.loaders)

    def __len__(self) -> int:
        return len(self.loaders)

    def __repr__(self) -> str:
        lines = (f"  {name}: {len(loader)} batches of {self.sizes[name]} samples" for name, loader in self.items())
        return "Pipeline(\n" + "\n".join(lines) + "\n)"


def bind(
    program: ir.Program,
    reporter: Reporter,
    *,
    allow_python: bool = False,
    ranks: tuple[int, int] | None = None,
    without: Collection[str] = (),
) -> Pipeline | None:
    """Open the data of a program and build its loaders. None where the reporter holds an error afterwards.

    `ranks`: the rank and the number of ranks whose batches the loaders yield, None to ask whenever it matters.
    `without`: names of passes that the plans do without.
    """
    _check_ranks(program, reporter, ranks)
    reporter.diagnostics[:] = settled_by_data(reporter.diagnostics)
    data = BoundData(program, reporter, allow_python)
    for dataset in program.datasets:
        data.dataset(dataset.name)
        data.parts(dataset.name)
    for group in program.groups:
        data.group(group.name)
    loaders: dict[str, Loader] = {}
    for declaration in program.loaders:
        loader = _build(plan_of(program, declaration, without), data, ranks)
        if loader is not None:
            loaders[declaration.name] = loader
    if reporter.failed:
        return None
    return Pipeline(program, loaders, _sizes(data, loaders), data)


def rebuild(pipeline: Pipeline, declaration: ir.Loader, without: Collection[str] = ()) -> Loader | None:
    """A loader of a declaration on the data that a pipeline has open: one of its own once more, or with other options.
    None where it cannot be."""
    return _build(plan_of(pipeline.program, declaration, without), pipeline.bound, None)


def groups_of(pipeline: Pipeline, name: str) -> dict[str, np.ndarray]:
    """Every group of the data of loader `name`, whether its policy names it or not, in the order of the file: the
    positions of its samples, sorted int64."""
    data, loader = pipeline.bound, pipeline[name]
    dataset = next(item.data.dataset for item in pipeline.program.loaders if item.name == name)
    groups = [group.name for group in pipeline.program.groups if group.dataset == dataset]
    masks = {group: data.group(group) for group in groups}
    indices = loader.dataset.indices  # pyright: ignore[reportAttributeAccessIssue]  (a PipeDataset)
    return {group: np.flatnonzero(mask[indices]) for group, mask in masks.items() if mask is not None}


def _check_ranks(program: ir.Program, reporter: Reporter, ranks: tuple[int, int] | None) -> None:
    """Report an environment that contradicts itself, and every loader whose batches the ranks cannot share."""
    try:
        _, world = rank_and_world(ranks)
    except PipelineFailure as error:
        _report(error.failure, program.path, reporter)
        return
    for loader in program.loaders:
        try:
            check_shares(loader.policy, world)
        except PipelineFailure as error:
            _report(error.failure, loader.policy.span, reporter)


def _check_epochs(plan: BatchPlan, reporter: Reporter, ranks: tuple[int, int] | None) -> None:
    """Report an epoch that brings each rank nothing, or of which the ranks leave out the last batch: once a loader."""
    policy = plan.policy
    try:
        rank, world = rank_and_world(ranks)
        check_shares(policy, world)
    except PipelineFailure:
        return  # reported before the data was opened
    runs = [Run(plan, None, epoch, 0, rank, world) for epoch in (0, *(stage.epoch for stage in policy.stages))]
    try:
        for run in runs:
            check_batches(run)
    except PipelineFailure as error:
        _report(error.failure, policy.span, reporter)
        return
    warning = next(filter(None, map(warning_of, runs)), None)
    if warning is not None:
        _report(warning, policy.span, reporter)


def _sizes(data: BoundData, loaders: dict[str, Loader]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for dataset in data.program.datasets:
        sizes[dataset.name] = len(data.dataset(dataset.name) or ())
        for (part, fold), indices in (data.parts(dataset.name) or {}).items():
            index = "" if fold is None else f"[{fold}]"
            sizes[f"{dataset.name}.{part}{index}"] = len(indices)
    sizes.update((name, len(loader.dataset)) for name, loader in loaders.items())  # pyright: ignore[reportArgumentType]  (every dataset here has a length)
    return sizes


def _build(plan: Plan, data: BoundData, ranks: tuple[int, int] | None) -> Loader | None:
    program, loader = plan.program, plan.loader
    bound, indices = data.dataset(loader.data.dataset), data.indices(loader.data)
    if bound is None or indices is None:
        return None
    masks = {name: data.group(name) for name in _groups_of(loader.policy)}
    if any(mask is None for mask in masks.values()):
        return None
    groups = {name: np.flatnonzero(mask[indices]) for name, mask in masks.items() if mask is not None}
    populations = data.decide(
        loader.data.dataset,
        lambda: populations_of(loader.policy, groups, bound.columns, indices, data.reporter),
    )
    if populations is None:
        return None
    if not _feasible(loader, populations, data, bound, indices):
        return None
    if not _collatable(program, loader, data, bound, indices):
        return None
    device, known = _device(loader, data.reporter)
    if not known:
        return None
    shares_draws = against_threads(program, loader) is not None
    try:
        # The trials of steps: a second thread would wait longer for its turn than it helps.
        with one_thread(), nullcontext() if shares_draws else apart():
            dataset = _dataset(plan, bound, indices, populations, data)
    except PipelineFailure as error:
        _report(error.failure, loader.span, data.reporter)
        return None
    dataset.shares_draws = shares_draws
    if not can_be_sent(program, loader, bound.source, data.reporter):
        return None
    hint_pin_memory(loader, data.reporter)
    classes = list(bound.source.classes) if bound.source.classes is not None else None
    batches = BatchPlan(loader.policy, populations)
    _check_epochs(batches, data.reporter, ranks)
    return Loader(
        loader,
        dataset,
        batches,
        populations,
        data.reporter.sources,
        classes,
        device,
        sources_of(program, loader.data.dataset),
        ranks=ranks,
        threads=plan.threads,
        **_torch_options(loader, dataset),
    )


def _report(failure: Failure, where: Span | str, reporter: Reporter) -> None:
    reporter.report(
        RULES[failure.code], failure.span or where, failure.message,
        label=failure.label, notes=failure.notes, help=failure.help,
    )  # fmt: skip


def _feasible(loader: ir.Loader, populations: Populations, data: BoundData, bound: Bound, indices: np.ndarray) -> bool:
    """Whether the data can keep the policy; what it cannot keep, or keeps in a way surely not meant, is reported."""
    reporter, whole, policy = data.reporter, {}, loader.policy
    before = len(reporter.diagnostics)
    if loader.data.part is not None:
        masks = {name: data.group(name) for name in populations.groups}
        whole = {name: int(mask.sum()) for name, mask in masks.items() if mask is not None}
    check_populations(policy, populations, reporter, lambda at: bound.source.describe(int(indices[at])), whole)
    if any(item.severity == "error" for item in reporter.diagnostics[before:]):
        return False
    split = next((split for split in data.program.splits if split.dataset == loader.data.dataset), None)
    if split is not None and loader.data.part is not None:
        warn_absent_classes(loader.data, split, bound.source, indices, reporter)
    return True


def _collatable(program: ir.Program, loader: ir.Loader, data: BoundData, bound: Bound, indices: np.ndarray) -> bool:
    """Whether the samples, of which more is known now than when the file was checked, can go through the loader."""
    before = len(data.reporter.diagnostics)
    types = check_loader(program, loader, data.reporter, {loader.data.dataset: facts_of(bound, indices)})
    warn_shared_memory(loader, types.batch, data.reporter)
    return all(item.severity != "error" for item in data.reporter.diagnostics[before:])


def _groups_of(policy: ir.Policy) -> set[str]:
    """Every group that a policy or one of its stages names."""
    names = {force.group for force in policy.forces}.union(*(_groups_of(stage.policy) for stage in policy.stages))
    if policy.mix is not None:
        names.update(part.group for part in policy.mix.parts)
    if policy.epoch.kind == "pass" and policy.epoch.over != "rest":
        names.add(policy.epoch.over)
    if policy.weights is not None:
        names.update(line.group for line in policy.weights.table if line.group != "rest")
    return names


def _dataset(plan: Plan, bound: Bound, indices: np.ndarray, populations: Populations, data: BoundData) -> PipeDataset:
    loader, allow_python = plan.loader, data.allow_python
    replaces = loader.on_error.mode == "replace"
    collator = Collator(
        loader.collate,
        bound.source.role,
        fixed_size(loader.chain, bound.source.role.fixed_size),
        load_python,
        python_arguments,
    )
    kept = kept_samples(plan, bound.source, indices, collator, data.reporter)
    chain = plan.chain if kept is None else plan.chain[plan.prefix :]
    steps = build_chain(chain, allow_python=allow_python, direct=plan.direct, colour=plan.colour)
    as_decoded = with_planes(steps) if kept is None and decodes_files(bound.source) else None
    undecoded = None
    if as_decoded is not None and plan.drawn:
        undecoded = drawn_first(as_decoded, plan.scaled)
    if as_decoded is not None and plan.scaled:
        undecoded = undecoded or scaled(as_decoded)
    dataset = PipeDataset(
        bound.source,
        indices,
        undecoded or as_decoded or steps,
        None if plan.late is None else LateSteps.of(plan.late, collator, collator.memory),
        build_batch_chain(loader.batch_chain, allow_python=allow_python) if loader.batch_chain else None,
        collator,
        loader.policy,
        loader.on_error,
        StandIns.of(loader.policy, populations) if replaces else None,
        loader.data.span,
    )
    dataset.kept, dataset.as_decoded, dataset.undecoded = kept, as_decoded is not None, undecoded is not None
    if plan.gather:
        _try_gather(dataset, plan, bound)
    return dataset


def _try_gather(dataset: PipeDataset, plan: Plan, bound: Bound) -> None:
    late = build_chain(plan.late.steps) if plan.late is not None else None
    chain, loader = build_chain(plan.chain), plan.loader
    gather = gather_of(bound.source, chain, late, loader.collate, loader.policy.seed, len(dataset))
    if gather is not None:
        dataset.try_gather(gather)


def _torch_options(loader: ir.Loader, dataset: PipeDataset) -> dict[str, Any]:
    """DataLoader's own options, with `num_workers = auto` decided."""
    workers = worker_count(loader, dataset.gather is not None)
    options: dict[str, Any] = {"num_workers": workers}
    for name in ("pin_memory", "timeout", "multiprocessing_context"):
        options[name] = loader.option(name)
    if workers:
        options["prefetch_factor"] = loader.option("prefetch_factor")
        options["persistent_workers"] = loader.option("persistent_workers")
    else:
        options["multiprocessing_context"] = None
        options["timeout"] = 0
    return options


def _device(loader: ir.Loader, reporter: Reporter) -> tuple[torch.device | None, bool]:
    """The device batches go to (None: they stay where they are made), and whether this machine has it."""
    option = next(item for item in loader.options if item.name == "device")
    name = option.value.name if isinstance(option.value, ir.Symbol) else option.value
    if name is None or name == "cpu":
        return None, True
    available = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    if name == "auto":
        return available, True
    try:
        device = torch.device(str(name))
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError):
        have = f"`{available}`" if available is not None else "no accelerator"
        reporter.report(
            NoDevice, option.span, f"torch finds no device `{name}` here", label=f"this machine has {have}",
            help="`device = auto` takes the accelerator where there is one, else the CPU",
        )  # fmt: skip
        return None, False
    return device, True
