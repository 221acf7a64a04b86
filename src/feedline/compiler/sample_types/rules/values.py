"""The arguments of a step as Python values: numbers, pairs, words, and ranges that a draw comes from."""

from __future__ import annotations

from feedline.compiler import ir
from feedline.compiler.sample_types.call import Call
from feedline.dsl.rules.types_shapes import ImpossibleArguments

Bounds = tuple[float, float]


def items(value: ir.Value) -> tuple[ir.Value, ...]:
    """The items of a list or tuple, or the value itself as the only one; nothing for `none`."""
    if isinstance(value, ir.ListValue):
        return value.items
    return value if isinstance(value, tuple) else () if value is None else (value,)


def numbers(call: Call, name: str) -> tuple[float, ...]:
    """The numbers of an argument: one, several, or none."""
    return tuple(item for item in items(call.value(name)) if isinstance(item, int | float))


def wholes(call: Call, name: str) -> tuple[int, ...]:
    """The whole numbers of an argument: one, several, or none."""
    return tuple(item for item in items(call.value(name)) if isinstance(item, int))


def number(call: Call, name: str) -> float:
    """An argument that is one number."""
    return numbers(call, name)[0]


def whole(call: Call, name: str) -> int | None:
    """An argument that is one whole number or `none`."""
    return next(iter(wholes(call, name)), None)


def size(call: Call) -> tuple[int, int]:
    """Height and width of `size`, where one number stands for both."""
    found = wholes(call, "size")
    return found[0], found[-1]


def word(call: Call, name: str) -> str | None:
    """An argument that is a bare word, or a text that stands for one."""
    value = call.value(name)
    return value.name if isinstance(value, ir.Symbol) else value if isinstance(value, str) else None


def sides(call: Call) -> tuple[int, int, int, int]:
    """`padding` as left, top, right, bottom."""
    found = wholes(call, "padding")
    match found:
        case (left, top, right, bottom):
            return left, top, right, bottom
        case (across, down):
            return across, down, across, down
        case (every,):
            return every, every, every, every
        case _:
            return 0, 0, 0, 0


def angles(call: Call, name: str) -> Bounds:
    """A range of angles, where one number reaches as far to both sides."""
    found = numbers(call, name)
    if len(found) == 1:
        return -found[0], found[0]
    return (found[0], found[1]) if found else (0.0, 0.0)


def drawn(call: Call, name: str) -> Bounds | None:
    """The range of an argument that a number is drawn from; None where it is left out, and where it is upside down,
    which is reported."""
    found = numbers(call, name)
    if len(found) < 2:
        return None
    for low, high in zip(found[::2], found[1::2], strict=False):
        if low > high:
            call.report(
                ImpossibleArguments,
                f"`{call.name}` draws `{name}` from {low:g} to {high:g}, and the second is less than the first",
                at=name,
                label="no number lies between them",
                help=f"write the smaller one first: `{name}=({high:g}, {low:g})`",
            )
            return None
    return found[0], found[1]


def drawn_ratio(call: Call, default: str) -> None:
    """Report a `ratio` that no number can be drawn from."""
    ratio = drawn(call, "ratio")
    if ratio is not None and ratio[0] <= 0:
        impossible(
            call, f"`{call.name}` cannot draw from a `ratio` of 0", at="ratio",
            label="has to be above 0", help=f"a ratio is width by height: the default is `({default})`",
        )  # fmt: skip


def impossible(call: Call, message: str, *, at: str, label: str, help: str) -> None:
    """Report arguments that exclude each other."""
    call.report(ImpossibleArguments, message, at=at, label=label, help=help)
