"""`textDocument/diagnostic`: what `feedline check` says, for clients that ask for it. Others are sent it (`checks`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.capabilities import get_capability

from feedline.lsp.diagnostics import diagnostics

if TYPE_CHECKING:
    from feedline.lsp.server import Server

METHOD = types.TEXT_DOCUMENT_DIAGNOSTIC
OPTIONS = types.DiagnosticOptions(inter_file_dependencies=True, workspace_diagnostics=False, identifier="feedline")
EMPTY = types.RelatedFullDocumentDiagnosticReport([])


def wanted(client: types.ClientCapabilities) -> bool:
    """Whether the client asks, and so is not sent diagnostics."""
    return get_capability(client, "text_document.diagnostic") is not None


def answer(server: Server, params: types.DocumentDiagnosticParams) -> types.DocumentDiagnosticReport:
    """Everything, or that it is what it was when the client last asked."""
    uri = params.text_document.uri
    number = str(server.documents.number(uri))
    if params.previous_result_id == number:
        return types.RelatedUnchangedDocumentDiagnosticReport(number)
    return types.RelatedFullDocumentDiagnosticReport(diagnostics(server.documents, uri), result_id=number)
