"""The parts of a `split`: by size, by fold, by a field's value."""

from __future__ import annotations

from feedline.compiler import ir
from feedline.compiler.arithmetic import describe
from feedline.compiler.context import Context
from feedline.compiler.lower_values import evaluate
from feedline.compiler.names import Unit
from feedline.compiler.values import UNKNOWN
from feedline.dsl import tree
from feedline.dsl.diagnostics import Label
from feedline.dsl.rules.forms import BadSplit

MOST_FOLDS = 10_000
"""More are a slip of the finger: each has a row of its own in `explain`."""


def fold_count(ctx: Context, unit: Unit, expr: tree.Expr) -> int | None:
    """The number of folds; None after a reported fault."""
    value = evaluate(ctx, unit, expr)
    if value is UNKNOWN:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and 2 <= value <= MOST_FOLDS:
        return value
    message = f"a split into folds needs a whole number from 2 to {MOST_FOLDS:,}, not {describe(value)}"
    ctx.reporter.report(BadSplit, expr.span, message)
    return None


def _part_names(ctx: Context, parts: tuple[tree.SizedPart, ...] | tuple[tree.ValuedPart, ...]) -> bool:
    seen: dict[str, tree.Name] = {}
    for part in parts:
        earlier = seen.setdefault(part.name.text, part.name)
        if earlier is not part.name:
            ctx.reporter.report(
                BadSplit,
                part.name.span,
                f"two parts are called `{part.name.text}`",
                label="named again here",
                secondary=[Label(earlier.span, "first named here")],
            )
            return False
    return True


def sized_parts(ctx: Context, unit: Unit, node: tree.Split) -> tuple[ir.Part, ...] | None:
    """The parts of `train 80%, val rest`; None after a reported fault."""
    well = _part_names(ctx, node.parts)
    parts: list[ir.Part] = []
    for number, part in enumerate(node.parts):
        if part.size is None:
            if number + 1 < len(node.parts):
                help = "put it at the end" if all(other.size for other in node.parts if other is not part) else None
                ctx.reporter.report(BadSplit, part.span, "only the last part can be the `rest`", help=help)
                well = False
            parts.append(ir.Part(part.name.text, span=part.span))
            continue
        size = _size(ctx, unit, part.size)
        if size is None:
            well = False
        else:
            parts.append(ir.Part(part.name.text, size, span=part.span))
    return tuple(parts) if well else None


def _size(ctx: Context, unit: Unit, expr: tree.Expr) -> int | ir.Percent | None:
    """The size of a part: a percentage, a fraction below 1, or a count."""
    value = evaluate(ctx, unit, expr)
    if value is UNKNOWN:
        return None
    match value:
        case bool():
            pass
        case ir.Percent(value=share) if share > 0:
            return value
        case int() if value > 0:
            return value
        case float() if 0 < value <= 1:
            # Through the text, because 0.07 * 100 is not 7.
            return ir.Percent(float(f"{value * 100:.10g}"))
    message = f"the size of a part is a percentage, a count or a fraction, not {describe(value)}"
    if isinstance(value, ir.Percent) or (isinstance(value, int | float) and value <= 0):
        message = f"a part must have some samples, not {describe(value)}"
    ctx.reporter.report(BadSplit, expr.span, message)
    return None


def valued_parts(ctx: Context, unit: Unit, node: tree.Split) -> tuple[ir.Part, ...] | None:
    """The parts of `by FIELD into train = ..., val = ...`; None after a reported fault."""
    well = _part_names(ctx, node.values)
    parts: list[ir.Part] = []
    for part in node.values:
        value = evaluate(ctx, unit, part.value)
        if value is UNKNOWN:
            well = False
            continue
        items = value.items if isinstance(value, ir.ListValue) else value if isinstance(value, tuple) else (value,)
        if not items or not all(isinstance(item, str | int | float) for item in items):
            message = f"a part is made of texts or numbers, not {describe(value)}"
            ctx.reporter.report(BadSplit, part.value.span, message)
            well = False
        parts.append(ir.Part(part.name.text, value=value, span=part.span))
    return tuple(parts) if well else None
