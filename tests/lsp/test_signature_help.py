"""`textDocument/signatureHelp`."""

from __future__ import annotations

import pytest
from lsprotocol import types
from sessions import Editor

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_parameter_at_the_cursor_is_active(editor: Editor) -> None:
    """Its label is where it stands in the signature."""
    text = editor.open("transform t { RandomResizedCrop(224, ‸")
    params = types.SignatureHelpParams(text.id, text.cursor)
    found = await editor.client.text_document_signature_help_async(params)
    assert found is not None
    (shown,) = found.signatures
    assert shown.parameters is not None and 1 == found.active_parameter
    label = shown.parameters[1].label
    assert "scale=(0.08, 1.0)" == (label if isinstance(label, str) else shown.label[slice(*label)])


async def test_outside_of_calls_there_is_none(editor: Editor) -> None:
    """Nor in a call of nothing known."""
    for source in ("let a = ‸1", "let a = nothing(‸)"):
        text = editor.open(source)
        params = types.SignatureHelpParams(text.id, text.cursor)
        assert None is await editor.client.text_document_signature_help_async(params)
