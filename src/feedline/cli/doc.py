"""`feedline doc`: what there is to read about a declaration, a statement, a transform, a dataset."""

from __future__ import annotations

import click

from feedline.cli.output import emit
from feedline.compiler.reference import Topic, find, listing, page, section, topics
from feedline.dsl.suggest import suggest


@click.command("doc")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Print everything: the page of the documentation.")
def command(names: tuple[str, ...], everything: bool) -> int:
    """Print the page of anything that the language has: a declaration, a statement, a step, an option, a transform, a
    dataset. Without a name, list what there is.

    Codes of messages have `feedline rule`.
    """
    if everything and names:
        raise click.UsageError("name something, such as `feedline doc force`, or give `--all`, not both")
    found = [topic for name in names for topic in _find(name)]
    emit(page() if everything else "\n".join(section(topic) for topic in found) if names else listing())
    return 0


def _find(name: str) -> tuple[Topic, ...]:
    found = find(name)
    if not found:
        near = [f"`{one}`" for one in suggest(name, (topic.name for topic in topics()))]
        hint = f"; did you mean {' or '.join(near)}?" if near else "; `feedline doc` lists what there is"
        raise click.UsageError(f"there is no page about `{name}`{hint}")
    return found
