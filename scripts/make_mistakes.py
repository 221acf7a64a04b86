"""Writes the tables of docs/guide/mistakes.md from the files in tests/mistakes.

Each file there holds one mistake, and says in its first two lines what it is and what plain PyTorch makes of it. What
feedline says stands in the table as it comes: `python scripts/make_mistakes.py` after a message has changed.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
from pathlib import Path

import feedline
from feedline.cli import main
from feedline.dsl.rules import RULES

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "guide" / "mistakes.md"
_TABLE = re.compile(r"^(<!-- (\w+) -->\n)(?:\|.*\n)*", re.MULTILINE)


def cases(section: str) -> list[Path]:
    """The files of one table."""
    return sorted((ROOT / "tests" / "mistakes" / section).glob("*.pipe"))


def said(path: Path) -> list[tuple[str, str, str]]:
    """Severity, code and message of everything that is said about a file; those in `data` are checked with data."""
    if path.parent.name != "data":
        return [(item.severity, item.code, item.message) for item in feedline.check(path)]
    with contextlib.redirect_stdout(io.StringIO()) as output, contextlib.redirect_stderr(io.StringIO()):
        main(["check", "--data", "--format", "json", str(path)])
    found = json.loads(output.getvalue())["diagnostics"]
    here = f"{path.parent}/"
    return [(item["severity"], item["code"], item["message"].replace(here, "")) for item in found]


def row(path: Path) -> str:
    """One row: the mistake, what PyTorch makes of it, what feedline says of it."""
    mistake, pytorch = (line.partition(": ")[2] for line in path.read_text(encoding="utf-8").splitlines()[:2])
    says = "<br>".join(
        f"[{severity} {code}](../rules.md#{_anchor(code)}): {text}" for severity, code, text in said(path)
    )
    return f"| {mistake} | {pytorch} | {says} |"


def table(section: str) -> str:
    """All rows of one table, below its head."""
    rows = [row(path) for path in cases(section)]
    return "\n".join(["| mistake | plain PyTorch | feedline |", "| --- | --- | --- |", *rows, ""])


def written(page: str) -> str:
    """The page with its tables as they have to be."""
    return _TABLE.sub(lambda match: match[1] + table(match[2]), page)


def _anchor(code: str) -> str:
    heading = f"{code}: {RULES[code].title}".lower()
    return re.sub(r"[^\w -]", "", heading).replace(" ", "-")


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
