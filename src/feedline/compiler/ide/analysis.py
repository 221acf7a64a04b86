"""`Analysis`: one text, checked, with all that editors ask about it. Made once a version of the text; never changed."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from attrs import define, field
from lark import Token

from feedline.compiler import ir
from feedline.compiler.context import Context
from feedline.compiler.ide.known import KnownData
from feedline.compiler.ide.lexed import token_at
from feedline.compiler.ide.nodes import path_to
from feedline.compiler.ide.places import Place, Places, places_of
from feedline.compiler.ide.table import Table, table_of
from feedline.compiler.ide.types_here import Stop, stops_of
from feedline.compiler.names import Unit
from feedline.compiler.params import Given
from feedline.compiler.program import Worked, work_out
from feedline.compiler.sample_types.check import LoaderTypes
from feedline.dsl import tree
from feedline.dsl.diagnostics import Diagnostic
from feedline.dsl.pieces import parse_again
from feedline.dsl.source import SourceText, Span
from feedline.grammar import SILENT, tokens


@define(eq=False, slots=False)
class Analysis:
    """A checked text. Every span is in code points of the text that its `path` names: this one's `path`, or the path
    of an imported file."""

    source: SourceText
    worked: Worked = field(repr=False)
    known: KnownData | None = None
    """What is known of the data, where it is at hand and may be looked at."""

    @property
    def ctx(self) -> Context:
        """The files, their names, and what each declaration became."""
        return self.worked.ctx

    @property
    def partial(self) -> ir.Program:
        """What could be worked out, errors or not."""
        return self.worked.program

    @property
    def types(self) -> Mapping[str, LoaderTypes]:
        """The types along each loader of `partial`, by its name. Worked out when first asked for."""
        return self.worked.types

    @property
    def program(self) -> ir.Program | None:
        """None where there is an error. As `diagnostics`, worked out when first asked for."""
        return self.worked.result.program

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What `feedline check` says, in order. Those about imported files name their paths."""
        return self.worked.result.diagnostics

    @property
    def path(self) -> str:
        """What spans of this text call it."""
        return self.source.path

    @property
    def text(self) -> str:
        """The whole text."""
        return self.source.text

    @property
    def main(self) -> Unit:
        """This file: its tree and its names."""
        return self.ctx.main

    @property
    def tree(self) -> tree.SyntaxTree:
        """What was written, as far as it could be read."""
        return self.ctx.main.tree

    @cached_property
    def tokens(self) -> list[Token]:
        """The tokens of the text, comments and newlines included."""
        return list(tokens(self.text, without=("SPACE",)))

    @cached_property
    def significant(self) -> list[Token]:
        """The tokens without white space and comments; newlines all."""
        return [token for token in self.tokens if token.type not in SILENT]

    @cached_property
    def places(self) -> Places:
        """What each name in the tree stands for: a dataset, a field, a word of the language."""
        return places_of(self.main)

    @cached_property
    def _starts(self) -> list[int]:
        return [place.names[0].span.start for place in self.places]

    @cached_property
    def table(self) -> Table:
        """Every name of this file with what it refers to."""
        return table_of(self.ctx, self.main, self.places)

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """This file's table and those of the files that it imports."""
        others = (unit for unit in self.ctx.units if unit is not self.main)
        return (self.table, *(table_of(self.ctx, unit, places_of(unit)) for unit in others))

    @cached_property
    def stops(self) -> Mapping[Span, tuple[Stop, ...]]:
        """The sample before and after every step, by the step's place, for each loader that comes through it."""
        return stops_of(self)

    @cached_property
    def imported(self) -> tuple[str, ...]:
        """The paths of the files that this one imports, near or far: where one changes, this is out of date."""
        return tuple(unit.source.path for unit in self.ctx.units if unit is not self.main)

    def at(self, offset: int) -> tuple[tree.Node, ...]:
        """The nodes around an offset, the file first and the smallest last."""
        return path_to(self.tree, offset)

    def place_at(self, offset: int) -> Place | None:
        """The name that an offset is in or just behind."""
        index = bisect_right(self._starts, offset)
        for place in reversed(self.places[max(0, index - 2) : index]):
            if place.span.start <= offset <= place.span.end:
                return place
        return None

    def token_at(self, offset: int) -> Token | None:
        """The token that the character at an offset belongs to, white space and comments too."""
        return token_at(self.source, offset)

    def written(self, span: Span) -> str:
        """What stands at a span of this file."""
        return self.text[span.start : span.end]


def analyse(
    text: str,
    path: str = "<text>",
    texts: Mapping[str, str] | None = None,
    *,
    params: Mapping[str, Given] | None = None,
    allow_python: bool = False,
    base: Path | None = None,
    known: KnownData | None = None,
) -> Analysis:
    """Check a text as `feedline check` does and keep what was found. Never raises for what the text says.

    `texts` are those of open files by absolute path, which imports read instead of the disk; with an absolute `path`
    every span's path is absolute too."""
    source = SourceText(path, text)
    worked = work_out(
        source, params=params, allow_python=allow_python, base=base, texts=texts, parse=parse_again
    )  # fmt: skip
    return Analysis(source, worked, known)
