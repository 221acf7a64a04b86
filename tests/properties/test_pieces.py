"""Reading a text by the pieces that were read before, against reading it from the start."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedline.dsl import parse
from feedline.dsl.pieces import parse_again
from feedline.dsl.tree import walk

ROOT = Path(__file__).parents[2]
FILES = sorted(
    path for folder in ("examples", "tests/cases", "tests/corpus") for path in (ROOT / folder).rglob("*.pipe")
)
TEXTS = [path.read_bytes().decode(errors="replace") for path in FILES]
HEAD = "dataset photos = FakeData(10)\n"
SHUFFLED = [
    'transform t {\n  Resize(3)\n}\n', 'let a = 1\n', 'let a = (\n',
    'loader v from photos {\ntransform { ToImage() }\n}\n',
    '}\n', '{\n', '"\n', 'let b = [1,\nlet c = 2\n]\n', '# c\n', '\n', '\ufeff',
    'let d = 1; let e = 2\n', 'group g =\n',
    'policy p { batch\n', 'let t = True\n', '\r', 'split photos into a 50%, b 50% seed 1\n', 'let a = 1 let f = 2\n',
    '²\n', 'param\n',
    'transform\n', 'dataset train {\n', ' let g = 1\n', 'sample { batch 8 }\n',
    'let h = 5 % %\n', 'import "x" (a,\nb)\n',
    'let i = ' + '(' * 60 + '\n', 'let j = ' + '(1 + ' * 60 + '1' + ')' * 60 + '\n', 'let k = ' + ')' * 60 + '\n',
    '{ }\n' * 30, 'param stack\n', 'loader c from photos { collate {\n', '}}\n', 'import "x"', '(a)\n',
]  # fmt: skip


def same(text: str) -> None:
    """Fail unless both readings agree."""
    again, fresh = parse_again(text, "p"), parse(text, "p")
    assert fresh.tree == again.tree
    assert [node.span for node in walk(fresh.tree)] == [node.span for node in walk(again.tree)]
    assert fresh.diagnostics == again.diagnostics


@pytest.mark.parametrize("number", range(len(FILES)), ids=[str(path.relative_to(ROOT)) for path in FILES])
def test_every_file_is_read_alike(number: int) -> None:
    """Right ones and wrong ones, twice, so that the second time all of it is known."""
    same(TEXTS[number])
    same("# further down\n" + TEXTS[number])


@given(st.sampled_from(TEXTS), st.integers(0, 10**6), st.integers(0, 12), st.sampled_from(["", *SHUFFLED]))
@settings(max_examples=150)
def test_an_edit_anywhere_is_read_alike(text: str, at: int, length: int, new: str) -> None:
    """What is around it may be known, what it breaks is not."""
    at %= len(text) + 1
    same(text[:at] + new + text[at + length :])


@given(st.lists(st.sampled_from(SHUFFLED), max_size=12))
@settings(max_examples=200)
def test_pieces_in_any_order_are_read_alike(pieces: list[str]) -> None:
    """Brackets that reach over pieces, heads inside blocks, quotes without a partner."""
    same(HEAD + "".join(pieces))
