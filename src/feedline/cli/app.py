"""The click application: finds commands by name and turns click's ways of ending into exit codes."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

import click

from feedline import __version__
from feedline.cli import COMMANDS
from feedline.cli.garbage import rare_collections


class _Commands(click.Group):
    """Imports a command when it is needed, so that one command's imports never slow another down."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        with rare_collections():
            return import_module(f"feedline.cli.{cmd_name}").command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            from feedline.dsl.suggest import suggest

            near = "".join(f"; did you mean `{name}`?" for name in suggest(args[0], COMMANDS, 1))
            ctx.fail(f"there is no command `{args[0]}`{near}")
        return super().resolve_command(ctx, args)


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="feedline", message="%(prog)s %(version)s")
def feedline() -> None:
    """Data loading for PyTorch from `.pipe` files: which data a run reads, how it is divided, transformed and sampled.

    \b
    feedline check train.pipe         is the file right? opens no data
    feedline fmt train.pipe           lay the file out, white space only
    feedline check --data train.pipe  is the data right too? reads no pixel
    feedline verify train.pipe        do the batches hold what is promised? proved on the data
    feedline explain train.pipe       what does the file mean? types, policies, defaults
    feedline show train.pipe          which samples does one batch hold?
    feedline run train.pipe           read every batch, count, compare
    feedline bench train.pipe         how fast is it, where does the time go, what would help?
    feedline rule FL101               what does that code mean?
    feedline doc RandomResizedCrop    what does that word mean, and what does it take?
    feedline lsp                      serve an editor, which starts this itself

    Exit codes: 0 good, 1 something is wrong (and was said), 2 wrong usage, 3 `fmt --check` found something, 130 stopped
    by Ctrl-C.
    """


def application(arguments: Sequence[str] | None) -> int:
    """Run the command that `arguments` name and return its exit code."""
    try:
        result = feedline.main(arguments, prog_name="feedline", standalone_mode=False)
    except click.Abort as stop:
        # What click makes of Ctrl-C.
        raise KeyboardInterrupt from stop
    except click.ClickException as problem:
        problem.show()
        return problem.exit_code
    return result if isinstance(result, int) else 0
