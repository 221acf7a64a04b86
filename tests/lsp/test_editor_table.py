"""docs/editors.md against the server."""

from __future__ import annotations

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]
script = runpy.run_path(str(ROOT / "scripts" / "make_editor_table.py"))


def test_the_table_of_methods_is_the_server_s() -> None:
    """`python scripts/make_editor_table.py` has been run since the last change."""
    page = (ROOT / "docs" / "editors.md").read_text(encoding="utf-8")
    assert script["written"](page) == page


def test_every_other_server_has_a_letter_in_every_row() -> None:
    """One a server, and none but those that the table explains."""
    rows = script["OTHERS"].values()
    assert {len(script["SERVERS"])} == {len(row) for row in rows}
    assert set("".join(rows)) == set("y.?")
