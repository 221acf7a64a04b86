"""What goes over the wire, where pygls would do it otherwise.

Changes of texts take their turn among the requests, a request that cannot be understood gets an answer, and pygls keeps
no texts of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams
from pygls.protocol import LanguageServerProtocol, lsp_method
from pygls.protocol.json_rpc import JsonRPCNotification

if TYPE_CHECKING:
    from feedline.lsp.server import Server


class Protocol(LanguageServerProtocol):
    """The protocol of a `Server`."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        # What a text that comes before `initialize` is met with; pygls has no answer then.
        self.client_capabilities = types.ClientCapabilities()

    @property
    def left_well(self) -> bool:
        """Whether the client has said that it leaves."""
        return self._shutdown

    # pygls runs coroutines as well as the generators that it has in these places.
    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    async def lsp_text_document__did_open(self, params: Any) -> None:  # pyright: ignore  # see above
        """A text has been opened."""
        await self._feedline.opened(params.text_document)

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    async def lsp_text_document__did_change(self, params: Any) -> None:  # pyright: ignore  # see above
        """A text has been changed."""
        await self._feedline.changed(params.text_document, params.content_changes)

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    async def lsp_text_document__did_close(self, params: Any) -> None:  # pyright: ignore  # see above
        """A text has been closed."""
        await self._feedline.closed(params.text_document.uri)

    def structure_message(self, data: dict[str, Any]) -> Any:
        """A message from its JSON; one that makes no sense is answered at once, if it waits for an answer."""
        try:
            return super().structure_message(data)
        except JsonRpcException as fault:
            if "method" in data and isinstance(data.get("id"), int | str):
                self._send_response(data["id"], error=JsonRpcInvalidParams(str(fault.__cause__)).to_response_error())
            return JsonRPCNotification("$/misunderstood", "2.0", None)

    @property
    def _feedline(self) -> Server:
        return cast("Server", self._server)
