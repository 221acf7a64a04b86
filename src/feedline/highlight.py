"""The Pygments lexer of the language, for Sphinx, MkDocs, `pygmentize` and whatever else reads Pygments' entry points.

Its tokens are those of the grammar, so nothing about the language is said here but which colour a class has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from pygments import token as kinds
from pygments.lexer import Lexer

from feedline.grammar.colours import Colour, coloured

__all__ = ["COLOURS", "PipeLexer"]

COLOURS: dict[Colour, kinds._TokenType] = {
    "declaration": kinds.Keyword.Declaration,
    "keyword": kinds.Keyword,
    "word operator": kinds.Operator.Word,
    "constant": kinds.Keyword.Constant,
    "declared": kinds.Name.Class,
    "type": kinds.Keyword.Type,
    "call": kinds.Name.Function,
    "argument": kinds.Name.Attribute,
    "name": kinds.Name,
    "number": kinds.Number,
    "string": kinds.String,
    "comment": kinds.Comment.Single,
    "operator": kinds.Operator,
    "punctuation": kinds.Punctuation,
    "space": kinds.Whitespace,
    "bad": kinds.Error,
}


class PipeLexer(Lexer):
    """Lexes `.pipe` files and parts of them."""

    name = "feedline"
    aliases: ClassVar[Sequence[str]] = ["pipe", "feedline"]
    filenames: ClassVar[Sequence[str]] = ["*.pipe"]
    mimetypes: ClassVar[Sequence[str]] = ["text/x-pipe"]

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, kinds._TokenType, str]]:
        """Every token of a text: its offset, its type, its spelling."""
        for token, colour in coloured(text):
            assert token.start_pos is not None
            yield token.start_pos, COLOURS[colour], str(token)
