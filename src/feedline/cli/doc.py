"""`feedline doc`: what there is to read about a declaration, a statement, a transform, a dataset."""

from __future__ import annotations

import re

import click

from feedline.cli.output import emit, emit_section
from feedline.compiler.reference import Topic, find, listing, page, section, topics
from feedline.dsl.rules import RULES
from feedline.dsl.suggest import suggest

_MOST_NAMES = 6


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
    found = [topic for name in _names(names) for topic in _find(name)]
    if found:
        emit_section("\n".join(section(topic) for topic in found))
    else:
        emit(page() if everything else listing())
    return 0


def _names(words: tuple[str, ...]) -> list[str]:
    """The names among the words. Of a form in several (`one of`, `on error`) the first has the page."""
    names: list[str] = []
    for word in [part for name in words for part in name.split() or [name]]:
        before = [f"{topic.form} {topic.doc}" for name in names[-1:] for topic in find(name)]
        if find(word) or not any(word in re.findall(r"\w+", text) for text in before):
            names.append(word)
    return list(dict.fromkeys(names))


def _find(name: str) -> tuple[Topic, ...]:
    found = find(name)
    if found:
        return found
    if name.upper() in RULES:
        raise click.UsageError(f"`{name}` is a message; `feedline rule {name.upper()}` explains it")
    names = [topic.name for topic in topics()]
    with_it = [one for one in dict.fromkeys(names) if len(name) > 2 and name.casefold() in one.casefold()]
    near = [f"`{one}`" for one in with_it or suggest(name, names)]
    if not near:
        raise click.UsageError(f"there is no page about `{name}`; `feedline doc` lists what there is")
    shown, more = near[:_MOST_NAMES], len(near) - _MOST_NAMES
    last = f"one of {more} more (`feedline doc` lists them)" if more > 0 else shown.pop()
    raise click.UsageError(
        f"there is no page about `{name}`; did you mean {', '.join(shown)}{' or ' * bool(shown)}{last}?"
    )
