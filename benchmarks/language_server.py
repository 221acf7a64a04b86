"""How soon `feedline lsp` answers in a file of 500 lines: the first question after a keystroke, and further ones.

    python benchmarks/language_server.py [--quick] [--rounds N]

A session over standard input and output, as an editor has it. Every keystroke is followed by one question at once, each
method in its turn, so each answer waits for the text to be read anew: the worst case. Then the same is asked again,
without a keystroke. Times are the client's, from writing the question to having the whole answer; beside them stands
what the server's threads had of a processor, which a busy machine does not change as much.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles
from typing import Any

from attrs import define, field
from checking import HEAD, LOADER
from harness import Bench, main

LINES = 500
CHAIN = """\

# Stronger, for the later epochs.
transform stronger{number} {{
  RandomResizedCrop(size, scale=(0.08, 1.0), ratio=(0.75, 1.33), antialias=true)
  RandomHorizontalFlip(p=0.5)
  maybe 30% {{
    RandomAffine(degrees=(-10, 10), translate=(0.1, 0.1), scale=(0.9, 1.1))
  }}
  ToDtype(float32, scale=true)
  Normalize(imagenet.mean, imagenet.std)  # what the network was trained with
}}
"""
TRAIN = """\

loader train{number} from photos.train {{
  transform {{ stronger{number} }}
  sample {{
    batch 64                              # as in the first run
    order shuffled
    last drop
    seed {number}
  }}
  num_workers = 4
}}
"""
METHODS = (
    "completion", "signatureHelp", "hover", "definition", "references", "documentHighlight", "prepareRename",
    "documentSymbol", "foldingRange", "selectionRange", "semanticTokens/full", "codeAction", "inlayHint", "codeLens",
    "documentLink", "formatting", "diagnostic",
)  # fmt: skip


def program() -> str:
    """A file of `LINES` lines."""
    text, number = HEAD, 0
    while len(text.splitlines()) < LINES:
        text += CHAIN.format(number=number) + TRAIN.format(number=number)
        text += LOADER.format(name=f"val{number}", part="val")
        number += 1
    return text


@define
class Session:
    """One server, spoken to as plainly as possible."""

    process: subprocess.Popen[bytes]
    uri: str
    text: str
    version: int = 1
    _number: int = field(default=0)

    @classmethod
    def start(cls, path: Path, text: str) -> Session:
        """Start a server and open a text in it."""
        path.write_text(text)
        command = [sys.executable, "-m", "feedline", "lsp"]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        session = cls(process, path.as_uri(), text)
        # A client that asks for diagnostics, so that none are sent between the answers.
        able = {"textDocument": {"diagnostic": {}}, "general": {"positionEncodings": ["utf-32"]}}
        session.ask("initialize", {"processId": None, "rootUri": None, "capabilities": able})
        session.send("initialized", {})
        item = {"uri": session.uri, "languageId": "pipe", "version": 1, "text": text}
        session.send("textDocument/didOpen", {"textDocument": item})
        return session

    def send(self, method: str, params: object, **more: object) -> None:
        """Write one message."""
        body = json.dumps({"jsonrpc": "2.0", "method": method, "params": params, **more}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def ask(self, method: str, params: object) -> Any:
        """Ask, and wait for the answer."""
        self._number += 1
        self.send(method, params, id=self._number)
        while (message := self._read()).get("id") != self._number:
            pass
        assert "error" not in message, message
        return message["result"]

    def _read(self) -> dict[str, Any]:
        output = self.process.stdout
        assert output is not None
        length = 0
        while line := output.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        return json.loads(output.read(length))

    def type(self, offset: int, text: str) -> None:
        """Write something at an offset of the text."""
        place = self.place(offset)
        self.text = self.text[:offset] + text + self.text[offset:]
        self.version += 1
        item = {"uri": self.uri, "version": self.version}
        changes = [{"range": {"start": place, "end": place}, "text": text}]
        self.send("textDocument/didChange", {"textDocument": item, "contentChanges": changes})

    def place(self, offset: int) -> dict[str, int]:
        """Line and column of an offset."""
        before = self.text[:offset]
        return {"line": before.count("\n"), "character": offset - before.rfind("\n") - 1}

    def question(self, method: str, offset: int) -> object:
        """Ask a method about a place."""
        place, whole = self.place(offset), {"start": self.place(0), "end": self.place(len(self.text))}
        params = {
            "textDocument": {"uri": self.uri}, "position": place, "positions": [place],
            "range": whole if method == "inlayHint" else {"start": place, "end": place},
            "context": {"includeDeclaration": True, "diagnostics": [], "triggerKind": 1, "isRetrigger": False},
            "options": {"tabSize": 2, "insertSpaces": True},
        }  # fmt: skip
        return self.ask(f"textDocument/{method}", params)

    def busy(self) -> float:
        """How many seconds the server has worked, whatever else the machine was doing. Known on Linux alone."""
        tasks = Path(f"/proc/{self.process.pid}/task")
        return sum(int(path.read_text().split()[0]) for path in tasks.glob("*/schedstat")) / 1e9

    def stop(self) -> None:
        """Say goodbye."""
        self.ask("shutdown", None)
        self.send("exit", None)
        self.process.wait()


def keystrokes(text: str) -> Iterator[tuple[int, str]]:
    """A new step typed letter by letter into a chain in the middle, the text broken most of the time, over and over."""
    line = "  ColorJitter(brightness=0.4)\n"
    at = text.index("  ToDtype", len(text) // 2)
    while True:
        for number, letter in enumerate(line):
            yield at + number, letter


def run(bench: Bench) -> None:
    """Type, ask and print."""
    session = Session.start(bench.folder / "long.pipe", program())
    session.question("diagnostic", 0)
    first: dict[str, list[float]] = {method: [] for method in METHODS}
    again: dict[str, list[float]] = {method: [] for method in METHODS}
    worked: dict[str, list[float]] = {method: [] for method in METHODS}
    typed = keystrokes(session.text)
    for _ in range(2 if bench.quick else 6 * bench.rounds):
        for method in METHODS:
            offset, letter = next(typed)
            busy = session.busy()
            begin = time.perf_counter()
            session.type(offset, letter)
            session.question(method, offset + 1)
            first[method].append(time.perf_counter() - begin)
            worked[method].append(session.busy() - busy)
            begin = time.perf_counter()
            session.question(method, offset + 1)
            again[method].append(time.perf_counter() - begin)
    session.stop()
    found = (first, worked, again)
    columns = ("milliseconds", "median", "95 %", "of the processor", "95 %", "asked again", "95 %")
    rows = [(method, *_row(*(times[method] for times in found))) for method in METHODS]
    rows.append(("all", *_row(*([one for each in times.values() for one in each] for times in found))))
    bench.table(f"{LINES} lines, after a keystroke", columns, rows)


def _row(*found: list[float]) -> tuple[str, ...]:
    shares = [quantiles(times, n=100, method="inclusive") for times in found]
    return tuple(f"{1000 * share[place]:.1f}" for share in shares for place in (49, 94))


if __name__ == "__main__":
    main("Answers of the language server", run)
