"""Symbols, folds and growing selections."""

from __future__ import annotations

from itertools import pairwise

from marked import PATH, at_cursor

from feedline.compiler.ide import analyse
from feedline.compiler.ide.folding import folding
from feedline.compiler.ide.selection import selection
from feedline.compiler.ide.symbols import symbols, workspace_symbols

TEXT = """\
# One comment
# in two lines.
import "a.pipe" as a
import "b.pipe" (
  x,
)

param root: path = "data"
dataset photos = FakeData(
  100,
)  # not a fold
group odd = photos where label == 1
split photos into train 80%, val rest
loader main from photos.train {
  transform { ToImage() }
  sample {
    force 1 odd per 4
  }
  collate stack
}
"""


def test_the_outline_names_what_is_declared() -> None:
    """In order, with what says most about it."""
    found = symbols(analyse(TEXT, PATH))
    assert [
        ("a", "import", '"a.pipe"'),
        ("x", "import", '"b.pipe"'),
        ("root", "parameter", 'path = "data"'),
        ("photos", "dataset", "FakeData( 100, )"),
        ("odd", "group", "label == 1"),
        ("split photos", "split", ""),
        ("main", "loader", "from photos.train: 1 odd + 3 others"),
    ] == [(one.name, one.kind, one.detail) for one in found]
    assert [("train", "80%"), ("val", "rest")] == [(part.name, part.detail) for part in found[5].children]
    assert ["transform", "sample", "collate"] == [block.name for block in found[6].children]


def test_names_lie_within_their_declarations() -> None:
    """Editors insist."""
    for entry in symbols(analyse(TEXT, PATH)):
        for one in (entry, *entry.children):
            assert one.span.start <= one.name_span.start <= one.name_span.end <= one.span.end


def test_what_could_not_be_read_is_still_listed() -> None:
    """By the name that it seems to have."""
    found = symbols(analyse("loader x from {\nlet a = 1\n", PATH))
    assert [("x", "broken"), ("a", "constant")] == [(one.name, one.kind) for one in found]


def test_a_search_takes_letters_in_order() -> None:
    """What holds them together comes first."""
    analysis = analyse("let t_r_a = 1\nlet extra = 2\nlet other = 3\n", PATH)
    assert ["extra", "t_r_a"] == [one.name for one in workspace_symbols(analysis, "TRA")]
    assert 3 == len(workspace_symbols(analysis, ""))


def test_blocks_calls_comments_and_imports_fold() -> None:
    """The line with the closing bracket stays."""
    found = [(fold.first, fold.last, fold.kind) for fold in folding(analyse(TEXT, PATH))]
    assert [
        (0, 1, "comment"),
        (2, 5, "imports"),
        (3, 4, "region"),
        (8, 9, "region"),
        (13, 18, "region"),
        (15, 16, "region"),
    ] == found


def test_a_selection_grows_by_what_belongs_together() -> None:
    """Word, argument, call, step, block, declaration, file."""
    analysis, offset = at_cursor('transform t {\n  Resize((3, 4), antialias=tr‸ue)\n}\nlet a = "b"\n')
    seen = [analysis.written(span) for span in selection(analysis, offset)]
    assert ["true", "antialias=true", "(3, 4), antialias=true", "((3, 4), antialias=true)"] == seen[:4]
    assert "Resize((3, 4), antialias=true)" == seen[4]
    assert [analysis.text] == seen[-1:] and seen[-2].startswith("transform t")


def test_each_selection_holds_the_one_before() -> None:
    """At every place, in a broken text too."""
    for text in (TEXT, TEXT.replace(")", ""), "", '"unclosed'):
        analysis = analyse(text, PATH)
        for offset in range(len(text) + 1):
            spans = selection(analysis, offset)
            assert all(b.start <= a.start <= a.end <= b.end and a != b for a, b in pairwise(spans))
            assert all(span.start <= offset <= span.end for span in spans)
