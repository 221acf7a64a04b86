"""`feedline lsp`: the language server, for editors to start."""

from __future__ import annotations

import gc
import logging
import sys

import click

from feedline.cli.garbage import rare_collections

MISSING = "the language server is not installed: pip install 'feedline[lsp]'"


@click.command("lsp")
@click.option("--tcp", metavar="HOST:PORT", help="Wait there for one client, and serve it, instead of standard input.")
@click.option("--verbose", is_flag=True, help="Log every message to standard error.")
def command(tcp: str | None, verbose: bool) -> int:
    """Serve editors: diagnostics, completion, hover and the rest, by the Language Server Protocol.

    An editor starts this and talks to it over standard input and output. No data is opened and nothing is run. Needs
    the extra `lsp`.
    """
    host, port = _address(tcp) if tcp is not None else ("", 0)
    if tcp is None and (sys.stdin is None or sys.stdout is None):
        raise click.UsageError("an editor talks to it over standard input and output, which are closed")
    try:
        import pygls  # noqa: F401  # whether the extra is there
    except ImportError as missing:
        raise click.ClickException(MISSING) from missing
    from feedline.lsp.server import Server

    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr,
    )  # fmt: skip
    server = Server()
    # A session keeps many trees; each look through all of them is a pause that one sees.
    with rare_collections():
        gc.freeze()  # what has been imported stays: to look through it took 20 to 50 ms of an answer
        if tcp is not None:
            server.start_tcp(host, port)
        else:
            # What is printed by accident must not come between the messages.
            output, sys.stdout = sys.stdout, sys.stderr
            server.start_io(stdout=output.buffer)
    return 0 if server.left_well else 1


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise click.BadParameter(f"`{text}` is not of the form HOST:PORT", param_hint="--tcp")
    return host.strip("[]") or "127.0.0.1", int(port)
