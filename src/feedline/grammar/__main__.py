"""Write the parser's tables beside the grammar: run `python -m feedline.grammar` after every change of `pipe.lark`."""

from __future__ import annotations

import json
from pathlib import Path

from lark.grammar import Rule
from lark.lexer import TerminalDef

from feedline.grammar import build, origin


def main() -> None:
    """Build the parser and write `tables.json`."""
    built = build()
    data, memo = built.memo_serialize([TerminalDef, Rule])
    data["options"].pop("postlex")
    tables = {"made_from": origin(), "data": data, "memo": memo}
    path = Path(__file__).with_name("tables.json")
    path.write_text(json.dumps(tables, separators=(",", ":"), sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
