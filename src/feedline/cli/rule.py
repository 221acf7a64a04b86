"""`feedline rule`: what a code means, with a file that earns it and one that does not."""

from __future__ import annotations

import click

from feedline.cli.output import emit, emit_section
from feedline.dsl.diagnostics import Rule
from feedline.dsl.rule_page import page, section
from feedline.dsl.rules import RULES
from feedline.dsl.suggest import suggest


@click.command("rule")
@click.argument("codes", metavar="CODE...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Print every rule: the page of the documentation.")
def command(codes: tuple[str, ...], everything: bool) -> int:
    """Explain what a code such as FL101 means: why it is said, a file that is wrong, and the same file put right.

    A rule is named by its code or by its name (`unknown-name`).
    """
    if everything == bool(codes):
        raise click.UsageError("name a code, such as `feedline rule FL101`, or give `--all`")
    found = [_find(code) for code in codes]
    if everything:
        emit(page())
    else:
        emit_section("\n".join(section(rule) for rule in found))
    return 0


def _find(word: str) -> type[Rule]:
    names = {name: rule for rule in RULES.values() for name in (rule.code, rule.slug)}
    folded = word.lower() if "-" in word else word.upper()
    if folded in names or word in names:
        return names[folded] if folded in names else names[word]
    near = [f"`{name}` ({names[name].title})" for name in suggest(folded, names)]
    hint = f"; did you mean {' or '.join(near)}?" if near else "; `feedline rule --all` lists them"
    raise click.UsageError(f"there is no rule `{word}`{hint}")
