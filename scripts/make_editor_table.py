"""Writes the table of docs/editors.md: the methods that `feedline lsp` registers, beside seven other servers.

What feedline has is asked of the server itself, and said in the words of each feature's file. What the others have was
read in their own repositories, at the dates that the page gives. `python scripts/make_editor_table.py` after a feature.
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from types import ModuleType

from lsprotocol import types

from feedline.lsp.server import Server

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "editors.md"
_TABLE = re.compile(r"(<!-- methods -->\n)(?:\|.*\n)*")

SERVERS = ("terraform-ls", "CUE", "Pkl", "KCL", "Jsonnet", "Taplo", "Prisma")
OTHERS: dict[str, str] = {
    types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS: "yyyyyyy",
    types.TEXT_DOCUMENT_DIAGNOSTIC: ".......",
    types.TEXT_DOCUMENT_FORMATTING: "yyyyyyy",
    types.TEXT_DOCUMENT_RANGE_FORMATTING: "...y...",
    types.TEXT_DOCUMENT_COMPLETION: "yyyyyyy",
    types.COMPLETION_ITEM_RESOLVE: "y.y...y",
    types.TEXT_DOCUMENT_HOVER: "yyyyyyy",
    types.TEXT_DOCUMENT_SIGNATURE_HELP: "y..y...",
    types.TEXT_DOCUMENT_DECLARATION: "y......",
    types.TEXT_DOCUMENT_DEFINITION: "yyyyy.y",
    types.TEXT_DOCUMENT_REFERENCES: "yy.yy.y",
    types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT: "???????",
    types.TEXT_DOCUMENT_RENAME: ".y.y.yy",
    types.TEXT_DOCUMENT_PREPARE_RENAME: ".....y.",
    types.TEXT_DOCUMENT_DOCUMENT_SYMBOL: "yy.yyyy",
    types.WORKSPACE_SYMBOL: "y......",
    types.TEXT_DOCUMENT_FOLDING_RANGE: ".....y.",
    types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL: "y.yy.y.",
    types.TEXT_DOCUMENT_CODE_ACTION: "yyyy..y",
    types.CODE_ACTION_RESOLVE: ".y.....",
    types.TEXT_DOCUMENT_INLAY_HINT: "...y...",
    types.TEXT_DOCUMENT_CODE_LENS: "yy.....",
    types.WORKSPACE_EXECUTE_COMMAND: "???????",
    types.TEXT_DOCUMENT_DOCUMENT_LINK: "y....y.",
}
"""A letter a server of `SERVERS`: `y` what its sources advertise, `?` what was not looked for. A method that is not
here was found in none."""


def table() -> str:
    """The table, in the order of the features, what only others have behind it."""
    server = Server()
    registered = {
        *server.protocol.fm.features,
        *(feature.METHOD for feature in server.features if hasattr(feature, "wanted")),
        *((types.WORKSPACE_EXECUTE_COMMAND,) if server.protocol.fm.commands else ()),
    }
    ours = {types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS: "the same, sent to clients that do not ask"}
    ours |= {feature.METHOD: _words(feature) for feature in server.features if feature.METHOD in registered}
    methods = [types.TEXT_DOCUMENT_DIAGNOSTIC, *ours, *OTHERS]
    rows = [_row(method, ours.get(method)) for method in dict.fromkeys(methods)]
    head = " | ".join(("method", "feedline", *SERVERS))
    return "\n".join((f"| {head} |", f"| --- | --- |{' :---: |' * len(SERVERS)}", *rows, ""))


def _words(feature: ModuleType) -> str:
    """What the feature's file says it is."""
    first = (inspect.getdoc(feature) or "").split("\n", 1)[0]
    return first.partition(": ")[2].rstrip(".").replace(". Others are sent it (`checks`)", "")


def _row(method: str, words: str | None) -> str:
    others = ({"y": "yes", ".": ""}.get(letter, letter) for letter in OTHERS.get(method, "." * len(SERVERS)))
    return f"| `{method.removeprefix('textDocument/')}` | {words or 'no'} | {' | '.join(others)} |"


def written(page: str) -> str:
    """The page with its table as it has to be."""
    return _TABLE.sub(lambda match: match[1] + table(), page)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
