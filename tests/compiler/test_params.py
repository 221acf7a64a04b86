"""Parameters given from outside: read by their declared type, refused with what is wanted."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from feedline.compiler import CheckResult, Given, compile_source
from feedline.compiler.params import definitions, params_file
from feedline.dsl.diagnostics import Reporter
from feedline.dsl.source import SourceText

TEXT = """\
param n: int = 1
param x: float = 0.5
param on: bool = false
param s: str = "a"
param root: path = "data"
param kind: one of ("a", "b", 3) = "a"
param inferred = 2
dataset d = FakeData()
"""


def _check(params: dict[str, Given], text: str = TEXT) -> CheckResult:
    return compile_source(SourceText("main.pipe", text), params=params, base=Path("/home/me"))


def _value(name: str, given: Given) -> object:
    result = _check({name: given})
    assert () == result.diagnostics
    assert result.program is not None
    return next(param.value for param in result.program.params if param.name == name)


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ("n=-4", -4),
        ("n= 1_000 ", 1000),
        ("x=2", 2.0),
        ("x=1e-3", 0.001),
        ("on=True", True),
        ("s=", ""),
        ("s=a=b", "a=b"),
        ("root=/x/../y", "/y"),
        ("root=sub", "/home/me/sub"),
        ("kind=b", "b"),
        ("kind=3", 3),
        ("inferred=7", 7),
    ],
)
def test_command_line(definition: str, expected: object) -> None:
    """Text is parsed by the declared type."""
    ((name, given),) = definitions([definition], Reporter()).items()
    value = _value(name, given)
    assert (type(expected), expected) == (type(value), value)


@pytest.mark.parametrize(
    "definition",
    [
        "n=4.0",
        "n=",
        "n=" + "9" * 5000,
        "n=9223372036854775808",
        "x=nan",
        "x=1e999",
        "on=1",
        "kind=c",
        "root=",
        "inferred=a",
    ],
)
def test_command_line_refused(definition: str) -> None:
    """Text of another type is one fault, at the parameter's name."""
    ((name, given),) = definitions([definition], Reporter()).items()
    (diagnostic,) = _check({name: given}).diagnostics
    assert "FL112" == diagnostic.code
    assert diagnostic.message.startswith(f"`-D {name}=")
    assert TEXT.splitlines()[diagnostic.line - 1].startswith(f"param {name}")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("n", 3, 3),
        ("x", 3, 3.0),
        ("on", True, True),
        ("root", Path("z"), "/home/me/z"),
        ("kind", 3, 3),
        ("n", np.int64(3), 3),
        ("n", np.uint8(3), 3),
        ("n", np.array(3), 3),
        ("x", np.float32(0.5), 0.5),
        ("x", np.float64(0.5), 0.5),
        ("x", np.int64(3), 3.0),
        ("x", Fraction(1, 2), 0.5),
        ("kind", np.int64(3), 3),
    ],
)
def test_from_python(name: str, value: object, expected: object) -> None:
    """A value from Python has the declared type already; a NumPy scalar and a path object count as plain values."""
    found = _value(name, Given(value))
    assert (type(expected), expected) == (type(found), found)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n", "3"),
        ("n", True),
        ("n", 3.0),
        ("x", float("inf")),
        ("on", 1),
        ("s", 3),
        ("root", None),
        ("kind", "3"),
        ("n", [1]),
        ("n", np.float64(3.0)),
        ("n", np.array([1, 2])),
        ("n", np.bool_(True)),
        ("x", True),
        ("x", 10**400),
        ("x", Fraction(10**400)),
        ("s", np.int64(3)),
    ],
)
def test_from_python_refused(name: str, value: object) -> None:
    """A value of another type is one fault; nothing is converted silently."""
    (diagnostic,) = _check({name: Given(value)}).diagnostics
    assert "FL112" == diagnostic.code


def test_unknown_has_the_nearest_name() -> None:
    """A parameter that the file does not have, with the one that was meant."""
    (diagnostic,) = _check({"rot": Given("/x", "command line")}).diagnostics
    assert ("FL111", "main.pipe", "did you mean `root`?") == (diagnostic.code, diagnostic.path, diagnostic.help)


def test_unknown_is_not_blamed_on_a_parameter_that_could_not_be_read() -> None:
    """A `-D` for a declaration with a syntax error is not a second fault."""
    result = _check({"n": Given("3", "command line")}, "param n: = 3\ndataset d = FakeData()\n")
    assert 1 == len(result.diagnostics)


def test_missing() -> None:
    """A required parameter without a value, at its declaration, with how to give it."""
    (diagnostic,) = _check({}, "param root: path\ndataset d = ImageFolder(root)\n").diagnostics
    assert ("FL110", 1, 7) == (diagnostic.code, diagnostic.line, diagnostic.column)
    assert "-D root=" in str(diagnostic.help)


def test_definitions() -> None:
    """`NAME=VALUE` texts; the last for a name counts; others are refused."""
    reporter = Reporter()
    found = definitions(["a=1", "b", "a=2", "=3"], reporter)
    assert {"a": Given("2", "command line")} == found
    assert ["FL112", "FL112"] == [diagnostic.code for diagnostic in reporter.diagnostics]


@pytest.mark.parametrize(
    ("name", "text"),
    [("p.toml", 'n = 3\n[shared]\nroot = "x"\n'), ("p.json", '{"n": 3, "shared": {"root": "x"}}')],
)
def test_params_file(tmp_path: Path, name: str, text: str) -> None:
    """TOML or JSON; a table holds the parameters of an alias."""
    path = tmp_path / name
    path.write_text(text)
    reporter = Reporter()
    found = params_file(path, reporter)
    assert [] == reporter.diagnostics
    expected = {"n": Given(3, "params file", str(path)), "shared.root": Given("x", "params file", str(path))}
    assert expected == found


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("p.toml", b"n = "),
        ("p.json", b"[1]"),
        ("p.json", b"{"),
        ("p.json", b"[" * 100_000),
        ("p.toml", b"\xff"),
        ("absent", None),
    ],
)
def test_bad_params_file(tmp_path: Path, name: str, raw: bytes | None) -> None:
    """A file that is absent, not text, not TOML or JSON, or no table is one fault about that file."""
    path = tmp_path / name
    if raw is not None:
        path.write_bytes(raw)
    reporter = Reporter()
    assert {} == params_file(path, reporter)
    assert [("FL113", str(path))] == [(diagnostic.code, diagnostic.path) for diagnostic in reporter.diagnostics]


@pytest.mark.parametrize(
    ("name", "message", "help"),
    [
        (
            "p.yaml",
            "the parameter file is not valid TOML: ",
            "it is read as TOML, or as JSON if its name ends in `.json`",
        ),
        ("p.toml", "the parameter file is not valid TOML: ", None),
        ("p.json", "the parameter file is not valid JSON: ", None),
    ],
)
def test_params_file_in_another_format(tmp_path: Path, name: str, message: str, help: str | None) -> None:
    """A file that is not in the format its ending stands for; of an ending that stands for none, which are read."""
    path = tmp_path / name
    path.write_text("n: 3\n")
    reporter = Reporter()
    params_file(path, reporter)
    (diagnostic,) = reporter.diagnostics
    assert (message, help) == (diagnostic.message[: len(message)], diagnostic.help)
