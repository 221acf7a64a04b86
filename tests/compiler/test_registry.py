"""Datasets and transforms added from Python."""

from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from feedline.compiler import compile_source, ir, registry
from feedline.dsl.diagnostics import Diagnostic
from feedline.dsl.source import SourceText


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    """Two registered names, and what a test registers, are gone afterwards."""

    @registry.dataset("Scans")
    def scans(root: str, /, depth: int, *, fast: bool = False) -> None:
        """Never called: checking a file runs no foreign code."""
        raise AssertionError

    @registry.transform("Denoise")
    class Denoise:
        def __init__(self, *sizes: int, **more: object):
            raise AssertionError

    yield
    registry.unregister("dataset", "Scans")
    registry.unregister("transform", "Denoise")


def _check(text: str) -> tuple[ir.Program | None, list[Diagnostic]]:
    result = compile_source(SourceText("<text>", text), base=Path("/data"))
    return result.program, list(result.diagnostics)


def test_registered_names_are_sources_and_steps() -> None:
    """Arguments are kept as given, marked as registered, and nothing is called."""
    program, diagnostics = _check(
        'dataset s = Scans("x", depth=3)\nloader l from s { transform { Denoise(1, 2, mode="soft") } }'
    )
    assert [] == diagnostics
    assert program is not None
    source = program.datasets[0].source
    assert source is not None
    assert (True, [("", "x"), ("depth", 3)]) == (source.registered, [(arg.name, arg.value) for arg in source.args])
    (step,) = program.loaders[0].chain
    assert isinstance(step, ir.Apply)
    assert [("", 1), ("", 2), ("mode", "soft")] == [(arg.name, arg.value) for arg in step.args]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ('"x", dept=3', "FL201"),
        ('"x"', "FL203"),
        ('"x", 1, 2', "FL204"),
        ('"x", 1, depth=1', "FL202"),
        ('"x", depth=1, depth=2', "FL202"),
        ('depth=1, "x"', "FL208"),
        ('"x", depth=missing', "FL102"),
    ],
)
def test_arguments_are_held_to_the_signature(arguments: str, code: str) -> None:
    """Names and numbers of arguments, as Python would bind them; one fault, one message."""
    assert [code] == [diagnostic.code for diagnostic in _check(f"dataset s = Scans({arguments})")[1]]


def test_misspelt_registered_name() -> None:
    """A registered name is among the near names."""
    (diagnostic,) = _check("dataset s = Scan(3)")[1]
    assert ("FL114", "did you mean `Scans`?") == (diagnostic.code, diagnostic.help)


def test_entry_points_are_not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name that an installed package offers is known without importing the package."""
    point = EntryPoint("Offered", "no_such_package:Offered", "feedline.datasets")
    monkeypatch.setattr(registry, "_entry_points", lambda kind: {"Offered": point} if kind == "dataset" else {})
    program, diagnostics = _check("dataset s = Offered(3, x=4)")
    assert [] == diagnostics
    assert program is not None


@pytest.mark.parametrize("name", ["FakeData", "not a name", "python", ""])
def test_names_that_cannot_be_registered(name: str) -> None:
    """A name of the catalogue's, or one that no file could write, is refused at once."""
    with pytest.raises(ValueError, match=repr(name)):
        registry.dataset(name)


def test_only_callables_are_registered() -> None:
    """A class or a function, nothing else."""
    with pytest.raises(TypeError, match="Thing"):
        registry.transform("Thing")(3)  # pyright: ignore[reportArgumentType]  # that is the point


@pytest.mark.parametrize("kind", ["dataset", "transform"])
def test_a_decorator_without_parentheses_says_how_it_is_written(kind: str) -> None:
    """`@feedline.transform` alone would register under no name."""
    with pytest.raises(TypeError, match=f'write `@feedline.{kind}\\("Name"\\)`'):
        getattr(registry, kind)(lambda image: image)
