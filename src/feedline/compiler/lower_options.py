"""Loader options against the table in `options`."""

from __future__ import annotations

from feedline.compiler import ir
from feedline.compiler.arithmetic import describe
from feedline.compiler.catalogue import Misfit
from feedline.compiler.context import Context
from feedline.compiler.lower_values import evaluate
from feedline.compiler.names import Unit
from feedline.compiler.options import INSTEAD, OPTIONS, LoaderOption
from feedline.compiler.values import UNKNOWN
from feedline.dsl import tree
from feedline.dsl.diagnostics import Edit, Fix, Label
from feedline.dsl.rules.loaders import BadOption, OptionNeedsWorkers, UnknownOption
from feedline.dsl.rules.syntax import NotSupported
from feedline.dsl.suggest import did_you_mean, suggest


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
    if name == "cache" and isinstance(statement.value, tree.Call):
        return _disk_cache(ctx, statement.value)
    value = evaluate(ctx, unit, statement.value, option.type)
    if value is UNKNOWN:
        return None
    fitted = option.type.fit(value)
    if isinstance(fitted, Misfit):
        message = f"`{name}` wants {_wanted(option)}, not {describe(value)}"
        ctx.reporter.report(BadOption, statement.value.span, message, notes=[option.doc])
        return None
    final = option.final(fitted)
    if isinstance(final, ir.Symbol) and final.name in option.later:
        _not_yet(ctx, statement, f"{name} = {final.name}")
        return None
    return ir.Option(name, final, span=statement.span)


def _wanted(option: LoaderOption) -> str:
    if option.name == "device":
        return '`cpu`, `cuda`, `auto` or a text such as `"cuda:1"`'
    return option.type.describe()


def _disk_cache(ctx: Context, call: tree.Call) -> None:
    if isinstance(call.function, tree.NameRef) and call.function.text == "disk":
        _not_yet(ctx, call, "cache = disk(...)")
    else:
        message = '`cache` wants `off`, `memory` or `disk("folder")`'
        ctx.reporter.report(BadOption, call.span, message, notes=[OPTIONS["cache"].doc])


def _not_yet(ctx: Context, node: tree.Node, what: str) -> None:
    ctx.reporter.report(NotSupported, node.span, f"`{what}` is not supported yet", label="this version cannot run it")


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
    """As in `DataLoader`, what is about workers is refused where there are none."""
    workers = next(option for option in options if option.name == "num_workers")
    if workers.value != 0:
        return True
    for option in options:
        if OPTIONS[option.name].needs_workers and option.given and option.value not in (None, False, 0.0):
            ctx.reporter.report(
                OptionNeedsWorkers,
                option.span,
                f"`{option.name}` is about worker processes, and this loader has none",
                secondary=[Label(workers.span, "no workers")] if workers.given else [],
                help="add `num_workers = 2`, or leave it out",
            )
            return False
    return True
