"""Reading a text that has faults: each fault is told once and costs as little as can be.

The tokens are cut into chunks where a declaration clearly begins, whatever the brackets say (`heads.py`); within a
chunk the brackets are mended (`brackets.py`); then it is read line by line at the top level, one declaration at a time
(`_DeclarationReading`). A statement inside a block that does not fit becomes one `ERROR` token, by taking the
automaton's stack back to where the statement began; a declaration whose head does not fit becomes an
`ErrorDeclaration`.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from typing import Any

from lark import Token, Tree, UnexpectedToken

from feedline.dsl.brackets import POISON, Fault, mend, swallows_bracket
from feedline.dsl.diagnostics import Reporter
from feedline.dsl.expectations import Place, Problem, beyond_limit, bracket_fault, not_on_new_line, unexpected
from feedline.dsl.frozen import define, evolve, field
from feedline.dsl.heads import begins_declaration, cut, declared_names
from feedline.dsl.lower import lower
from feedline.dsl.source import SourceText, Span
from feedline.dsl.tokens import GARBAGE, TOO_DEEP, is_head, is_made_up, made_up, offsets
from feedline.dsl.tree import Declaration, ErrorDeclaration
from feedline.grammar import CLOSING, OPENING, SEPARATORS, Reading, Statements

MAX_ERRORS = 50
"""So many syntax errors are told at most; what follows is read no further."""


def recover(stretches: Iterable[Sequence[Token]], source: SourceText, reporter: Reporter) -> Iterator[Declaration]:
    """The declarations of a text that does not fit the grammar, with what does not fit reported.

    Its tokens come in stretches, each from a clear head of a declaration at the left edge; what is between them has no
    faults. After `MAX_ERRORS` that is no longer so: what follows is lost."""
    recovery = _Recovery(source, reporter)
    for tokens in stretches:
        for chunk in cut(tokens, source):
            yield from recovery.chunk(chunk)


@define
class _Recovery:
    source: SourceText
    reporter: Reporter
    errors: int = 0
    _faults: set[int] = field(factory=set)
    """The lines of bracket faults that were told."""
    _rounds: set[int] = field(factory=set)
    """Those of round and square brackets: what goes on from there on further lines is part of the same slip."""
    _told: set[int] = field(factory=set)
    """The lines of everything that was told."""
    _withheld: Problem | None = None
    """The first thing of the chunk at hand that seemed to follow from something told."""
    _brace_told: bool = False
    """A `{` of the chunk at hand is never closed: another `{` that does not fit is that one."""
    _unbalanced: bool = False
    """The brackets of the chunk at hand do not match: further faults on the line of one told come from that."""

    def chunk(self, tokens: list[Token]) -> Iterator[Declaration]:
        """Read from one clear head of a declaration to the next."""
        limit = next((token for token in tokens if token.type in (TOO_DEEP, GARBAGE)), None)
        if limit is not None:
            self._tell(beyond_limit(limit))
        if limit is not None or self.errors >= MAX_ERRORS:
            yield from self._lost(tokens)
            return
        mended, before_all = mend(tokens, self.source), self.errors
        self._withheld = None
        self._unbalanced = bool(mended.faults)
        self._brace_told = any(fault.kind == "unclosed" and fault.token == "{" for fault in mended.faults)
        # A broken string has taken a bracket with it: the string is told, not the bracket's partner. And a bracket may
        # close nothing because something before it does not fit, which is then what is told.
        faults = [] if any(map(swallows_bracket, tokens)) else mended.faults
        for fault in faults:
            if fault.kind != "stray":
                self._tell_bracket(fault)
        failed = bool(mended.faults)
        for unit in _split(Statements().process(mended.tokens)):
            if failed and not begins_declaration(unit):
                continue  # what is left of something already told
            declarations = list(self._unit(unit))
            yield from declarations
            failed = bool(mended.faults) or any(isinstance(d, ErrorDeclaration) for d in declarations)
        for fault in faults:
            if fault.kind == "stray" and (fault.token != "}" or self.errors == before_all):
                self._tell_bracket(fault)
        if self.errors == before_all and (mended.faults or self._withheld):
            # Everything seemed to follow from something else: then the first of it is told.
            self._tell(self._withheld or bracket_fault(mended.faults[0], self.source))

    def _unit(self, tokens: list[Token]) -> Iterator[Declaration]:
        """Read what stands on one line, or begins on it with a block: one declaration, or more without line ends."""
        while tokens and self.errors < MAX_ERRORS:
            reading = _DeclarationReading(self, tokens)
            tree, end = reading.run()
            if tree is not None:
                yield lower(tree, self.source.path, self.reporter)
            else:
                yield from self._lost(tokens[:end])
            tokens = tokens[end:]
        yield from self._lost(tokens)

    def _lost(self, tokens: Sequence[Token]) -> Iterator[Declaration]:
        words = [token for token in tokens if token.type not in SEPARATORS]
        if words:
            span = Span(self.source.path, offsets(words[0])[0], offsets(words[-1])[1])
            for name in declared_names(words):
                yield ErrorDeclaration(span, name)

    # ---- telling

    def tell(self, token: Token, problem: Problem) -> None:
        """Report what does not fit at `token`, unless it comes from a bracket fault already told."""
        if is_made_up(token):
            return
        line = self._line(problem)
        follows = line in self._faults or (self._unbalanced and line in self._told)
        if follows or self._continues(line, self._rounds) or (token.type == "LBRACE" and self._brace_told):
            self._withheld = self._withheld or problem
        else:
            self._tell(problem)

    def _tell_bracket(self, fault: Fault) -> None:
        problem = bracket_fault(fault, self.source)
        line = self._line(problem)
        stray = fault.kind == "stray" and fault.token != "}"
        if line in self._faults or (stray and (line in self._told or self._continues(line, self._told))):
            return
        self._tell(problem)
        self._faults.add(line)
        if fault.token in "()[]":
            self._rounds.add(line)

    def _tell(self, problem: Problem) -> None:
        self.errors += 1
        self._told.add(self._line(problem))
        if self.errors <= MAX_ERRORS:
            problem.report(self.source.path, self.reporter)

    def _line(self, problem: Problem) -> int:
        return self.source.position(problem.start)[0]

    def _continues(self, line: int, earlier: Container[int]) -> bool:
        """Whether a line goes on, by its indentation, with what begins on one of the `earlier` lines."""
        indent = self._indent(line)
        while indent and line > 1:
            line -= 1
            above = self._indent(line)
            if above is not None and above < indent:
                if line in earlier:
                    return True
                indent = above
        return False

    def _indent(self, line: int) -> int | None:
        """How far a line is indented, None if there is nothing on it."""
        text = self.source.line(line)
        return len(text) - len(text.lstrip()) if text.strip() else None


@define
class _Block:
    """An open block: how high the automaton's stack is where the statement at hand begins, the index of that
    statement's first token, and how many round and square brackets are open in it."""

    height: int
    start: int
    brackets: int = 0


class _DeclarationReading:
    """One declaration read with recovery inside its blocks. Brackets match in what it is given."""

    def __init__(self, recovery: _Recovery, tokens: list[Token]) -> None:
        self._recovery = recovery
        self._tokens = tokens
        self._reading = Reading("declaration")
        self._blocks = [_Block(len(self._reading.stack), 0)]
        self._unfinished = -1
        """The index just after a statement that broke off at the end of its line."""

    def run(self) -> tuple[Tree[Token] | None, int]:
        """The parse tree, or None if the declaration itself is lost, and the index after its last token."""
        index: int | None = 0
        while index is not None and index < len(self._tokens):
            before = list(self._reading.stack)
            try:
                self._reading.feed(self._tokens[index])
            except UnexpectedToken:
                if len(self._blocks) == 1:
                    return self._break(index, before)
                index = self._recover(index, before)
            else:
                self._enter(index)
                index += 1
        if index is None:
            return None, len(self._tokens)
        return self._break(index, list(self._reading.stack))

    def _enter(self, index: int) -> None:
        """Keep account of blocks and brackets after the token at `index` was read."""
        kind = self._tokens[index].type
        if kind == "LBRACE":
            self._blocks.append(_Block(len(self._reading.stack), index + 1))
        elif kind == "RBRACE":
            self._blocks.pop()
        elif kind in OPENING:
            self._blocks[-1].brackets += 1
        elif kind in CLOSING:
            self._blocks[-1].brackets -= 1
        elif kind == "_END":
            self._begin_statement(index + 1)

    def _begin_statement(self, index: int) -> None:
        self._blocks[-1].height, self._blocks[-1].start = len(self._reading.stack), index

    # ---- outside every block

    def _break(self, index: int, before: list[Any]) -> tuple[Tree[Token] | None, int]:
        """End the declaration at `index`, where the tokens end or one does not fit."""
        complete = self._reading.landing(list(self._reading.stack), "$END") is not None
        rest = self._tokens[index:]
        if complete and not rest:
            return self._reading.finish(self._tokens[-1]), index
        if not (rest and begins_declaration(rest) and is_head(rest)):
            self._tell(index, before)
            return None, len(self._tokens)
        if complete:
            self._recovery.tell(rest[0], not_on_new_line(self._place(index, before)))
            return self._reading.finish(self._tokens[index - 1]), index
        self._tell(index, before)
        return None, index

    # ---- inside a block

    def _recover(self, index: int, before: list[Any]) -> int | None:
        """Get over the token at `index`. Returns where to read on, None if no block can hold the fault."""
        if self._recovery.errors >= MAX_ERRORS:
            return None
        block, token = self._blocks[-1], self._tokens[index]
        end = self._statement_end(block, index)
        separator = made_up("_END", offsets(token)[0])
        told = self._follows_unfinished(block)
        if not block.brackets and self._reading.would_fit([separator, *self._tokens[index : end + 1]]):
            if not told:
                self._recovery.tell(token, not_on_new_line(self._place(index, before)))
            self._reading.feed(separator)
            self._begin_statement(index)
            return index
        if not told:
            self._tell(index, before)
        self._unfinished = end + 1 if index == end and self._would_go_on(before, end + 1) else -1
        while len(self._blocks) > 1:
            block = self._blocks[-1]
            end = self._statement_end(block, index)
            self._take_back(block.height)
            state = self._reading.stack[-1]
            if len(self._reading.stack) == block.height and "ERROR" in self._reading.row(state):
                self._reading.feed(self._error(block.start, end))
                return end
            self._blocks.pop()
        return None

    def _statement_end(self, block: _Block, index: int) -> int:
        """The index of the `_END` or `}` that ends the statement of `block` that holds the token at `index`; outside
        every block, the end."""
        depth = 0
        for at in range(block.start, len(self._tokens)):
            kind = self._tokens[at].type
            if depth == 0 and at >= index and (kind == "_END" or kind in CLOSING):
                return at
            depth += (kind in OPENING) - (kind in CLOSING)
        return len(self._tokens)

    def _would_go_on(self, stack: list[Any], index: int) -> bool:
        """Whether the token at `index` fits where a statement broke off."""
        if index >= len(self._tokens):
            return False
        kind = self._reading.kind(self._tokens[index], stack)
        return self._reading.landing(list(stack), kind) is not None

    def _follows_unfinished(self, block: _Block) -> bool:
        """Whether the statement is the rest of the one before, which broke off at the end of its line."""
        if block.start != self._unfinished:
            return False
        first = self._tokens[block.start]
        row = self._reading.row(self._reading.stack[block.height - 1])
        return first.type == "NAME" or first.type not in row

    def _take_back(self, height: int) -> None:
        """Forget what was read since the automaton's stack was `height` high. The first state has no value."""
        del self._reading.stack[height:]
        del self._reading.values[height - 1 :]

    def _error(self, start: int, end: int) -> Token:
        if start == end:
            return made_up("ERROR", offsets(self._tokens[end])[0])
        first, last = offsets(self._tokens[start])[0], offsets(self._tokens[end - 1])[1]
        return Token("ERROR", self._recovery.source.text[first:last], first, end_pos=last)

    # ---- telling

    def _tell(self, index: int, before: list[Any]) -> None:
        place = self._place(index, before)
        if place.found.type == POISON:
            # What poisoned the statement has been told, unless a string without its closing quote led to it.
            start, end = place.start, self._statement_end(self._blocks[-1], index)
            bad = next((at for at in range(start, end) if self._tokens[at].type == "BAD_STRING"), index)
            place = evolve(place, index=bad)
        self._recovery.tell(place.found, unexpected(place))

    def _place(self, index: int, before: list[Any]) -> Place:
        block = self._blocks[-1]
        return Place(
            self._reading,
            before,
            self._reading.stack[block.height - 1],
            self._tokens,
            index,
            block.start,
            self._recovery.source,
        )


def _split(tokens: Iterable[Token]) -> Iterator[list[Token]]:
    """What stands between the statement ends outside all brackets."""
    unit: list[Token] = []
    depth = 0
    for token in tokens:
        if token.type == "_END" and depth == 0:
            if unit:
                yield unit
            unit = []
            continue
        depth += (token.type in OPENING) - (token.type in CLOSING)
        unit.append(token)
    if unit:
        yield unit
