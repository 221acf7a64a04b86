"""The server: takes each message in its turn, has a feature answer it, and outlives whatever goes wrong in one.

One thread answers, in the order in which the messages came; the loop that reads them only hands them on. So a request
that is cancelled, or is about a text that has changed meanwhile, is never begun, and an answer is always about the text
that its question was about.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import Any, TypeVar

from lsprotocol import types
from pygls.capabilities import get_capability
from pygls.exceptions import FeatureRequestError, JsonRpcException, JsonRpcInternalError
from pygls.lsp.server import LanguageServer

from feedline import __version__
from feedline.lsp import settings
from feedline.lsp.checks import Checks
from feedline.lsp.documents import Change, Documents, NoDocumentError
from feedline.lsp.features import FEATURES
from feedline.lsp.protocol import Protocol

T = TypeVar("T")

TABLES = "**/*.{csv,tsv,json,jsonl,parquet}"
"""Files that data are counted from; folders of images change too often, and in too many places."""

log = logging.getLogger(__name__)


def _worth_logging(record: logging.LogRecord) -> bool:
    """pygls logs every refusal as a mistake."""
    reason = record.exc_info[1] if record.exc_info else None
    return not isinstance(reason, JsonRpcException) or isinstance(reason, JsonRpcInternalError)


logging.getLogger("pygls.protocol.json_rpc").addFilter(_worth_logging)


class OutdatedError(JsonRpcException):
    """The text has changed since the question came. Clients ask again if they still want to know."""

    CODE = types.LSPErrorCodes.ContentModified
    MESSAGE = "the text has changed since"


class TooEarlyError(JsonRpcException):
    """Nothing is answered before the client has said what it can do."""

    CODE = types.ErrorCodes.ServerNotInitialized
    MESSAGE = "`initialize` comes first"


class Server(LanguageServer):
    """`feedline lsp`, with the features of `feedline.lsp.features`."""

    def __init__(self) -> None:
        super().__init__("feedline", __version__, protocol_cls=Protocol)
        self.documents = Documents()
        self.features = tuple(import_module(f"feedline.lsp.features.{name}") for name in FEATURES)
        self.checks = Checks(self)
        self.offered: dict[str, Any] = {}
        """The documentation of what completion last offered, by what the client knows the offers by."""
        self._answers = ThreadPoolExecutor(1, "answers")
        self._begun = False
        self._arrived: dict[str, object] = {}
        """What last came about each text, be it its turn or not."""
        self._tasks: set[asyncio.Task[Any]] = set()
        for method, handler in (
            (types.INITIALIZE, self._initialize),
            (types.INITIALIZED, self._initialized),
            (types.WORKSPACE_DID_CHANGE_CONFIGURATION, self._configured),
            (types.WORKSPACE_DID_CHANGE_WATCHED_FILES, self._files_changed),
            (types.TEXT_DOCUMENT_DID_SAVE, self._saved),
        ):
            self.feature(method)(partial(handler))
        for feature in self.features:
            if not hasattr(feature, "wanted"):
                self._register(feature)

    @property
    def left_well(self) -> bool:
        """Whether the client has said that it leaves."""
        return isinstance(self.protocol, Protocol) and self.protocol.left_well

    # ---- in turn

    async def in_turn(self, work: Callable[[], T]) -> T:
        """Do something once everything that came before has been done."""
        return await asyncio.get_running_loop().run_in_executor(self._answers, work)

    def arrived(self, uri: str) -> object:
        """What last came about a text: the same again only if nothing has."""
        return self._arrived.get(uri)

    def start(self, work: Coroutine[Any, Any, object]) -> None:
        """Do something beside everything else; what goes wrong in it is logged."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("something went wrong", exc_info=task.exception())

    def _register(self, feature: ModuleType) -> None:
        if hasattr(feature, "register"):
            feature.register(self)
            return
        empty = getattr(feature, "EMPTY", None)

        async def handler(params: Any) -> Any:
            if not self._begun:
                raise TooEarlyError
            uri = getattr(getattr(params, "text_document", None), "uri", "")
            arrived = self.arrived(uri)

            def work() -> Any:
                if self.arrived(uri) is not arrived:
                    raise OutdatedError
                return feature.answer(self, params)

            try:
                return await self.in_turn(work)
            except NoDocumentError:
                return empty
            except JsonRpcException:
                raise  # an answer too: it says why there is no other
            except Exception:
                log.exception("%s failed", feature.METHOD)
                return empty

        self.feature(feature.METHOD, getattr(feature, "OPTIONS", None))(handler)

    # ---- texts

    async def opened(self, item: types.TextDocumentItem) -> None:
        """A text has been opened."""
        self._arrived[item.uri] = object()
        await self.in_turn(lambda: self.documents.open(item.uri, item.version, item.text))
        self.checks.soon(item.uri, 0)
        self.checks.count(item.uri)

    async def changed(self, item: types.VersionedTextDocumentIdentifier, changes: Sequence[Change]) -> None:
        """A text has been changed."""
        self._arrived[item.uri] = object()
        await self.in_turn(lambda: self.documents.change(item.uri, item.version, changes))
        self.checks.soon(item.uri)

    async def closed(self, uri: str) -> None:
        """A text has been closed: what the disk holds counts again."""
        self._arrived.pop(uri, None)
        await self.in_turn(lambda: self.documents.close(uri))
        self.checks.end(uri)

    def _saved(self, params: types.DidSaveTextDocumentParams) -> None:
        self.checks.count(params.text_document.uri)

    def _files_changed(self, params: types.DidChangeWatchedFilesParams) -> None:
        data = [change for change in params.changes if not change.uri.endswith(".pipe")]
        if len(data) < len(params.changes):
            self.checks.everything()
        if data:
            self.checks.count_again()

    # ---- the session

    def _initialize(self, params: types.InitializeParams) -> None:
        self._begun = True
        encoding = self.protocol.workspace.position_encoding
        self.documents.encoding = str(getattr(encoding, "value", encoding))
        self._take(params.initialization_options)
        for feature in self.features:
            if hasattr(feature, "wanted") and feature.wanted(params.capabilities):
                self._register(feature)

    async def _initialized(self, params: types.InitializedParams) -> None:
        if get_capability(self.client_capabilities, "workspace.did_change_watched_files.dynamic_registration"):
            self.start(self._watch())
        await self._ask_settings()

    async def _watch(self) -> None:
        """Be told of files that others change, or that are not open."""
        watched = [types.FileSystemWatcher(pattern) for pattern in ("**/*.pipe", TABLES)]
        options = types.DidChangeWatchedFilesRegistrationOptions(watched)
        method = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
        registration = types.Registration("watched files", method, options)
        await self.client_register_capability_async(types.RegistrationParams([registration]))

    async def _configured(self, params: types.DidChangeConfigurationParams) -> None:
        if not await self._ask_settings():
            self._take(params.settings)

    async def _ask_settings(self) -> bool:
        """Take the settings from the client; False if it cannot be asked."""
        if not get_capability(self.client_capabilities, "workspace.configuration"):
            return False
        item = types.ConfigurationItem(section="feedline")
        found = await self.workspace_configuration_async(types.ConfigurationParams([item]))
        if found and found[0] is not None:
            self._take(found[0])
        return True

    def _take(self, given: object) -> None:
        found, wrong = settings.read(given)
        for fault in wrong:
            self.window_show_message(types.ShowMessageParams(types.MessageType.Warning, fault))
        if found != self.documents.settings:
            self.documents.settings = found
            self.checks.everything()

    # ---- the end

    def report_server_error(self, error: Exception, source: object) -> None:
        """What goes wrong outside a feature is logged; nobody can do anything about it in an editor."""
        if source is not FeatureRequestError:  # the answer says so itself
            log.error("%s", error)

    def shutdown(self) -> None:
        """Stop, whatever is still to be answered."""
        self._answers.shutdown(wait=False, cancel_futures=True)
        super().shutdown()
