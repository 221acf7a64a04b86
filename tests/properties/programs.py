"""Hypothesis strategies that draw syntax trees: programs, and each kind of part. They mean nothing, but they parse."""

from __future__ import annotations

import math
import unicodedata
from typing import Any

from hypothesis import strategies as st

from feedline.dsl import tree as t
from feedline.dsl.source import Span
from feedline.grammar import KEYWORDS, RESERVED, tokens

AT = Span("drawn", 0, 0)
_STEP_WORDS = set(KEYWORDS["step"])
_CLAUSES = {"rest", "folds", "at", "one", "of"}
_LOADER_WORDS = {"transform", "sample", "collate", "on"}
_SOFT = sorted({word for group in KEYWORDS.values() for word in group} - RESERVED)


def _words(without: set[str] = frozenset()) -> st.SearchStrategy[str]:
    """Identifiers, and keywords that can be names where none of `without` may stand."""
    plain = st.sampled_from(
        ["a", "b2", "photos", "train", "_x", "größe", "写真", "Resize", "true_", "datasettrain", "notin"]
    )
    drawn = st.text(st.characters(codec="utf-8", categories=["L", "Nd", "Pc"]), min_size=1, max_size=6).map(
        lambda word: unicodedata.normalize("NFC", word)
    )
    keywords = {word for group in KEYWORDS.values() for word in group} | {"True", "False", "None"}
    valid = drawn.filter(lambda word: word.isidentifier() and word not in keywords and word == _first_name(word))
    return plain | valid | st.sampled_from([word for word in _SOFT if word not in without])


def _first_name(word: str) -> str:
    first = next(iter(tokens(word)))
    return str(first) if first.type == "NAME" else ""


def names(without: set[str] = frozenset()) -> st.SearchStrategy[t.Name]:
    """Declared names, options, fields, and whatever else follows a dot or precedes `=`."""
    return _words(without).map(lambda word: t.Name(AT, word))


def dotted(without: set[str] = frozenset()) -> st.SearchStrategy[Any]:
    """One to three names joined by dots; the first is none of `without`."""
    first = _words(without).map(lambda word: t.NameRef(AT, word))
    return st.builds(_attributes, first, st.lists(names(), max_size=2))


def _attributes(value: t.Expr, further: list[t.Name]) -> t.Expr:
    for name in further:
        value = t.Attribute(AT, value, name)
    return value


_numbers = st.integers(0, 10**12) | st.floats(0, 1e300, allow_nan=False).filter(math.isfinite)
_text = st.text(st.characters(codec="utf-8") | st.sampled_from('$${}\\"\n\t'), min_size=1, max_size=8)


@st.composite
def strings(draw: st.DrawFn) -> t.String:
    """Strings of text and interpolations."""
    parts: list[str | t.Interpolation] = []
    for interpolated in draw(st.lists(st.booleans(), max_size=4)):
        if interpolated:
            parts.append(
                t.Interpolation(AT, ".".join(name.text for name in draw(st.lists(names(), min_size=1, max_size=2))))
            )
        elif not parts or not isinstance(parts[-1], str):
            parts.append(draw(_text))
    return t.String(AT, tuple(parts))


def _literals() -> st.SearchStrategy[Any]:
    return st.one_of(
        _numbers.map(lambda value: t.Number(AT, value)),
        _numbers.map(lambda value: t.Percent(AT, value)),
        strings(),
        st.booleans().map(lambda value: t.Boolean(AT, value)),
        st.just(t.NoneLiteral(AT)),
        dotted(_CLAUSES),
    )


_BINARY = [
    "or",
    "and",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "in",
    "not in",
    "matches",
    "+",
    "-",
    "*",
    "/",
    "//",
    "%",
    "**",
]


def _compound(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    items = st.lists(inner, max_size=3).map(tuple)
    arguments = st.lists(st.builds(t.Argument, st.just(AT), st.none() | names(), inner), max_size=3).map(tuple)
    calls = st.builds(t.Call, st.just(AT), dotted(_CLAUSES), arguments)
    return st.one_of(
        st.builds(t.Binary, st.just(AT), st.sampled_from(_BINARY), inner, inner),
        st.builds(t.Unary, st.just(AT), st.sampled_from(["not", "+", "-"]), inner),
        st.builds(t.Has, st.just(AT), names()),
        st.builds(t.TupleExpr, st.just(AT), items),
        st.builds(t.ListExpr, st.just(AT), items),
        calls,
        st.builds(t.Index, st.just(AT), dotted(_CLAUSES) | calls, inner),
        st.builds(t.Attribute, st.just(AT), calls, names()),
    )


expressions: st.SearchStrategy[Any] = st.recursive(_literals(), _compound, max_leaves=6)
calls: st.SearchStrategy[Any] = st.builds(
    t.Call,
    st.just(AT),
    dotted(_STEP_WORDS | _CLAUSES),
    st.lists(st.builds(t.Argument, st.just(AT), st.none() | names(), expressions), max_size=3).map(tuple),
)
references = dotted(_CLAUSES) | st.builds(t.Index, st.just(AT), dotted(_CLAUSES), expressions)
counts = st.integers(0, 99).map(lambda value: t.Number(AT, value)) | dotted(_CLAUSES | _STEP_WORDS)
counts |= st.builds(t.Binary, st.just(AT), st.just("+"), expressions, expressions)


def _build(cls: type, *parts: Any) -> st.SearchStrategy[Any]:
    return st.builds(
        cls, st.just(AT), *(part if isinstance(part, st.SearchStrategy) else st.just(part) for part in parts)
    )


def _some(part: st.SearchStrategy[Any], least: int = 0) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(part, min_size=least, max_size=3).map(tuple)


def _larger_steps(steps: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    chains = _build(t.Chain, _some(steps))
    return st.one_of(
        _build(t.MaybeStep, expressions, chains),
        _build(t.OneOfStep, _some(_build(t.Branch, chains, st.none() | expressions))),
        _build(t.ShuffledStep, chains),
        _build(t.ViewsStep, expressions, chains, ()),
        _build(t.ViewsStep, None, None, _some(_build(t.View, st.none() | counts, chains))),
        _build(t.OnStep, names(), chains),
        _build(t.BatchStep, chains),
    )


on_errors = _build(
    t.OnError,
    st.sampled_from(["fail", "skip", "replace"]).map(lambda word: t.Name(AT, word)),
    st.none() | expressions,
)

_simple_steps = _build(t.CallStep, calls) | _build(t.RefStep, dotted(_STEP_WORDS | _CLAUSES))
steps: st.SearchStrategy[Any] = st.recursive(_simple_steps, _larger_steps, max_leaves=4)
chains = _build(t.Chain, _some(steps))
_population = dotted(_CLAUSES) | st.just(t.NameRef(AT, "rest"))
_word_statements = [
    *(("last", value) for value in ("drop", "keep", "pad")),
    *(("order", value) for value in ("shuffled", "sequential")),
    *(("places", value) for value in ("shuffled", "first")),
    *(("uneven", value) for value in ("drop", "pad")),
    ("distinct", "distinct"),
]
_bounds = st.sampled_from(["exactly", "at least", "at most"])
_replacement = st.none() | st.booleans()
_parts = dotted(_CLAUSES) | _build(t.Index, dotted(_CLAUSES), expressions)
_plain_statements: st.SearchStrategy[Any] = st.one_of(
    _build(t.BatchSize, expressions, st.booleans()),
    _build(t.Force, counts, dotted(_CLAUSES), expressions, _bounds, st.booleans(), _replacement),
    _build(t.ForceEach, counts, references, expressions, expressions, _bounds, st.booleans(), _replacement),
    _build(t.Mix, _some(_build(t.MixPart, _parts, counts), 1), expressions, st.booleans(), _replacement),
    _build(t.Rest, st.booleans()),
    _build(t.EpochPass, _population | _parts),
    _build(t.EpochLength, expressions, st.sampled_from(["batches", "samples"])),
    st.sampled_from(_word_statements).map(lambda pair: t.Keyword(AT, *pair)),
    _build(t.Seed, expressions),
    _build(t.BalanceBy, references),
    _build(t.WeightBy, references, ()),
    _build(t.WeightBy, None, _some(_build(t.GroupWeight, _population, expressions))),
    _build(t.Draw, counts, references, expressions, _replacement),
    _build(t.RepeatFactor, expressions, references),
    _build(t.BucketBy, references, expressions),
    on_errors,
)
policy_statements: st.SearchStrategy[Any] = st.recursive(
    _plain_statements, lambda inner: _build(t.Stage, expressions, _some(inner)), max_leaves=3
)
_kinds = calls | _build(t.Call, dotted(_CLAUSES), ())
loader_statements: st.SearchStrategy[Any] = st.one_of(
    _build(t.TransformBlock, chains),
    _build(t.SampleBlock, _some(policy_statements)),
    _build(t.SampleRef, dotted(_CLAUSES)),
    _build(t.Collate, _kinds, (), None),
    _build(
        t.Collate,
        None,
        _some(_build(t.FieldCollate, names(), _kinds)),
        st.none() | st.sampled_from(["tuple", "dict"]).map(lambda word: t.Name(AT, word)),
    ),
    on_errors,
    _build(t.Option, names(_LOADER_WORDS), expressions),
)


def _splits() -> st.SearchStrategy[Any]:
    tail = (st.none() | references, st.none() | references, st.none() | expressions)
    sized = _some(_build(t.SizedPart, names(), st.none() | expressions), 1)
    valued = _some(_build(t.ValuedPart, names(), expressions), 1)
    return st.one_of(
        _build(t.Split, references, sized, None, None, (), *tail),
        _build(t.Split, references, (), counts, None, (), *tail),
        _build(t.Split, references, (), None, references, valued, *tail),
    )


_types = st.one_of(
    names({"one"}).map(lambda name: t.ParamType(AT, name.text, ())),
    _build(t.ParamType, "one of", _some(expressions, 1)),
)
declarations: st.SearchStrategy[Any] = st.one_of(
    _build(t.Param, names(), st.none() | _types, st.none() | expressions),
    _build(t.Let, names(), expressions),
    _build(t.Import, strings(), _some(names(), 1), None),
    _build(t.Import, strings(), (), names()),
    _build(t.Dataset, names(), expressions),
    _build(t.Group, names(), references, expressions),
    _build(t.Group, names(), None, expressions),
    _splits(),
    _build(t.Transform, names(), chains),
    _build(t.Policy, names(), _some(policy_statements)),
    _build(t.Loader, names(), references, _some(loader_statements)),
)
programs: st.SearchStrategy[t.SyntaxTree] = _build(t.SyntaxTree, st.lists(declarations, max_size=5).map(tuple))
"""Whole syntax trees that print to text and parse back to themselves."""
