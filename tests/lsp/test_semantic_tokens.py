"""`textDocument/semanticTokens`."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types
from sessions import Editor

from feedline.compiler.ide import analyse
from feedline.compiler.ide.semantic import MODIFIERS, TYPES, semantic_tokens
from feedline.dsl.source import SourceText
from feedline.lsp.features.semantic_tokens import encoded
from feedline.lsp.positions import Positions

asyncio = pytest.mark.asyncio(loop_scope="module")

TEXT = """\
let 𠮷 = "😀 ${root}"  # é
param root = "a"
transform pixels { ToDtype(float32, scale=true) }
"""


def decoded(data: Sequence[int]) -> list[tuple[types.Range, str, int]]:
    """The tokens as an editor reads them."""
    found: list[tuple[types.Range, str, int]] = []
    line = column = 0
    for at in range(0, len(data), 5):
        down, right, length, kind, flags = data[at : at + 5]
        line, column = line + down, right if down else column + right
        place = types.Range(types.Position(line, column), types.Position(line, column + length))
        found.append((place, TYPES[kind], flags))
    return found


@asyncio
async def test_each_word_is_what_it_is(editor: Editor) -> None:
    """Names by what they stand for, in the units of the session."""
    text = editor.open(TEXT)
    found = await editor.client.text_document_semantic_tokens_full_async(types.SemanticTokensParams(text.id))
    assert found is not None
    kinds = {text.under(place): kind for place, kind, _ in decoded(found.data)}
    expected = {"let": "keyword", "𠮷": "variable", "root": "parameter", "ToDtype": "class", "pixels": "function"}
    assert expected == {word: kinds[word] for word in expected}
    assert ("enumMember", "comment", "string") == (kinds["float32"], kinds["# é"], kinds['"😀 ${'])


@asyncio
async def test_a_range_has_its_tokens_alone(editor: Editor) -> None:
    """The same as in the whole file."""
    text = editor.open(TEXT)
    params = types.SemanticTokensRangeParams(text.id, text.range('root = "a"'))
    found = await editor.client.text_document_semantic_tokens_range_async(params)
    assert found is not None
    assert ["root", "=", '"a"'] == [text.under(place) for place, _, _ in decoded(found.data)]


@given(st.text('let a="${}😀é#\n\r{}(),1', max_size=40), st.sampled_from(["utf-8", "utf-16", "utf-32"]))
def test_an_editor_reads_back_what_was_meant(text: str, encoding: str) -> None:
    """Whatever the text and the encoding, every token is where it was."""
    analysis = analyse(text)
    tokens = semantic_tokens(analysis)
    positions = Positions(SourceText("<text>", text), encoding)
    read = [(positions.span(place), kind, flags) for place, kind, flags in decoded(list(encoded(tokens, positions)))]
    flags = [sum(1 << MODIFIERS.index(modifier) for modifier in token.modifiers) for token in tokens]
    assert [(t.span, t.type, flag) for t, flag in zip(tokens, flags, strict=True)] == read
