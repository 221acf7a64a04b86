"""Values that statements want: a whole number here, a share there, said in one way when they get something else."""

from __future__ import annotations

from feedline.compiler import ir
from feedline.compiler.arithmetic import describe
from feedline.compiler.context import Context
from feedline.compiler.lower_values import evaluate
from feedline.compiler.names import Unit
from feedline.compiler.values import UNKNOWN
from feedline.dsl import tree
from feedline.dsl.rules.values import UnsuitableValue


def whole(ctx: Context, unit: Unit, expr: tree.Expr, what: str, low: int | None = 1) -> int | None:
    """A whole number, at least `low`; None after a reported fault."""
    value = evaluate(ctx, unit, expr)
    if value is UNKNOWN:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and (low is None or value >= low):
        return value
    bound = "" if low is None else f" of at least {low}"
    return refuse(ctx, expr, f"{what} is a whole number{bound}, not {describe(value)}")


def number(ctx: Context, unit: Unit, expr: tree.Expr, what: str, low: float = 0.0) -> float | None:
    """A number, at least `low`; None after a reported fault."""
    value = evaluate(ctx, unit, expr)
    if value is UNKNOWN:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= low:
        return float(value)
    return refuse(ctx, expr, f"{what} is a number of at least {low:g}, not {describe(value)}")


def share(ctx: Context, unit: Unit, expr: tree.Expr, what: str) -> float | None:
    """`80%` or `0.8` as 0.8; None after a reported fault."""
    value = evaluate(ctx, unit, expr)
    if value is UNKNOWN:
        return None
    fraction = value.value / 100 if isinstance(value, ir.Percent) else value
    if isinstance(fraction, int | float) and not isinstance(fraction, bool) and 0 <= fraction <= 1:
        return float(fraction)
    help = f"write `{value}%` or `{value / 100:g}`" if isinstance(value, int) and 1 < value <= 100 else None
    return refuse(ctx, expr, f"{what} is between 0% and 100%, not {describe(value)}", help)


def refuse(ctx: Context, node: tree.Node, message: str, help: str | None = None) -> None:
    """Report that a value does not suit its place."""
    ctx.reporter.report(UnsuitableValue, node.span, message, help=help)
