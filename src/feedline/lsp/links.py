"""Where the words about a rule are: its section of the page of all rules, which is shipped with the package."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import feedline

_PLACES = ("feedline/rules.md", "../docs/rules.md")
"""In an installed package; in a checkout. Relative to the folder that holds the package."""


@cache
def rule_link(code: str) -> str | None:
    """The URI of a rule's section, by its line, as editors open files; None if the page is not there."""
    for place in _PLACES:
        path = (Path(feedline.__file__).parents[1] / place).resolve()
        if path.is_file():
            return f"{path.as_uri()}#L{_line(path, code)}"
    return None


def _line(path: Path, code: str) -> int:
    lines = path.read_text(encoding="utf-8").split("\n")
    return next((number for number, line in enumerate(lines, 1) if line.startswith(f"### {code}:")), 1)
