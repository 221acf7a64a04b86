"""What counts that the file itself gives decide of splits and policies, in the words that opened data would get."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from feedline.compiler import ir
from feedline.compiler.counts import dataset_size, part_sizes, samples, size_of, wrong_sum
from feedline.compiler.names import Unit
from feedline.dsl.diagnostics import Reporter, Rule
from feedline.dsl.rules.feasibility import LastBatchOfOne, MoreBucketsThanBatches
from feedline.dsl.rules.sampling import EmptyData, EmptyPart, GroupTooSmall, NoBatch, SplitSizes, TooFewDistinct
from feedline.dsl.source import Span

Say: TypeAlias = Callable[..., object]
"""`Reporter.report`, but for what has been said."""


def impossible_counts(program: ir.Program, main: Unit, reporter: Reporter) -> None:
    """Report parts that do not add up to the data, and policies that so many samples cannot keep."""
    wrong = {
        split.dataset for split in program.splits if split.kind == "sizes" and _check_split(program, split, reporter)
    }
    said: set[tuple[str, Span]] = set()  # a policy that loaders share, and what a stage inherits

    def say(rule: type[Rule], where: Span, message: str, **more: Any) -> None:
        if (rule.code, where) not in said:
            said.add((rule.code, where))
            reporter.report(rule, where, message, **more)

    for loader in program.loaders:
        size = None if loader.data.dataset in wrong else size_of(program, loader.data)
        for policy in (loader.policy, *(stage.policy for stage in loader.policy.stages)):
            if size is None:
                _check_last(policy, policy.epoch.count, say)
            elif size:
                check_counts(policy, size, say)
            else:
                say(EmptyData, policy.span, "the loader's data has no samples", label="nothing to draw from")


def _check_split(program: ir.Program, split: ir.Split, reporter: Reporter) -> bool:
    """Whether a split cannot be made; that is reported."""
    size = dataset_size(program, split.dataset)
    if size is None:
        return False
    sizes = part_sizes(split, size)
    if sizes is None:
        message, label, help = wrong_sum(split, size)
        reporter.report(SplitSizes, split.span, message, label=label, help=help)
        return True
    empty = [part.name for part, count in zip(split.parts, sizes, strict=True) if not count]
    if empty:
        lacking = " and ".join(f"`{name}`" for name in empty)
        sized = ", ".join(f"`{part.name}` {count:,}" for part, count in zip(split.parts, sizes, strict=True))
        reporter.report(
            EmptyPart, split.span, f"{lacking} would have no samples of the {size:,} there are",
            label=f"sizes: {sized}", help="ask for fewer or larger parts",
        )  # fmt: skip
    return bool(empty)


def check_counts(policy: ir.Policy, size: int, say: Say) -> None:
    """What `size` samples cannot keep, or keep in a way that was surely not meant. How many of them are in a group only
    the data can say, but never more than all."""
    places, one_pass = policy.batch - sum(force.places for force in policy.forces), _one_pass(policy)
    # Where an epoch asks for fewer samples than a batch has, its only batch is short: opened data decides.
    only_short = policy.epoch.kind == "samples" and policy.last == "keep" and policy.epoch.count < policy.batch
    if policy.mix is not None or policy.repeat is not None or only_short:
        return
    if policy.draw is None and policy.distinct and policy.batch > size and (not one_pass or policy.last == "pad"):
        say(
            TooFewDistinct, policy.span,
            f"a distinct batch of {policy.batch} needs {policy.batch} different samples; there are {size:,}",
            help="make the batch smaller, or leave out `distinct`",
        )  # fmt: skip
    elif policy.draw is None and places > size and not (one_pass or policy.rest_replacement or policy.weights):
        say(
            GroupTooSmall, policy.span,
            f"`rest without replacement` cannot fill {places} places of a batch: the rest has {samples(size)}",
            help="make the batch smaller, or say `rest with replacement`",
        )  # fmt: skip
    elif one_pass and policy.last == "drop" and size < (policy.batch if policy.draw else places):
        say(
            NoBatch, policy.span,
            f"an epoch has no batch: {samples(size)} for {policy.batch if policy.draw else places} places a batch, and "
            "`last drop`",
            help="make the batch smaller, or say `last keep`",
        )  # fmt: skip
    elif not policy.forces and policy.draw is None:
        _check_plain(policy, size, say)


def _check_plain(policy: ir.Policy, size: int, say: Say) -> None:
    """A policy that forces nothing: buckets, and the last batch."""
    batches = max(size // policy.batch, 1)
    if policy.bucket is not None and policy.bucket.count > batches:
        say(
            MoreBucketsThanBatches, policy.bucket.span,
            f"`bucket by {policy.bucket.by} into {policy.bucket.count}` makes {batches:,} "
            f"bucket{'s' if batches > 1 else ''}: an epoch has no more full batches",
            label=f"{samples(size)}, {policy.batch} a batch", help=f"`into {batches}`, or smaller batches",
        )  # fmt: skip
    _check_last(policy, size if _one_pass(policy) else policy.epoch.count, say)


def _check_last(policy: ir.Policy, total: int, say: Say) -> None:
    """A last batch of one sample, in an epoch of `total` (0: not known)."""
    plain = not policy.forces and policy.draw is None and policy.mix is None and policy.repeat is None
    mixed = policy.order == "shuffled" or policy.rest_replacement
    kept = policy.last == "keep" and policy.epoch.kind != "batches" and not policy.across_ranks
    if plain and mixed and kept and policy.batch > 1 and total % policy.batch == 1:
        say(
            LastBatchOfOne, policy.span,
            f"the last batch of an epoch has 1 sample: {samples(total)} in batches of {policy.batch}",
            label="`last keep` keeps it",
            help="`last drop` leaves it out, `last pad` fills it; batch normalisation cannot train on one sample",
        )  # fmt: skip


def _one_pass(policy: ir.Policy) -> bool:
    return policy.epoch.kind == "pass" and policy.epoch.over == "rest"
