"""What is wrong in a loader's chain and collation, and the types that `explain` shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from feedline.compiler import ir
from feedline.compiler.sample_types.batches import Batches, is_fixed
from feedline.compiler.sample_types.call import Fault
from feedline.compiler.sample_types.initial import Facts, initial_types, role_of
from feedline.compiler.sample_types.interpret import After, Interpreter
from feedline.compiler.sample_types.model import PER_IMAGE, Boxes, Dim, Image, Role, Sample, Types, cover
from feedline.compiler.sample_types.structure import BatchType, Structure
from feedline.compiler.sample_types.targets import Targets
from feedline.dsl.diagnostics import Diagnostic, Reporter
from feedline.dsl.frozen import evolve, frozen
from feedline.dsl.rules.batch_types import SizesDiffer, SizesMayDiffer
from feedline.dsl.rules.feasibility import LastBatchOfOne, MoreBucketsThanBatches
from feedline.dsl.source import Sources

_DECIDED = {SizesMayDiffer.code, LastBatchOfOne.code, MoreBucketsThanBatches.code}


@frozen
class LoaderTypes:
    """The types along one loader: what the source hands over, what is there after each step of the chain and at its
    end, after each step of `batch { ... }`, and the structure of a full batch (the last of an epoch may be shorter)."""

    start: Types
    trace: tuple[After, ...]
    end: Types
    batch_trace: tuple[After, ...]
    batch: BatchType
    role: Role | None
    """What a batch is made of by default, None where only the data can say."""


def check_program(program: ir.Program, reporter: Reporter) -> dict[str, LoaderTypes]:
    """Report what is wrong with the samples and batches of every loader. What several loaders share is said once.
    Returns the types of each, by its name."""
    return {loader.name: check_loader(program, loader, reporter) for loader in program.loaders}


def check_loader(
    program: ir.Program, loader: ir.Loader, reporter: Reporter, facts: Mapping[str, Facts] | None = None
) -> LoaderTypes:
    """Report what is wrong with a loader's chain and collation, and say what its samples are after every step.

    `facts`: what the opened data says, by data set; then only what the data adds is reported, because the rest was said
    when the file was checked."""
    found = _Walk(program, loader, reporter.sources, facts)
    faults = found.faults
    if facts is not None:
        plain = _Walk(program, loader, reporter.sources).faults
        known = {_key(fault) for fault in _sure(plain, program, loader, reporter.sources)}
        faults = [fault for fault in faults if _key(fault) not in known]
    else:
        faults = _sure(faults, program, loader, reporter.sources)
    _report(faults, reporter)
    return found.types


def loader_types(program: ir.Program, loader: ir.Loader, facts: Mapping[str, Facts] | None = None) -> LoaderTypes:
    """The types along a loader, and nothing reported."""
    return _Walk(program, loader, Sources(), facts).types


def settled_by_data(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Diagnostics without those that the data decides: opened data says them again where they are so."""
    return [diagnostic for diagnostic in diagnostics if diagnostic.code not in _DECIDED]


class _Walk:
    """One walk over a loader: its types and its faults."""

    def __init__(
        self,
        program: ir.Program,
        loader: ir.Loader,
        sources: Sources,
        facts: Mapping[str, Facts] | None = None,
        *,
        one_size: bool = False,
    ):
        role = role_of(program, loader.data, facts)
        start = initial_types(program, loader.data, facts, one_size=one_size)
        chain, batch = Interpreter(sources=sources), Interpreter(sources=sources)
        end = chain.follow(loader.chain, start)
        last = batch.follow(loader.batch_chain, end)
        # Asked of detection alone, and a second walk over the chain.
        stacked = role is not None and role.detection and fixed_size(loader.chain)
        known = (facts or {}).get(loader.data.dataset)
        joined = Batches(loader, role, stacked, sources, known.examples if known is not None else ()).faults(end)
        objects = Targets(loader, role).faults(end)
        self.faults = [*chain.faults.values(), *objects, *joined, *batch.faults.values()]
        policy = loader.policy
        structure = Structure(loader.collate, role, None if policy.across_ranks else policy.batch, stacked)
        made = structure.of(cover(last))
        self.types = LoaderTypes(start, tuple(chain.trace), end, tuple(batch.trace), made, role)


def fixed_size(steps: Sequence[ir.Step], start: bool = False) -> bool:
    """Whether images all have one size after `steps`, given whether they had at the start: what decides that detection
    images are stacked rather than listed. After code that the checker cannot see, every size is possible."""
    side = Dim(varies=False) if start else PER_IMAGE
    loose = (_any_image(PER_IMAGE),)
    types: Types = (_any_image(side),)
    walk = Interpreter()
    for place, step in enumerate(steps):
        if isinstance(step, ir.Views):
            return is_fixed(walk.follow(steps[place:], types))
        after = walk.chain([step], types)
        types = loose if not all(isinstance(sample.get("image"), Image) for sample in after) else after
    return is_fixed(types)


def _any_image(side: Dim) -> Sample:
    return Sample.of(image=Image(None, None, None, None, None, side, side), boxes=Boxes(None, None))


def _sure(faults: list[Fault], program: ir.Program, loader: ir.Loader, sources: Sources) -> list[Fault]:
    """The faults without those that only files of differing sizes cause: where a step was meant to give them one size,
    a warning takes their place."""
    if all(fault.rule is not SizesDiffer for fault in faults):
        return faults
    always = {_key(fault) for fault in _Walk(program, loader, sources, one_size=True).faults}
    kept: list[Fault] = []
    for fault in faults:
        if fault.rule is not SizesDiffer or _key(fault) in always:
            kept.append(fault)
        elif fault.fixes:
            kept.append(evolve(fault, rule=SizesMayDiffer))
    return kept


def _key(fault: Fault) -> tuple[str, str, int, int]:
    return fault.rule.code, fault.span.path, fault.span.start, fault.span.end


def _report(faults: Iterable[Fault], reporter: Reporter) -> None:
    said = {(item.code, item.span) for item in reporter.diagnostics}
    for fault in faults:
        if (fault.rule.code, fault.span) in said:
            continue
        said.add((fault.rule.code, fault.span))
        reporter.report(
            fault.rule, fault.span, fault.message, label=fault.label, secondary=fault.secondary,
            notes=fault.notes, help=fault.help, fixes=fault.fixes,
        )  # fmt: skip
