"""A small TextMate tokenizer: what VS Code and Sublime Text do with a grammar, for the parts that ours uses.

Line by line and leftmost first, as in https://macromates.com/manual/en/language_grammars: `match`, `begin` and `end`,
`captures`, `include` of the repository. Patterns run on Python's `re`, whose features in them Oniguruma shares.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from attrs import define, frozen

Rule = Mapping[str, Any]


@frozen
class Frame:
    """A `begin` whose `end` has not come: the rule, and the scopes inside it."""

    rule: Rule
    scopes: tuple[str, ...]


@define
class Tokenizer:
    """Reads texts by one grammar."""

    grammar: Rule

    def scopes(self, text: str) -> list[tuple[str, ...]]:
        """The scopes of every character of `text`, the innermost last."""
        found: list[tuple[str, ...]] = []
        stack = [Frame(self.grammar, ())]
        for line in text.splitlines(keepends=True):
            found += self._line(line, stack)
        return found

    def _line(self, line: str, stack: list[Frame]) -> list[tuple[str, ...]]:
        found: list[tuple[str, ...]] = [()] * len(line)
        at = 0
        while True:
            top = stack[-1]
            best: tuple[re.Match[str], Rule | None] | None = None
            for pattern, rule in self._candidates(top.rule):
                match = _compiled(pattern).search(line, at)
                if match is not None and (best is None or match.start() < best[0].start()):
                    best = match, rule
            start = len(line) if best is None else best[0].start()
            found[at:start] = [top.scopes] * (start - at)
            if best is None:
                return found
            before = at, len(stack)
            at = self._apply(*best, stack, found)
            if (at, len(stack)) == before:
                raise AssertionError(f"{best[0].re.pattern} matches nothing, at {at} of {line!r}, for ever")

    def _apply(self, match: re.Match[str], rule: Rule | None, stack: list[Frame], found: list[tuple[str, ...]]) -> int:
        top = stack[-1]
        if rule is None:
            stack.pop()
            scopes, captures = top.scopes, top.rule.get("endCaptures", {})
        else:
            scopes = (*top.scopes, rule["name"]) if "name" in rule else top.scopes
            captures = rule.get("beginCaptures" if "begin" in rule else "captures", {})
            if "begin" in rule:
                stack.append(Frame(rule, scopes))
        found[match.start() : match.end()] = [scopes] * (match.end() - match.start())
        for number, capture in captures.items():
            start, end = match.span(int(number))
            found[max(start, 0) : max(end, 0)] = [(*scopes, capture["name"])] * (end - start)
        return match.end()

    def _candidates(self, rule: Rule) -> Iterator[tuple[str, Rule | None]]:
        """The patterns that may match inside a rule, its end first."""
        if "end" in rule:
            yield rule["end"], None
        for inner in rule.get("patterns", ()):
            yield from self._expanded(inner)

    def _expanded(self, rule: Rule) -> Iterator[tuple[str, Rule | None]]:
        if "include" in rule:
            rule = self.grammar["repository"][rule["include"].removeprefix("#")]
        if "match" in rule or "begin" in rule:
            yield rule.get("match") or rule["begin"], rule
            return
        for inner in rule["patterns"]:
            yield from self._expanded(inner)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.MULTILINE)
