"""Arguments that do not fit their parameter: what is said of them, and what to write instead."""

from __future__ import annotations

from collections.abc import Callable

from feedline.compiler import ir
from feedline.compiler.arithmetic import describe
from feedline.compiler.catalogue import Entry, Misfit, Parameter, ParamType, constants
from feedline.compiler.catalogue.types import Enum
from feedline.compiler.values import Evaluated
from feedline.dsl import tree
from feedline.dsl.diagnostics import Edit, Fix, Reporter
from feedline.dsl.rules.values import MissingArgument, NotAMember, SizeAsPadding, TooManyArguments, WrongType
from feedline.dsl.source import Span
from feedline.dsl.suggest import did_you_mean, same_but_for_case, suggest

OLD_INTERPOLATIONS = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic", 4: "box", 5: "hamming"}
"""PIL's numbers, which v1 took; `False` was its word for 0."""

_SIZES = ("size", "target_size")
"""Parameters that take a height and a width."""


def report_misfit(
    entry: Entry, parameter: Parameter, expr: tree.Expr, value: ir.Value, misfit: Misfit, reporter: Reporter
) -> None:
    """Say what the argument wants and what it was given."""
    what = f"`{parameter.name}` of `{entry.name}`"
    if misfit.kind == "member" and isinstance(misfit.wanted, Enum):
        _report_not_a_member(what, misfit, misfit.wanted, expr, reporter)
        return
    wanted = misfit.wanted if misfit.kind == "range" else parameter.type
    items = _items(value)
    if misfit.value is not value and items is not None and misfit.kind != "length":
        message = f"{what} wants {parameter.type.describe()}, but one of its values is {describe(misfit.value)}"
    elif items is not None:
        message = f"{what} wants {wanted.describe()}, not {len(items)} value{'s' * (len(items) != 1)}"
    else:
        message = f"{what} wants {wanted.describe()}, not {describe(value)}"
    notes = (parameter.doc,) if parameter.doc else ()
    fix = correction(parameter, value, expr)
    help = fix.title if fix else _both_ends(parameter, value)
    reporter.report(WrongType, expr.span, message, help=help, notes=notes, fixes=[fix] if fix else [])


def _report_not_a_member(what: str, misfit: Misfit, wanted: Enum, expr: tree.Expr, reporter: Reporter) -> None:
    word = misfit.value.name if isinstance(misfit.value, ir.Symbol) else str(misfit.value)
    near = suggest(word, wanted.members)
    takes = f"it takes {wanted.describe()}"
    fixes: list[Fix] = []
    if near and isinstance(expr, tree.String | tree.NameRef):
        text = near[0] if isinstance(expr, tree.NameRef) else f'"{near[0]}"'
        fixes = [Fix(f"write `{text}`", (Edit(expr.span, text),), safe=same_but_for_case(word, near[0]))]
    reporter.report(
        NotAMember,
        expr.span,
        f"`{word}` is not a value that {what} takes",
        help=did_you_mean(word, near) or takes,
        notes=(takes,) if near else (),
        fixes=fixes,
    )


def _items(value: ir.Value) -> tuple[ir.Value, ...] | None:
    items = value.items if isinstance(value, ir.ListValue) else value
    return items if isinstance(items, tuple) else None


def correction(parameter: Parameter, value: ir.Value, expr: tree.Expr) -> Fix | None:
    """What to write instead, where that is plain."""
    if isinstance(value, ir.Apply) and not isinstance(parameter.type.fit((value,)), Misfit):
        return Fix("write it as a list: `[...]`", around(expr.span, expr.span, "[", "]"), safe=True)
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
    old = OLD_INTERPOLATIONS.get(number) if isinstance(number, int) else "nearest" if value is False else None
    share = ir.Percent(number) if isinstance(number, int) and 5 <= number <= 100 and parameter.name == "p" else None
    for candidate, text in (
        (ir.Symbol(old), old) if old else (None, ""),
        (str(number), f'"{number}"') if str(number) in parameter.type.symbols else (None, ""),
        (bool(number), str(bool(number)).lower()) if number in (0, 1) else (None, ""),
        (share, f"{number}%"),
        (int(number), str(int(number))) if isinstance(number, float) and number.is_integer() else (None, ""),
        ((number,), f"[{number}]") if number is not None else (None, ""),
    ):
        if candidate is not None and not isinstance(parameter.type.fit(candidate), Misfit):
            # A list of one value may not be as long as the image has channels; a percentage is a guess.
            safe = text[0] != "[" and text[-1] != "%" and isinstance(expr, tree.Number | tree.Boolean)
            return Fix(f"write `{text}`", (Edit(expr.span, text),), safe=safe)
    return None


def _both_ends(parameter: Parameter, value: ir.Value) -> str | None:
    """Help where one number is given and two are wanted."""
    if not isinstance(value, int | float) or isinstance(parameter.type.fit((value, value)), Misfit):
        return None
    default = parameter.default
    if isinstance(default, tuple) and len(default) == 2:
        return f"write the lowest and the highest; the default is `({default[0]}, {default[1]})`"
    return f"write two numbers, as in `({value}, {value})`"


def around(first: Span, last: Span, opening: str, closing: str) -> tuple[Edit, Edit]:
    """Brackets around what stands from one span to another."""
    return Edit(Span(first.path, first.start, first.start), opening), Edit(Span(last.path, last.end, last.end), closing)


def two_sizes(
    entry: Entry, call: tree.Call, evaluate: Callable[[tree.Expr, ParamType], Evaluated], reporter: Reporter
) -> bool:
    """Report height and width as two arguments, where one takes both: `Resize(640, 640)`. Whether that is an error;
    where the second is some other number to the step, as in `RandomCrop(32, 32)`, it is a warning."""
    parameters = [item for item in entry.parameters if item.kind == "positional"]
    given = call.arguments[:2]
    if not parameters or parameters[0].name not in _SIZES or len(given) < 2 or any(item.name for item in given):
        return False
    other = parameters[1] if len(parameters) > 1 else None
    high = evaluate(given[0].value, parameters[0].type)
    wide = evaluate(given[1].value, other.type if other else parameters[0].type)
    if not all(isinstance(side, int) and not isinstance(side, bool) and side > 0 for side in (high, wide)):
        return False
    assert isinstance(high, int)
    assert isinstance(wide, int)
    from feedline.dsl.unparse import unparse

    pair = f"({unparse(given[0].value)}, {unparse(given[1].value)})"
    edits = around(given[0].span, given[1].span, "(", ")")
    written = f"`{entry.name}({pair})`" if len(call.arguments) == 2 else f"`{pair}`"
    span = given[0].span.to(given[1].span)
    if other is not None and not isinstance(other.type.fit(wide), Misfit):
        if other.name == "padding" and wide >= high:
            message = f"`{entry.name}` takes the second number, {wide}, for a padding on every side"
            help = f"write {written} for height and width, or `padding={wide}` if it is meant"
            fixes = [Fix(f"write {written}", edits)]
            reporter.report(SizeAsPadding, given[1].span, message, label="not the width", help=help, fixes=fixes)
        return False
    if wide != high and wide <= max(OLD_INTERPOLATIONS):
        return False
    # Some libraries name the width first.
    fix = Fix(f"write {written}", edits, safe=high == wide)
    help = fix.title if high == wide else f"{fix.title}, the height first"
    message = f"`{entry.name}` takes height and width as one argument, `{parameters[0].name}`"
    reporter.report(TooManyArguments, span, message, label="two arguments", help=help, fixes=[fix])
    return True


def one_constant(entry: Entry, call: tree.Call, reporter: Reporter) -> bool:
    """Report `Normalize(imagenet)`, which names both statistics at once. Whether it was."""
    if entry.name != "Normalize" or not call.arguments:
        return False
    first, *others = call.arguments
    word = first.value.text if isinstance(first.value, tree.NameRef) else None
    named = first.name is not None
    if word not in constants() or (first.name is not None and first.name.text != "mean"):
        return False
    if any(other.name is None or other.name.text in ("mean", "std") for other in others):
        return False
    text = f"mean={word}.mean, std={word}.std" if named else f"{word}.mean, {word}.std"
    fix = Fix(f"write `{text}`", (Edit(first.span, text),), safe=True)
    message = f"`{word}` is a mean and a standard deviation, which `Normalize` takes one by one"
    reporter.report(MissingArgument, first.span, message, help=fix.title, fixes=[fix])
    return True
