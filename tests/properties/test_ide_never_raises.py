"""Whatever a text says, wherever the cursor is, no feature of the editors raises."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from programs import programs

from feedline.compiler.ide import Analysis, analyse
from feedline.compiler.ide.actions import code_actions, fix_all
from feedline.compiler.ide.completion import completions
from feedline.compiler.ide.folding import folding
from feedline.compiler.ide.hover import hover
from feedline.compiler.ide.inlay import inlay_hints
from feedline.compiler.ide.lenses import code_lenses
from feedline.compiler.ide.links import links
from feedline.compiler.ide.references import definition, references
from feedline.compiler.ide.rename import RenameError, prepare_rename, rename
from feedline.compiler.ide.selection import selection
from feedline.compiler.ide.semantic import semantic_tokens
from feedline.compiler.ide.signature import signature
from feedline.compiler.ide.symbols import symbols
from feedline.dsl.fixes import apply
from feedline.dsl.unparse import unparse

_EXAMPLES = [path.read_text() for path in sorted((Path(__file__).parents[2] / "examples").glob("*.pipe"))]
_PUT_IN = ["", "(", "{", "}", ")", "[", '"', "${", "\n", ";", ".", "#", ",", "=", "force ", "transform x", "é𠮷"]

texts = st.sampled_from(_EXAMPLES) | programs.map(unparse)


@st.composite
def broken(draw: st.DrawFn) -> str:
    """A program with some of its text taken out or replaced, or cut off."""
    text = draw(texts)
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(text)))
        text = text[:start] + draw(st.sampled_from(_PUT_IN)) + text[start + draw(st.integers(0, 20)) :]
    return text[: draw(st.integers(0, len(text)))] if draw(st.booleans()) else text


def everywhere(analysis: Analysis) -> None:
    """What is asked about a whole file."""
    for ask in (symbols, folding, semantic_tokens, inlay_hints, code_lenses, links, fix_all):
        ask(analysis)


def at(analysis: Analysis, offset: int, end: int) -> None:
    """What is asked about a place, or about what is selected from there."""
    for ask in (completions, hover, signature, definition, references, selection):
        ask(analysis, offset)
    for action in code_actions(analysis, offset, end):
        if all(edit.span.path == analysis.path for edit in action.edits):
            apply(analysis.text, action.edits)
    try:
        edits = rename(analysis, offset, "other_name")
    except RenameError:
        return
    assert prepare_rename(analysis, offset) is not None
    assert all(analysis.written(edit.span) for edit in edits if edit.span.path == analysis.path)


@settings(max_examples=40)
@given(broken(), st.data())
def test_no_feature_raises(text: str, data: st.DataObject) -> None:
    """For broken and cut programs, at any place."""
    analysis = analyse(text, "/nowhere/main.pipe")
    everywhere(analysis)
    places = st.integers(0, len(text))
    for offset in data.draw(st.lists(places, max_size=12)):
        at(analysis, offset, data.draw(places))


def test_no_feature_raises_at_any_place_of_an_example() -> None:
    """Every offset of the first declarations of one, and the text cut off there."""
    text = _EXAMPLES[0][:600]
    whole = analyse(text, "/nowhere/main.pipe")
    for offset in range(0, len(text) + 1, 3):
        at(whole, offset, offset)
        at(analyse(text[:offset], "/nowhere/main.pipe"), offset, 0)


@given(texts)
@settings(max_examples=25)
def test_a_rename_leaves_the_meaning(text: str) -> None:
    """What is renamed and renamed back is what it was, and is found in as many places in between."""
    analysis = analyse(text, "/nowhere/main.pipe")
    for reference in analysis.table.references:
        if not reference.defines or not reference.symbol.renamable:
            continue
        edits = [e for e in rename(analysis, reference.span.start, "another") if e.span.path == analysis.path]
        after = analyse(apply(text, edits), "/nowhere/main.pipe")
        moved = reference.span.start + sum(
            len("another") - (e.span.end - e.span.start) for e in edits if e.span.start < reference.span.start
        )
        assert len(edits) == len(references(after, moved))
        return
