"""Editors to test the language server with: what they declare is what VS Code and Neovim declare."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path
from typing import Any

from attrs import define, field
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities, make_test_lsp_client

from feedline.dsl.source import SourceText, Span
from feedline.lsp.positions import Positions

KINDS = {"vscode": "visual-studio-code", "neovim": "neovim"}
"""VS Code counts in UTF-16 and is sent diagnostics, Neovim counts in UTF-8 and asks for them."""

CURSOR = "‸"
LONG = 20.0

_numbers = count(1)


@define
class Text:
    """An open text. `cursors` are the places of the marks in what it was made from."""

    uri: str
    path: Path
    version: int
    positions: Positions
    cursors: list[int]

    @property
    def text(self) -> str:
        """What stands there."""
        return self.positions.source.text

    @property
    def id(self) -> types.TextDocumentIdentifier:
        """As requests name it."""
        return types.TextDocumentIdentifier(self.uri)

    @property
    def cursor(self) -> types.Position:
        """The place of the first mark."""
        return self.positions.position(self.cursors[0])

    def at(self, words: str) -> types.Position:
        """The beginning of the first such words."""
        return self.positions.position(self.text.index(words))

    def range(self, words: str) -> types.Range:
        """The first such words."""
        start = self.text.index(words)
        return self.positions.range(Span("", start, start + len(words)))

    def under(self, range: types.Range) -> str:
        """What stands at a range."""
        span = self.positions.span(range)
        return self.text[span.start : span.end]

    def edited(self, edits: Iterable[types.TextEdit]) -> str:
        """The text after edits."""
        text = self.text
        for edit in sorted(edits, key=lambda edit: self.positions.offset(edit.range.start), reverse=True):
            span = self.positions.span(edit.range)
            text = text[: span.start] + edit.new_text + text[span.end :]
        return text


@define
class Editor:
    """A running server, and the client that talks to it."""

    kind: str
    client: LanguageClient
    folder: Path
    published: list[types.PublishDiagnosticsParams] = field(factory=list)
    registered: list[types.RegistrationParams] = field(factory=list)
    initialized: types.InitializeResult | None = None

    @classmethod
    async def start(
        cls,
        kind: str,
        folder: Path,
        encodings: list[str] | None = None,
        settings: object = None,
        before: str = "",
        change: Callable[[types.ClientCapabilities], object] = id,
    ) -> Editor:
        """Start a server as an editor does. `settings` are those of the user, `encodings` the client's if not usual,
        `before` what the server's process runs first, `change` what this client has otherwise than its kind."""
        run = f"{before}\nimport sys\nfrom feedline.cli import main\nsys.exit(main(['lsp']))"
        client = await ClientServerConfig([sys.executable, "-c", run], make_test_lsp_client).start()
        assert isinstance(client, LanguageClient)
        editor = cls(kind, client, folder)
        features: dict[str, Any] = client.protocol.fm.features
        features[types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS] = editor.published.append
        # Declared by VS Code.
        features[types.CLIENT_REGISTER_CAPABILITY] = editor.registered.append
        features[types.WORKSPACE_INLAY_HINT_REFRESH] = lambda params: None
        features[types.WORKSPACE_CODE_LENS_REFRESH] = lambda params: None
        if settings is not None:
            client.set_configuration(settings, section="feedline")
        capabilities = client_capabilities(KINDS[kind])
        if encodings is not None:
            capabilities.general = types.GeneralClientCapabilities(position_encodings=encodings)
        change(capabilities)
        folders = [types.WorkspaceFolder(folder.as_uri(), folder.name)]
        parameters = types.InitializeParams(
            capabilities, root_uri=folder.as_uri(), workspace_folders=folders, initialization_options=settings
        )
        editor.initialized = await client.initialize_session(parameters)
        return editor

    async def stop(self) -> None:
        """Say goodbye, and wait until the server has gone."""
        await self.client.shutdown_session()
        await self.client.stop()

    @property
    def encoding(self) -> str:
        """What positions count."""
        assert self.initialized is not None
        encoding = self.initialized.capabilities.position_encoding
        return str(getattr(encoding, "value", encoding) or "utf-16")

    def open(self, text: str, name: str | None = None, write: bool = False) -> Text:
        """Open a text as a new file of the folder, without the marks for cursors in it. `write` saves it too."""
        pieces = text.split(CURSOR)
        cursors = [sum(map(len, pieces[:number])) for number in range(1, len(pieces))]
        path = self.folder / (name or f"text{next(_numbers)}.pipe")
        whole = "".join(pieces)
        opened = Text(path.as_uri(), path, 1, Positions(SourceText(str(path), whole), self.encoding), cursors)
        if write:
            path.write_text(whole, encoding="utf-8")
        item = types.TextDocumentItem(opened.uri, "pipe", 1, whole)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return opened

    def change(self, text: Text, *changes: tuple[types.Range, str] | str) -> None:
        """Change an open text: ranges and what takes their place, each in what the change before it left, or all of
        it."""
        text.version += 1
        events: list[types.TextDocumentContentChangeEvent] = []
        for change in changes:
            if isinstance(change, str):
                events.append(types.TextDocumentContentChangeWholeDocument(change))
                whole = change
            else:
                events.append(types.TextDocumentContentChangePartial(text=change[1], range=change[0]))
                whole = text.edited([types.TextEdit(*change)])
            text.positions = Positions(SourceText(str(text.path), whole), self.encoding)
        item = types.VersionedTextDocumentIdentifier(text.version, text.uri)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(item, events))

    def send(self, body: str | dict[str, object]) -> None:
        """Put something on the wire as it is."""
        content = body if isinstance(body, str) else json.dumps(body)
        writer = self.client.protocol.writer
        assert writer is not None
        writer.write(f"Content-Length: {len(content.encode())}\r\n\r\n{content}".encode())

    async def request(self, method: str, params: object) -> Any:
        """Ask with parameters as they are."""
        number = f"raw {next(_numbers)}"
        waiting: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.client.protocol._request_futures[number] = waiting  # pyright: ignore  # pygls itself sends only what is right
        self.send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        return await asyncio.wait_for(waiting, LONG)

    def close(self, text: Text) -> None:
        """Close a text."""
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(text.id))

    async def diagnostics(self, text: Text) -> list[types.Diagnostic]:
        """What is said of the present version of a text, asked for or sent, as the editor has it."""
        if self.kind == "neovim":
            report = await self.client.text_document_diagnostic_async(types.DocumentDiagnosticParams(text.id))
            assert isinstance(report, types.RelatedFullDocumentDiagnosticReport)
            return list(report.items)
        async with asyncio.timeout(LONG):
            while not (found := self.sent(text)) or found[-1].version != text.version:
                await asyncio.sleep(0.01)
        return list(found[-1].diagnostics)

    def sent(self, text: Text) -> list[types.PublishDiagnosticsParams]:
        """What has been sent about a text so far."""
        return [item for item in self.published if item.uri == text.uri]
