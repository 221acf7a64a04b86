"""What the command lines of several commands have in common: options, and what may be given to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click

from feedline.compiler.ir import Program
from feedline.dsl.suggest import suggest

F = TypeVar("F", bound=Callable[..., object])


def param_options(command: F) -> F:
    """The options that every command with a file to check takes: `-D`, `--params`, `--allow-python`."""
    options = (
        click.option(
            "-D", "defines", metavar="NAME=VALUE", multiple=True, help="Set a `param` of the file. Repeatable."
        ),
        click.option("--params", metavar="FILE", help="Read `param` values from a TOML or JSON file; `-D` wins."),
        click.option("--allow-python", is_flag=True, help="Let the file's `python(...)` forms import and run code."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def loader_option(help: str) -> Callable[[F], F]:
    """`--loader NAME`, of the commands that are about several loaders."""
    return click.option("--loader", "names", metavar="NAME", multiple=True, help=f"{help} Repeatable.")


def json_option(help: str) -> Callable[[F], F]:
    """`--json`, of the commands whose result is a page or a table."""
    return click.option("--json", "as_json", is_flag=True, help=help)


def pass_option(command: F) -> F:
    """`--no-pass`, of the commands that show or run a plan."""
    text = "Leave out a pass of the optimiser, as `explain` names it. Repeatable."
    return click.option("--no-pass", "without", metavar="NAME", multiple=True, help=text)(command)


def known_passes(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names of passes, all known. Wrong usage otherwise."""
    from feedline.compiler.passes import pass_names

    for name in names:
        if name not in pass_names():
            near = suggest(name, pass_names(), 1)
            hint = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(f'`{n}`' for n in pass_names())}"
            raise click.UsageError(f"there is no pass `{name}`; {hint}")
    return names


def wanted_loaders(program: Program, names: tuple[str, ...]) -> list[str]:
    """The loaders that a command is about: those named, in the file's order, or all."""
    have = [loader.name for loader in program.loaders]
    for name in names:
        if name not in have:
            near = suggest(name, have, 1)
            hint = f"did you mean `{near[0]}`?" if near else f"it has {', '.join(f'`{n}`' for n in have) or 'none'}"
            raise click.UsageError(f"`{program.path}` has no loader `{name}`; {hint}")
    return [name for name in have if not names or name in names]
