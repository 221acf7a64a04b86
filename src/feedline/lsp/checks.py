"""When texts are checked: diagnostics are sent to clients that do not ask for them, news to those that do.

A text is checked when it has been opened, and when it, or a file that it imports, has not changed for a moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from attrs import define, field
from lsprotocol import types
from pygls.capabilities import get_capability

from feedline.lsp.counts import count
from feedline.lsp.diagnostics import diagnostics

if TYPE_CHECKING:
    from feedline.lsp.server import Server

PAUSE = 0.15
"""Seconds without a change before a text is checked."""

DATA_PAUSE = 1.0
"""The same before data are counted again: a file may be written in many steps."""


@define(eq=False)
class Checks:
    """The checks of one session."""

    server: Server
    _due: dict[str, asyncio.TimerHandle] = field(factory=dict)
    _counting: set[str] = field(factory=set)
    _again: asyncio.TimerHandle | None = None

    @property
    def asks(self) -> bool:
        """Whether the client asks for diagnostics; sent ones too would show everything twice."""
        return self._client("text_document.diagnostic") is not None

    def soon(self, uri: str, pause: float = PAUSE) -> None:
        """Check a text, and those that import it, once nothing has come about it for `pause` seconds."""
        self._drop(uri)
        later = asyncio.get_running_loop().call_later(pause, lambda: self.server.start(self._check(uri)))
        self._due[uri] = later

    def everything(self) -> None:
        """Check every open text: something has changed that any may depend on."""
        self.server.start(self._check_all())

    def end(self, uri: str) -> None:
        """A text has been closed: nothing more is to be said of it, and those that import it read the disk."""
        self._drop(uri)
        if not self.asks:
            self.server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))
        self.server.start(self._check_importers(uri))

    def count_again(self) -> None:
        """Count the data of every open file once nothing has come about data for a while."""
        if self._again is not None:
            self._again.cancel()
        later = asyncio.get_running_loop().call_later
        self._again = later(DATA_PAUSE, lambda: self.server.start(self._count_all()))

    def count(self, uri: str) -> None:
        """Count the data of a file that has been opened or saved, if the user wants that."""
        if self.server.documents.settings.data and uri not in self._counting:
            self._counting.add(uri)
            self.server.start(self._count(uri))

    def _drop(self, uri: str) -> None:
        due = self._due.pop(uri, None)
        if due is not None:
            due.cancel()

    def _client(self, capability: Any) -> Any:
        return get_capability(self.server.client_capabilities, capability)

    # ---- diagnostics

    async def _check(self, uri: str) -> None:
        if not self.asks:
            await self._publish([uri])
        await self._check_importers(uri)

    async def _check_importers(self, uri: str) -> None:
        documents = self.server.documents
        importers = await self.server.in_turn(lambda: documents.importers(uri))
        if not self.asks:
            await self._publish(importers)
        elif importers:
            await self._refresh_diagnostics()

    async def _check_all(self) -> None:
        documents = self.server.documents
        if self.asks:
            await self._refresh_diagnostics()
        else:
            await self._publish(await self.server.in_turn(lambda: [document.uri for document in documents]))
        await self._refresh_views()

    async def _publish(self, uris: Iterable[str]) -> None:
        """Send what is to be said of texts, but for one that has changed before that was known."""
        documents = self.server.documents
        for uri in uris:
            arrived = self.server.arrived(uri)

            def work(uri: str = uri, arrived: object = arrived) -> types.PublishDiagnosticsParams | None:
                if not documents.is_open(uri) or self.server.arrived(uri) is not arrived:
                    return None
                return types.PublishDiagnosticsParams(uri, diagnostics(documents, uri), documents.get(uri).version)

            found = await self.server.in_turn(work)
            if found is not None and self.server.arrived(uri) is arrived:
                self.server.text_document_publish_diagnostics(found)

    async def _refresh_diagnostics(self) -> None:
        if self._client("workspace.diagnostics.refresh_support"):
            await self.server.workspace_diagnostic_refresh_async(None)

    async def _refresh_views(self) -> None:
        """Have the client ask again for what it shows between the lines."""
        if self._client("workspace.inlay_hint.refresh_support"):
            await self.server.workspace_inlay_hint_refresh_async(None)
        if self._client("workspace.code_lens.refresh_support"):
            await self.server.workspace_code_lens_refresh_async(None)

    # ---- data

    async def _count_all(self) -> None:
        if self._counting:
            self.count_again()  # what is being counted is already of yesterday
            return
        documents = self.server.documents
        for uri in await self.server.in_turn(lambda: [document.uri for document in documents]):
            self.count(uri)

    async def _count(self, uri: str) -> None:
        documents = self.server.documents
        try:
            path = (await self.server.in_turn(lambda: documents.get(uri))).path
            known = await count(path)
        finally:
            self._counting.discard(uri)
        if known is not None:
            await self.server.in_turn(lambda: documents.take_data(path, known))
            await self._refresh_views()
