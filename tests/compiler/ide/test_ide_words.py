"""The forms of the language that completion, hover and the reference show."""

from __future__ import annotations

import re

import pytest

from feedline.compiler.ide.words import COLLATES, FORMS
from feedline.dsl import parse
from feedline.grammar import Reading, keyword_types

AROUND = {
    "declaration": "{}\n",
    "loader_statement": "loader x from a {{\n{}\n}}\n",
    "step": "transform t {{\n{}\n}}\n",
    "policy_statement": "policy p {{\n{}\n}}\n",
}


def filled(snippet: str) -> str:
    """A snippet as it is before anything is typed: each stop's text, or its first choice."""
    text = re.sub(r"\$\{\d+\|([^,|]*)[^|]*\|\}", r"\1", snippet).replace("\\}", "\0")
    while (simpler := re.sub(r"\$\{\d+:([^${}]*)\}", r"\1", text)) != text:
        text = simpler
    return text.replace("$0", "").replace("\0", "}")


@pytest.mark.parametrize("rule, word", [(rule, word) for rule in AROUND for word in FORMS[rule]])
def test_a_snippet_reads_as_what_it_says(rule: str, word: str) -> None:
    """As it stands, before anything is typed."""
    snippet = FORMS[rule][word].snippet
    text = AROUND[rule].format(filled(snippet))
    result = parse(text)
    # An empty block is right to the parser.
    assert () == result.diagnostics, text
    assert filled(snippet).split()[0].startswith(word)


@pytest.mark.parametrize("rule", sorted(FORMS))
def test_every_statement_of_the_grammar_has_its_words(rule: str) -> None:
    """And none that the grammar does not have."""
    words = {keyword_types()[kind] for kind in Reading("file").first(rule) if kind in keyword_types()}
    assert words == set(FORMS[rule])


@pytest.mark.parametrize("rule", sorted(FORMS))
def test_a_form_begins_with_its_word(rule: str) -> None:
    """And is explained in a sentence."""
    for word, form in FORMS[rule].items():
        assert form.form.split()[0] == word
        assert form.doc.endswith(".")


def test_every_way_to_collate_is_explained() -> None:
    """Those of the checker and the user's own function."""
    from feedline.compiler.options import COLLATES as KNOWN

    assert {*KNOWN, "python"} == set(COLLATES)
