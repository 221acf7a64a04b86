"""Whatever a file says, checking it ends: in a program, or in diagnostics that say why there is none."""

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from feedline.compiler import Given, compile_source
from feedline.compiler.serial import fingerprint, from_json, to_json
from feedline.dsl.source import SourceText

CASES = sorted((Path(__file__).parents[1] / "cases" / "compile").glob("*.pipe"))
TOKENS = [[token for token in re.split(r"(\w+|\s+|\W)", path.read_text(encoding="utf-8")) if token] for path in CASES]
WORDS = sorted({token for tokens in TOKENS for token in tokens})

values = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(st.integers())


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A case with a few of its tokens left out, doubled, replaced or moved."""
    tokens = list(draw(st.sampled_from(TOKENS)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(tokens) - 1))
        new = draw(st.sampled_from(WORDS) | st.sampled_from(tokens))
        tokens[at : at + draw(st.integers(0, 2))] = draw(st.sampled_from([[], [new], [tokens[at], new]]))
    return "".join(tokens)


@given(mutated(), st.booleans())
def test_checking_never_raises(text: str, allow_python: bool) -> None:
    """There is a program exactly where there is no error, and it survives JSON."""
    result = compile_source(SourceText("<text>", text), allow_python=allow_python, base=Path("/data"))
    assert (result.program is None) == any(diagnostic.severity == "error" for diagnostic in result.diagnostics)
    if result.program is not None:
        again = from_json(to_json(result.program))
        assert result.program == again
        assert fingerprint(result.program) == fingerprint(again)
    for diagnostic in result.diagnostics:
        assert diagnostic.span is not None
        assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(text)


@given(
    st.sampled_from(["n", "x", "on", "s", "root", "kind", "missing", "a.b"]),
    values,
    st.sampled_from(["caller", "command line"]),
)
def test_any_value_for_a_parameter(name: str, value: object, origin: str) -> None:
    """Whatever a caller gives is taken or refused, never more than one fault."""
    text = "param n: int = 1\nparam x: float = 1\nparam on = true\nparam s = 'a'\nparam root: path = 'b'\n"
    text += "param kind: one of ('a', 3) = 3\ndataset d = FakeData()\n"
    given_value = Given(str(value) if origin == "command line" else value, origin)  # pyright: ignore[reportArgumentType]  (text or values that the test gives, not typed one by one)
    result = compile_source(SourceText("<text>", text), params={name: given_value}, base=Path("/data"))
    assert len(result.diagnostics) == (result.program is None)
