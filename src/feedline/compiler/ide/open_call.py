"""The call whose parentheses the cursor is in, from the tokens alone: it is rarely complete."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve, field, frozen
from lark import Token

from feedline.compiler.catalogue import Entry, Parameter
from feedline.compiler.ide.analysis import Analysis
from feedline.compiler.ide.calls import entry_of
from feedline.compiler.ide.cursor import Cursor
from feedline.compiler.ide.lexed import tokens_after
from feedline.dsl.tokens import is_name, offsets
from feedline.grammar import CLOSING, OPENING

_WHOLE = frozenset({"STRING", "BAD_STRING", "NUMBER", "PERCENT", "BAD_NUMBER", "COMMENT"})


@frozen
class OpenCall:
    """A call whose `(` is open at the cursor. `place` is the number of the argument there, `named` the parameter that
    it is given for by name, `begins` whether nothing of the argument is written, `given` the names of the others."""

    name: str
    entry: Entry | None
    start: int
    """Where the name begins."""
    place: int = 0
    named: str | None = None
    begins: bool = True
    given: frozenset[str] = field(factory=frozenset)

    @property
    def parameter(self) -> Parameter | None:
        """What the argument at the cursor is for, as far as one can say."""
        if self.entry is None:
            return None
        if self.named is not None:
            return self.entry.parameter(self.named)
        by_position = [item for item in self.entry.parameters if item.kind == "positional"]
        if self.place < len(by_position):
            return by_position[self.place]
        return next((item for item in self.entry.parameters if item.kind == "var-positional"), None)


def open_call(analysis: Analysis, cursor: Cursor) -> OpenCall | None:
    """The innermost call around the cursor."""
    tokens = cursor.statement
    opener = _opener(tokens)
    while opener is not None and not (opener and tokens[opener].type == "LPAR" and is_name(tokens[opener - 1])):
        opener = _opener(tokens[:opener])
    if opener is None:
        return None
    collates = bool(tokens[:-1]) and (str(tokens[0]) == "collate" or _in_collate(cursor))
    name = tokens[opener - 1]
    call = OpenCall(str(name), entry_of(str(name), collates), offsets(name)[0] if name.start_pos is not None else 0)
    return _with_arguments(call, tokens[opener + 1 :], _behind(analysis, cursor.span.end))


def _in_collate(cursor: Cursor) -> bool:
    return bool(cursor.blocks) and cursor.blocks[-1].head[:1] == ("collate",)


def _opener(tokens: Sequence[Token]) -> int | None:
    """The last bracket that is open at the end of the tokens."""
    depth = 0
    for index in reversed(range(len(tokens))):
        kind = tokens[index].type
        depth += (kind in CLOSING) - (kind in OPENING)
        if depth < 0:
            return index
    return None


def _behind(analysis: Analysis, at: int) -> Sequence[Token]:
    """The tokens of the call behind the cursor; none where it is not closed."""
    found: list[Token] = []
    depth = 0
    here = analysis.token_at(at)
    # A word that the cursor is in, or stands before, is about to be written anew.
    whole = here is not None and (is_name(here) or here.type in _WHOLE)
    for token in tokens_after(analysis.source, offsets(here)[1] if here is not None and whole else at):
        kind = token.type
        depth += (kind in OPENING) - (kind in CLOSING)
        if depth < 0 or kind in ("LBRACE", "RBRACE"):
            return found
        found.append(token)
    return ()


def _with_arguments(call: OpenCall, before: Sequence[Token], behind: Sequence[Token]) -> OpenCall:
    place, depth, named, begins = 0, 0, None, True
    given: set[str] = set()
    for index, token in enumerate(before):
        depth += (token.type in OPENING) - (token.type in CLOSING)
        if depth == 0 and token.type == "COMMA":
            given.update([] if named is None else [named])
            place, named, begins = place + (named is None), None, True
        else:
            named = str(token) if begins and _is_named(before, index) else named
            begins = False
    depth = 0
    for index, token in enumerate(behind):
        depth += (token.type in OPENING) - (token.type in CLOSING)
        given.update([str(token)] if depth == 0 and _is_named(behind, index) else [])
    by_position = [item.name for item in call.entry.parameters if item.kind == "positional"] if call.entry else []
    return evolve(call, place=place, named=named, begins=begins, given=given.union(by_position[:place]))


def _is_named(tokens: Sequence[Token], index: int) -> bool:
    return is_name(tokens[index]) and index + 1 < len(tokens) and tokens[index + 1].type == "ASSIGN"
