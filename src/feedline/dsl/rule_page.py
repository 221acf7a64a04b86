"""What there is to read about a rule: one section of Markdown, for `feedline rule`, the docs and SARIF alike."""

from __future__ import annotations

import inspect
from itertools import groupby

from feedline.dsl.diagnostics import Rule
from feedline.dsl.rules import RULES
from feedline.dsl.rules.ignores import ABOUT_COMMENTS

_RANGES = {
    "0": "The text",
    "1": "Names",
    "2": "Values and arguments",
    "3": "Samples and batches",
    "4": "Splits and sampling",
    "5": "Loaders",
    "6": "Data",
    "9": "feedline itself",
}
_INTRODUCTION = """\
# Every message

What feedline can say about a file, by code. `feedline rule FL101` prints one of these sections. An error stops a
file from running; a warning is about what runs and is surely not meant; a hint is advice.

<!-- Written by: feedline rule --all > docs/rules.md -->
"""


def page() -> str:
    """The page of all rules, by code."""
    parts = [_INTRODUCTION]
    for first, codes in groupby(sorted(RULES), key=lambda code: code[2]):
        parts.append(f"## {_RANGES[first]}\n")
        parts += [f"#{section(RULES[code])}" for code in codes]
    return "\n".join(parts)


def section(rule: type[Rule]) -> str:
    """One rule: title, severity, explanation, a bad and a good file, and how to silence it."""
    article = "an" if rule.severity == "error" else "a"
    parts = [
        f"## {rule.code}: {rule.title}\n",
        f"`{rule.slug}`, {article} {rule.severity}.\n",
        f"{explanation(rule)}\n",
    ]
    if rule.bad:
        error = f" error={rule.code}" if rule.severity == "error" else ""
        parts.append(f"Wrong:\n\n{_file(rule.bad, error)}")
        parts.append(f"Right:\n\n{_file(rule.good, '')}")
    if rule.severity != "error" and rule.code not in ABOUT_COMMENTS:
        parts.append(f"To silence it on one line: `# feedline: ignore {rule.code} because ...`\n")
    return "\n".join(parts)


def explanation(rule: type[Rule]) -> str:
    """A rule's docstring."""
    return inspect.cleandoc(rule.__doc__ or "")


def _file(text: str, options: str) -> str:
    return f"```pipe{options}\n{text.rstrip()}\n```\n"
