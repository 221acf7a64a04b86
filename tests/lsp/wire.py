"""A client that says what it is told and no more, over standard input and output, for tests without an event loop."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from attrs import define, field


@define
class Wire:
    """One server. What it sends without being asked is passed over."""

    process: subprocess.Popen[bytes]
    _number: int = field(default=0)

    @classmethod
    def start(cls, encoding: str, *, introduced: bool = True) -> Wire:
        """Start a server for a client that asks for diagnostics and counts in `encoding`."""
        command = [sys.executable, "-m", "feedline", "lsp"]
        wire = cls(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        if introduced:
            wire.introduce(encoding)
        return wire

    def introduce(self, encoding: str) -> None:
        """Say what this client can do."""
        able = {"textDocument": {"diagnostic": {}}, "general": {"positionEncodings": [encoding]}}
        self.ask("initialize", {"processId": None, "rootUri": None, "capabilities": able})
        self.say("initialized", {})

    def say(self, method: str, params: object, **more: object) -> None:
        """Write one message."""
        body = json.dumps({"jsonrpc": "2.0", "method": method, "params": params, **more}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def ask(self, method: str, params: object) -> Any:
        """Ask, and wait for the answer."""
        self._number += 1
        self.say(method, params, id=self._number)
        while (message := self._read()).get("id") != self._number:
            pass
        assert "error" not in message, message
        return message["result"]

    def stop(self) -> int:
        """Say goodbye; the exit code."""
        self.ask("shutdown", None)
        self.say("exit", None)
        return self.process.wait(20)

    def _read(self) -> dict[str, Any]:
        output = self.process.stdout
        assert output is not None
        length = 0
        while line := output.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        return json.loads(output.read(length))
