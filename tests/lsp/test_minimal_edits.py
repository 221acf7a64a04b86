"""The formatter's work as small edits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedline.lsp.edits import changes


@given(st.lists(st.tuples(st.sampled_from("ab="), st.text(" \n", max_size=2), st.text(" \n", max_size=2))))
def test_changes_lead_from_one_text_to_the_other(pieces: list[tuple[str, str, str]]) -> None:
    """For any two texts with the same words, however they are joined."""
    before = "".join(word + space for word, space, _ in pieces)
    after = "".join(word + space for word, _, space in pieces)
    made, position = "", 0
    for span, text in changes(before, after):
        made += before[position : span.start] + text
        position = span.end
    assert after == made + before[position:]


def test_texts_with_other_words_are_refused() -> None:
    """Rather than something being lost."""
    with pytest.raises(ValueError, match="more than white space"):
        list(changes("a b", "a b c"))
