"""Items laid out as lines: blocks indented, long argument lists one argument a line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import define, field

from feedline.dsl.layout.items import Brackets, Item, Word, split_lines
from feedline.dsl.layout.spacing import is_sign, space_between

WIDTH = 100
"""Columns that a line may have before its argument lists and its blocks are broken."""
INDENT = "  "
_DECLARED = frozenset({"PARAM", "LET", "DATASET", "GROUP"})


@define(eq=False)
class Line:
    """One line to be. `kind`: lines of one kind that follow one another share the column where `tail` begins."""

    depth: int
    head: str
    tail: str = ""
    kind: str = ""
    comment: str = ""
    blank_before: bool = False

    @property
    def text(self) -> str:
        """The line with its indentation, without its comment."""
        return f"{INDENT * self.depth}{self.head}{self.tail and ' '}{self.tail}"


@define(eq=False)
class Layout:
    """Collects the lines of a file."""

    lines: list[Line] = field(factory=list)

    def block(self, items: Sequence[Item], depth: int = 0, kind: str = "file") -> None:
        """The lines of a file, or of a block that has lines of its own; `kind` says what block it is."""
        for number, line in enumerate(split_lines(items)):
            first = len(self.lines)
            self._line(line, depth, kind)
            self.lines[first].blank_before = number > 0 and line[0].line_ends > 1

    def _line(self, items: list[Item], depth: int, kind: str) -> None:
        """A line of statements, in as many lines as it needs."""
        *rest, last = items
        comment = last.text if rest and isinstance(last, Word) and last.kind == "COMMENT" else ""
        if comment:
            items = rest
        broken = any(isinstance(item, Brackets) and item.broken for item in items)
        if not broken and not _is_ignore(comment) and _width(items, depth) > WIDTH:
            statements = _statements(items)
            if len(statements) > 1:
                for number, statement in enumerate(statements):
                    self._statement(statement, depth, kind, comment if number == len(statements) - 1 else "")
                return
            _break_last_block(items)
        self._statement(items, depth, kind, comment)

    def _statement(self, items: list[Item], depth: int, kind: str, comment: str) -> None:
        """Statements that stay together, the blocks among them laid out inside them."""
        segment: list[Item] = []
        for item in items:
            segment.append(item)
            if isinstance(item, Brackets) and item.is_block and item.broken:
                inside, beside = _opening_comment(item)
                self._segment(segment, depth, "", beside)
                self.block(inside, depth + 1, _kind_of_block(segment))
                segment = [Brackets("}", "")]
        self._segment(segment, depth, kind, comment)

    def _segment(self, items: list[Item], depth: int, kind: str, comment: str) -> None:
        made = fit(items, depth, keep=_is_ignore(comment))
        column, kind = _column(items, kind) if len(made) == 1 else (0, "")
        if column:
            made = [Line(depth, flat(items[:column]), flat(items[column:]), kind)]
        if comment:
            made[-1].comment = comment
        self.lines += made


def fit(items: Sequence[Item], depth: int, *, arguments: bool = False, keep: bool = False) -> list[Line]:
    """Items without blocks of their own lines, as lines: argument lists are broken, the longest first, until no line is
    too long. `keep`: only what must be broken is."""
    broken = {id(item) for item in items if isinstance(item, Brackets) and item.broken}
    while True:
        made = _Pieces(depth, arguments, broken).of(items)
        if keep or all(len(line.text) <= WIDTH for line in made):
            return made
        whole = [
            item
            for item in items
            if isinstance(item, Brackets) and not item.is_block and item.inside and id(item) not in broken
        ]
        if not whole:
            return made
        broken.add(id(max(whole, key=lambda item: len(_flat_brackets(item)))))


class _Pieces:
    """Makes lines of items, given which brackets are broken."""

    def __init__(self, depth: int, arguments: bool, broken: set[int]) -> None:
        self.depth, self.arguments, self.broken = depth, arguments, broken
        self.made: list[Line] = []
        self.here = ""

    def of(self, items: Sequence[Item]) -> list[Line]:
        """The lines."""
        before: Item | None = None
        sign = False
        for item in items:
            if before is not None and self.here:
                self.here += " " * space_between(before, item, arguments=self.arguments, sign=sign)
            if isinstance(item, Word) and item.kind == "COMMENT":
                self._comment(item)
            elif isinstance(item, Word):
                self.here += item.text
            elif item.is_block and item.broken:
                self.here += "{"
            elif id(item) in self.broken and not item.is_block:
                self._open(item)
            else:
                self.here += item.open if item.open == "}" else _flat_brackets(item)
            before, sign = item, is_sign(before, item)
        if self.here:
            self._end()
        return self.made

    def _end(self, comment: str = "") -> None:
        self.made.append(Line(self.depth, self.here.rstrip(), comment=comment))
        self.here = ""

    def _comment(self, comment: Word) -> None:
        """Beside what stands before it on its line, else on a line of its own."""
        if self.here.strip() and not comment.line_ends:
            self._end(comment.text)
            return
        if self.here.strip():
            self._end()
        if not comment.line_ends and self.made and not self.made[-1].comment:
            self.made[-1].comment = comment.text
            return
        self.here = comment.text
        self._end()

    def _open(self, brackets: Brackets) -> None:
        """Brackets over several lines. A single argument in brackets of its own shares the lines of the outer ones."""
        inside = brackets.inside
        self.here += brackets.open
        only = inside[0] if len(inside) == 1 else None
        if isinstance(only, Brackets) and not only.is_block and only.inside:
            self._open(only)
        else:
            inside, beside = _opening_comment(brackets)
            self._end(beside)
            for number, argument in enumerate(_arguments_of(inside)):
                first = len(self.made)
                self.made += fit(argument, self.depth + 1, arguments=True)
                if first < len(self.made):
                    self.made[first].blank_before = number > 0 and argument[0].line_ends > 1
        self.here += brackets.close


def flat(items: Sequence[Item], *, arguments: bool = False) -> str:
    """Items on one line."""
    return "".join(_flat(items, arguments))


def _flat(items: Sequence[Item], arguments: bool) -> Iterator[str]:
    before: Item | None = None
    sign = False
    for item in items:
        if before is not None and space_between(before, item, arguments=arguments, sign=sign):
            yield " "
        yield item.text if isinstance(item, Word) else _flat_brackets(item)
        before, sign = item, is_sign(before, item)


def _flat_brackets(brackets: Brackets) -> str:
    inside = flat(brackets.inside, arguments=not brackets.is_block)
    if brackets.is_block and inside:
        return f"{{ {inside} }}"
    return f"{brackets.open}{inside}{brackets.close}"


def _width(items: Sequence[Item], depth: int) -> int:
    return len(INDENT) * depth + len(flat(items))


def _is_ignore(comment: str) -> bool:
    """Whether a comment is about the line it ends: that line stays one."""
    return comment.lstrip("# ").startswith("feedline:")


def _statements(items: Sequence[Item]) -> list[list[Item]]:
    """The statements of a line, each with the `;` that ends it."""
    found: list[list[Item]] = [[]]
    for item in items:
        found[-1].append(item)
        if isinstance(item, Word) and item.kind == "SEMICOLON":
            found.append([])
    return [statement for statement in found if statement]


def _break_last_block(items: Sequence[Item]) -> None:
    blocks = [item for item in items if isinstance(item, Brackets) and item.is_block and item.inside]
    if blocks:
        blocks[-1].broken = True


def _opening_comment(brackets: Brackets) -> tuple[list[Item], str]:
    """What is inside brackets without a comment that stands beside the opening one, and that comment."""
    first = brackets.inside[0] if brackets.inside else None
    if isinstance(first, Word) and first.kind == "COMMENT" and not first.line_ends:
        return brackets.inside[1:], first.text
    return brackets.inside, ""


def _arguments_of(items: Sequence[Item]) -> Iterator[list[Item]]:
    """The arguments, each with its comma and a comment beside it; comments of their own lines stand alone."""
    argument: list[Item] = []
    for place, item in enumerate(items):
        is_comment = isinstance(item, Word) and item.kind == "COMMENT"
        if is_comment and item.line_ends and argument and _only_comments(items[place:]):
            yield argument
            argument = []
        if argument and isinstance(argument[-1], Word) and argument[-1].kind == "COMMA":
            if is_comment and not item.line_ends:
                yield [*argument, item]
                argument = []
                continue
            yield argument
            argument = []
        argument.append(item)
        if is_comment and len(argument) == 1:
            yield argument
            argument = []
    if argument:
        yield argument


def _only_comments(items: Sequence[Item]) -> bool:
    return all(isinstance(item, Word) and item.kind == "COMMENT" for item in items)


def _kind_of_block(segment: Sequence[Item]) -> str:
    first = segment[0] if segment else None
    kind = first.kind if isinstance(first, Word) else ""
    return {"LOADER": "loader", "COLLATE": "fields", "WEIGHT": "weights"}.get(kind, "")


def _column(items: Sequence[Item], block: str) -> tuple[int, str]:
    """Where a line's second column begins and what kind of line it is; (0, "") where it has one column."""
    kinds = [item.kind if isinstance(item, Word) else "" for item in items]
    if not kinds or "SEMICOLON" in kinds:
        return 0, ""
    assigned = kinds.index("ASSIGN") if "ASSIGN" in kinds else 0
    if block == "file" and assigned and kinds[0] in _DECLARED:
        return assigned, kinds[0]
    if block == "loader" and assigned == 1:
        return assigned, "option"
    if block in ("fields", "weights"):
        end = 1
        while kinds[end : end + 1] == ["DOT"]:
            end += 2
        return (end, block) if end < len(items) else (0, "")
    return 0, ""
