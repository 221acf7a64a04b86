"""The types of parameters: a tiny language, because the catalogue is data and a person reads its diffs.

    int  float  bool  str  path  none  any  transform
    int 1..      float 0..1      a number with bounds, both included
    {constant edge reflect}      one of these words, bare or quoted; the value is a `str`
    dtype  interpolation  ...    one of the words of a named set (`ENUMS`); the value is an `ir.Symbol`
    (int, int)                   exactly so many values; a list will do
    [float]  [float 2]  [float 1,2,4]     any number of values, or so many
    int | (int, int)             the first that fits

`fit` checks a value against a type and gives it its final form: whole numbers widen to float, percentages become
fractions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, cached_property

from feedline.compiler import ir
from feedline.dsl.frozen import frozen

ENUMS: Mapping[str, tuple[str, ...]] = {
    "interpolation": ("nearest", "nearest_exact", "bilinear", "bicubic", "box", "hamming", "lanczos"),
    "dtype": (
        *("float32", "float64", "float16", "bfloat16", "uint8", "int8", "int16", "int32", "int64", "bool"),
        *("uint16", "uint32", "uint64"),
    ),
    "autoaugment": ("imagenet", "cifar10", "svhn"),
    "box_format": ("XYXY", "XYWH", "CXCYWH", "XYWHR", "CXCYWHR", "XYXYXYXY"),
}
"""Words that stand for an object of torch or torchvision; `runtime/arguments.py` knows which."""


@frozen
class Misfit:
    """Why a value does not fit: `kind` is `type`, `member`, `range` or `length`; `wanted` is what would fit."""

    kind: str
    wanted: ParamType
    value: ir.Value


@frozen
class ParamType:
    """Any type of a parameter."""

    def fit(self, value: ir.Value) -> ir.Value | Misfit:
        """The value in its final form, or why it does not fit."""
        return self._fit(value)

    def describe(self) -> str:
        """The type in a user's words, to stand after "wants"."""
        return self._words(plural=False)

    @cached_property
    def symbols(self) -> frozenset[str]:
        """The bare words that this type, or a type inside it, knows."""
        return frozenset(word for part in self._parts() if isinstance(part, Enum) for word in part.members)

    @cached_property
    def takes_transforms(self) -> bool:
        """Whether a call of a transform may stand here, alone or in a list."""
        return any(isinstance(part, Scalar) and part.name == "transform" for part in self._parts())

    @cached_property
    def takes_path(self) -> bool:
        """Whether a text here is a path."""
        return any(isinstance(part, Scalar) and part.name == "path" for part in self._parts())

    def _fit(self, value: ir.Value) -> ir.Value | Misfit:
        raise NotImplementedError

    def _words(self, plural: bool) -> str:
        raise NotImplementedError

    def _parts(self) -> Iterator[ParamType]:
        """This type and every type inside it."""
        yield self


_WORDS = {
    "int": ("a whole number", "whole numbers"),
    "float": ("a number", "numbers"),
    "bool": ("`true` or `false`", "`true` or `false`"),
    "str": ("a text in quotes", "texts in quotes"),
    "path": ("a path in quotes", "paths in quotes"),
    "none": ("`none`", "`none`"),
    "any": ("any value", "any values"),
    "transform": ("a transform", "transforms"),
}


@frozen
class Scalar(ParamType):
    """One value of a kind in `_WORDS`; numbers may have bounds."""

    name: str
    low: float | None = None
    high: float | None = None

    def _fit(self, value: ir.Value) -> ir.Value | Misfit:
        if isinstance(value, ir.Percent) and self.name == "float":
            value = value.value / 100
        if not self._is_kind(value):
            return Misfit("type", self, value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            number = value
            if not (self.low is None or number >= self.low) or not (self.high is None or number <= self.high):
                return Misfit("range", self, value)
            return float(value) if self.name == "float" else value
        return value

    def _is_kind(self, value: ir.Value) -> bool:
        match self.name:
            case "any":
                return True
            case "none":
                return value is None
            case "bool":
                return isinstance(value, bool)
            case "int":
                return isinstance(value, int) and not isinstance(value, bool)
            case "float":
                return isinstance(value, int | float) and not isinstance(value, bool)
            case "transform":
                return isinstance(value, ir.Apply)
            case _:
                return isinstance(value, str)

    def _words(self, plural: bool) -> str:
        words = _WORDS[self.name][plural]
        if self.low is not None and self.high is not None:
            return f"{words} from {self.low:g} to {self.high:g}"
        if self.low is not None:
            return f"{words} of at least {self.low:g}"
        return words


@frozen
class Enum(ParamType):
    """One word of a set, bare or quoted. With a `name`, the set is in `ENUMS` and the value becomes a symbol."""

    members: tuple[str, ...]
    name: str | None = None

    def _fit(self, value: ir.Value) -> ir.Value | Misfit:
        word = value.name if isinstance(value, ir.Symbol) else value
        if not isinstance(word, str):
            return Misfit("type", self, value)
        if self.name is not None:
            word = word.replace("-", "_")
        if word not in self.members:
            return Misfit("member", self, value)
        return word if self.name is None else ir.Symbol(word)

    def _words(self, plural: bool) -> str:
        words = [f"`{word}`" if word.isidentifier() else f'`"{word}"`' for word in self.members]
        return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


@frozen
class Items(ParamType):
    """Several values of one type: as many as one of `lengths` says, any number (at least one) where it is empty."""

    item: ParamType
    lengths: tuple[int, ...] = ()

    def _fit(self, value: ir.Value) -> ir.Value | Misfit:
        items = value.items if isinstance(value, ir.ListValue) else value
        if not isinstance(items, tuple):
            return Misfit("type", self, value)
        if len(items) not in self.lengths if self.lengths else not items:
            return Misfit("length", self, value)
        fitted: list[ir.Value] = []
        for item in items:
            result = self.item.fit(item)
            if isinstance(result, Misfit):
                return result
            fitted.append(result)
        return ir.ListValue(tuple(fitted)) if isinstance(value, ir.ListValue) else tuple(fitted)

    def _words(self, plural: bool) -> str:
        item = self.item._words(plural=True)
        if not self.lengths:
            return f"{'lists' if plural else 'a list'} of {item}"
        return f"{' or '.join(map(str, self.lengths))} {item}"

    def _parts(self) -> Iterator[ParamType]:
        yield self
        yield from self.item._parts()


@frozen
class Union(ParamType):
    """The first option that fits."""

    options: tuple[ParamType, ...]

    def _fit(self, value: ir.Value) -> ir.Value | Misfit:
        misfits: list[Misfit] = []
        for option in self.options:
            result = option.fit(value)
            if not isinstance(result, Misfit):
                return result
            misfits.append(result)
        # An option of the right form that fails on a detail says more than "none of these".
        close = [misfit for misfit in misfits if misfit.kind != "type" or misfit.value is not value]
        return close[0] if len(close) == 1 else Misfit("type", self, value)

    def _words(self, plural: bool) -> str:
        options = [option._words(plural) for option in self.options]
        last = ", or " if any(" or " in option for option in options) else " or "
        return f"{', '.join(options[:-1])}{last}{options[-1]}"

    def _parts(self) -> Iterator[ParamType]:
        yield self
        for option in self.options:
            yield from option._parts()


_TOKEN = re.compile(r"\s*(?:(\|)|([(){}\[\],])|(-?[\d.]*\d\.\.(?:-?\d[\d.]*)?)|([^\s|(){}\[\],]+))")


@cache
def parse_type(text: str) -> ParamType:
    """The type that `text` spells. Raises ValueError for what is not in the language of this module."""
    reader = _Reader(text, [match.group().strip() for match in _TOKEN.finditer(text)])
    result = reader.union()
    if reader.tokens:
        raise ValueError(f"{reader.tokens[0]!r} left over in type {text!r}")
    return result


@frozen
class _Reader:
    """A reader of one type text, by recursive descent; `tokens` is what is left."""

    text: str
    tokens: list[str]

    def take(self, expected: str | None = None) -> str:
        if not self.tokens or expected not in (None, self.tokens[0]):
            raise ValueError(f"type {self.text!r} ends early or lacks {expected!r}")
        return self.tokens.pop(0)

    def at(self, *tokens: str) -> bool:
        return bool(self.tokens) and self.tokens[0] in tokens

    def union(self) -> ParamType:
        options = [self.one()]
        while self.at("|"):
            self.take()
            options.append(self.one())
        return options[0] if len(options) == 1 else Union(tuple(options))

    def one(self) -> ParamType:
        match self.take():
            case "(":
                items = [self.union()]
                while self.at(","):
                    self.take()
                    items.append(self.union())
                self.take(")")
                if len(set(items)) != 1:
                    raise ValueError(f"the items of a tuple differ in type {self.text!r}")
                return Items(items[0], (len(items),))
            case "[":
                item = self.union()
                lengths: list[int] = []
                while not self.at("]"):
                    word = self.take()
                    if word != ",":
                        lengths.append(int(word))
                self.take("]")
                return Items(item, tuple(lengths))
            case "{":
                words: list[str] = []
                while not self.at("}"):
                    words.append(self.take())
                self.take("}")
                return Enum(tuple(words))
            case name if name in ENUMS:
                return Enum(ENUMS[name], name)
            case name if name in _WORDS:
                return Scalar(name, *self.bounds())
            case name:
                raise ValueError(f"unknown word {name!r} in type {self.text!r}")

    def bounds(self) -> tuple[float | None, float | None]:
        if not self.tokens or ".." not in self.tokens[0]:
            return None, None
        low, _, high = self.take().partition("..")
        return float(low), float(high) if high else None
