"""How the result of `feedline verify` is shown: two tables and closing words for people, JSON for programs."""

from __future__ import annotations

import sys
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from feedline.cli.output import emit, emit_json
from feedline.dsl.diagnostics import Reporter
from feedline.runtime.verify.report import GroupFacts, Proof, Row, Section

FORMAT_VERSION = 1
"""Of the JSON object. It grows when a field changes or goes; a new field does not change it."""

_PIPED, _TERMINAL = 80, 100


def print_tables(proof: Proof) -> None:
    """Write the promises, the distribution and the closing words to standard output."""
    terminal = bool(sys.stdout and sys.stdout.isatty())
    console = Console(width=min(Console().width, _TERMINAL) if terminal else _PIPED)
    with console.capture() as written:
        for item in (_promises(proof), _distribution(proof), closing(proof)):
            console.print(item)
    emit("".join(f"{line.rstrip()}\n" for line in written.get().splitlines()))


def _promises(proof: Proof) -> Table:
    table = _table(proof.path)
    for name in ("loader", "promise", "holds in", "checked", "kept"):
        table.add_column(name, justify="right" if name == "checked" else "left", overflow="fold")
    for section in proof.sections:
        for index, row in enumerate(section.rows):
            title = "" if index else section.title
            checked = f"{row.checked:,} {row.unit}" if row.checked else "-"
            table.add_row(Text(title), Text(row.promise), row.scope, checked, _kept(row))
        table.add_section()
    return table


def _kept(row: Row) -> Text:
    if not row.checked and row.kept:
        return Text("-")
    return Text("yes", "green") if row.kept else Text("no", "bold red")


def _distribution(proof: Proof) -> Table:
    table = _table("how often samples come", padding=0)
    table.add_column("\ngroup", overflow="fold")
    for name in (
        "\nsamples", "a batch\nseen", "holds\nexpected", "batches\nwithout", "without,\nplain*",
        "times an epoch\nmin/median/max", "\nnever",
    ):  # fmt: skip
        table.add_column(name, justify="right", no_wrap=True)
    for section in proof.sections:
        if len(proof.sections) > 1:
            table.add_row(Text(section.title, "bold"))
        for index, group in enumerate(section.groups):
            table.add_row(Text(group.group), *_numbers(group, last=index == len(section.groups) - 1))
        table.add_section()
    return table


def _numbers(group: GroupFacts, last: bool) -> tuple[str, ...]:
    least, median, most = group.times
    return (
        f"{group.samples:,}",
        f"{group.seen:.2f}",
        "-" if group.expected is None else f"{group.expected:.2f}",
        "" if last else percent(group.without),
        "" if last else percent(group.plain_without),
        f"{least:,}/{median:,g}/{most:,}",
        f"{group.never:,}",
    )


def percent(share: float) -> str:
    """A share in per cent, to be read: none and all only where it is none or all."""
    if share in (0, 1):
        return f"{share:.0%}"
    return "<0.1%" if share < 0.001 else ">99.9%" if share > 0.999 else f"{share:.1%}"


def _table(title: str, padding: int = 1) -> Table:
    return Table(
        box=SIMPLE_HEAD,
        title=title,
        title_justify="left",
        title_style="bold",
        pad_edge=False,
        padding=(0, padding, 0, 0),
    )


def closing(proof: Proof) -> Text:
    """The last words: what plain shuffling would have done, whether all promises hold, and which batch breaks one."""
    lines: list[str] = ["* plain: batches of that size from a plain shuffle of the same samples"]
    for section in proof.sections:
        for group in section.groups[:-1]:
            if group.plain_without - group.without >= 0.01:
                lines.append(
                    f"plain shuffling: 0 of `{group.group}` in {group.plain_without:.0%} of batches; "
                    f"`{section.title}`: in {percent(group.without)}"
                )
        many = len(section.epochs)
        lines.append(
            f"`{section.title}`: {section.batches:,} batches of {many} epoch{'s' if many > 1 else ''}, worked out and "
            f"checked at {section.batches / max(section.seconds, 1e-9):,.0f} a second"
        )
    words = Text("\n".join(lines))
    for section in proof.sections:
        if section.kept:
            words.append(f"\nevery promise of `{section.title}` is kept", "green")
        for row in section.rows:
            if not row.kept and row.first is not None:
                more = f" ({row.broken:,} of {row.checked:,} {row.unit})"
                words.append(f"\npromise broken by `{section.title}`: {row.first.text}{more}", "bold red")
    return words


# ---- json


def print_json(proof: Proof, reporter: Reporter) -> None:
    """Write the same as one JSON object, what went wrong included."""
    sections = [_json_section(section) for section in proof.sections]
    content = {"kept": proof.kept and not reporter.failed, "loaders": sections}
    emit_json(FORMAT_VERSION, proof.path, content, reporter)


def _json_section(section: Section) -> dict[str, Any]:
    return {
        "name": section.loader,
        "stage": section.stage or None,
        "epochs": list(section.epochs),
        "batch_size": section.batch,
        "samples": section.samples,
        "batches": section.batches,
        "seconds": section.seconds,
        "kept": section.kept,
        "promises": [_json_row(row) for row in section.rows],
        "groups": [_json_group(group) for group in section.groups],
    }


def _json_row(row: Row) -> dict[str, Any]:
    first = row.first
    return {
        "promise": row.promise,
        "scope": row.scope,
        "checked": row.checked,
        "unit": row.unit,
        "kept": row.kept,
        "broken": row.broken,
        "first_broken": None if first is None else {"epoch": first.epoch, "batch": first.batch, "text": first.text},
    }


def _json_group(group: GroupFacts) -> dict[str, Any]:
    least, median, most = group.times
    return {
        "group": group.group,
        "samples": group.samples,
        "per_batch": {"expected": group.expected, "seen": group.seen, "plain_shuffling": group.plain},
        "batches_without": {"seen": group.without, "plain_shuffling": group.plain_without},
        "times_an_epoch": {"min": least, "median": median, "max": most},
        "never_reached": group.never,
        "batches_by_count": list(group.counts),
        "plain_share_by_count": list(group.plain_counts),
    }
