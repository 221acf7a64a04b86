"""Parameters and constants: the names of a file that stand for values."""

from __future__ import annotations

from functools import partial

from feedline.compiler import ir
from feedline.compiler.arithmetic import describe
from feedline.compiler.catalogue.types import ParamType
from feedline.compiler.context import Context
from feedline.compiler.names import Declared, Unit
from feedline.compiler.params import (
    TYPES,
    Given,
    Misread,
    check_type,
    describe_choices,
    read_given,
    read_text,
    type_of,
)
from feedline.compiler.values import ANY, UNKNOWN, WORDS, Evaluated, Evaluator, Unknown
from feedline.dsl import tree
from feedline.dsl.diagnostics import Label
from feedline.dsl.rules.names import BadParameter, DuplicateName, MissingParameter, UnknownParameter
from feedline.dsl.suggest import did_you_mean


def evaluate(ctx: Context, unit: Unit, expr: tree.Expr, type: ParamType = ANY) -> Evaluated:
    """The value of an expression of a file; `UNKNOWN` where a mistake was reported."""
    return Evaluator(unit, ctx.reporter, partial(constant, ctx), partial(ctx.apply, ctx))(expr, type)


def constant(ctx: Context, declared: Declared) -> Evaluated:
    """The value of a parameter or of a `let`."""
    if declared.kind == "constant":
        return ctx.once(declared, _lower_let)
    parameter = ctx.once(declared, lower_parameter)
    return UNKNOWN if parameter is UNKNOWN else parameter.value


def _lower_let(ctx: Context, declared: Declared) -> Evaluated:
    assert isinstance(declared.node, tree.Let)
    return evaluate(ctx, declared.unit, declared.node.value, WORDS)


def report_unknown_parameters(ctx: Context) -> None:
    """Say which given values belong to no parameter."""
    known = list(ctx.parameters)
    for name, given in ctx.given.items():
        head = ctx.main.names.get(name.partition(".")[0])
        if name in ctx.parameters or (head is not None and head.kind == "broken"):
            continue
        shown = ctx.main.source.path
        ctx.reporter.report(
            UnknownParameter,
            given.where or shown,
            f"{_as_given(name, given)}: `{shown}` has no parameter `{name}`",
            notes=[f"its parameters: {', '.join(f'`{n}`' for n in known)}" if known else "it declares no parameters"],
            help=did_you_mean(name, known),
        )


def lower_parameter(ctx: Context, declared: Declared) -> ir.ParamValue | Unknown:
    """The value of a parameter: as given from outside, else its default, either of the declared type."""
    node, unit = declared.node, declared.unit
    assert isinstance(node, tree.Param)
    names = [name for name, parameter in ctx.parameters.items() if parameter is declared]
    if not names:
        return _shadowed(ctx, declared)
    # A file imported in two ways gives its parameters two names; either sets them.
    outside = next((name for name in names if name in ctx.given), names[0])
    choices = _choices(ctx, unit, node)
    default = _default(ctx, declared, node, choices)
    if choices is UNKNOWN or default is UNKNOWN:
        return UNKNOWN
    type, value = default
    given = ctx.given.get(outside)
    if given is None:
        if value is None:
            return _missing(ctx, declared, outside, type)
        return ir.ParamValue(outside, type, value, "default", span=declared.span)
    read = read_given(type, given, unit.folder, choices)
    if isinstance(read, Misread):
        ctx.reporter.report(
            BadParameter,
            declared.span,
            f"{_as_given(outside, given)}: the parameter `{outside}` wants {read.wanted}, not {read.got}",
            label=f"declared as `{type}` here" if node.type else f"its default makes it `{type}`",
        )
        return UNKNOWN
    return ir.ParamValue(outside, type, read, given.origin, given.where, span=declared.span)


def _choices(ctx: Context, unit: Unit, node: tree.Param) -> tuple[ir.Value, ...] | Unknown:
    """The choices of `one of (...)`, none for any other type."""
    if node.type is None:
        return ()
    evaluated = [evaluate(ctx, unit, choice) for choice in node.type.choices]
    values = tuple(value for value in evaluated if value is not UNKNOWN)
    if len(values) < len(evaluated):
        return UNKNOWN
    if any(type_of(value) is None for value in values):
        ctx.reporter.report(
            BadParameter, node.type.span, "the choices of a parameter are texts, numbers or truth values"
        )
        return UNKNOWN
    return values


def _default(
    ctx: Context, declared: Declared, node: tree.Param, choices: tuple[ir.Value, ...] | Unknown
) -> tuple[str, ir.Value] | Unknown:
    """The type of a parameter and its default, None where it has none."""
    if choices is UNKNOWN:
        return UNKNOWN
    type = None if node.type is None else describe_choices(choices) if choices else node.type.name
    if type is not None and not choices and type not in TYPES:
        return _unknown_type(ctx, node)
    if node.default is None:
        if type is None:
            ctx.reporter.report(
                BadParameter,
                declared.span,
                f"the parameter `{declared.name}` has neither a type nor a default",
                help=f"say what it is: `param {declared.name}: int`",
            )
            return UNKNOWN
        return type, None
    value = evaluate(ctx, declared.unit, node.default)
    if value is UNKNOWN:
        return UNKNOWN
    return _fit_default(ctx, declared, node, type, value, choices)


def _unknown_type(ctx: Context, node: tree.Param) -> Unknown:
    assert node.type is not None
    help = did_you_mean(node.type.name, TYPES)
    ctx.reporter.report(
        BadParameter,
        node.type.span,
        f"a parameter has no type `{node.type.name}`",
        notes=[f"the types are {', '.join(f'`{type}`' for type in TYPES)} and `one of (...)`"],
        help=help,
    )
    return UNKNOWN


def _fit_default(
    ctx: Context, declared: Declared, node: tree.Param, type: str | None, value: ir.Value, choices: tuple[ir.Value, ...]
) -> tuple[str, ir.Value] | Unknown:
    assert node.default is not None
    folder = declared.unit.folder
    inferred = type or type_of(value)
    if inferred is None:
        message = f"a parameter is a number, a truth value or a text, not {describe(value)}"
        ctx.reporter.report(BadParameter, node.default.span, message, help="declare it with `let` instead")
        return UNKNOWN
    if choices:
        read = read_given(inferred, Given(value), folder, choices)
    elif isinstance(value, str) and _from_environment(node.default):
        # The environment, like the command line, holds only text.
        read = read_text(inferred, value, folder)
    else:
        read = check_type(inferred, value, folder)
    if isinstance(read, Misread):
        ctx.reporter.report(
            BadParameter,
            node.default.span,
            f"the default of `{declared.name}` must be {read.wanted}, not {read.got}",
            label=f"not {read.wanted}",
            secondary=[Label(node.type.span, "declared here")] if node.type else [],
        )
        return UNKNOWN
    return inferred, read


def _from_environment(expr: tree.Expr) -> bool:
    return isinstance(expr, tree.Call) and isinstance(expr.function, tree.NameRef) and expr.function.text == "env"


def _missing(ctx: Context, declared: Declared, outside: str, type: str) -> Unknown:
    keyword = f'**{{"{outside}": ...}}' if "." in outside else f"{outside}=..."
    ctx.reporter.report(
        MissingParameter,
        declared.span,
        f"the parameter `{outside}` has no value",
        label=f"wants a value of type `{type}`",
        help=f"give one with `-D {outside}=...` or `compile(..., {keyword})`, or a default here",
    )
    return UNKNOWN


def _shadowed(ctx: Context, declared: Declared) -> Unknown:
    """A parameter of an imported file that the importing file's own hides: whose is a value from outside?"""
    winner = next(p for p in ctx.parameters.values() if p.name == declared.name)
    ctx.reporter.report(
        DuplicateName,
        winner.span,
        f"`{declared.name}` is a parameter of `{declared.unit.source.path}` too, which is used here",
        label="declared here",
        secondary=[Label(declared.span, "and here")],
        help="import that file under an alias with `as`, or import the parameter from it instead of declaring it",
    )
    return UNKNOWN


def _as_given(name: str, given: Given) -> str:
    match given.origin:
        case "command line":
            return f"`-D {name}={given.value}`"
        case "params file":
            return f"`{name}` in `{given.where}`"
        case _:
            return f"`{name}={given.value!r}`"
