"""`workspace/executeCommand`: `feedline verify`, `show` and `explain` of a loader, in another process."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.uris import to_fs_path

if TYPE_CHECKING:
    from feedline.lsp.server import Server

METHOD = types.WORKSPACE_EXECUTE_COMMAND
COMMANDS = ("verify", "show", "explain")


def register(server: Server) -> None:
    """Each command takes the URI of a file and the name of a loader. What it prints is its result, and is logged."""
    for word in COMMANDS:
        _register(server, word)


def _register(server: Server, word: str) -> None:
    async def run(uri: str = "", loader: str = "") -> str | None:
        path = to_fs_path(uri)
        if not path or not os.path.isfile(path):
            message = f"save the file first: `feedline {word}` reads it"
            server.window_show_message(types.ShowMessageParams(types.MessageType.Warning, message))
            return None
        values = await server.in_turn(lambda: _values(server, uri))
        code, text = await _output(word, "--loader", loader, *values, path)
        kind = types.MessageType.Error if code else types.MessageType.Info
        server.window_log_message(types.LogMessageParams(kind, f"feedline {word} --loader {loader}\n\n{text}"))
        last = next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
        shown = last if word == "verify" or code else f"`feedline {word}` is in the log"
        server.window_show_message(types.ShowMessageParams(kind, f"{loader}: {shown}"))
        return text

    server.command(f"feedline.{word}")(run)


def _values(server: Server, uri: str) -> list[str]:
    """The parameters that the user's settings give the file, as the command line takes them."""
    known = server.documents.analysis(uri).ctx.parameters
    given = {name: value for name, value in server.documents.settings.params.items() if name in known}
    texts = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in given.items()}
    return [word for name, text in texts.items() for word in ("-D", f"{name}={text}")]


async def _output(*words: str) -> tuple[int, str]:
    """The exit code of a command of feedline, and all that it prints."""
    nothing, pipe = asyncio.subprocess.DEVNULL, asyncio.subprocess.PIPE
    command = (sys.executable, "-m", "feedline", *words)
    process = await asyncio.create_subprocess_exec(
        *command, stdin=nothing, stdout=pipe, stderr=asyncio.subprocess.STDOUT, cwd=os.path.dirname(words[-1])
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode(errors="replace")
