"""`cache = memory(...)` and `cache = disk("folder", ...)`: an option whose value may be a call."""

from __future__ import annotations

from collections.abc import Mapping

from feedline.compiler import ir
from feedline.compiler.arguments import check_call
from feedline.compiler.catalogue import Entry, Parameter
from feedline.compiler.catalogue.types import parse_type
from feedline.compiler.context import Context
from feedline.compiler.lower_values import evaluate
from feedline.compiler.names import Unit
from feedline.dsl import tree
from feedline.dsl.diagnostics import Edit, Fix
from feedline.dsl.rules.loaders import BadOption

_FOLDER = Parameter("folder", parse_type("path"), "positional", required=True)
_GB = Parameter("gb", parse_type("float 0.. | none"), "positional", required=False, default=None)
_HASH = Parameter("hash", parse_type("bool"), "positional", required=False, default=False)

CACHES: Mapping[str, tuple[Parameter, ...]] = {"memory": (_GB,), "disk": (_FOLDER, _GB, _HASH)}
"""The forms of a cache that keeps something, each with its arguments."""

DOC = 'the forms are `memory`, `memory(gb=4)`, `disk("folder")`, `disk("folder", gb=20, hash=true)` and `off`'


def lower_cache(ctx: Context, unit: Unit, expr: tree.Expr) -> ir.Value | None:
    """The value of `cache` where it is written as a call, or is `disk`, which needs one: an `ir.Apply` with every
    argument. None once a fault is reported."""
    if not isinstance(expr, tree.Call):
        fix = Fix('write `disk("cache")`', (Edit(expr.span, 'disk("cache")'),))
        message = "`disk` needs the folder that it keeps the files in"
        ctx.reporter.report(BadOption, expr.span, message, help=fix.title, fixes=[fix])
        return None
    name = expr.function.text if isinstance(expr.function, tree.NameRef) else ""
    if name not in CACHES:
        message = '`cache` wants `off`, `memory` or `disk("folder")`'
        ctx.reporter.report(BadOption, expr.span, message, notes=[DOC])
        return None
    entry = Entry(f"cache = {name}", "transform", CACHES[name])
    args = check_call(entry, expr, lambda value, type: evaluate(ctx, unit, value, type), ctx.reporter)
    if args is None:
        return None
    folder = next((arg for arg in args if arg.name == "folder"), None)
    if folder is not None and not folder.value:
        ctx.reporter.report(BadOption, folder.span, "the folder of a cache has a name", help="such as `cache`")
        return None
    return ir.Apply(name, args, span=expr.span)
