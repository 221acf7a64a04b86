"""What features share: where the cursor is, and edits as the client takes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen
from lsprotocol import types
from pygls.capabilities import get_capability

from feedline.compiler.ide import Analysis
from feedline.dsl.diagnostics import Edit
from feedline.dsl.source import SourceText, Span
from feedline.lsp.positions import Positions

if TYPE_CHECKING:
    from feedline.lsp.server import Server


@frozen
class Asked:
    """The text that a request is about, with what is known of it."""

    server: Server
    uri: str
    analysis: Analysis
    positions: Positions

    def offset(self, position: types.Position) -> int:
        """The offset of a position in the text."""
        return self.positions.offset(position)

    def range(self, span: Span) -> types.Range:
        """The range of a span of the text."""
        return self.positions.range(span)

    def can(self, capability: str) -> bool:
        """Whether the client has said that it can do something."""
        return bool(get_capability(self.server.client_capabilities, capability, False))

    def properties(self, capability: str) -> Sequence[str]:
        """The properties of an answer that the client asks for only when it shows them."""
        found = get_capability(self.server.client_capabilities, capability)
        return found.properties if found is not None else ()

    def written(self, text: str, capability: str) -> types.MarkupContent:
        """A text in Markdown, which clients that do not know it show as it is. `capability`: the formats that they
        take there."""
        formats = get_capability(self.server.client_capabilities, capability) or ()
        kind = types.MarkupKind.Markdown if types.MarkupKind.Markdown in formats else types.MarkupKind.PlainText
        return types.MarkupContent(kind, text)

    @property
    def others(self) -> list[Analysis]:
        """The analyses of the other open texts."""
        documents = self.server.documents
        return [documents.analysis(document.uri) for document in documents if document.uri != self.uri]

    def location(self, span: Span) -> types.Location | None:
        """Where a span of this text, or of one that it has to do with, is. None if its text is not known."""
        source = self._source(span.path)
        return source and types.Location(
            self.server.documents.uri(span.path), self.server.documents.positions(source).range(span)
        )

    def workspace_edit(self, edits: Iterable[Edit]) -> types.WorkspaceEdit:
        """Edits of any of the texts, with their versions if the client takes them."""
        by_uri: dict[str, list[types.TextEdit]] = {}
        for edit in edits:
            location = self.location(edit.span)
            if location is not None:
                by_uri.setdefault(location.uri, []).append(types.TextEdit(location.range, edit.text))
        if not self.can("workspace.workspace_edit.document_changes"):
            return types.WorkspaceEdit(changes=by_uri)
        changed: list[Any] = []
        for uri, found in by_uri.items():
            version = self.server.documents.get(uri).version
            changed.append(types.TextDocumentEdit(types.OptionalVersionedTextDocumentIdentifier(uri, version), found))
        return types.WorkspaceEdit(document_changes=changed)

    def _source(self, path: str) -> SourceText | None:
        if path == self.analysis.path:
            return self.analysis.source
        units = (unit for analysis in (self.analysis, *self.others) for unit in analysis.ctx.units)
        return next((unit.source for unit in units if unit.source.path == path), None)


def asked(server: Server, params: Any) -> Asked:
    """What a request about a text is about. NoDocumentError if there is no such text."""
    uri = params.text_document.uri
    analysis = server.documents.analysis(uri)
    return Asked(server, uri, analysis, server.documents.positions(analysis.source))
