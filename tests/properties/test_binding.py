"""Arguments of calls are bound as Python binds them."""

from __future__ import annotations

import inspect

from hypothesis import given
from hypothesis import strategies as st

from feedline.compiler.arguments import check_call
from feedline.compiler.catalogue import Entry, Parameter, ParamType, parse_type
from feedline.dsl import Reporter, Span, tree


def number(expr: tree.Expr, type: ParamType) -> int | float:
    """A stand-in for the compiler's evaluator: the arguments here are numbers."""
    assert isinstance(expr, tree.Number)
    return expr.value


NAMES = ["a", "b", "c"]
KINDS = {
    "positional": inspect.Parameter.POSITIONAL_OR_KEYWORD,
    "var-positional": inspect.Parameter.VAR_POSITIONAL,
    "keyword": inspect.Parameter.KEYWORD_ONLY,
    "var-keyword": inspect.Parameter.VAR_KEYWORD,
}


@st.composite
def signatures(draw: st.DrawFn) -> tuple[Entry, inspect.Signature]:
    """An entry and the Python signature that it stands for."""
    kinds = draw(st.lists(st.sampled_from(["positional", "keyword"]), max_size=3))
    kinds.sort(key=["positional", "keyword"].index)
    optional_from = draw(st.integers(0, 3))
    parameters = [
        Parameter(name, parse_type("any"), kind, required=place < optional_from, default="default")
        for place, (name, kind) in enumerate(zip(NAMES, kinds, strict=False))
    ]
    rest, more = draw(st.booleans()), draw(st.booleans())
    place = kinds.count("positional")
    extra = [Parameter("args", parse_type("any"), "var-positional")] if rest else []
    parameters[place:place] = extra
    parameters += [Parameter("kwargs", parse_type("any"), "var-keyword")] if more else []
    signature = inspect.Signature(
        [
            inspect.Parameter(
                item.name,
                KINDS[item.kind],
                default=inspect.Parameter.empty if item.required else item.default,
            )
            for item in parameters
        ]
    )
    return Entry("Thing", "transform", tuple(parameters)), signature


@given(signatures(), st.lists(st.integers(0, 9), max_size=4), st.lists(st.sampled_from([*NAMES, "x"]), max_size=3))
def test_arguments_are_bound_as_python_binds_them(pair, positional, names):
    """Whatever the signature and the call: bound alike, or refused alike."""
    entry, signature = pair
    named = {name: value for value, name in enumerate(names)}
    span = Span("<text>", 0, 0)
    arguments = [tree.Argument(span, None, tree.Number(span, value)) for value in positional]
    arguments += [tree.Argument(span, tree.Name(span, name), tree.Number(span, named[name])) for name in names]
    call = tree.Call(span, tree.NameRef(span, "Thing"), tuple(arguments))
    reporter = Reporter()
    args = check_call(entry, call, number, reporter)
    try:
        if len(names) != len(named):
            raise TypeError("keyword argument repeated")
        bound = signature.bind(*positional, **named)
    except TypeError:
        assert args is None and reporter.diagnostics
        return
    bound.apply_defaults()
    expected = {name: value for name, value in bound.arguments.items() if name not in ("args", "kwargs")}
    assert args is not None and [] == reporter.diagnostics
    actual = {arg.name: arg.value for arg in args if arg.name != "args"}
    assert expected | bound.arguments.get("kwargs", {}) == actual
    assert list(bound.arguments.get("args", ())) == [arg.value for arg in args if arg.name == "args"]
