"""0xx: the text cannot be read."""

from __future__ import annotations

from feedline.dsl.diagnostics import Rule


class UnexpectedText(Rule):
    """Something stands where the language has no place for it, or something that must stand there is missing.

    The message says what was expected; the label marks the first thing that does not fit.
    """

    code = "FL001"
    slug = "unexpected-text"
    title = "text that does not fit"
    bad = "let size 256\n"
    good = "let size = 256\n"


class UnmatchedBracket(Rule):
    """A bracket has no partner: one that opens is never closed, or one that closes was never opened.

    Where several brackets are open at the end of a text, the innermost one is named and the others are marked.
    """

    code = "FL002"
    slug = "unmatched-bracket"
    title = "a bracket without its partner"
    bad = "let sizes = [224, 256\n"
    good = "let sizes = [224, 256]\n"


class BadLiteral(Rule):
    """A number or a string is spelled in a way that means nothing.

    Strings know Python's escapes (`\\n \\t \\\\ \\" \\u00e9`) and `${name}`; `$${` stands for the characters `${`.
    Numbers are decimal, with `_` between digits where that helps.
    """

    code = "FL003"
    slug = "bad-literal"
    title = "a literal that cannot be read"
    bad = 'let root = "C:\\data"\n'
    good = 'let root = "C:/data"\n'


class RepeatedClause(Rule):
    """One statement says the same thing twice, and only one of the two could hold."""

    code = "FL004"
    slug = "repeated-clause"
    title = "a clause said twice"
    bad = """\
dataset d = FakeData(size=100)
split d into train 80%, val 20% seed 1 seed 2
"""
    good = """\
dataset d = FakeData(size=100)
split d into train 80%, val 20% seed 1
"""


class UnknownText(Rule):
    """A character or a word that is part of no form of the language.

    Outside strings and comments a file holds names, numbers, keywords and a handful of signs, nothing else. Typographic
    quotes and invisible characters come from copied text.
    """

    code = "FL005"
    slug = "unknown-text"
    title = "text that means nothing"
    bad = "let size = 256 $\n"
    good = "let size = 256\n"


class TooDeep(Rule):
    """Brackets and operators are nested deeper than any person would write or read.

    The limit keeps every later stage, and the tools around it, from running out of stack.
    """

    code = "FL006"
    slug = "too-deep"
    title = "nesting that is too deep"
    bad = "let size = " + "(" * 101 + "1" + ")" * 101 + "\n"
    good = "let size = 1\n"


class PythonConstant(Rule):
    """Python's `True`, `False` and `None` are written `true`, `false` and `none`."""

    code = "FL007"
    slug = "python-constant"
    title = "a constant in Python's spelling"
    bad = "let shuffle = True\n"
    good = "let shuffle = true\n"
