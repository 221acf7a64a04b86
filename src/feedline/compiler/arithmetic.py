"""What the operators of the language do to values, and in which words they refuse.

Numbers stay within 64 bits and texts within `MAX_TEXT`, whatever a file asks for, so that no expression runs for long.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from feedline.compiler.ir import Apply, ListValue, Percent, Symbol, Value

MAX_INT = 2**63 - 1
MAX_TEXT = 100_000
MAX_ITEMS = 10_000


class RefusedError(Exception):
    """An operation that has no value. `kind` is what was wrong: "type", "zero" or "large"."""

    def __init__(self, kind: str, message: str, help: str | None = None):
        super().__init__(message)
        self.kind, self.message, self.help = kind, message, help


def describe(value: Value) -> str:
    """What a message calls a value: `the number 3`, `the text "a"`, `a list`."""
    match value:
        case None:
            return "`none`"
        case bool():
            return f"`{str(value).lower()}`"
        case int() | float():
            return f"the number {value}"
        case str():
            return f'the text "{value if len(value) <= 40 else value[:37] + "..."}"'
        case Percent(value=share):
            return f"the percentage {share:g}%"
        case Symbol(name=name):
            return f"the word `{name}`"
        case Apply(name=name):
            return f"the transform `{name}`"
        case ListValue():
            return "a list"
    return "a tuple"


def unary(sign: str, value: Value) -> Value:
    """`-value`, `+value`, `not value`."""
    if sign == "not":
        return not truth(value, "not")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return limited_number(-value if sign == "-" else value)
    raise RefusedError("type", f"`{sign}` needs a number, not {describe(value)}")


def binary(sign: str, left: Value, right: Value) -> Value:
    """`left sign right` for every operator but `and` and `or`."""
    if sign in ("==", "!="):
        return _equal(left, right) is (sign == "==")
    if sign in _ORDER:
        return _compare(sign, left, right)
    if sign in ("in", "not in"):
        return _contains(left, right) is (sign == "in")
    if sign == "matches":
        raise RefusedError("type", "`matches` compares a field of the data set and stands only in a group")
    return _arithmetic(sign, left, right)


def truth(value: Value, word: str) -> bool:
    """The operand of `and`, `or` and `not`, which must be true or false."""
    if isinstance(value, bool):
        return value
    raise RefusedError("type", f"`{word}` needs `true` or `false`, not {describe(value)}")


def within_limits(value: Value) -> Value:
    """The value itself, or a refusal if it has more parts than a file may build."""
    left, stack = MAX_ITEMS, [value]
    while stack:
        current = stack.pop()
        left -= 1
        if left < 0:
            raise RefusedError("large", f"this holds more than {MAX_ITEMS} values")
        if isinstance(current, tuple):
            stack.extend(current)
        elif isinstance(current, ListValue):
            stack.extend(current.items)
    return value


def text_of(value: Value) -> str | None:
    """What `${...}` writes into a text; None for a value that has no plain text."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    return None


def limited_text(text: str) -> str:
    """The text itself, or a refusal if it is too long."""
    if len(text) > MAX_TEXT:
        raise RefusedError("large", f"this text would be longer than {MAX_TEXT} characters")
    return text


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _equal(left: Value, right: Value) -> bool:
    # Python finds `true == 1`; here a truth value equals only a truth value.
    return isinstance(left, bool) is isinstance(right, bool) and left == right


_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _compare(sign: str, left: Value, right: Value) -> bool:
    if isinstance(left, Percent) and isinstance(right, Percent):
        return _ORDER[sign](left.value, right.value)
    if (_is_number(left) and _is_number(right)) or (isinstance(left, str) and isinstance(right, str)):
        return _ORDER[sign](left, right)
    raise RefusedError("type", f"`{sign}` cannot compare {describe(left)} with {describe(right)}")


def _contains(item: Value, container: Value) -> bool:
    if isinstance(container, ListValue):
        container = container.items
    if isinstance(container, tuple):
        return any(_equal(item, other) for other in container)
    if isinstance(container, str) and isinstance(item, str):
        return item in container
    raise RefusedError("type", f"`in` needs a tuple or a list on its right, not {describe(container)}")


def _power(base: float, exponent: float) -> float:
    # The size of the result is known before it is computed; `9**9**9` would run for years.
    if isinstance(base, int) and isinstance(exponent, int) and exponent > 0 and abs(base) > 1:
        if exponent * (abs(base).bit_length() - 1) > 64:
            raise RefusedError("large", f"{_base(base)} ** {exponent} is too large")
    elif base == 0 and exponent < 0:
        raise ZeroDivisionError
    elif base < 0 and not float(exponent).is_integer():
        raise RefusedError("type", f"{_base(base)} ** {exponent} is not a real number")
    return base**exponent


def _base(number: float) -> str:
    return f"({number})" if number < 0 else str(number)


_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": _power,
}


def _arithmetic(sign: str, left: Value, right: Value) -> Value:
    if sign == "+" and isinstance(left, str) and isinstance(right, str):
        return limited_text(left + right)
    shares = isinstance(left, Percent), isinstance(right, Percent)
    a = left.value if isinstance(left, Percent) else left
    b = right.value if isinstance(right, Percent) else right
    # Percentages add to and subtract from percentages, and are scaled by plain numbers.
    allowed = {(False, False): "+-*///%**", (True, True): "+-", (True, False): "*/", (False, True): "*"}[shares]
    if not (_is_number(a) and _is_number(b)) or sign not in allowed:
        help = 'write the parts into one text: `"${a}${b}"`' if sign == "+" and str in (type(a), type(b)) else None
        raise RefusedError("type", f"`{sign}` cannot combine {describe(left)} and {describe(right)}", help)
    try:
        result = limited_number(_ARITHMETIC[sign](a, b))
    except ZeroDivisionError:
        raise RefusedError("zero", f"`{sign}` divides by zero here") from None
    except OverflowError:
        raise RefusedError("large", "this number is too large") from None
    return Percent(float(result)) if any(shares) else result


def limited_number(number: Any) -> int | float:
    """The number itself, or a refusal if it is beyond 64 bits."""
    if isinstance(number, int) and abs(number) > MAX_INT:
        raise RefusedError("large", "this whole number does not fit into 64 bits")
    if isinstance(number, float) and not math.isfinite(number):
        raise RefusedError("large", "this number is too large")
    return number


def item(value: Value, index: Value) -> Value:
    """`value[index]` of a tuple or a list, from 0; negative indices count from the end."""
    items = value.items if isinstance(value, ListValue) else value
    if not isinstance(items, tuple):
        raise RefusedError("type", f"{describe(value)} has no items")
    if not isinstance(index, int) or isinstance(index, bool):
        raise RefusedError("type", f"an index is a whole number, not {describe(index)}")
    if not -len(items) <= index < len(items):
        raise RefusedError("type", f"there is no item {index} among {len(items)}")
    return items[index]
