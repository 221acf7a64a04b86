"""The room between text and meaning: tokens, the parser and its recovery, the syntax tree, and diagnostics.

`parse` turns any text into a `ParseResult`: a `SyntaxTree` of what was written, every node with its exact span, and the
diagnostics for what could not be read. `unparse` prints a tree back. Nothing here resolves a name or evaluates a value.
"""

from __future__ import annotations

from feedline.dsl.diagnostics import Diagnostic, Edit, Fix, Label, Reporter, Rule
from feedline.dsl.parser import ParseResult, parse
from feedline.dsl.source import Sources, SourceText, Span
from feedline.dsl.tree import SyntaxTree
from feedline.dsl.unparse import unparse

__all__ = [
    "Diagnostic",
    "Edit",
    "Fix",
    "Label",
    "ParseResult",
    "Reporter",
    "Rule",
    "SourceText",
    "Sources",
    "Span",
    "SyntaxTree",
    "parse",
    "unparse",
]
