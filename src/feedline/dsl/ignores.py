"""`# feedline: ignore FL406 because ...`: comments that silence a warning or a hint on one line, and faults of theirs.

Behind something, such a comment is about its own line; on a line of its own, about the next line that holds something.
A `Reporter` asks `silences` whenever it takes a warning or a hint; `report_ignores` judges the comments themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from feedline.dsl.diagnostics import Diagnostic, Edit, Fix, Reporter
from feedline.dsl.frozen import frozen
from feedline.dsl.rules import RULES
from feedline.dsl.rules import ignores as rules
from feedline.dsl.source import SourceText, Span
from feedline.dsl.suggest import did_you_mean, suggest
from feedline.grammar import tokens

_MARK = "feedline"
_COMMENT = re.compile(r"#+[^\S\n]*feedline\b[^\S\n]*(?P<colon>:?)[^\S\n]*(?P<verb>[\w-]*)(?P<rest>.*)", re.DOTALL)
_WORD = re.compile(r"[^\s,]+")
_CODE = re.compile(r"[A-Za-z]+\d\w*")
_REASON = re.compile(r"\bbecause\b\W*\w")
_OTHER_TOOLS = frozenset({"noqa", "disable", "allow", "skip", "suppress", "silence", "expect"})
_FORM = "write `# feedline: ignore FL406 because ...`, with the code of the warning and your reason"


@frozen
class Ignore:
    """One comment: the codes it names, each where it stands, and the line that it is about."""

    span: Span
    line: int
    codes: tuple[tuple[str, Span], ...]
    slugs: tuple[tuple[str, Span], ...] = ()
    reason: bool = True
    clear: bool = True
    """Whether it reads as it should, but for its codes and its reason."""


def silences(code: str, line: int, source: SourceText) -> bool:
    """Whether a comment of the text silences that code on that line."""
    if _MARK not in source.text or code in rules.ABOUT_COMMENTS:
        return False
    return any(
        line == ignore.line and any(code == named for named, _ in ignore.codes)
        for ignore in ignores(source.path, source.text)
    )


@lru_cache(maxsize=64)
def ignores(path: str, text: str) -> tuple[Ignore, ...]:
    """Every comment of a text that silences something, or was meant to."""
    if _MARK not in text:
        return ()
    source = SourceText(path, text)
    found = (_ignore(str(token), token.start_pos or 0, source) for token in tokens(text) if token.type == "COMMENT")
    return tuple(ignore for ignore in found if ignore is not None)


def report_ignores(source: SourceText, reporter: Reporter) -> None:
    """Report comments of a text that say nothing useful.

    That one silences nothing is said only of a text without errors: others are not checked to the end."""
    for ignore in ignores(source.path, source.text):
        if not ignore.clear or not ignore.codes:
            _report_unclear(ignore, reporter)
            continue
        if not ignore.reason and any(_may_be_silenced(code) for code, _ in ignore.codes):
            help = "say why: `because ...`"
            reporter.report(rules.IgnoreWithoutReason, ignore.span, "this comment gives no reason", help=help)
        for code, span in ignore.codes:
            _report_code(code, span, ignore, reporter)


def _may_be_silenced(code: str) -> bool:
    """Whether the code is not an error's: of one that cannot be silenced no reason is asked."""
    return code not in RULES or RULES[code].severity != "error"


def still_idle(diagnostics: Iterable[Diagnostic], silenced: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Diagnostics without those which say that a comment silences nothing, where it has silenced something since."""
    used = {(item.path, item.line, item.code) for item in silenced}
    return [
        item
        for item in diagnostics
        if item.code != rules.IgnoresNothing.code or (item.path, item.data["line"], item.data["code"]) not in used
    ]


def _ignore(comment: str, start: int, source: SourceText) -> Ignore | None:
    match = _COMMENT.match(comment)
    if match is None:
        return None
    verb, rest = match["verb"], match["rest"]
    meant = verb in _OTHER_TOOLS or bool(suggest(verb, ["ignore"]))
    if verb != "ignore" and not (meant and match["colon"]):
        return None
    codes: list[tuple[str, Span]] = []
    slugs: list[tuple[str, Span]] = []
    for word in _WORD.finditer(rest):
        at = start + match.start("rest")
        place = Span(source.path, at + word.start(), at + word.end())
        if _CODE.fullmatch(word[0]):
            codes.append((word[0], place))
            continue
        slugs = [(word[0], place)]
        break
    if not match["colon"] and not codes:
        return None  # a sentence that begins with these words
    return Ignore(
        Span(source.path, start, start + len(comment)),
        _line(start, source),
        tuple(codes) if verb == "ignore" and match["colon"] else (),
        tuple(slugs),
        bool(_REASON.search(rest)),
        verb == "ignore" and bool(match["colon"]),
    )


def _line(start: int, source: SourceText) -> int:
    """The line that a comment is about."""
    line, column = source.position(start)
    if source.line(line)[: column - 1].strip("\ufeff \t\f"):
        return line
    for following in range(line + 1, len(source.line_starts) + 1):
        text = source.line(following).strip()
        if text and not text.startswith("#"):
            return following
    return line


# ---- faults of the comments


def _report_unclear(ignore: Ignore, reporter: Reporter) -> None:
    slug, span = ignore.slugs[0] if ignore.slugs else ("", ignore.span)
    code = next((rule.code for rule in RULES.values() if rule.slug == slug), None)
    if code is not None and ignore.clear:
        fix = Fix(f"write `{code}`", (Edit(span, code),), safe=True)
        message = f"a warning is silenced by its code, and that of `{slug}` is `{code}`"
        reporter.report(rules.UnclearIgnore, span, message, help=fix.title, fixes=[fix])
        return
    what = "names no code" if ignore.clear else "is not of the form that silences a warning"
    reporter.report(rules.UnclearIgnore, ignore.span, f"this comment {what}", help=_FORM)


def _report_code(code: str, span: Span, ignore: Ignore, reporter: Reporter) -> None:
    rule = RULES.get(code)
    if rule is None:
        near = suggest(code, RULES, 1)
        fixes = (
            [Fix(f"write `{near[0]}`", (Edit(span, near[0]),), safe=True)] if near and near[0] == code.upper() else []
        )
        help = did_you_mean(code, RULES, 1)
        reporter.report(rules.IgnoreOfUnknownCode, span, f"there is no code `{code}`", help=help, fixes=fixes)
    elif code in rules.ABOUT_COMMENTS:
        reporter.report(rules.IgnoreOfError, span, f"`{code}` cannot be silenced: it is about these comments")
    elif rule.severity == "error":
        message = f"`{code}` is an error, and errors cannot be silenced"
        reporter.report(rules.IgnoreOfError, span, message, help="only warnings and hints can")
    elif rule.bad and not reporter.failed and not _used(code, ignore, reporter):
        reporter.report(
            rules.IgnoresNothing, span, f"there is no `{code}` on line {ignore.line} to silence",
            help="delete the comment, or the code from it", data={"code": code, "line": ignore.line},
        )  # fmt: skip


def _used(code: str, ignore: Ignore, reporter: Reporter) -> bool:
    return any((item.code, item.line, item.path) == (code, ignore.line, ignore.span.path) for item in reporter.silenced)
