"""`workspace/symbol`: what the files of the workspace declare."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.uris import to_fs_path

from feedline.compiler.ide import Analysis, analyse
from feedline.compiler.ide.symbols import workspace_symbols
from feedline.compiler.read import read_source
from feedline.dsl.diagnostics import Reporter
from feedline.lsp.features.document_symbol import KINDS

if TYPE_CHECKING:
    from feedline.lsp.server import Server

METHOD = types.WORKSPACE_SYMBOL
EMPTY: list[types.SymbolInformation] = []

MAX_FILES = 200
"""So many files that are not open are looked into at most."""

_SKIPPED = frozenset({"node_modules", "__pycache__", "venv", "site-packages"})


def answer(server: Server, params: types.WorkspaceSymbolParams) -> list[types.SymbolInformation]:
    """Of the open files, and of those in the folders of the workspace."""
    documents = server.documents
    analyses = {document.path: documents.analysis(document.uri) for document in documents}
    for path, stamp in _files(server):
        if path not in analyses and (analysis := _read(path, stamp)) is not None:
            analyses[path] = analysis
    found: list[types.SymbolInformation] = []
    for analysis in analyses.values():
        positions, uri = documents.positions(analysis.source), documents.uri(analysis.path)
        for entry in workspace_symbols(analysis, params.query):
            location = types.Location(uri, positions.range(entry.name_span))
            found.append(types.SymbolInformation(location, entry.name, KINDS[entry.kind], container_name=entry.kind))
    return found


def _files(server: Server) -> Iterator[tuple[str, float]]:
    """The files of the workspace, each with the time of its last change."""
    left = MAX_FILES
    for folder in server.workspace.folders.values():
        for where, folders, names in os.walk(to_fs_path(folder.uri) or ""):
            folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _SKIPPED)
            for name in sorted(names):
                path = os.path.join(where, name)
                if name.endswith(".pipe") and left > 0 and os.path.isfile(path):
                    left -= 1
                    with suppress(OSError):  # deleted since
                        yield path, os.stat(path).st_mtime


@lru_cache(maxsize=MAX_FILES)
def _read(path: str, stamp: float) -> Analysis | None:
    """A file as it was at a time; None if it cannot be read."""
    source = read_source(path, Reporter())
    return None if source is None else analyse(source.text, path)
