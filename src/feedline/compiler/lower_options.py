"""Loader options against the table in `options`."""

from __future__ import annotations

from feedline.compiler import ir
from feedline.compiler.arithmetic import describe
from feedline.compiler.catalogue import Misfit
from feedline.compiler.context import Context
from feedline.compiler.lower_cache import lower_cache
from feedline.compiler.lower_values import evaluate
from feedline.compiler.names import Unit
from feedline.compiler.options import INSTEAD, OPTIONS, LoaderOption
from feedline.compiler.values import UNKNOWN
from feedline.dsl import tree
from feedline.dsl.diagnostics import Edit, Fix, Label
from feedline.dsl.rules.loaders import BadOption, OptionNeedsWorkers, UnknownOption
from feedline.dsl.suggest import did_you_mean, suggest

_OF_PROCESSES = ("persistent_workers", "timeout", "multiprocessing_context")


def lower_options(ctx: Context, unit: Unit, node: tree.Loader) -> tuple[ir.Option, ...] | None:
    """Every option of a loader in the order of the table, defaults filled in; None after a reported fault."""
    given: dict[str, ir.Option] = {}
    well = True
    for statement in node.statements:
        if isinstance(statement, tree.Option):
            option = _lower(ctx, unit, statement)
            well = well and option is not None
            if option is not None:
                given[option.name] = option
    options = tuple(
        given.get(name) or ir.Option(name, option.default, False, span=node.span) for name, option in OPTIONS.items()
    )
    if well:
        well = _workers_suffice(ctx, options)
    return options if well else None


def _lower(ctx: Context, unit: Unit, statement: tree.Option) -> ir.Option | None:
    name = statement.name.text
    option = OPTIONS.get(name)
    if option is None:
        _report_unknown(ctx, statement)
        return None
    if name == "cache" and _is_cache_call(statement.value):
        cache = lower_cache(ctx, unit, statement.value)
        return None if cache is None else ir.Option(name, cache, span=statement.span)
    value = evaluate(ctx, unit, statement.value, option.type)
    if value is UNKNOWN:
        return None
    fitted = option.type.fit(value)
    if isinstance(fitted, Misfit):
        message = f"`{name}` wants {_wanted(option)}, not {describe(value)}"
        ctx.reporter.report(BadOption, statement.value.span, message, notes=[option.doc])
        return None
    return ir.Option(name, option.final(fitted), span=statement.span)


def _wanted(option: LoaderOption) -> str:
    if option.name == "device":
        return '`cpu`, `cuda`, `auto` or a text such as `"cuda:1"`'
    if option.name == "cache":
        return '`off`, `memory` or `disk("folder")`'
    return option.type.describe()


def _is_cache_call(value: tree.Expr) -> bool:
    return isinstance(value, tree.Call) or (isinstance(value, tree.NameRef) and value.text == "disk")


def _report_unknown(ctx: Context, statement: tree.Option) -> None:
    name = statement.name.text
    near = suggest(name, OPTIONS)
    instead = INSTEAD.get(name)
    fixes = [Fix(f"write `{near[0]}`", (Edit(statement.name.span, near[0]),))] if near and not instead else []
    ctx.reporter.report(
        UnknownOption,
        statement.name.span,
        f"a loader has no option `{name}`",
        help=instead or did_you_mean(name, OPTIONS),
        notes=[] if near or instead else [f"the options are {', '.join(f'`{option}`' for option in OPTIONS)}"],
        fixes=fixes,
    )


def _workers_suffice(ctx: Context, options: tuple[ir.Option, ...]) -> bool:
    """As in `DataLoader`, what is about workers is refused where there are none; what is about processes also where
    the workers are threads."""
    by_name = {option.name: option for option in options}
    workers, kind = by_name["num_workers"], by_name["worker_kind"]
    threads = kind.value == ir.Symbol("thread")
    if workers.value != 0 and not threads:
        return True
    idle = [
        option
        for option in options
        if option.given
        and option.value != OPTIONS[option.name].default
        and (option.name in _OF_PROCESSES if workers.value != 0 else OPTIONS[option.name].needs_workers)
    ]
    if not idle:
        return True
    first, *others = sorted(idle, key=lambda option: option.span.start)
    names = [f"`{option.name}`" for option in (first, *others)]
    listed = f"{', '.join(names[:-1])} and {names[-1]} are" if others else f"{names[0]} is"
    them = "them" if others else "it"
    if workers.value != 0:
        what, help = "worker processes, and the workers of this loader are threads", f"leave {them} out"
        reason = [Label(kind.span, "threads")]
    else:
        what, help = "workers, and this loader has none", f"add `num_workers = 2`, or leave {them} out"
        reason = [Label(workers.span, "no workers")] if workers.given else []
    ctx.reporter.report(
        OptionNeedsWorkers,
        first.span,
        f"{listed} about {what}",
        secondary=[*(Label(option.span, "and this") for option in others), *reason],
        help=help,
    )
    return False
