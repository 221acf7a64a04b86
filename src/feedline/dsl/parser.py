"""`parse`: text to syntax tree, for any text whatever."""

from __future__ import annotations

from collections.abc import Sequence

from lark import Token, UnexpectedToken

from feedline.dsl.diagnostics import Diagnostic, Reporter, in_order
from feedline.dsl.frozen import frozen
from feedline.dsl.lower import lower
from feedline.dsl.source import SourceText, Span
from feedline.dsl.tokens import scan
from feedline.dsl.tree import Declaration, SyntaxTree
from feedline.grammar import Reading, Statements


@frozen
class ParseResult:
    """What a text says as far as it could be read, and what could not be read."""

    tree: SyntaxTree
    diagnostics: tuple[Diagnostic, ...]
    source: SourceText


def parse(text: str, path: str = "<text>") -> ParseResult:
    """Read `text`, which messages call `path`. Never raises for what the text says.

    A declaration that cannot be read becomes an `ErrorDeclaration`, a statement inside one an `ErrorStatement`;
    everything else is in the tree as written.
    """
    source = SourceText(path, text)
    reporter = Reporter()
    reporter.sources.add(source)
    tokens = scan(text, path, reporter)
    declarations = read(tokens, path, reporter)
    if declarations is None:
        # Imported here: a right file has no use for it.
        from feedline.dsl.recovery import recover

        declarations = tuple(recover([tokens], source, reporter))
    tree = SyntaxTree(Span(path, 0, len(text)), declarations)
    return ParseResult(tree, tuple(in_order(reporter.diagnostics)), source)


def read(tokens: Sequence[Token], path: str, reporter: Reporter) -> tuple[Declaration, ...] | None:
    """The declarations of a text without syntax errors, None if there is one."""
    reading = Reading("file")
    token: Token | None = None
    try:
        for token in Statements().process(tokens):
            reading.feed(token)
        parsed = reading.finish(token)
    except UnexpectedToken:
        return None
    return lower(parsed, path, reporter).declarations
