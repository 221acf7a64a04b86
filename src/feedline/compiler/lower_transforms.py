"""Chains of transform steps: named chains are put in where they are named, `views 2` becomes two chains.

A named chain is worked out once. Where it may stand depends on what it holds, so a `Lowered` chain says whether it
makes views or works on batches.
"""

from __future__ import annotations

from collections.abc import Iterator

from feedline.compiler import catalogue, expect, ir
from feedline.compiler.context import Context
from feedline.compiler.lower_calls import lower_transform_call
from feedline.compiler.names import Declared, Lost, Unit, dotted, look_up, require
from feedline.compiler.steps import applied
from feedline.compiler.values import UNKNOWN, Unknown
from feedline.dsl import tree
from feedline.dsl.diagnostics import Edit, Fix
from feedline.dsl.frozen import frozen
from feedline.dsl.rules.loaders import MisplacedStep
from feedline.dsl.rules.names import UnknownTransform
from feedline.dsl.rules.values import TooLarge, UnsuitableValue
from feedline.dsl.source import Span
from feedline.dsl.suggest import did_you_mean

MAX_STEPS = 1000
"""Steps of one chain once every named chain has been put in; views count each."""


@frozen
class Lowered:
    """A chain: the steps for each sample, those for the batch, how many in all, and whether views are made."""

    steps: tuple[ir.Step, ...] = ()
    batch: tuple[ir.Step, ...] = ()
    size: int = 0
    views: bool = False


def lower_chain(ctx: Context, unit: Unit, chain: tree.Chain, inside: str | None = None) -> Lowered | None:
    """The steps of a chain; None after a reported fault.

    `inside` names the form around it, None at the top, where alone views and batch steps may stand."""
    result: Lowered | None = Lowered()
    for step in chain.steps:
        lowered = _lower_step(ctx, unit, step)
        if lowered is not None and not _may_stand(ctx, step, lowered, result, inside):
            lowered = None
        if result is None or lowered is None:
            result = None
            continue
        result = Lowered(
            result.steps + lowered.steps,
            result.batch + lowered.batch,
            result.size + lowered.size,
            result.views or lowered.views,
        )
        if result.size > MAX_STEPS:
            ctx.reporter.report(TooLarge, step.span, f"with this step the chain has more than {MAX_STEPS} steps")
            return None
    return result


def lower_named_chain(ctx: Context, declared: Declared) -> Lowered | Unknown:
    """The chain of a `transform NAME { ... }`."""
    assert isinstance(declared.node, tree.Transform)
    return lower_chain(ctx, declared.unit, declared.node.chain) or UNKNOWN


def batch_only(steps: tuple[ir.Step, ...]) -> Iterator[ir.Apply]:
    """The steps among `steps` that need a whole batch, such as `MixUp`."""
    for step in applied(steps):
        entry = None if step.target or step.registered else catalogue.transform(step.name)
        if entry is not None and entry.batch:
            yield step


def _may_stand(ctx: Context, step: tree.Step, lowered: Lowered, before: Lowered | None, inside: str | None) -> bool:
    """Whether a step may stand where it does, reported if not."""
    message = None
    if lowered.batch and inside:
        message = f"`batch {{ ... }}` works on a whole batch and cannot stand inside `{inside}`"
    elif lowered.views and inside:
        message = f"views cannot be made inside `{inside}`"
    elif lowered.views and before is not None and before.views:
        message = "this chain makes views twice"
    elif lowered.steps and before is not None and before.batch:
        message = "after `batch { ... }` there are no single samples to work on"
    if message is None:
        return True
    help = "put it at the end of the loader's `transform`" if lowered.batch else None
    ctx.reporter.report(MisplacedStep, step.span, message, help=help)
    return False


def _lower_step(ctx: Context, unit: Unit, step: tree.Step) -> Lowered | None:
    match step:
        case tree.CallStep(call=call):
            apply = lower_transform_call(ctx, unit, call)
            return apply and Lowered((apply,), size=1)
        case tree.RefStep(target=target):
            return _lower_reference(ctx, unit, target)
        case tree.MaybeStep(probability=probability, chain=chain):
            p = expect.share(ctx, unit, probability, "a probability")
            inner = lower_chain(ctx, unit, chain, "maybe")
            if p is None or inner is None:
                return None
            return Lowered((ir.Maybe(p, inner.steps, span=step.span),), size=inner.size + 1)
        case tree.OneOfStep():
            return _lower_one_of(ctx, unit, step)
        case tree.ShuffledStep(chain=chain):
            inner = lower_chain(ctx, unit, chain, "shuffled")
            return inner and Lowered((ir.Shuffled(inner.steps, span=step.span),), size=inner.size + 1)
        case tree.ViewsStep():
            return _lower_views(ctx, unit, step)
        case tree.OnStep(field=field, chain=chain):
            inner = lower_chain(ctx, unit, chain, "on")
            return inner and Lowered((ir.OnField(field.text, inner.steps, span=step.span),), size=inner.size + 1)
        case tree.BatchStep(chain=chain):
            inner = lower_chain(ctx, unit, chain, "batch")
            return inner and Lowered(batch=inner.steps, size=inner.size)
        case tree.ErrorStatement():
            return None


def _lower_reference(ctx: Context, unit: Unit, target: tree.Expr) -> Lowered | None:
    names = dotted(target)
    word = names[0].text if names and len(names) == 1 else None
    if word and (catalogue.transform(word) or word == "python") and word not in unit.names:
        return _report_uncalled(ctx, word, target.span)
    if word and word not in unit.names and not unit.opaque:
        return _report_unknown(ctx, unit, word, target.span)
    if names and len(names) > 1 and catalogue.transform(names[-1].text) and _is_lost(unit, names):
        call = f"{names[-1].text}()"
        message = f"there is no transform `{'.'.join(name.text for name in names)}`"
        fix = Fix(f"write `{call}`", (Edit(target.span, call),))
        ctx.reporter.report(UnknownTransform, target.span, message, help=fix.title, fixes=[fix])
        return None
    found = require(unit, target, "transform", ctx.reporter)
    if found is None:
        return None
    if found.rest:
        return expect.refuse(ctx, target, f"`{found.declared.name}` is a transform and has no `{found.rest[0].text}`")
    lowered = ctx.once(found.declared, lower_named_chain)
    return None if lowered is UNKNOWN else lowered


def _report_uncalled(ctx: Context, word: str, span: Span) -> None:
    """A step without parentheses; they are put there where nothing has to stand in them."""
    entry = catalogue.transform(word)
    ready = entry is not None and not any(parameter.required for parameter in entry.parameters)
    fix = Fix(f"write `{word}()`", (Edit(span, f"{word}()"),), safe=True)
    help = fix.title if ready else f"write `{word}(...)`"
    message = f"`{word}` is called with parentheses"
    ctx.reporter.report(UnsuitableValue, span, message, help=help, fixes=[fix] if ready else [])


def _is_lost(unit: Unit, names: tuple[tree.Name, ...]) -> bool:
    """Whether a dotted name leads nowhere, and nothing that was reported already may be why."""
    found = look_up(unit, names)
    return isinstance(found, Lost) and found.unit is not None


def _report_unknown(ctx: Context, unit: Unit, word: str, span: Span) -> None:
    declared = [name for name, d in unit.names.items() if d.kind in ("transform", "import")]
    renamed = catalogue.renamed("transform").get(word)
    known = f"write `{renamed}()`" if renamed else catalogue.synonyms("transform").get(word)
    help = known or did_you_mean(word, [*declared, *catalogue.transform_names()])
    ctx.reporter.report(UnknownTransform, span, f"there is no transform `{word}`", label="not declared", help=help)


def _lower_one_of(ctx: Context, unit: Unit, step: tree.OneOfStep) -> Lowered | None:
    branches: list[ir.Branch] = []
    size = 1
    for branch in step.branches:
        inner = lower_chain(ctx, unit, branch.chain, "one of")
        weight = 1.0 if branch.weight is None else expect.number(ctx, unit, branch.weight, "a weight")
        if inner is not None and weight is not None:
            branches.append(ir.Branch(inner.steps, weight, span=branch.span))
            size += inner.size
    if len(branches) < len(step.branches):
        return None
    if not branches:
        return expect.refuse(ctx, step, "`one of` has nothing to choose from")
    if not any(branch.weight for branch in branches):
        return expect.refuse(ctx, step, "every branch of this `one of` has weight 0, so none can be chosen")
    return Lowered((ir.OneOf(tuple(branches), span=step.span),), size=size)


def _lower_views(ctx: Context, unit: Unit, step: tree.ViewsStep) -> Lowered | None:
    """`views 2 { ... }` and `views { 2 of a; b }`: one chain a view."""
    lines = step.views
    if step.chain is not None:
        lines = (tree.View(step.span, step.count, step.chain),)
    chains: list[tuple[ir.Step, ...]] = []
    size, failed = 1, False
    for line in lines:
        count = 1 if line.count is None else expect.whole(ctx, unit, line.count, "the number of views")
        inner = lower_chain(ctx, unit, line.chain, "views")
        if count is None or inner is None:
            failed = True
            continue
        # At least one each: empty views are as many tensors all the same.
        size += count * max(inner.size, 1)
        if size > MAX_STEPS:
            ctx.reporter.report(TooLarge, line.span, f"these views have more than {MAX_STEPS} steps in all")
            return None
        chains += [inner.steps] * count
    if failed:
        return None
    if not chains:
        return expect.refuse(ctx, step, "`views` has no view")
    return Lowered((ir.Views(tuple(chains), span=step.span),), size=size, views=True)
