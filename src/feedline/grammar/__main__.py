"""Write the parser's tables beside the grammar: run `python -m feedline.grammar` after every change of `pipe.lark`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lark.grammar import Rule
from lark.lexer import TerminalDef

from feedline.grammar import build, origin


def main() -> None:
    """Build the parser and write `tables.json`."""
    built = build()
    data, memo = built.memo_serialize([TerminalDef, Rule])
    data["options"].pop("postlex")
    automaton = data["parser"]["parser"]
    states, automaton["states"] = automaton["states"], {}
    rows = [_row(states[number]) for number in range(len(states))]
    tables = {"made_from": origin(), "data": data, "rows": rows, **_packed(memo)}
    path = Path(__file__).with_name("tables.json")
    path.write_text(json.dumps(tables, separators=(",", ":"), sort_keys=True) + "\n", encoding="utf-8")


def _row(actions: dict[int, tuple[int, Any]]) -> list[int]:
    """A row of the automaton as `_Rows` reads it. Lark writes a rule as its number in the memo."""
    found: list[int] = []
    for kind, (reduces, to) in actions.items():
        found += (kind, -1 - to["@"] if reduces else to)
    return found


def _packed(memo: dict[int, dict[str, Any]]) -> dict[str, list[Any]]:
    """What Lark counts through, terminals before rules. A rule tells its symbols and its options by their places in two
    lists: most are those of many rules."""
    entries = [memo[number] for number in range(len(memo))]
    terminals = [entry for entry in entries if entry["__type__"] == "TerminalDef"]
    symbols: list[Any] = []
    options: list[Any] = []

    def place(entry: Any, entries: list[Any]) -> int:
        if entry not in entries:
            entries.append(entry)
        return entries.index(entry)

    def symbol(entry: dict[str, Any]) -> int:
        return place([entry["name"], entry.get("filter_out")], symbols)

    rules = [
        [
            symbol(rule["origin"]),
            [symbol(part) for part in rule["expansion"]],
            rule["order"],
            rule["alias"],
            place({name: value for name, value in rule["options"].items() if name != "__type__"}, options),
        ]
        for rule in entries[len(terminals) :]
    ]
    return {"terminals": terminals, "rules": rules, "symbols": symbols, "options": options}


if __name__ == "__main__":
    main()
