"""Edits of blocks that keep their look: indentation, one line or many."""

from __future__ import annotations

import re

from feedline.compiler.ide.analysis import Analysis
from feedline.dsl.diagnostics import Edit
from feedline.dsl.source import Span

INDENT = "  "


def indent_of(analysis: Analysis, offset: int) -> str:
    """The white space that the line of an offset begins with."""
    line = analysis.source.line(analysis.source.position(offset)[0])
    return line[: len(line) - len(line.lstrip())]


def append_statement(analysis: Analysis, block: Span, statement: str) -> Edit:
    """Put a statement at the end of a block that ends with `}`."""
    inside = analysis.text[block.start : block.end - 1]
    if "\n" not in inside:
        kept = inside.rstrip()
        at = Span(block.path, block.start + len(kept), block.end - 1)
        return Edit(at, f" {statement} " if kept.endswith(("{", ";")) else f"; {statement} ")
    # On a line of its own before the line of the `}`, so that a comment behind the last statement stays with it.
    last_line = block.start + len(inside.rstrip(" \t"))
    at = Span(block.path, last_line, last_line)
    indent = indent_of(analysis, block.start) + INDENT
    if not inside.rstrip(" \t").endswith("\n"):
        return Edit(at, f"\n{indent}{statement}\n{indent_of(analysis, block.start)}")
    return Edit(at, f"{indent}{statement}\n")


def reindented(text: str, indent: str) -> str:
    """Lines moved to another indentation: the first line where it is, the others by as much as the least of them."""
    first, *others = re.split(r"\r\n|\n|\r", text)
    least = min((len(line) - len(line.lstrip()) for line in others if line.strip()), default=0)
    return "\n".join([first.strip(), *(f"{indent}{line[least:]}".rstrip() for line in others)])
