"""Calls of datasets and transforms: from the catalogue, registered from Python, or `python(...)`."""

from __future__ import annotations

import inspect
import re
from typing import TypeVar

from feedline.compiler import catalogue, ir, registry
from feedline.compiler.arguments import check_call, unknown_dataset, unknown_transform
from feedline.compiler.context import Context
from feedline.compiler.lower_values import evaluate
from feedline.compiler.names import Found, Unit, dotted, look_up, report_wrong_kind
from feedline.compiler.registry import Kind, Registered
from feedline.compiler.values import UNKNOWN
from feedline.dsl import tree
from feedline.dsl.diagnostics import Label
from feedline.dsl.rules.names import PythonNotAllowed
from feedline.dsl.rules.values import (
    MissingArgument,
    PositionalAfterNamed,
    RepeatedArgument,
    TooManyArguments,
    UnknownArgument,
    UnsuitableValue,
)
from feedline.dsl.suggest import did_you_mean

C = TypeVar("C", ir.Apply, ir.SourceCall)

_TARGET = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")


def lower_transform_call(ctx: Context, unit: Unit, call: tree.Call) -> ir.Apply | None:
    """`Resize(256)` as one step; None after a reported fault."""
    return _lower_call(ctx, unit, call, "transform", ir.Apply)


def lower_source_call(ctx: Context, unit: Unit, call: tree.Call) -> ir.SourceCall | None:
    """`CocoDetection(root, annotations)` as a source; None after a reported fault."""
    return _lower_call(ctx, unit, call, "dataset", ir.SourceCall)


def lower_python(ctx: Context, unit: Unit, call: tree.Call) -> tuple[str, tuple[ir.Arg, ...]] | None:
    """The target and the arguments of `python("package.module:name", ...)`; None after a reported fault.

    Arguments given by position have the empty name: nothing is imported here, so their parameters are not known."""
    if not ctx.allow_python:
        ctx.reporter.report(
            PythonNotAllowed,
            call.span,
            "`python(...)` runs code of your own and nobody has allowed it",
            label="not allowed",
            help="whoever runs the file allows it: `--allow-python`, or `compile(..., allow_python=True)`",
        )
        return None
    target = evaluate(ctx, unit, call.arguments[0].value) if call.arguments else None
    if target is UNKNOWN:
        return None
    if not isinstance(target, str) or call.arguments[0].name is not None or not _TARGET.fullmatch(target):
        where = call.arguments[0].span if call.arguments else call.span
        message = "`python` takes the place of a callable first, as a text"
        ctx.reporter.report(UnsuitableValue, where, message, help='`python("package.module:name")`')
        return None
    args = _free_arguments(ctx, unit, call.arguments[1:])
    return None if args is None else (target, args)


def _lower_call(ctx: Context, unit: Unit, call: tree.Call, kind: Kind, make: type[C]) -> C | None:
    name = call.function.text if isinstance(call.function, tree.NameRef) else None
    if name == "python":
        python = lower_python(ctx, unit, call)
        return python and make(name, python[1], python[0], span=call.span)
    entry = None if name is None else catalogue.transform(name) if kind == "transform" else catalogue.dataset(name)
    if name is not None and entry is not None:
        args = check_call(entry, call, lambda expr, type: evaluate(ctx, unit, expr, type), ctx.reporter)
        return None if args is None else make(name, args, span=call.span)
    registered = None if name is None else registry.find(kind, name)
    if name is not None and registered is not None:
        args = _registered_arguments(ctx, unit, call, registered)
        return None if args is None else make(name, args, registered=True, span=call.span)
    _report_unknown(ctx, unit, call, kind)
    return None


def _report_unknown(ctx: Context, unit: Unit, call: tree.Call, kind: Kind) -> None:
    names = dotted(call.function)
    found = look_up(unit, names) if names else None
    if isinstance(found, Found):
        declared = found.declared
        if declared.kind == kind and not found.rest:
            message = f"`{declared.name}` is declared in a file and takes no arguments"
            ctx.reporter.report(
                UnsuitableValue,
                call.span,
                message,
                secondary=[Label(declared.span, "declared here")],
                help=f"write `{'.'.join(name.text for name in names or ())}` without parentheses",
            )
        elif declared.kind != "broken":
            report_wrong_kind(found, kind, ctx.reporter)
        return
    word = ".".join(name.text for name in names) if names else ""
    if unit.opaque:
        return
    declared_names = tuple(name for name, declared in unit.names.items() if declared.kind == kind)
    also = (*registry.names(kind), *declared_names)
    report = unknown_transform if kind == "transform" else unknown_dataset
    report(word, call.function.span, ctx.reporter, also)


def _free_arguments(ctx: Context, unit: Unit, arguments: tuple[tree.Argument, ...]) -> tuple[ir.Arg, ...] | None:
    """Arguments of a callable whose parameters are not known: values by name, and by position under the empty name."""
    args: list[ir.Arg] = []
    seen: set[str] = set()
    failed = False
    for argument in arguments:
        name = "" if argument.name is None else argument.name.text
        if name and name in seen:
            message = f"`{name}` is given twice"
            ctx.reporter.report(RepeatedArgument, argument.span, message, help="leave one of them out")
            failed = True
        elif not name and seen:
            message = "an argument without a name stands after a named one"
            ctx.reporter.report(PositionalAfterNamed, argument.span, message)
            failed = True
        if name:
            seen.add(name)
        value = evaluate(ctx, unit, argument.value)
        if value is UNKNOWN:
            failed = True
        else:
            args.append(ir.Arg(name, value, span=argument.span))
    return None if failed else tuple(args)


def _registered_arguments(
    ctx: Context, unit: Unit, call: tree.Call, registered: Registered
) -> tuple[ir.Arg, ...] | None:
    """Arguments of a registered callable: bound as its signature says where it is in memory. Types are not checked."""
    args = _free_arguments(ctx, unit, call.arguments)
    try:
        signature = None if registered.callable is None else inspect.signature(registered.callable)
    except (TypeError, ValueError):
        signature = None
    if args is None or signature is None:
        return args
    if registered.kind == "transform" and not inspect.isclass(registered.callable):
        signature = _of_a_step(signature, args)
    return _bind(ctx, call, registered.name, signature, args)


def _of_a_step(signature: inspect.Signature, args: tuple[ir.Arg, ...]) -> inspect.Signature:
    """The signature as a file sees it.

    A function that cannot be called with the arguments alone is the step itself: its first parameter is what it
    changes, and the file names the others."""
    positional = [arg.value for arg in args if not arg.name]
    try:
        signature.bind(*positional, **{arg.name: arg.value for arg in args if arg.name})
        return signature
    except TypeError:
        others = [*signature.parameters.values()][1:]
        named = [p.replace(kind=p.KEYWORD_ONLY) if p.kind is p.POSITIONAL_OR_KEYWORD else p for p in others]
        return signature.replace(parameters=named)


def _bind(
    ctx: Context, call: tree.Call, name: str, signature: inspect.Signature, args: tuple[ir.Arg, ...]
) -> tuple[ir.Arg, ...] | None:
    """The same arguments once they can be bound to a signature's parameters, as Python would bind them."""
    parameters = signature.parameters.values()
    by_position = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    by_name = {p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    variadic = {p.kind for p in parameters} & {inspect.Parameter.VAR_POSITIONAL}
    open_names = {p.kind for p in parameters} & {inspect.Parameter.VAR_KEYWORD}
    positional = [arg for arg in args if not arg.name]
    named = {arg.name: arg for arg in args if arg.name}
    report, count = ctx.reporter.report, len(ctx.reporter.diagnostics)
    if len(positional) > len(by_position) and not variadic:
        extra = positional[len(by_position)]
        report(TooManyArguments, extra.span, f"`{name}` takes at most {len(by_position)} arguments by position")
    taken = {p.name for p, _ in zip(by_position, positional, strict=False)}
    for word, arg in named.items():
        if word in taken:
            report(RepeatedArgument, arg.span, f"`{word}` of `{name}` is given twice", help="leave one of them out")
        elif word not in by_name and not open_names:
            known = ", ".join(f"`{n}`" for n in by_name) or "no arguments"
            help = did_you_mean(word, by_name)
            notes = [f"`{name}` takes {known}"]
            report(UnknownArgument, arg.span, f"`{name}` has no argument `{word}`", help=help, notes=notes)
            # What it was meant for may be the one that seems to be missing.
            taken |= by_name
    for p in parameters:
        required = p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
        if required and p.name not in taken and p.name not in named:
            report(MissingArgument, call.span, f"`{name}` needs `{p.name}`")
    return None if len(ctx.reporter.diagnostics) > count else args
