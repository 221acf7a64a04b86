"""The texts that are open in the editor, and what is known of each.

An analysis is made when something is first asked of a version of a text, and serves everything else that is asked of
it. It is made again when a file that the text imports has changed, on the disk or in the editor.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from attrs import define, field, frozen
from lsprotocol import types
from pygls.uris import from_fs_path, to_fs_path

from feedline.compiler.ide.analysis import Analysis, analyse
from feedline.compiler.ide.known import KnownData
from feedline.compiler.names import Unit
from feedline.compiler.params import Given
from feedline.compiler.read import read_source
from feedline.dsl import tree
from feedline.dsl.diagnostics import Reporter
from feedline.dsl.source import SourceText, Span
from feedline.lsp.positions import Positions
from feedline.lsp.settings import Settings

Change: TypeAlias = types.TextDocumentContentChangeEvent


class NoDocumentError(Exception):
    """What is asked about is neither open nor a file that can be read."""


@frozen(eq=False)
class Document:
    """One version of a text. `path` is absolute; of a text that is no file, its URI in `<...>`."""

    uri: str
    version: int | None
    """None of a file that is not open."""
    source: SourceText

    @property
    def path(self) -> str:
        """What spans call the text."""
        return self.source.path

    @property
    def text(self) -> str:
        """The whole text."""
        return self.source.text


@frozen(eq=False)
class _Known:
    """An analysis with all that it was made from."""

    document: Document
    settings: Settings
    data: KnownData | None
    imports: Mapping[str, object]
    """A stamp for each file that an import names, be it there or not."""
    analysis: Analysis
    number: int


@define(eq=False)
class Documents:
    """Every open document, by its URI. Used by one thread."""

    encoding: str = "utf-16"
    settings: Settings = field(factory=Settings)
    seconds: float = 0.0
    """How long the last analysis took."""
    _open: dict[str, Document] = field(factory=dict)
    _known: dict[str, _Known] = field(factory=dict)
    _data: dict[str, KnownData] = field(factory=dict)
    _numbers: int = 0

    # ---- what the editor says

    def open(self, uri: str, version: int, text: str) -> None:
        """Take in a text."""
        self._open[uri] = Document(uri, version, SourceText(path_of(uri), text))

    def change(self, uri: str, version: int, changes: Iterable[Change]) -> None:
        """Take in changes, each to what those before it left. Nothing happens to a text that is not open."""
        document = self._open.get(uri)
        if document is None:
            return
        source = document.source
        for change in changes:
            source = SourceText(source.path, _changed(Positions(source, self.encoding), change))
        self._open[uri] = Document(uri, version, source)

    def close(self, uri: str) -> None:
        """Forget a text."""
        self._open.pop(uri, None)
        self._known.pop(uri, None)

    def take_data(self, path: str, data: KnownData) -> None:
        """Take in what is known of the data of the file at a path."""
        self._data[path] = data

    # ---- what is there

    def __iter__(self) -> Iterator[Document]:
        return iter(self._open.values())

    def is_open(self, uri: str) -> bool:
        """Whether the editor holds the text, and not the disk."""
        return uri in self._open

    def get(self, uri: str) -> Document:
        """A document, read from the disk if it is not open. NoDocumentError if it cannot be."""
        if uri in self._open:
            return self._open[uri]
        path = to_fs_path(uri)
        source = read_source(path, Reporter()) if path else None
        if source is None:
            raise NoDocumentError(uri)
        return Document(uri, None, source)

    def analysis(self, uri: str) -> Analysis:
        """What there is to know of a document in its present version. NoDocumentError as `get`."""
        return self._up_to_date(uri).analysis

    def number(self, uri: str) -> int:
        """A number that is another whenever the analysis is."""
        return self._up_to_date(uri).number

    def importers(self, uri: str) -> list[str]:
        """The open documents that import another, near or far, as far as they have been looked at."""
        path = path_of(uri)
        return [other for other, known in self._known.items() if path in known.imports and other != uri]

    def uri(self, path: str) -> str:
        """The URI of a text that spans call `path`: for an open one, that by which the editor knows it."""
        for document in self._open.values():
            if document.path == path:
                return document.uri
        return path[1:-1] if path.startswith("<") else from_fs_path(path) or path

    def positions(self, source: SourceText) -> Positions:
        """The places of a text in the encoding of this session."""
        return Positions(source, self.encoding)

    def location(self, span: Span, analysis: Analysis) -> types.Location | None:
        """Where a span of an analysis is, in this file or an imported one. None if its text is not known."""
        source = next((unit.source for unit in analysis.ctx.units if unit.source.path == span.path), None)
        return source and types.Location(self.uri(span.path), self.positions(source).range(span))

    # ---- analyses

    def _up_to_date(self, uri: str) -> _Known:
        document = self.get(uri)
        data = self._data.get(document.path) if self.settings.data else None
        known = self._known.get(uri)
        if (
            known is not None
            and (known.document is document or (known.document.text == document.text and not self.is_open(uri)))
            and (known.settings is self.settings and known.data is data)
            and all(self._stamp(path) == stamp for path, stamp in known.imports.items())
        ):
            return known
        begin = time.perf_counter()
        analysis = self._analyse(document, data)
        self.seconds = time.perf_counter() - begin
        stamps = {path: self._stamp(path) for unit in analysis.ctx.units for path, _ in imports(unit)}
        self._numbers += 1
        known = _Known(document, self.settings, data, stamps, analysis, self._numbers)
        if self.is_open(uri):
            self._known[uri] = known
        return known

    def _analyse(self, document: Document, data: KnownData | None) -> Analysis:
        texts = {other.path: other.text for other in self._open.values() if other is not document}
        given = {name: Given(value) for name, value in self.settings.params.items()}
        analysis = analyse(document.text, document.path, texts, params=given, known=data)
        if given.keys() <= analysis.ctx.parameters.keys():
            return analysis
        # Set for other files of the same folder.
        given = {name: value for name, value in given.items() if name in analysis.ctx.parameters}
        return analyse(document.text, document.path, texts, params=given, known=data)

    def _stamp(self, path: str) -> object:
        """What is another once the file at a path is."""
        for document in self._open.values():
            if document.path == path:
                return document
        try:
            state = os.stat(path)
        except (OSError, ValueError):
            return None
        return state.st_mtime_ns, state.st_size


def path_of(uri: str) -> str:
    """What spans call the text of a URI."""
    path = to_fs_path(uri)
    return os.path.normpath(path) if path and os.path.isabs(path) else f"<{uri}>"


def _changed(positions: Positions, change: Change) -> str:
    text = positions.source.text
    if isinstance(change, types.TextDocumentContentChangeWholeDocument):
        return change.text
    span = positions.span(change.range)
    return text[: span.start] + change.text + text[span.end :]


def imports(unit: Unit) -> Iterator[tuple[str, tree.Import]]:
    """The imports of a file, each with the absolute path that it names."""
    for node in unit.tree.declarations:
        if isinstance(node, tree.Import) and len(node.path.parts) == 1 and isinstance(node.path.parts[0], str):
            yield os.path.normpath(unit.folder / node.path.parts[0]), node
