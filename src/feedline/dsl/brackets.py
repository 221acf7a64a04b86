"""Mending the brackets of one broken declaration, so that a lost or a surplus bracket costs little and is told once.

Indentation means nothing in a correct file, but where brackets do not match it is the best witness of what was meant:
a block whose first line is indented ends where a line is indented as little as the line that opened it. What is put in
has no text (`made_up`), a bracket that is wrong is taken out, and where a statement cannot be trusted any more a
`POISON` token stands in it, which the parser never accepts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from lark import Token

from feedline.dsl.frozen import define, evolve, field, frozen
from feedline.dsl.source import SourceText
from feedline.dsl.tokens import is_made_up, made_up, offsets
from feedline.grammar import CLOSING, OPENING, SEPARATORS

POISON = "POISON"

FaultKind: TypeAlias = Literal["unclosed", "unopened", "stray", "mismatched"]

_OPENER_OF = {closer: opener for opener, closer in OPENING.items()}
_BLOCK_WORDS = frozenset(
    {"LOADER", "POLICY", "TRANSFORM", "SAMPLE", "COLLATE", "MAYBE", "ONE", "SHUFFLED", "VIEWS", "ON", "BATCH", "WEIGHT"}
    | {"FROM"}
)
_LOADER_BLOCKS = frozenset({"TRANSFORM", "SAMPLE", "COLLATE"})
_INNER_BLOCKS = frozenset({"MAYBE", "ONE", "SHUFFLED", "VIEWS", "FROM"})


@frozen
class Fault:
    """One bracket fault.

    `token` is the opener that is never closed, the closer that closes nothing or the wrong bracket, or the first word
    of the statement whose `{` is missing; `other` the openers around it that are never closed either, or the opener
    that a wrong closer meets; `place` the offset where something is missing: where the token itself begins if that is
    what is too much.
    """

    kind: FaultKind
    token: Token
    other: tuple[Token, ...] = ()
    place: int = 0


@frozen
class Mended:
    """Tokens whose brackets match, and what was wrong with them."""

    tokens: list[Token]
    faults: list[Fault]


@define
class _Open:
    token: Token
    index: int
    line: int
    indent: int
    flat: bool = False
    """The lines inside are not indented, so indentation says nothing about where it ends."""


@define
class _Census:
    """What plain matching finds: which round and square brackets are never closed, how many braces are missing or too
    many."""

    unclosed: set[int] = field(factory=set)
    missing: int = 0
    extra: int = 0
    odd: bool = False


def swallows_bracket(token: Token) -> bool:
    """Whether this is a string without its closing quote that took a bracket with it to the end of the line."""
    return token.type == "BAD_STRING" and any(bracket in token for bracket in "()[]{}")


def mend(tokens: Sequence[Token], source: SourceText) -> Mended:
    """Make the brackets of `tokens` match."""
    census = _count(tokens)
    if not (census.odd or census.unclosed or census.missing or census.extra):
        return Mended(list(tokens), [])
    return _Mender(tokens, source, census).run()


def stay_open(tokens: Sequence[Token]) -> bool:
    """Whether a bracket of `tokens` is never closed in them."""
    census = _count(tokens)
    return bool(census.missing or census.unclosed)


def closing_edit(fault: Fault, source: SourceText) -> tuple[str, int, int, str]:
    """Title, start, end and new text of the edit that closes what `fault` says is unclosed, or takes it out if it is
    too much. A block of several lines is closed on a line of its own, indented like the one that opens it."""
    start, end = offsets(fault.token)
    if fault.place == start:
        return f"delete `{fault.token}`", start, end, ""
    closer = {"(": ")", "[": "]", "{": "}"}[str(fault.token)]
    opening, last = source.position(start)[0], source.position(fault.place)[0]
    if closer != "}" or opening == last:
        return f"insert `{closer}`", fault.place, fault.place, f" {closer}" if closer == "}" else closer
    at = source.line_starts[last - 1] + len(source.line(last))
    indent = source.line(opening)[: _indent(fault.token, source)]
    return f"insert `{closer}`", at, at, f"\n{indent}}}"


def _count(tokens: Sequence[Token]) -> _Census:
    census = _Census()
    stack: list[int] = []
    for index, token in enumerate(tokens):
        if token.type in OPENING:
            stack.append(index)
        elif token.type in CLOSING:
            partner = _partner([tokens[at] for at in stack], token)
            if partner is None:
                census.odd = True
                census.extra += token.type == "RBRACE"
            else:
                census.unclosed.update(stack[partner + 1 :])
                del stack[partner:]
    for index in stack:
        if tokens[index].type == "LBRACE":
            census.missing += 1
        else:
            census.unclosed.add(index)
    return census


def _partner(stack: Sequence[Token], closer: Token) -> int | None:
    """The place in the stack of the opener that `closer` closes: the nearest of its kind, not beyond a `{`."""
    for at in range(len(stack) - 1, -1, -1):
        if stack[at].type == _OPENER_OF[closer.type]:
            return at
        if stack[at].type == "LBRACE":
            return None
    return None


def _breaks_off(tokens: Sequence[Token], source: SourceText) -> bool:
    """Whether the last line is not a `}` indented as little as the line of the first bracket."""
    words = [token for token in tokens if token.type not in SEPARATORS]
    first = next(token for token in words if token.type in OPENING or token.type in CLOSING)
    return words[-1].type != "RBRACE" or _indent(words[-1], source) > _indent(first, source)


def _indent(token: Token, source: SourceText) -> int:
    """How far the line of a token is indented."""
    line = source.line(source.position(offsets(token)[0])[0])
    return len(line) - len(line.lstrip())


class _Mender:
    """One walk over the tokens, line by line, with the open brackets at hand."""

    def __init__(self, tokens: Sequence[Token], source: SourceText, census: _Census) -> None:
        self._tokens = tokens
        self._source = source
        self._census = census
        self._unfinished = _breaks_off(tokens, source)
        self._out: list[Token] = []
        self._faults: list[Fault] = []
        self._stack: list[_Open] = []
        self._first: Token | None = None
        """The first token of the line at hand."""
        self._swallowed = False
        """A broken string on the line at hand holds a `{`."""
        self._opened = False
        """The line at hand has opened a block."""
        self._line = -1
        self._indent = 0

    def run(self) -> Mended:
        for index, token in enumerate(self._tokens):
            if token.type in SEPARATORS:
                self._out.append(token)
                continue
            line, column = self._source.position(offsets(token)[0])
            if line != self._line:
                self._new_line(token, line, column - 1)
            if token.type in OPENING:
                self._stack.append(_Open(token, index, line, self._indent))
                self._opened = self._opened or token.type == "LBRACE"
                self._out.append(token)
            elif token.type in CLOSING:
                self._close(token)
            else:
                self._swallowed = self._swallowed or (swallows_bracket(token) and "{" in token)
                self._out.append(token)
        self._end()
        # A `{` that was put in was told then; that it is not closed either is no fault of the text.
        return Mended(self._out, [fault for fault in self._faults if not is_made_up(fault.token)])

    # ---- the start of a line

    def _new_line(self, token: Token, line: int, indent: int) -> None:
        if self._stack and self._stack[-1].line == self._line:
            self._stack[-1].flat = indent <= self._indent and token.type not in CLOSING
            if self._stack[-1].flat and self._census.missing and not self._stack[0].flat:
                self._judge_opener()
        elif self._census.extra and indent > self._indent and self._lacks_brace(token):
            self._open_block()
        while self._stack and self._has_ended(self._stack[-1], token, indent):
            top = self._stack.pop()
            self._fault("unclosed", top)
            self._put_closer(top)
        self._first, self._line, self._indent = token, line, indent
        self._swallowed = self._opened = False

    def _judge_opener(self) -> None:
        """Decide what the last bracket, which nothing indented follows, was meant for.

        A `{` at the end of its line opens a block if it stands where one does or the declaration breaks off; with more
        after it there the block ends with its line. Any other is one too many.
        """
        opener = self._stack[-1]
        meant, ends_line = self._opens_block(opener.index), self._tokens[opener.index + 1].type in SEPARATORS
        if meant and not ends_line:
            self._fault("unclosed", self._stack.pop())
            self._put_closer(opener)
        elif not (ends_line and (meant or self._unfinished)):
            self._drop_opener()

    def _opens_block(self, at: int) -> bool:
        """Whether the bracket at an index of the tokens is the first `{` of a statement that has a block."""
        start = at
        while start and self._tokens[start - 1].type not in SEPARATORS:
            start -= 1
        head = [token.type for token in self._tokens[start:at]]
        if self._tokens[at].type != "LBRACE" or not head or "LBRACE" in head:
            return False
        return head[-1] in _LOADER_BLOCKS or head[0] in _INNER_BLOCKS

    def _drop_opener(self) -> None:
        """A bracket with nothing indented after it, where others have that, opens nothing."""
        opener = self._stack.pop()
        self._fault("unclosed", opener)
        if opener.token.type == "LBRACE":
            self._faults[-1] = evolve(self._faults[-1], place=offsets(opener.token)[0])
        at = next(at for at in range(len(self._out) - 1, -1, -1) if self._out[at] is opener.token)
        self._out[at] = made_up(POISON, offsets(opener.token)[0])

    def _lacks_brace(self, token: Token) -> bool:
        """Whether the line before this deeper one should have opened a block."""
        in_block = not self._stack or self._stack[-1].token.type == "LBRACE"
        heads = self._swallowed or (self._first is not None and self._first.type in _BLOCK_WORDS)
        return in_block and heads and token.type not in CLOSING

    def _open_block(self) -> None:
        assert self._first is not None
        self._census.extra -= 1
        at = self._after_last()
        place = offsets(self._out[at - 1])[1]
        brace = made_up("LBRACE", place)
        self._out.insert(at, brace)
        self._stack.append(_Open(brace, -1, self._line, self._indent))
        self._faults.append(Fault("unopened", self._first, place=place))

    def _has_ended(self, top: _Open, token: Token, indent: int) -> bool:
        """Whether the line that starts with `token` shows that `top` should have been closed before it."""
        if top.token.type != "LBRACE":
            return top.index in self._census.unclosed and indent <= top.indent and token.type != OPENING[top.token.type]
        if not self._census.missing:
            return False
        if top.flat:
            return token.type in _LOADER_BLOCKS and len(self._stack) > 1 and indent <= top.indent
        return indent < top.indent if token.type == "RBRACE" else indent <= top.indent

    # ---- closing brackets

    def _close(self, token: Token) -> None:
        if token.type == "RBRACE" and self._census.extra and self._surplus(token):
            self._census.extra -= 1
            return
        partner = _partner([entry.token for entry in self._stack], token)
        if partner is not None:
            for entry in reversed(self._stack[partner + 1 :]):
                self._fault("unclosed", entry)
                self._put_closer(entry)
            del self._stack[partner:]
            self._out.append(token)
        elif self._stack and self._stack[-1].token.type != "LBRACE":
            self._replace(token)
        else:
            self._faults.append(Fault("stray", token))
            self._out.append(made_up(POISON, offsets(token)[0]))

    def _surplus(self, token: Token) -> bool:
        """Whether this `}` is one too many. If so it is told and left out."""
        top = self._stack[-1] if self._stack else None
        if top is None:
            self._faults.append(Fault("stray", token))
            return True
        if top.token.type != "LBRACE":
            if top.line != self._line:
                return False
            self._replace(token)
            return True
        leading = token is self._first
        surplus = (not top.flat and self._indent > top.indent) if leading else top.line != self._line
        heads = self._first is not None and self._first.type in _BLOCK_WORDS and not self._opened
        if surplus and not leading and heads and self._first is not None:
            self._faults.append(Fault("unopened", self._first, place=offsets(self._first)[1]))
            self._out.append(made_up(POISON, offsets(token)[0]))
        elif surplus:
            self._faults.append(Fault("stray", token))
        return surplus

    def _replace(self, token: Token) -> None:
        """A closer of the wrong kind stands for the right one."""
        top = self._stack.pop()
        self._faults.append(Fault("mismatched", token, (top.token,)))
        self._out.append(made_up(POISON, offsets(token)[0]))
        self._out.append(made_up(OPENING[top.token.type], offsets(token)[0]))

    # ---- what is missing

    def _fault(self, kind: FaultKind, entry: _Open) -> None:
        self._census.missing -= entry.token.type == "LBRACE"
        self._faults.append(Fault(kind, entry.token, place=offsets(self._out[self._after_last() - 1])[1]))

    def _after_last(self) -> int:
        """The index in the output after its last token that is no separator."""
        at = len(self._out)
        while at and self._out[at - 1].type in SEPARATORS:
            at -= 1
        return at

    def _put_closer(self, entry: _Open) -> None:
        at = self._after_last()
        place = offsets(self._out[at - 1])[1]
        closer = made_up(OPENING[entry.token.type], place)
        poison = [] if entry.token.type == "LBRACE" else [made_up(POISON, place)]
        self._out[at:at] = [*poison, closer]

    def _end(self) -> None:
        """Close what is open at the end; one fault, at the innermost, for all of it."""
        if not self._stack:
            return
        *outer, innermost = self._stack
        place = offsets(self._out[self._after_last() - 1])[1]
        others = tuple(entry.token for entry in outer if not is_made_up(entry.token))
        self._faults.append(Fault("unclosed", innermost.token, others, place))
        for entry in reversed(self._stack):
            self._put_closer(entry)
