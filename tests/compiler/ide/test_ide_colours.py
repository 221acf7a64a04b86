"""What each word is, for colours."""

from __future__ import annotations

from itertools import pairwise

from marked import PATH

from feedline.compiler.ide import Analysis, analyse
from feedline.compiler.ide.semantic import MODIFIERS, TYPES, SemanticToken, semantic_tokens

TEXT = """\
param root = "a"
import "b.pipe" as b  # why
dataset photos = ImageFolder("${root}/x", allow_empty=true)
group odd = photos where label == 1 and column in (2, 3)
transform pixels { ConvertImageDtype(float32); Normalize(imagenet.mean, imagenet.std) }
loader train from photos {
  transform { pixels }
  sample { force 1 odd per 4; epoch one pass over rest }
  collate detection
  num_workers = -2
}
"""


def words(analysis: Analysis) -> dict[str, SemanticToken]:
    """The tokens by their first appearance."""
    found: dict[str, SemanticToken] = {}
    for token in semantic_tokens(analysis):
        found.setdefault(analysis.written(token.span), token)
    return found


def test_names_are_what_they_stand_for() -> None:
    """Not what they look like."""
    found = words(analyse(TEXT, PATH))
    expected = {
        **{"root": "parameter", "b": "namespace", "photos": "variable", "odd": "variable", "pixels": "function"},
        **{"ImageFolder": "class", "allow_empty": "parameter", "label": "property", "column": "property"},
        **{"float32": "enumMember", "imagenet": "namespace", "mean": "property", "detection": "enumMember"},
        **{"num_workers": "property", "loader": "keyword", "true": "keyword", "rest": "keyword", "per": "keyword"},
        **{"==": "operator", "-": "operator", "2": "number", '"${': "string", "# why": "comment"},
    }
    assert expected == {word: found[word].type for word in expected}


def test_a_word_that_no_argument_knows_is_no_member() -> None:
    """It is a name of something that is not there."""
    found = words(analyse("transform t { Resize(4, interpolation=bilinear); Pad(4, padding_mode=nowhere) }", PATH))
    assert ("enumMember", "variable") == (found["bilinear"].type, found["nowhere"].type)


def test_modifiers_say_more() -> None:
    """What declares, what cannot change, what torchvision brings, what it gave up."""
    found = words(analyse(TEXT, PATH))
    assert ("declaration", "readonly") == found["root"].modifiers
    assert ("defaultLibrary",) == found["ImageFolder"].modifiers
    old = analyse("dataset a = FakeData(1)\nloader x from a { transform { ConvertImageDtype(float32) } }", PATH)
    assert "deprecated" in words(old)["ConvertImageDtype"].modifiers


def test_tokens_are_in_order_and_apart() -> None:
    """Of kinds that the server has announced."""
    for text in (TEXT, TEXT.replace("{", ""), '"${a} ${b', "let 2x = &"):
        tokens = semantic_tokens(analyse(text, PATH))
        assert all(a.span.end <= b.span.start for a, b in pairwise(tokens))
        assert {token.type for token in tokens} <= set(TYPES)
        assert {modifier for token in tokens for modifier in token.modifiers} <= set(MODIFIERS)


def test_a_part_of_a_text_has_its_tokens() -> None:
    """The same as the whole has there."""
    analysis = analyse(TEXT, PATH)
    start, end = TEXT.index("group"), TEXT.index("transform")
    whole = semantic_tokens(analysis)
    assert semantic_tokens(analysis, start, end) == tuple(t for t in whole if start <= t.span.start < end)
