"""What is printed parses back to the same tree, whatever the tree."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from properties.programs import expressions, programs

from feedline.dsl import parse, tree, unparse

quick = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(programs)
def test_programs_print_and_parse_back(program: tree.SyntaxTree) -> None:
    """Printing a program and parsing the text gives an equal tree and no diagnostic."""
    text = unparse(program)
    result = parse(text)
    assert () == result.diagnostics, text
    assert program == result.tree


@quick
@given(expressions)
def test_expressions_keep_their_shape(value: tree.Expr) -> None:
    """Parentheses are printed wherever precedence needs them."""
    (declaration,) = parse(f"let x = {unparse(value)}").tree.declarations
    assert isinstance(declaration, tree.Let)
    assert value == declaration.value


@quick
@given(programs)
def test_spans_nest_and_hold_their_text(program: tree.SyntaxTree) -> None:
    """A node's span lies within its parent's, and a name's span is exactly the name."""
    text = unparse(program)
    for node in tree.walk(parse(text).tree):
        for child in tree.children(node):
            assert node.span.start <= child.span.start <= child.span.end <= node.span.end
        if isinstance(node, tree.Name | tree.NameRef):
            assert text[node.span.start : node.span.end] == node.text
