"""Trees as text: the canonical layout, and that it says the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from feedline.dsl import parse, tree, unparse
from feedline.dsl.source import Span

ROOT = Path(__file__).parents[2]
FILES = sorted([*(ROOT / "tests/cases/programs").glob("*.pipe"), *(ROOT / "examples").glob("*.pipe")])
AT = Span("", 0, 0)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_files_print_and_parse_back(path: Path) -> None:
    """The printed text of a file says the same, and printing that changes nothing more."""
    result = parse(path.read_text(encoding="utf-8"))
    printed = unparse(result.tree)
    assert () == result.diagnostics
    assert result.tree == parse(printed).tree
    assert printed == unparse(parse(printed).tree)


def test_layout() -> None:
    """Blocks are indented and stand apart, other declarations follow each other."""
    text = "let a=1\nlet b=2;transform t{A();maybe 50%{B(x=1)}}\nloader l from d{}"
    expected = """\
let a = 1
let b = 2

transform t {
  A()
  maybe 50% {
    B(x=1)
  }
}

loader l from d { }
"""
    assert expected == unparse(parse(text).tree)


@pytest.mark.parametrize(
    "text", ["(1 + 2) * 3", "1 + 2 * 3", "(a or b) and c", "-(1 + 2)", "(-1) ** 2", "(a < b) == c"]
)
def test_parentheses_stand_where_they_are_needed(text: str) -> None:
    """And nowhere else."""
    (declaration,) = parse(f"let x = {text}").tree.declarations
    assert f"let x = {text}" == unparse(declaration)


@pytest.mark.parametrize(
    "parts", [("$", "a"), ("$$",), ("${",), ("$", None, "$"), ("\\", None), ('"\n\t\x00\u2028😀',)]
)
def test_strings_are_escaped(parts: tuple[str | None, ...]) -> None:
    """Dollar signs before an interpolation, quotes, backslashes and what cannot be seen survive."""
    joined: list[str | tree.Interpolation] = []
    for part in parts:
        if part is None:
            joined.append(tree.Interpolation(AT, "name"))
        elif joined and isinstance(joined[-1], str):
            joined[-1] += part
        else:
            joined.append(part)
    string = tree.String(AT, tuple(joined))
    assert tree.Let(AT, tree.Name(AT, "x"), string) == parse(f"let x = {unparse(string)}").tree.declarations[0]


def test_statements_print_on_their_own() -> None:
    """A node need not be a whole file."""
    (policy,) = parse("policy p { places forced first }").tree.declarations
    assert isinstance(policy, tree.Policy)
    assert "places forced first" == unparse(policy.statements[0])
