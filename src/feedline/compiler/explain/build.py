"""Makes the page of a checked Program."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from feedline.compiler import ir
from feedline.compiler.explain import pages
from feedline.compiler.explain.chains import sample_type, steps
from feedline.compiler.explain.counts import Counts, LoaderCounts
from feedline.compiler.explain.sampling import policies
from feedline.compiler.explain.text import Writer, ref
from feedline.compiler.passes import plan_of
from feedline.compiler.paths import folder_of
from feedline.compiler.plan import Plan
from feedline.compiler.sample_types.check import loader_types
from feedline.compiler.sample_types.initial import initial_types
from feedline.compiler.sample_types.model import Role
from feedline.compiler.sample_types.structure import parts
from feedline.compiler.worker_kind import worker_count


def explain(
    program: ir.Program,
    loaders: Sequence[str] | None = None,
    counts: Counts | None = None,
    without: Collection[str] = (),
) -> pages.Page:
    """The page of a program. With `loaders` only these and the data that they read; with `counts` what the opened data
    adds; `without` names passes that the plans do without."""
    return _Builder(program, counts, without).page(loaders)


class _Builder:
    def __init__(self, program: ir.Program, counts: Counts | None, without: Collection[str]):
        self.program, self.counts, self.without = program, counts, without
        self.folder = str(folder_of(program.path))
        self.writer = Writer(self.folder, {source.path: source for source in program.sources})

    def page(self, wanted: Sequence[str] | None) -> pages.Page:
        program = self.program
        shown = [loader for loader in program.loaders if wanted is None or loader.name in wanted]
        names = {dataset.name for dataset in program.datasets}
        if wanted is not None:
            names = {name for loader in shown for name in self._read_by(loader.data.dataset)}
        return pages.Page(
            path=program.path,
            folder=self.folder,
            data=self.counts is not None,
            params=tuple(
                pages.Param(item.name, item.type, self.writer.value(item.value), item.origin, item.where)
                for item in program.params
            ),
            datasets=tuple(self._dataset(item) for item in program.datasets if item.name in names),
            groups=tuple(self._group(item) for item in program.groups if item.dataset in names),
            loaders=tuple(map(self._loader, shown)),
        )

    def _read_by(self, name: str) -> set[str]:
        """A dataset and those it is a concatenation of."""
        dataset = next(item for item in self.program.datasets if item.name == name)
        return {name}.union(*(self._read_by(part.dataset) for part in dataset.concat))

    # ---- data

    def _dataset(self, dataset: ir.Dataset) -> pages.Dataset:
        source = dataset.source
        split = next((item for item in self.program.splits if item.dataset == dataset.name), None)
        data = ir.DataRef(dataset.name, span=dataset.span)
        facts = None if self.counts is None else self.counts.facts
        return pages.Dataset(
            name=dataset.name,
            source=self.writer.call(source) if source is not None else " + ".join(map(ref, dataset.concat)),
            settings=self.writer.defaults(source.args) if source is not None else (),
            sample=sample_type(initial_types(self.program, data, facts)),
            split=None if split is None else _split(split),
            parts=() if split is None else tuple(self._parts(split)),
            samples=self._samples(dataset.name),
            classes=None if self.counts is None else self.counts.classes.get(dataset.name),
        )

    def _samples(self, name: str) -> int | None:
        return None if self.counts is None else self.counts.samples[name]

    def _parts(self, split: ir.Split) -> Iterator[pages.Part]:
        if split.kind == "folds":
            for fold in range(split.folds):
                for name, size in (("train", f"{split.folds - 1}/{split.folds}"), ("val", f"1/{split.folds}")):
                    part = f"{name}[{fold}]"
                    yield pages.Part(part, size, self._samples(f"{split.dataset}.{part}"))
            return
        for part in split.parts:
            size = "rest" if part.size is None else self.writer.value(part.size)
            if split.kind == "values":
                size = self.writer.value(part.value)
            yield pages.Part(part.name, size, self._samples(f"{split.dataset}.{part.name}"))

    def _group(self, group: ir.Group) -> pages.Group:
        counts: tuple[pages.GroupCount, ...] = ()
        if self.counts is not None:
            sizes = self.counts.samples
            found = self.counts.groups[group.name]
            counts = tuple(pages.GroupCount(of, count, sizes[of]) for of, count in found.items())
        return pages.Group(group.name, group.dataset, self.writer.condition(group.predicate), counts)

    # ---- loaders

    def _loader(self, loader: ir.Loader) -> pages.Loader:
        known = None if self.counts is None else self.counts.loaders[loader.name]
        facts = None if known is None else {loader.data.dataset: known.facts}
        types, plan = loader_types(self.program, loader, facts), plan_of(self.program, loader, self.without)
        nothing = (None,) * (len(loader.policy.stages) + 1)
        lengths, rests = (nothing, nothing) if known is None else (known.lengths, known.rests)
        return pages.Loader(
            name=loader.name,
            data=ref(loader.data),
            samples=None if known is None else known.samples,
            sample=sample_type(types.start),
            steps=steps(self.writer, types.trace, types.start),
            batch_steps=steps(self.writer, types.batch_trace, types.end),
            policies=policies(loader.policy, self.program.groups, lengths, rests, self.writer),
            collate=self._collate(loader.collate, types.role),
            batch=tuple(pages.BatchPart(*part) for part in parts(types.batch)),
            settings=tuple(self._settings(loader)),
            workers=_workers(plan, known),
            plan=tuple(_passes(plan, known)),
        )

    def _collate(self, collate: ir.Collate, role: Role | None) -> pages.Setting:
        if collate.fields:
            fields = "; ".join(f"{part.field} {self._kind(part.how)}" for part in collate.fields)
            return pages.Setting("collate", f"{{ {fields} }} as {collate.shape}", False)
        if collate.how is None:
            return pages.Setting("collate", "detection" if role is not None and role.detection else "stack", True)
        return pages.Setting("collate", self._kind(collate.how), False)

    def _kind(self, how: ir.CollateKind) -> str:
        args = ", ".join(
            f"{arg.name}={self.writer.value(arg.value)}" if arg.name else self.writer.value(arg.value)
            for arg in how.args
        )
        if how.target is not None:
            return f"python({', '.join(filter(None, [self.writer.value(how.target), args]))})"
        return f"{how.kind}({args})" if args else how.kind

    def _settings(self, loader: ir.Loader) -> Iterator[pages.Setting]:
        found = loader.on_error
        limit = "" if found.maximum is None else f" max {self.writer.value(found.maximum)}"
        yield pages.Setting("on error", f"{found.mode}{limit}", found.mode == "fail")
        for option in loader.options:
            yield pages.Setting(option.name, self.writer.value(option.value), not option.given)


def _passes(plan: Plan, known: LoaderCounts | None) -> Iterator[pages.Pass]:
    for done in plan.done:
        kept = known.cache if known is not None and done.name == "prefix_cache" else None
        yield pages.Pass(done.name, done.text if kept is None else f"{done.text}: {kept}")


def _workers(plan: Plan, known: LoaderCounts | None) -> pages.Workers:
    count = worker_count(plan.loader, plan.gather) if known is None else known.workers
    auto = plan.loader.option("num_workers") == ir.Symbol("auto")
    kind = "thread" if plan.threads else "process"
    return pages.Workers(count, kind if count else None, auto)


def _split(split: ir.Split) -> str:
    words = {
        "sizes": "by size",
        "folds": f"{split.folds} folds",
        "values": f"by `{split.by}`",
    }
    text = words[split.kind]
    if split.stratified_by is not None:
        text += f", stratified by {'group ' if split.stratified_by_group else ''}`{split.stratified_by}`"
    if split.grouped_by is not None:
        text += f", no `{split.grouped_by}` in two parts"
    return text if split.kind == "values" else f"{text}, seed {split.seed}"
