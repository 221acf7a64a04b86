"""Expressions: what they are worth. What is wrong with them stands in tests/cases/compile/values.pipe."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from feedline.compiler import compile_source, ir, registry
from feedline.dsl.source import SourceText


@pytest.fixture(autouse=True)
def probe() -> Iterator[None]:
    """A transform that takes anything."""
    registry.transform("Probe")(lambda value: value)
    yield
    registry.unregister("transform", "Probe")


def _value(expression: str, more: str = "") -> ir.Value:
    text = f"{more}\ndataset d = FakeData()\nloader l from d {{ transform {{ Probe({expression}) }} }}"
    result = compile_source(SourceText("<text>", text), base=Path("/data"))
    assert () == result.diagnostics
    assert result.program is not None
    (step,) = result.program.loaders[0].chain
    assert isinstance(step, ir.Apply)
    return step.args[0].value


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1 + 2 * 3 ** 2", 19),
        ("-2 ** 2", -4),
        ("7 // 2 % 2", 1),
        ("7 / 2", 3.5),
        ("2 ** -1", 0.5),
        ("1_000 - 1e-3", 999.999),
        ("80%", ir.Percent(80.0)),
        ("100% - 20%", ir.Percent(80.0)),
        ("2 * 10%", ir.Percent(20.0)),
        ("80 % 3", 2),
        ("true and not false", True),
        ("1 in (1, 2) or 1 / 0 == 1", True),
        ("true == 1", False),
        ("1 == 1.0", True),
        ('"b" > "a"', True),
        ('"b" not in "abc"', False),
        ("none", None),
        ("()", ()),
        ("(1,)", (1,)),
        ("[1, (2, 3)]", ir.ListValue((1, (2, 3)))),
        ('"a" + "b"', "ab"),
        ("2 ** 62", 2**62),
    ],
)
def test_expression(expression: str, expected: ir.Value) -> None:
    """Python's meaning, Python's precedence."""
    value = _value(expression)
    assert (type(expected), expected) == (type(value), value)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [("3", "3"), ("0.5", "0.5"), ("true", "true"), ('"x"', "x"), ("1e3", "1000.0")],
)
def test_interpolation(expression: str, expected: str) -> None:
    """Numbers, truth values and texts stand in a text as they are written."""
    assert f"<{expected}>" == _value('"<${it}>"', f"let it = {expression}")


def test_constants_in_any_order() -> None:
    """A constant may use one that is declared later."""
    assert 6 == _value("a", "let a = b * 2\nlet b = c + 1\nlet c = 2")


def test_builtin_constants() -> None:
    """`imagenet` has the mean and the deviation that torchvision's weights want."""
    assert (0.229, 0.224, 0.225) == _value("imagenet.std")


def test_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable where it is set, else the default."""
    assert "there" == _value('env("FEEDLINE_TEST", "there")')
    monkeypatch.setitem(os.environ, "FEEDLINE_TEST", "here")
    assert "here" == _value('env("FEEDLINE_TEST", "there")')


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("loader fast from d { transform { ToImage() } }", "fast"),
        ("group fast = d where label == 1", "fast"),
        ('param fast = "off"', "off"),
    ],
)
def test_a_word_wins_over_a_name_that_is_no_value(declared: str, expected: str) -> None:
    """Where an option knows the word; a parameter of that name is what stands there."""
    text = f"{declared}\ndataset d = FakeData()\nloader l from d {{ optimize = fast; transform {{ ToImage() }} }}"
    result = compile_source(SourceText("<text>", text), base=Path("/data"))
    assert () == result.diagnostics and result.program is not None
    assert ir.Symbol(expected) == result.program.loaders[-1].option("optimize")


def test_endless_doubling_ends() -> None:
    """Texts and tuples that double with every constant are refused before they grow."""
    for first, step in (('"ab"', '"${a%d}${a%d}"'), ("(1, 2)", "(a%d, a%d)")):
        lines = [f"let a0 = {first}"] + [f"let a{n + 1} = {step % (n, n)}" for n in range(60)]
        result = compile_source(SourceText("<text>", "\n".join(lines)))
        assert ["FL232"] == [diagnostic.code for diagnostic in result.diagnostics]


def test_endless_chains_end() -> None:
    """Chains that double with every name are refused before they grow."""
    lines = ["transform t0 { ToImage() }"] + [f"transform t{n + 1} {{ t{n}; t{n} }}" for n in range(60)]
    result = compile_source(SourceText("<text>", "\n".join(lines)))
    assert ["FL232"] == [diagnostic.code for diagnostic in result.diagnostics]


def test_deep_references_are_one_fault() -> None:
    """Names that lead to names for ever are refused once, without an exception."""
    lines = [f"let a{n} = a{n + 1} + 1" for n in range(3000)] + ["let a3000 = 1"]
    result = compile_source(SourceText("<text>", "\n".join(lines)))
    assert ["FL232"] == [diagnostic.code for diagnostic in result.diagnostics]


@pytest.mark.parametrize(
    "chain",
    [
        "ToDtype(torch.float32, scale=true)",
        "Resize(8, interpolation=InterpolationMode.BILINEAR)",
        "transforms.ToTensor()",
        "v2.RandomHorizontalFlip",
        "RandomApply([T.ColorJitter(0.4)])",
    ],
)
def test_the_fix_of_a_name_written_as_in_python(chain: str) -> None:
    """A name with its Python module is one fault, whose fix leaves none."""
    text = f"dataset d = FakeData()\nloader l from d {{ transform {{ {chain} }} }}"
    (diagnostic,) = compile_source(SourceText("<text>", text)).diagnostics
    (edit,) = diagnostic.fixes[0].edits
    mended = text[: edit.span.start] + edit.text + text[edit.span.end :]
    assert () == compile_source(SourceText("<text>", mended)).diagnostics
